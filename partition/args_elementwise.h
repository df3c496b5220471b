/* Loop nests over single elements, with broadcast. */
#ifndef HBY_PARTITION_ARGS_ELEMENTWISE_H
#define HBY_PARTITION_ARGS_ELEMENTWISE_H
#include "partition/args_base.h"

#define HBY_BINARY_RANK 6

/* Functions of the binary nest: part of the program key. */
#define HBY_FN_ADD 0
#define HBY_FN_SUB 1
#define HBY_FN_MUL 2
#define HBY_FN_PRELU 3

/* out[i] = f(a, b), shapes broadcast. Dimensions are collapsed by lowering: dim[] is the output, outermost first, leading ones are 1;
 * a stride of 0 broadcasts; strides are in elements. `flat` says that both inputs have the output's own layout.
 * ADD, SUB, integer: s = rescale(x, a) +- rescale(y, b) with x = (q - zero_point) << left_shift, then out. Pot16 as BUILTIN_REF does it when pot_scale.
 * MUL, integer: rescale((qa - a.zero_point) * (qb - b.zero_point), out).  PRELU, integer: `a` rescales x >= 0, `b` rescales x * slope. */
struct hby_args_binary {
    hby_i32 count, fn, flat;
    hby_i32 dim[HBY_BINARY_RANK], a_stride[HBY_BINARY_RANK], b_stride[HBY_BINARY_RANK];
    struct hby_rescale a, b, out;
    hby_i32 left_shift, pot_scale, rounding;
    hby_i32 act_min, act_max;
    hby_f32 f_min, f_max;
};

/* Functions of the unary nest: part of the program key. */
#define HBY_FN_RELU 0 /* clamp to [f_min, f_max] (float), or rescale and clamp to [act_min, act_max] (integer) */
#define HBY_FN_LOGISTIC 1
#define HBY_FN_TANH 2
#define HBY_FN_HARD_SWISH 3
#define HBY_FN_LEAKY_RELU 4
#define HBY_FN_CONVERT 5    /* storage type to storage type, same value (float32 <-> float16) */
#define HBY_FN_QUANTIZE 6   /* float to integer: round(x / scale) + out.zero_point, ties away from zero, clamped */
#define HBY_FN_DEQUANTIZE 7 /* integer to float: (q - in.zero_point) * scale; per channel with table 0 = scales and channel_* below */
#define HBY_FN_REQUANTIZE 8 /* integer to integer: rescale(q - in.zero_point) */

/* out[i] = f(in[i]). Integer functions of 8 bits are lowered to args_table.h instead, except those that need more than a byte of input. */
struct hby_args_unary {
    hby_i32 count, fn;
    struct hby_rescale in, out, alt; /* alt: the second multiplier of LEAKY_RELU and HARD_SWISH on int16 */
    hby_i32 act_min, act_max, rounding;
    hby_f32 scale, alpha, f_min, f_max;
    hby_i32 channels, channel_inner; /* channel of element i = (i / channel_inner) % channels; channels = 1 per tensor */
};
#endif
