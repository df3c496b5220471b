/* What the lowerings onto the unary and the table nest share. */
#ifndef HBY_PARTITION_LOWER_UNARY_H
#define HBY_PARTITION_LOWER_UNARY_H

#include "partition/lower_shape.h"

/* The quantized result for the quantized input `q`. */
typedef int32_t (*hby_byte_fn)(int32_t q, const void *context);

/* A table step for an input of 8 bits: f is asked for every value of the input's type, and answers in the range of the output's. */
enum hby_status hby_lower_bytes(struct hby_lowering *lo, const struct hby_node *node, hby_byte_fn f, const void *context);
/* Rescaled by DOUBLE from `in` to `out`, and clamped. The context is struct hby_args_unary. */
int32_t hby_rescaled_byte(int32_t q, const void *context);
/* A unary step with these args. */
enum hby_status hby_lower_unary(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, const struct hby_args_unary *a);
/* One input and one output of one type and count; the count. */
enum hby_status hby_check_unary(const struct hby_lowering *lo, const struct hby_node *node, bool same_type, hby_i32 *count);
/* Quantized per tensor with any zero point that the type holds, also on int16 and int32, where arithmetic proper wants 0. */
enum hby_status hby_check_any_quant(const struct hby_lowering *lo, int tensor);
/* The values that an integer type holds. */
void hby_type_range(enum hby_type type, hby_i32 *min, hby_i32 *max);

#endif
