/* What the lowerings onto the binary nest share. */
#ifndef HBY_PARTITION_LOWER_BINARY_H
#define HBY_PARTITION_LOWER_BINARY_H

#include "partition/lower_shape.h"

/* Fills count, dim, strides and flat from node->in[0], in[1] and out[0], whose shapes must broadcast to the output's.
 * At most six dimensions may be left once neighbours that broadcast alike are joined. */
enum hby_status hby_lower_broadcast(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a);
/* The clamp of float ADD, SUB and MUL: TFLite clamps to the finite range where there is no activation. */
enum hby_status hby_lower_act_float(const struct hby_lowering *lo, enum hby_act act, struct hby_args_binary *a);
/* The clamp of plain integers: INT32_MIN and INT32_MAX stand for "unbounded" also on int64. */
enum hby_status hby_lower_act_plain(const struct hby_lowering *lo, enum hby_act act, int tensor, struct hby_args_binary *a);
/* A binary step with these args. */
enum hby_status hby_lower_binary(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, const struct hby_args_binary *a);
/* The output has the type of the first input and, where `same_type`, so has the second. */
enum hby_status hby_check_binary(const struct hby_lowering *lo, const struct hby_node *node, bool same_type);

#endif
