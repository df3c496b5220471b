/* ADD, SUB, MUL, PRELU, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, DIV: out = f(a, b), shapes broadcast; see struct hby_args_binary.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1); a row is the innermost dimension, which each input walks
 * with stride 1 or 0. Lowering has collapsed the shape, so equal shapes are one row. A short row along which `b` is the same for all rows (per-channel
 * constants of an image) is part of one long row, of which b's stride then is the period: more than 1, at most HBY_LANES. HBY_A_TYPE and HBY_B_TYPE are the
 * operands' storage types where they differ from the scheme's (a float16 constant beside float32).
 *
 * The first four functions share a program, which the args choose in; for the others HBY_BINARY_FN says which one the program has. */
#include "args_elementwise.h"
#include "nest.clh"
#include "sum.clh"

#ifndef HBY_A_TYPE
#define HBY_A_TYPE HBY_TYPE
#endif
#ifndef HBY_B_TYPE
#define HBY_B_TYPE HBY_TYPE
#endif

#ifndef HBY_BINARY_FN

#if HBY_TYPE != 5
static inline hby_vc hby_add_sub(const struct hby_args_binary *p, hby_vc a, hby_vc b)
{
    const struct hby_sum s = {1, p->fn == HBY_FN_SUB, p->a, p->b, p->out, p->left_shift, p->pot_scale, p->act_min, p->act_max, p->f_min, p->f_max};
    return hby_sum_of(&s, a, b);
}
#endif

#if HBY_FLOAT

static inline hby_vf hby_mul(const struct hby_args_binary *p, hby_vf a, hby_vf b)
{
    return hby_clamp_float(a * b, p->f_min, p->f_max);
}

static inline hby_vf hby_prelu(const struct hby_args_binary *p, hby_vf a, hby_vf b)
{
    return select(a * b, a, a >= (hby_vf)(0.0f));
}

#elif HBY_TYPE == 5

/* Plain integers wrap. */
static inline hby_vi hby_add_sub(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    return hby_quantized(hby_add_wrap(a, p->fn == HBY_FN_SUB ? HBY_V(as_int)(-HBY_V(as_uint)(b)) : b), 0, p->act_min, p->act_max);
}

static inline hby_vi hby_mul(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    return hby_quantized(HBY_V(as_int)(HBY_V(as_uint)(a) * HBY_V(as_uint)(b)), 0, p->act_min, p->act_max);
}

#else

static inline hby_vi hby_finish(const struct hby_args_binary *p, hby_vi x)
{
    return hby_quantized(x, p->out.zero_point, p->act_min, p->act_max);
}

static inline hby_vi hby_mul(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    return hby_finish(p, hby_rescale_v((a - (hby_vi)(p->a.zero_point)) * (b - (hby_vi)(p->b.zero_point)), p->out.mult, p->out.shift, p->rounding));
}

/* `a` rescales what is not negative, `b` rescales the product with the slope. */
static inline hby_vi hby_prelu(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    const hby_vi x = a - (hby_vi)(p->a.zero_point), y = x * (b - (hby_vi)(p->b.zero_point));
    return hby_finish(p, select(hby_rescale_v(y, p->b.mult, p->b.shift, p->rounding), hby_rescale_v(x, p->a.mult, p->a.shift, p->rounding), x >= (hby_vi)(0)));
}

#endif

static inline hby_vc hby_apply(const struct hby_args_binary *p, hby_vc a, hby_vc b)
{
#if HBY_TYPE != 5
    if (p->fn == HBY_FN_PRELU)
        return hby_prelu(p, a, b);
#endif
    return p->fn == HBY_FN_MUL ? hby_mul(p, a, b) : hby_add_sub(p, a, b);
}

#elif HBY_BINARY_FN == HBY_FN_MAXIMUM || HBY_BINARY_FN == HBY_FN_MINIMUM

static inline hby_vc hby_apply(const struct hby_args_binary *p, hby_vc a, hby_vc b)
{
    return select(b, a, HBY_BINARY_FN == HBY_FN_MAXIMUM ? a > b : a < b); /* b beside a NaN */
}

#elif HBY_BINARY_FN == HBY_FN_SQUARED_DIFFERENCE

static inline hby_vc hby_apply(const struct hby_args_binary *p, hby_vc a, hby_vc b)
{
#if HBY_FLOAT
    return (a - b) * (a - b);
#elif HBY_TYPE == 5
    const HBY_V(uint) d = HBY_V(as_uint)(a) - HBY_V(as_uint)(b);
    return HBY_V(as_int)(d * d);
#else
    const hby_vi x = hby_rescale_v((a - (hby_vi)(p->a.zero_point)) << (hby_vi)(p->left_shift), p->a.mult, p->a.shift, p->rounding);
    const hby_vi d = x - hby_rescale_v((b - (hby_vi)(p->b.zero_point)) << (hby_vi)(p->left_shift), p->b.mult, p->b.shift, p->rounding);
    return hby_quantized(hby_rescale_v(d * d, p->out.mult, p->out.shift, p->rounding), p->out.zero_point, p->act_min, p->act_max);
#endif
}

#elif HBY_FLOAT

static inline hby_vf hby_apply(const struct hby_args_binary *p, hby_vf a, hby_vf b)
{
    return hby_clamp_float(a / b, p->f_min, p->f_max);
}

#elif HBY_TYPE == 5

