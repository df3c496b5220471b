/* Loop nests that reduce: MEAN and its kin, ARG_MAX, SOFTMAX, normalizations of rows, CUMSUM. */
#ifndef HBY_PARTITION_ARGS_REDUCE_H
#define HBY_PARTITION_ARGS_REDUCE_H
#include "partition/args_base.h"

#define HBY_REDUCE_RANK 6

/* Functions of the mean nest: part of the program key but for MEAN. */
#define HBY_REDUCE_MEAN 0
#define HBY_REDUCE_SUM 1 /* integer: rescale(sum(q) - n_reduced * in.zero_point, out); plain integers modulo 2^32 or 2^64 */
#define HBY_REDUCE_MAX 2 /* this and MIN: the stored values */
#define HBY_REDUCE_MIN 3
#define HBY_REDUCE_PROD 4 /* floats and plain integers */

/* Mean over some axes. Lowering moves the axes: kept dimensions first (out index), reduced ones after; strides are in elements of the input.
 * Integer: out = rescale(sum(q) - n_reduced * in.zero_point) with `out`, whose multiplier contains 1 / n_reduced. Float: sum / n_reduced.
 * HBY_ROUND_FLOAT: round(sum(q) * f_scale + f_bias), ties to even, in float32; HBY_ROUND_RUY: the same with ties away from zero, plus out.zero_point.
 * Plain integers (i32): the sum in 64 bits, divided towards zero. */
struct hby_args_mean {
    hby_i32 n_out, n_reduced, fn;
    hby_i32 from_first; /* MAX, MIN of floats: begin with the first element; else with the least or the largest finite number, as BUILTIN_REF does */
    hby_i32 keep_dim[HBY_REDUCE_RANK], keep_stride[HBY_REDUCE_RANK];
    hby_i32 reduce_dim[HBY_REDUCE_RANK], reduce_stride[HBY_REDUCE_RANK];
    struct hby_rescale in, out;
    hby_i32 act_min, act_max, rounding;
    hby_f32 f_scale, f_bias; /* integers: MEAN and SUM by HBY_ROUND_FLOAT, SUM by HBY_ROUND_RUY */
};

/* ARG_MAX, ARG_MIN over the middle one of [outer, length, inner]: the first position of the extreme; a NaN is never one, but where it is first. The output
 * holds int32, or int64 with wide_out. */
struct hby_args_arg {
    hby_i32 outer, length, inner;
    hby_i32 least; /* ARG_MIN */
    hby_i32 wide_out;
};

/* SOFTMAX over the last dimension of [rows, depth]; host_ref/softmax.c has the integer arithmetic, and lowering its exponentials.
 * i8, u8: table 0 is int32[256], exp(-d * scale * beta) in Q31 for d = max - q (0 where d > -diff_min); mult and shift made it.
 * i16: table 0 is int16[513] of exp over [-10, 0], table 1 int16[513] of 1 / (1 + x) over [0, 1]; mult and shift take a difference to 10 / 65535.
 * out_bits: 8 or 16, of the output's elements (int8 and uint8 inputs may have an int16 output; its range is [act_min, act_max] = int16's). */
struct hby_args_softmax {
    hby_i32 rows, depth;
    hby_i32 in_zp, out_zp, mult, shift, diff_min;
    hby_i32 act_min, act_max, out_bits;
    hby_f32 beta, in_scale, out_scale;
};

/* Functions of the norm nest: part of the program key. */
#define HBY_NORM_LOG_SOFTMAX 0
#define HBY_NORM_L2 1
#define HBY_NORM_LOCAL_RESPONSE 2 /* floats only */

/* Rows of [rows, depth] that are scaled by what is in them.
 * LOG_SOFTMAX, 8 bits: table 0 is int32[256], exp(-d * scale) in Q19 for d = max - q (0 where d > -diff_min), table 1 int32[256] -d * scale in Q26; mult and
 * shift take Q26 back to quantized values. host_ref/log_softmax.c has the logarithm.
 * L2, 8 bits: (q - in_zp) / root of the sum of squares, times 128: host_ref/l2_normalization.c.
 * LOCAL_RESPONSE: x * (bias + alpha * sum of squares over [c - radius, c + radius))^-beta. */
struct hby_args_norm {
    hby_i32 rows, depth, fn;
    hby_i32 in_zp, mult, shift, diff_min;
    hby_i32 act_min, act_max;
    hby_i32 radius;
    hby_f32 bias, alpha, beta;
};

/* CUMSUM over the middle one of [outer, depth, inner]: float32, int32, int64, modulo 2^32 or 2^64. */
struct hby_args_cumsum {
    hby_i32 outer, depth, inner;
    hby_i32 exclusive, reverse;
};
#endif
