/* What SOFTMAX and LOG_SOFTMAX of 8 bits share: exponentials of differences that are not positive. */
#ifndef HBY_PARTITION_LOWER_SOFTMAX_H
#define HBY_PARTITION_LOWER_SOFTMAX_H

#include "partition/lower_shape.h"

/* exp(a) in Q31 for a <= 0 in Q26 (5 integer bits). */
int32_t hby_exp_negative(int32_t a);
/* A difference d times `scale` in Q26 is d * mult * 2^(shift - 31), shift up to 31; below diff_min it is too far off to matter. False where the scale is too
 * small. */
bool hby_exp_scale(double scale, hby_i32 *mult, hby_i32 *shift, hby_i32 *diff_min);

#endif
