/* out = f(a, b), shapes broadcast, where the storage types may be any: comparisons, FLOOR_DIV, FLOOR_MOD, POW, and the arithmetic of int64 and bool that
 * binary.cl lacks. See struct hby_args_binary.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1); a row is the innermost dimension, along which a stride is 0
 * or 1. HBY_PAIR_FN is the function; HBY_A_TYPE, HBY_B_TYPE and HBY_OUT_TYPE are storage types, the operands' of one kind. */
#include "args_elementwise.h"
#include "any.clh"

#ifndef HBY_PAIR_FN
#define HBY_PAIR_FN HBY_FN_EQUAL
#endif
#ifndef HBY_A_TYPE
#define HBY_A_TYPE HBY_TYPE
#endif
#ifndef HBY_B_TYPE
#define HBY_B_TYPE HBY_TYPE
#endif
#ifndef HBY_OUT_TYPE
#define HBY_OUT_TYPE 7
#endif
#if HBY_HAS_FP64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#define HBY_IS_FLOAT (HBY_A_TYPE <= 1)
typedef HBY_NUM(HBY_A_TYPE) hby_num;

#if HBY_PAIR_FN >= HBY_FN_EQUAL && HBY_PAIR_FN <= HBY_FN_GREATER_EQUAL

static inline int hby_pair(const struct hby_args_binary *p, hby_num a, hby_num b)
{
#if HBY_A_TYPE >= 2 && HBY_A_TYPE <= 4
    if (p->a.mult) {
        a = hby_rescale_double((a - p->a.zero_point) << p->left_shift, p->a.mult, p->a.shift);
        b = hby_rescale_double((b - p->b.zero_point) << p->left_shift, p->b.mult, p->b.shift);
    }
#endif
#if HBY_PAIR_FN == HBY_FN_EQUAL
    return a == b;
#elif HBY_PAIR_FN == HBY_FN_NOT_EQUAL
    return a != b;
#elif HBY_PAIR_FN == HBY_FN_LESS
    return a < b;
#elif HBY_PAIR_FN == HBY_FN_LESS_EQUAL
    return a <= b;
#elif HBY_PAIR_FN == HBY_FN_GREATER
    return a > b;
#else
    return a >= b;
#endif
}

#elif HBY_PAIR_FN == HBY_FN_FLOOR_DIV && HBY_IS_FLOAT

static inline float hby_pair(const struct hby_args_binary *p, float a, float b)
{
#if HBY_HAS_FP64
    return (float)floor((double)a / (double)b);
#else
    /* a quotient that came out a whole number too large or too small shows in the remainder */
    const float q = floor(a / b), rest = fma(-q, b, a);
    return !isfinite(q) ? q : rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? q - 1.0f : fabs(rest) >= fabs(b) ? q + 1.0f : q;
#endif
}

#elif HBY_PAIR_FN == HBY_FN_FLOOR_DIV

