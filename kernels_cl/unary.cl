/* out[i] = f(in[i]): see struct hby_args_unary. The program has one function, HBY_FN, between two storage types, HBY_IN_TYPE and HBY_OUT_TYPE (nest.clh).
 *
 * A work-item takes `chunk` elements. table_0 and table_1:
 *   QUANTIZE     per channel {scale / 2^e, its reciprocal, 2^-e} (float), zero point (int)
 *   DEQUANTIZE   per channel scale (float), zero point (int)
 *   LOGISTIC, TANH of int16: 256 values of the logistic function (ushort), none
 *   INTERPOLATE, LOOKUP16: the samples (short), none */
#include "args_elementwise.h"
#include "nest.clh"

/* So that the file compiles by itself. */
#ifndef HBY_FN
#define HBY_FN HBY_FN_CONVERT
#endif
#ifndef HBY_IN_TYPE
#define HBY_IN_TYPE 0
#endif
#ifndef HBY_OUT_TYPE
#define HBY_OUT_TYPE HBY_IN_TYPE
#endif

/* --- one expression of a float x --- */

#if HBY_FN == HBY_FN_CONVERT
#define HBY_OF_X x
#elif HBY_FN == HBY_FN_RELU && HBY_IN_TYPE <= 1
#define HBY_OF_X hby_clamp_float(x, p->f_min, p->f_max)
#elif HBY_FN == HBY_FN_TANH && HBY_IN_TYPE <= 1
#define HBY_OF_X tanh(x)
#elif HBY_FN == HBY_FN_HARD_SWISH
#define HBY_OF_X x * hby_clamp_float(x + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f)
#elif HBY_FN == HBY_FN_LEAKY_RELU && HBY_IN_TYPE <= 1
#define HBY_OF_X select(x * p->alpha, x, x > (hby_vf)(0.0f))
#elif HBY_FN == HBY_FN_SQUARE
#define HBY_OF_X x * x
#elif HBY_FN == HBY_FN_SQRT
#define HBY_OF_X sqrt(x)
#elif HBY_FN == HBY_FN_RSQRT
#define HBY_OF_X 1.0f / sqrt(x)
#elif HBY_FN == HBY_FN_EXP
#define HBY_OF_X exp(x)
#elif HBY_FN == HBY_FN_LOG
#define HBY_OF_X log(x)
#elif HBY_FN == HBY_FN_FLOOR
#define HBY_OF_X floor(x)
#elif HBY_FN == HBY_FN_CEIL
#define HBY_OF_X ceil(x)
#elif HBY_FN == HBY_FN_ROUND
#define HBY_OF_X rint(x)
#elif HBY_FN == HBY_FN_ELU
#define HBY_OF_X select(x, expm1(x), x < (hby_vf)(0.0f))
#elif HBY_FN == HBY_FN_GELU
#define HBY_OF_X 0.5f * x * erfc(x * -0.70710678118654752f)
#elif (HBY_FN == HBY_FN_ABS || HBY_FN == HBY_FN_NEG) && HBY_IN_TYPE <= 1
#define HBY_OF_X HBY_FN == HBY_FN_ABS ? fabs(x) : -x
#endif

/* --- all lanes at once: hby_f; lane by lane (HBY_WHOLE is 0): hby_curve --- */

#if defined(HBY_OF_X)
static inline hby_vf hby_f(const struct hby_args_unary *p, hby_vf x)
{
    return HBY_OF_X;
}

#elif HBY_FN == HBY_FN_LOGISTIC && HBY_IN_TYPE <= 1
static inline hby_vf hby_f(const struct hby_args_unary *p, hby_vf x)
{
    const hby_vf e = exp(-x);
    return 1.0f / select(1.0f + e, e, x < (hby_vf)(-9.0f)); /* the reference's cut-off */
}

#elif HBY_FN == HBY_FN_LEAKY_RELU
/* alt's multiplier carries the sign of alpha. */
static inline hby_vi hby_f(const struct hby_args_unary *p, hby_vi q)
{
    const hby_vi x = q - (hby_vi)(p->in.zero_point);
    const hby_vi slope = hby_rescale_v(x, abs(p->alt.mult), p->alt.shift, p->rounding);
    const hby_vi y = select(p->alt.mult < 0 ? -slope : slope, hby_rescale_v(x, p->out.mult, p->out.shift, p->rounding), x >= (hby_vi)(0));
    return hby_quantized(y, p->out.zero_point, p->act_min, p->act_max);
}

#elif HBY_FN == HBY_FN_RELU || HBY_FN == HBY_FN_REQUANTIZE
static inline hby_vi hby_f(const struct hby_args_unary *p, hby_vi q)
{
    const hby_vi y = hby_rescale_v(q - (hby_vi)(p->in.zero_point), p->out.mult, p->out.shift, p->rounding);
    return hby_quantized(y, p->out.zero_point, p->act_min, p->act_max);
}

