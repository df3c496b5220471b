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
#define HBY_FN_MAXIMUM 4
#define HBY_FN_MINIMUM 5
#define HBY_FN_SQUARED_DIFFERENCE 6
#define HBY_FN_DIV 7
/* EQUAL to GREATER_EQUAL: the output is bool; integers are compared as stored where a.mult is 0, else rescaled as x << left_shift by `a` and `b`. */
#define HBY_FN_EQUAL 8
#define HBY_FN_NOT_EQUAL 9
#define HBY_FN_LESS 10
#define HBY_FN_LESS_EQUAL 11
#define HBY_FN_GREATER 12
#define HBY_FN_GREATER_EQUAL 13
#define HBY_FN_FLOOR_DIV 14 /* the stored values, as is FLOOR_MOD; results keep the low bits; a divisor of 0 is bad data but for a float FLOOR_MOD */
#define HBY_FN_FLOOR_MOD 15
#define HBY_FN_POW 16 /* float32, int32 */

/* out[i] = f(a, b), shapes broadcast. Dimensions are collapsed by lowering: dim[] is the output, outermost first, leading ones are 1;
 * a stride of 0 broadcasts; strides are in elements. `flat` says that both inputs have the output's own layout.
 * ADD, SUB, integer: s = rescale(x, a) +- rescale(y, b) with x = (q - zero_point) << left_shift, then out. Pot16 as BUILTIN_REF does it when pot_scale.
 * Float: clamped to [f_min, f_max]. Plain integers (i32: int32 and int64): wrapped, then clamped; INT_MIN and INT_MAX are no bounds.
 * ADD, SUB by HBY_ROUND_FLOAT: (xa * a.mult +- xb * b.mult + 2^(out.shift - 1)) >> out.shift, x less their zero points (XNNPACK's integers; below 2^31).
 * pot_scale: sat16(rdbpot(qa, -a.shift) +- rdbpot(qb, -b.shift)), clamped. PRELU on int16 has int8 slopes.
 * MAXIMUM, MINIMUM: the stored values. SQUARED_DIFFERENCE, integer: rescale((rescale(x, a) - rescale(y, b))^2, out).
 * DIV, integer: see host_ref/div.c; a divisor of 0 is bad data.
 * POW: see host_ref/pow.c; a negative integer exponent is bad data. pot_scale: there is one exponent for all, and a positive whole one multiplies.
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
#define HBY_FN_QUANTIZE 6   /* float to integer: round(x / scale) + out.zero_point, ties away from zero, clamped to [act_min, act_max] */
#define HBY_FN_DEQUANTIZE 7 /* integer (int4 constants too) to float: (q - in.zero_point) * scale */
#define HBY_FN_REQUANTIZE 8 /* integer to integer: rescale(q - in.zero_point, out), clamped to [act_min, act_max] */
#define HBY_FN_ABS 9        /* this and NEG: floats, and plain integers modulo 2^32 */
#define HBY_FN_NEG 10
#define HBY_FN_SQUARE 11
#define HBY_FN_SQRT 12
#define HBY_FN_RSQRT 13
#define HBY_FN_EXP 14
#define HBY_FN_LOG 15
#define HBY_FN_SIN 16
#define HBY_FN_COS 17
#define HBY_FN_FLOOR 18
#define HBY_FN_CEIL 19
#define HBY_FN_ROUND 20 /* ties to even */
#define HBY_FN_ELU 21
#define HBY_FN_GELU 22
#define HBY_FN_GELU_TANH 23
/* int16 to int16: linear between the samples of table 0, int16[513], which lie 128 apart from -32768 on; inputs below act_min are bad data. */
#define HBY_FN_INTERPOLATE 24
#define HBY_FN_LOOKUP16 25 /* int16 to int16: table 0, int16[65536], indexed by the input as uint16; inputs below act_min are bad data */
/* Between any two types: float to integer cuts off, saturates, and makes the largest of a NaN; integer to narrower integer keeps the low bits. */
#define HBY_FN_CAST 26
#define HBY_FN_SIGN 27          /* floats and int32 */
#define HBY_FN_QUANTIZE_EVEN 28 /* float to integer: round(x * scale) + out.zero_point, ties to even, clamped; `scale` is the reciprocal of the tensor's */

/* out[i] = f(in[i]). Integer functions of 8 bits are lowered to args_table.h instead, except those that need more than a byte of input.
 * Per channel (QUANTIZE, DEQUANTIZE): channels > 1, table 0 = float scales, table 1 = int32 zero points, instead of scale and zero_point.
 * LOGISTIC and TANH on int16: x * in.mult / 2^in.shift, then interpolation in table 0, uint16[256]; see host_ref/logistic.c.
 * LEAKY_RELU on int16: `out` rescales x >= 0, `alt` x < 0, negated where alt.mult < 0 (then by -alt.mult). */
struct hby_args_unary {
    hby_i32 count, fn;
    struct hby_rescale in, out, alt; /* alt: the second multiplier of LEAKY_RELU and HARD_SWISH on int16 */
    hby_i32 act_min, act_max, rounding;
    hby_f32 scale, alpha, f_min, f_max;
    hby_i32 channels, channel_inner; /* channel of element i = (i / channel_inner) % channels; channels = 1 per tensor */
};

/* SELECT: out[i] = condition ? a : b, shapes broadcast as above; elements of elem_size bytes (1, 2, 4, 8) are copied. */
struct hby_args_select {
    hby_i32 count, elem_size;
    hby_i32 dim[HBY_BINARY_RANK], c_stride[HBY_BINARY_RANK], a_stride[HBY_BINARY_RANK], b_stride[HBY_BINARY_RANK];
};
#endif