static inline hby_num hby_pair(const struct hby_args_binary *p, hby_num a, hby_num b)
{
    if (b == 0 || b == -1) /* what a CPU's division may trap on */
        return b ? (hby_num)(0UL - (ulong)a) : 0;
    const hby_num q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

#elif HBY_PAIR_FN == HBY_FN_FLOOR_MOD

static inline hby_num hby_pair(const struct hby_args_binary *p, hby_num a, hby_num b)
{
#if HBY_IS_FLOAT
    const float rest = fmod(a, b);
#else
    const hby_num rest = b == 0 || b == -1 ? 0 : a % b;
#endif
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
}

#elif HBY_PAIR_FN == HBY_FN_POW && HBY_IS_FLOAT

/* A NaN stays. */
static inline float hby_clamp_one(float x, const struct hby_args_binary *p)
{
    return x < p->f_min ? p->f_min : x > p->f_max ? p->f_max : x;
}

static inline float hby_pair(const struct hby_args_binary *p, float a, float b)
{
    const float whole = round(b);
    if (!p->pot_scale || !(fabs(b - whole) < 1e-5f && whole >= 1.0f && whole < 2147483648.0f))
        return pow(a, b);
    const int n = (int)whole;
    float y = a;
    for (int bit = 30 - (int)clz((uint)n); bit >= 0; bit--) {
        y = hby_clamp_one(y * y, p);
        if (n >> bit & 1)
            y = hby_clamp_one(a * y, p);
    }
    return y;
}

#elif HBY_PAIR_FN == HBY_FN_POW

/* One exponent for all wraps, others saturate to INT_MIN, as the reference's conversion from double leaves them. */
static inline int hby_pair(const struct hby_args_binary *p, int a, int b)
{
    uint low = 1u;
    long y = 1;
    bool over = false;
    for (int bit = 31 - (int)clz((uint)max(b, 0)); bit >= 0; bit--) {
        const bool odd = b >> bit & 1;
        low = low * low * (odd ? (uint)a : 1u);
        y *= y;
        over = over || y > 1L << 31;
        y = over ? 0 : y * (odd ? a : 1);
        over = over || y > INT_MAX || y < INT_MIN;
    }
    return p->pot_scale && b > 0 ? (int)low : over ? INT_MIN : (int)y;
}

#else

/* ADD, SUB, MUL, MAXIMUM, MINIMUM */
static inline hby_num hby_pair(const struct hby_args_binary *p, hby_num a, hby_num b)
{
#if HBY_PAIR_FN == HBY_FN_MAXIMUM
    return a > b ? a : b;
#elif HBY_PAIR_FN == HBY_FN_MINIMUM
    return a < b ? a : b;
#else
    const ulong x = (ulong)a, y = (ulong)b;
    const hby_num sum = (hby_num)(HBY_PAIR_FN == HBY_FN_ADD ? x + y : HBY_PAIR_FN == HBY_FN_SUB ? x - y : x * y);
    return p->act_min != INT_MIN && sum < p->act_min ? p->act_min : p->act_max != INT_MAX && sum > p->act_max ? p->act_max : sum;
#endif
}

#endif

/* What the reference fails on. */
#if HBY_PAIR_FN == HBY_FN_FLOOR_DIV || (HBY_PAIR_FN == HBY_FN_FLOOR_MOD && !HBY_IS_FLOAT)
#define HBY_IS_BAD(b) ((b) == 0)
#elif HBY_PAIR_FN == HBY_FN_POW && !HBY_IS_FLOAT
#define HBY_IS_BAD(b) ((b) < 0)
#else
#define HBY_IS_BAD(b) false
#endif

HBY_NEST_KERNEL void hby_pairs(const struct hby_args_binary p, __global const HBY_P(HBY_A_TYPE) * a, __global const HBY_P(HBY_B_TYPE) * b,
                               __global HBY_P(HBY_OUT_TYPE) * out, __global int *bad_data, int chunk, int rows, int rows_each)
{
    const int inner = p.dim[HBY_BINARY_RANK - 1], from = (int)get_global_id(0) * chunk, to = min(inner, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    const int a_step = p.a_stride[HBY_BINARY_RANK - 1], b_step = p.b_stride[HBY_BINARY_RANK - 1];
    for (int row = first; row < last; row++) {
        const int at_a = hby_row_start(row, p.dim, p.a_stride, HBY_BINARY_RANK), at_b = hby_row_start(row, p.dim, p.b_stride, HBY_BINARY_RANK);
        for (int i = from; i < to; i++) {
            const hby_num x = HBY_GET(HBY_A_TYPE, a, at_a + i * a_step), y = HBY_GET(HBY_B_TYPE, b, at_b + i * b_step);
            if (HBY_IS_BAD(y))
                *bad_data = 1;
            HBY_SET(HBY_OUT_TYPE, hby_pair(&p, x, y), out, row * inner + i);
        }
    }
}
