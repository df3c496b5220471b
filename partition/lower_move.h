/* What the lowerings onto the move nest share. */
#ifndef HBY_PARTITION_LOWER_MOVE_H
#define HBY_PARTITION_LOWER_MOVE_H

#include "partition/lower_shape.h"

/* One move step from `in` to `out` (tensor ids): the walk's stride[0] is the input's, stride[1] the output's. */
enum hby_status hby_lower_one_move(struct hby_lowering *lo, const struct hby_node *node, int in, int out, struct hby_walk *w, int64_t in_offset,
                                   int64_t out_offset);
/* Two tensors of one element type that can be moved (not packed int4), neither empty. */
enum hby_status hby_check_movable(const struct hby_lowering *lo, int in, int out);
/* The first operand and the first result are quantized alike, or not at all. */
enum hby_status hby_check_same_scale(const struct hby_lowering *lo, const struct hby_node *node);
/* The axis of a node, negative ones counted from the end of `rank`; -1 with a reason when it is outside. */
int hby_axis_of(const struct hby_lowering *lo, int64_t axis, int rank);

#endif