#elif HBY_FN == HBY_FN_QUANTIZE_EVEN
/* fmin and fmax: a NaN is the largest value */
static inline hby_vi hby_f(const struct hby_args_unary *p, hby_vf x)
{
    const float low = (float)(p->act_min - p->out.zero_point), high = (float)(p->act_max - p->out.zero_point);
    return HBY_CUT(HBY_V(convert_int))(rint(fmax(fmin(x * p->scale, (hby_vf)(high)), (hby_vf)(low)))) + (hby_vi)(p->out.zero_point);
}

#elif HBY_FN == HBY_FN_SIN || HBY_FN == HBY_FN_COS
/* PoCL's take all lanes the long way where one is large, and get small ones wrong then: large and small lanes apart. */
static inline hby_vf hby_sine(hby_vf x)
{
    return HBY_FN == HBY_FN_SIN ? sin(x) : cos(x);
}
static inline hby_vf hby_f(const struct hby_args_unary *p, hby_vf x)
{
    const hby_vi large = fabs(x) > (hby_vf)(30000.0f);
    const hby_vf y = hby_sine(select(x, (hby_vf)(0.0f), large));
    return any(large) ? select(y, hby_sine(select((hby_vf)(1e9f), x, large)), large) : y;
}

#elif HBY_FN == HBY_FN_GELU_TANH
static inline hby_vf hby_f(const struct hby_args_unary *p, hby_vf x)
{
    const hby_vf v = 0.79788456080286536f * (x + 0.044715f * x * x * x);
    return 0.5f * x * select(1.0f + tanh(v), (hby_vf)(0.0f), v < (hby_vf)(-10.0f)); /* not every library's tanh(-INFINITY) is -1 */
}

#elif HBY_FN == HBY_FN_ABS || HBY_FN == HBY_FN_NEG
static inline hby_vi hby_f(const struct hby_args_unary *p, hby_vi x)
{
    const hby_vi y = HBY_V(as_int)(-HBY_V(as_uint)(x)); /* INT_MIN stays */
    return HBY_FN == HBY_FN_ABS ? select(x, y, x < (hby_vi)(0)) : y;
}

#elif HBY_FN == HBY_FN_SIGN && HBY_IN_TYPE <= 1
static inline hby_vf hby_f(const struct hby_args_unary *p, hby_vf x)
{
    const hby_vf one = select(x, (hby_vf)(1.0f), x > (hby_vf)(0.0f));
    return select(one, (hby_vf)(-1.0f), x < (hby_vf)(0.0f)); /* a NaN stays */
}

#elif HBY_FN == HBY_FN_SIGN
static inline hby_vi hby_f(const struct hby_args_unary *p, hby_vi x)
{
    return select(select(x, (hby_vi)(1), x > (hby_vi)(0)), (hby_vi)(-1), x < (hby_vi)(0));
}

#elif HBY_FN == HBY_FN_INTERPOLATE
#define HBY_WHOLE 0
static inline int hby_curve(const struct hby_args_unary *p, int x, __global const ushort *table)
{
    __global const short *sample = (__global const short *)table + 256 + (x >> 7);
    const int slope = (short)(sample[1] - sample[0]);
    return sample[0] + ((slope * (x & 127) + 64) >> 7);
}

#elif HBY_FN == HBY_FN_LOOKUP16
#define HBY_WHOLE 0
static inline int hby_curve(const struct hby_args_unary *p, int x, __global const ushort *table)
{
    return table[(ushort)x];
}

#elif HBY_FN == HBY_FN_LOGISTIC || HBY_FN == HBY_FN_TANH

/* --- LOGISTIC and TANH of int16: linear between the table's entries, which lie 2^HBY_FRACTION apart; the curve is odd about its middle --- */

#define HBY_WHOLE 0
#define HBY_FRACTION (HBY_FN == HBY_FN_LOGISTIC ? 9 : 8)
static inline int hby_curve(const struct hby_args_unary *p, int q, __global const ushort *table)
{
    const int x = (int)((uint)q * (uint)p->in.mult + (p->in.shift > 0 ? 1u << (p->in.shift - 1) : 0u)) >> p->in.shift; /* modulo 2^32 */
    const uint magnitude = abs(x), at = magnitude >> HBY_FRACTION, rest = magnitude & ((1u << HBY_FRACTION) - 1u);
#if HBY_FN == HBY_FN_LOGISTIC
    const uint y = at >= 255u ? 0x7fffu << 10 : ((uint)table[at] << 9) + rest * ((uint)table[at + 1] - (uint)table[at]);
    return (int)((x >= 0 ? y + (1u << 9) : (1u << 25) - y + (1u << 9) - 1u) >> 10);
#else
    const int y = at >= 255u ? 0xffff << 8 : (int)(((uint)table[at] << 8) + rest * ((uint)table[at + 1] - (uint)table[at]));
    return (x >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1) >> 8;
#endif
}

