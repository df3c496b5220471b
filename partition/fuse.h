/* Steps that a device may run as one kernel. A fused kernel stands for steps that follow each other: here they are recognized, and brought side by side. */
#ifndef HBY_PARTITION_FUSE_H
#define HBY_PARTITION_FUSE_H

#include "partition/plan.h"

/* Is plan->step[second] the sum of what the convolution plan->step[first] makes, and nothing else needs, and of another tensor of its shape? Then *other is
 * that tensor. Storage types are the caller's to look at. */
bool hby_fuse_is_sum(const struct hby_plan *plan, int first, int second, int *other);
/* Moves sums right behind the convolution that makes their later operand, or a convolution down to its sum where that keeps no more memory busy. */
void hby_fuse_order(struct hby_plan *plan);
/* Does the tensor (a root) live inside one span of the device only? Such a span's kernel keeps it in registers. */
bool hby_fuse_is_inner(const struct hby_plan *plan, int tensor);

#endif