/* What a CPU's division traps on is kept from it: lanes past the end hold anything. */
static inline hby_vi hby_apply(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    const hby_vi odd = b == (hby_vi)(0) || b == (hby_vi)(-1);
    const hby_vi negated = HBY_V(as_int)(-HBY_V(as_uint)(a));
    const hby_vi y = select(a / select(b, (hby_vi)(1), odd), select(negated, (hby_vi)(0), b == (hby_vi)(0)), odd);
    return hby_quantized(y, 0, p->act_min, p->act_max);
}

#else

/* x * 2^e, saturating */
static inline int hby_up(int x, int e)
{
    return (int)clamp((long)x << e, (long)INT_MIN, (long)INT_MAX);
}

/* x * y / 2^31, ties away from zero */
static inline int hby_product(int x, int y)
{
    const long xy = (long)x * y;
    return (int)((xy + (xy >= 0 ? 1L << 30 : 1 - (1L << 30))) / (1L << 31));
}

/* 1 / (1 + a) for a in [0, 1), both in Q31: hby_reciprocal of partition/fixedpoint.h. */
static inline int hby_inverse(int a)
{
    const int d = (int)(((long)a + INT_MAX + 1) / 2);
    int x = 1515870810 + hby_product(d, -1010580540);
    for (int i = 0; i < 3; i++)
        x += hby_up(hby_product(x, (1 << 29) - hby_product(d, x)), 2);
    return hby_up(x, 1);
}

/* See host_ref/div.c. */
static inline int hby_quotient(const struct hby_args_binary *p, int a, int b)
{
    int x = a - p->a.zero_point, y = b - p->b.zero_point;
    if (y == 0)
        return p->out.zero_point;
    x = y < 0 ? -x : x;
    y = abs(y);
    const int zeros = (int)clz((uint)y), room = (int)clz((uint)(x ^ (x >> 31))) - 1;
    const int unscaled = hby_product((int)((uint)x << room), hby_inverse((int)(((uint)y << zeros) - 0x80000000u)));
    const int v = hby_product(unscaled, p->out.mult), e = 31 - zeros + room - p->out.shift;
    const int mask = (int)((1UL << (e & 63)) - 1UL), rest = v & mask;
    return (int)((uint)((v >> (e & 31)) + (rest > (mask >> 1) + (v < 0) ? 1 : 0)) + (uint)p->out.zero_point);
}

static inline hby_vi hby_apply(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    union {
        hby_vi v;
        int lane[HBY_LANES];
    } x, y;
    x.v = a;
    y.v = b;
    for (int k = 0; k < HBY_LANES; k++)
        x.lane[k] = clamp(hby_quotient(p, x.lane[k], y.lane[k]), p->act_min, p->act_max);
    return x.v;
}

#endif

/* Division of integers: a divisor of 0 is bad data. Else nothing is written to bad_data. */
#ifdef HBY_BINARY_FN
#define HBY_FINDS_ZERO (HBY_BINARY_FN == HBY_FN_DIV && !HBY_FLOAT)
#else
#define HBY_FINDS_ZERO 0
#endif

/* Elements [from, to) of rows [first, last). */
HBY_APART void hby_binary_part(const struct hby_args_binary p, __global const HBY_P(HBY_A_TYPE) * a, __global const HBY_P(HBY_B_TYPE) * b,
                               __global HBY_P(HBY_TYPE) * out, __global int *bad_data, int from, int to, int first, int last)
{
    const int inner = p.dim[HBY_BINARY_RANK - 1];
    const int a_step = p.a_stride[HBY_BINARY_RANK - 1], b_step = p.b_stride[HBY_BINARY_RANK - 1];
    HBY_C repeated[2 * HBY_LANES]; /* b over and over, so that a vector can begin anywhere in a period */
    for (int k = 0; b_step > 1 && k < b_step + HBY_LANES - 1; k++)
        repeated[k] = HBY_GET(HBY_B_TYPE, b, k % b_step);
    for (int row = first; row < last; row++) {
        int at_a = 0, at_b = 0;
        for (int d = HBY_BINARY_RANK - 2, rest = row; rest > 0; d--) {
            const int i = rest % p.dim[d];
            rest /= p.dim[d];
            at_a += i * p.a_stride[d];
            at_b += i * p.b_stride[d];
        }
        for (int i = from; i < to; i += HBY_LANES) {
            const hby_vc x = a_step ? HBY_GETV(HBY_A_TYPE, a, at_a + i) : (hby_vc)(HBY_GET(HBY_A_TYPE, a, at_a));
            const hby_vc y = b_step == 1 ? HBY_GETV(HBY_B_TYPE, b, at_b + i)
                             : b_step    ? HBY_V(vload)(0, repeated + i % b_step)
                                         : (hby_vc)(HBY_GET(HBY_B_TYPE, b, at_b));
#if HBY_FINDS_ZERO
            if (any((y == (hby_vi)(p.b.zero_point)) & (hby_lane() < (hby_vi)(to - i))))
                *bad_data = 1;
#endif
            HBY_PUT(HBY_TYPE, hby_apply(&p, x, y), out, row * inner + i, to - i);
        }
    }
}

HBY_NEST_KERNEL void hby_binary(const struct hby_args_binary p, __global const HBY_P(HBY_A_TYPE) * a, __global const HBY_P(HBY_B_TYPE) * b,
                                __global HBY_P(HBY_TYPE) * out, __global int *bad_data, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, first = (int)get_global_id(1) * rows_each;
    hby_binary_part(p, a, b, out, bad_data, from, min(p.dim[HBY_BINARY_RANK - 1], from + chunk), first, min(rows, first + rows_each));
}