#elif HBY_FN == HBY_FN_DEQUANTIZE
static inline hby_vf hby_f(const struct hby_args_unary *p, hby_vi q)
{
    return HBY_V(convert_float)(q - (hby_vi)(p->in.zero_point)) * p->scale; /* both factors are exact: one rounding, as in double */
}

#else

/* --- QUANTIZE --- */

/* round(x / scale) + zero_point, ties away from zero. The quotient is corrected to the nearest float: y is the reciprocal rounded to nearest, so each fma
 * step leaves an exact remainder (Markstein); scaled by 2^-e nothing underflows that matters. From 2^24 on the rough quotient is as good. What leaves int32
 * becomes INT_MIN before the zero point is added, as in the reference on x86. */
static inline hby_vi hby_divide(hby_vf x, float scale, float y, float power, int zero_point, int lowest, int highest)
{
    x = x * power;
    const hby_vf rough = x * y;
    hby_vf q = fma(fma(-rough, (hby_vf)(scale), x), (hby_vf)(y), rough);
    q = fma(fma(-q, (hby_vf)(scale), x), (hby_vf)(y), q);
    q = select(rough, q, fabs(rough) < (hby_vf)(16777216.0f));
    const hby_vi fits = q >= (hby_vf)(-2147483648.0f) && q < (hby_vf)(2147483648.0f);
    q = select((hby_vf)(0.0f), q, fits);
    const hby_vi whole = HBY_CUT(HBY_V(convert_int))(q);
    const hby_vf rest = q - HBY_V(convert_float)(whole);
    /* select, not "whole - (rest >= 0.5f)": oclgrind widens a vector of truths wrongly */
    const hby_vi one = (hby_vi)(1), none = (hby_vi)(0);
    const hby_vi rounded = whole + select(none, one, rest >= (hby_vf)(0.5f)) - select(none, one, rest <= (hby_vf)(-0.5f));
    return hby_quantized(select((hby_vi)(INT_MIN), rounded, fits), zero_point, lowest, highest);
}
#endif

#ifndef HBY_WHOLE
#define HBY_WHOLE 1
#endif

HBY_NEST_KERNEL void hby_unary(const struct hby_args_unary p, __global const HBY_P(HBY_IN_TYPE) * in, __global HBY_P(HBY_OUT_TYPE) * out,
                               __global const void *table_0, __global const int *table_1, __global int *bad_data, int chunk)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.count, from + chunk);
#if !HBY_WHOLE
#if HBY_FN == HBY_FN_INTERPOLATE || HBY_FN == HBY_FN_LOOKUP16
    for (int i = from; i < to; i++)
        if (in[i] < p.act_min)
            *bad_data = 1;
#endif
    for (int i = from; i < to; i++)
        out[i] = (short)hby_curve(&p, in[i], (__global const ushort *)table_0);
#elif HBY_FN == HBY_FN_QUANTIZE
    __global const float *divisor = (__global const float *)table_0;
    if (p.channels == 1)
        for (int i = from; i < to; i += HBY_LANES) {
            const hby_vi q = hby_divide(HBY_GETV(HBY_IN_TYPE, in, i), divisor[0], divisor[1], divisor[2], p.out.zero_point, p.act_min, p.act_max);
            HBY_PUT(HBY_OUT_TYPE, q, out, i, to - i);
        }
    else
        for (int i = from; i < to; i++) {
            const int c = i / p.channel_inner % p.channels;
            const hby_vf x = (hby_vf)(HBY_GET(HBY_IN_TYPE, in, i));
            HBY_PUT(HBY_OUT_TYPE, hby_divide(x, divisor[3 * c], divisor[3 * c + 1], divisor[3 * c + 2], table_1[c], p.act_min, p.act_max), out, i, 1);
        }
#else
#if HBY_FN == HBY_FN_DEQUANTIZE
    if (p.channels > 1) {
        __global const float *scale = (__global const float *)table_0;
        for (int i = from; i < to; i++) {
            const int c = i / p.channel_inner % p.channels;
            HBY_PUT(HBY_OUT_TYPE, (hby_vf)((float)(HBY_GET(HBY_IN_TYPE, in, i) - table_1[c]) * scale[c]), out, i, 1);
        }
        return;
    }
#endif
    for (int i = from; i < to; i += HBY_LANES)
        HBY_PUT(HBY_OUT_TYPE, hby_f(&p, HBY_GETV(HBY_IN_TYPE, in, i)), out, i, to - i);
#endif
}
