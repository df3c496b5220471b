/* Fixed-point rescaling, the ways of HBY_ROUND_* (partition/args_base.h): an accumulator times mult * 2^(shift - 31), as int32.
 * docs/quantization.md derives them. Nothing here overflows: what TFLite leaves to wrap is computed modulo 2^32 or 2^64. */
#ifndef HBY_PARTITION_FIXEDPOINT_H
#define HBY_PARTITION_FIXEDPOINT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "partition/args_base.h"

/* (int32) of the low 32 bits, as two's complement. */
static inline int32_t hby_wrap32(uint64_t x)
{
    return (int32_t)(uint32_t)x;
}

/* x * 2^left modulo 2^32; left in [0, 31]. */
static inline int32_t hby_shl32(int32_t x, int left)
{
    return hby_wrap32((uint64_t)(uint32_t)x << left);
}

/* x + y and x * y modulo 2^32. */
static inline int32_t hby_add32(int32_t x, int32_t y)
{
    return hby_wrap32((uint64_t)(uint32_t)x + (uint32_t)y);
}
static inline int32_t hby_mul32(int32_t x, int32_t y)
{
    return hby_wrap32((uint64_t)(uint32_t)x * (uint32_t)y);
}

static inline int32_t hby_clamp32(int32_t x, int32_t lo, int32_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* The high 32 bits of 2ab, rounded to nearest with ties up; INT32_MIN squared saturates. */
static inline int32_t hby_srdhm(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN)
        return INT32_MAX;
    const int64_t ab = (int64_t)a * b;
    return (int32_t)((ab + (ab >= 0 ? INT64_C(1) << 30 : 1 - (INT64_C(1) << 30))) / (INT64_C(1) << 31));
}

/* x / 2^e, ties away from zero; e in [0, 31]. */
static inline int32_t hby_rdbpot(int32_t x, int e)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << e) - 1), rest = x & mask, half = (mask >> 1) + (x < 0);
    return (x >> e) + (rest > half);
}

/* x / 2^e, ties towards +infinity; e in [0, 31]. */
static inline int32_t hby_rdbpot_up(int32_t x, int e)
{
    return e == 0 ? x : (int32_t)(((int64_t)x + (INT64_C(1) << (e - 1))) >> e);
}

/* shift in [-31, 31]. A left shift wraps, as in TFLite's release builds. */
static inline int32_t hby_rescale_double(int32_t x, int32_t mult, int shift)
{
    return hby_rdbpot(hby_srdhm(hby_shl32(x, shift > 0 ? shift : 0), mult), shift > 0 ? 0 : -shift);
}

/* A negated multiplier asks for ties away from zero. */
static inline int32_t hby_rescale_ruy(int32_t x, int32_t mult, int shift)
{
    if (mult < 0)
        return hby_rescale_double(x, -mult, shift);
    return hby_rdbpot_up(hby_srdhm(hby_shl32(x, shift > 0 ? shift : 0), mult), shift > 0 ? 0 : -shift);
}

/* shift in [-31, 30]; the result is the low 32 bits. */
static inline int32_t hby_rescale_single(int32_t x, int32_t mult, int shift)
{
    const int down = 31 - shift;
    return hby_wrap32((uint64_t)(((int64_t)x * mult + (INT64_C(1) << (down - 1))) >> down));
}

/* The factor as its bits. Beyond 2^30 the result is that bound: no integer type reaches so far. */
static inline int32_t hby_rescale_float(int32_t x, int32_t bits)
{
    float factor;
    memcpy(&factor, &bits, sizeof factor);
    const volatile float product = (float)x * factor; /* in float32, whatever the compiler prefers */
    return (int32_t)lrintf(product < -0x1p30f ? -0x1p30f : product > 0x1p30f ? 0x1p30f : product);
}
static inline int32_t hby_float_bits(float factor)
{
    int32_t bits;
    memcpy(&bits, &factor, sizeof bits);
    return bits;
}

/* int64 accumulator, multiplier rounded to 16 bits; shift in [-31, 14] (TFLite promises 7), |x| < 2^47. */
static inline int32_t hby_rescale_wide16(int64_t x, int32_t mult, int shift)
{
    const int32_t reduced = mult < 0x7FFF0000 ? (mult + (1 << 15)) >> 16 : 0x7FFF;
    const int down = 15 - shift;
    const uint64_t sum = (uint64_t)x * (uint64_t)(int64_t)reduced + (UINT64_C(1) << (down - 1));
    return hby_wrap32((uint64_t)((int64_t)sum >> down));
}

/* 1 / (1 + x) in Q31 for x in [0, 1) in Q31: three steps of Newton's method in Q29, as gemmlowp takes them. */
static inline int32_t hby_reciprocal(int32_t x)
{
    const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2), one = 1 << 29;
    int32_t y = hby_add32(1515870810, hby_srdhm(half, -1010580540)); /* 48/17 - 32/17 * half */
    for (int i = 0; i < 3; i++) {
        const int32_t error = one - hby_srdhm(half, y), step = hby_srdhm(y, error); /* step is in Q27 */
        y = hby_add32(y, step > (1 << 29) - 1 ? INT32_MAX : step < -(1 << 29) ? INT32_MIN : step * 4);
    }
    return y > (1 << 30) - 1 ? INT32_MAX : y < -(1 << 30) ? INT32_MIN : y * 2;
}

/* x * 2^left, saturating; left in [0, 31]. */
static inline int32_t hby_shl_saturating(int32_t x, int left)
{
    const int64_t v = (int64_t)x * (INT64_C(1) << left);
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

/* 1 / sqrt(x) as a multiplier and a left shift, for x > 0: five steps of Newton's method with 3 integer bits, as gemmlowp takes them. */
static inline void hby_inverse_root(int32_t x, int32_t *mult, int *left)
{
    *mult = INT32_MAX;
    *left = 0;
    if (x <= 1)
        return;
    int right = 11;
    for (; x >= 1 << 29; x /= 4)
        right++;
    const int pairs = (__builtin_clz((uint32_t)x) - 1) / 2 - 1;
    right -= pairs;
    x = (int32_t)((uint32_t)x << (2 * pairs));
    const int32_t half = hby_rdbpot(x >> 1, 1), three_halves = (1 << 28) + (1 << 27);
    int32_t y = 1 << 28;
    for (int i = 0; i < 5; i++) {
        const int32_t cube = hby_shl_saturating(hby_srdhm(hby_srdhm(y, y), y), 6);
        y = hby_shl_saturating(hby_add32(hby_srdhm(three_halves, y), hby_wrap32((uint64_t) - (int64_t)hby_srdhm(half, cube))), 3);
    }
    y = hby_srdhm(y, 1518500250); /* sqrt(1/2) */
    *mult = right < 0 ? hby_shl32(y, -right) : y;
    *left = right < 0 ? 0 : -right;
}

/* By HBY_ROUND_*; all but WIDE16 take the accumulator as int32. */
static inline int32_t hby_rescale(int64_t x, int32_t mult, int shift, int rounding)
{
    switch (rounding) {
    case HBY_ROUND_SINGLE:
        return hby_rescale_single((int32_t)x, mult, shift);
    case HBY_ROUND_RUY:
        return hby_rescale_ruy((int32_t)x, mult, shift);
    case HBY_ROUND_FLOAT:
        return hby_rescale_float((int32_t)x, mult);
    case HBY_ROUND_WIDE16:
        return hby_rescale_wide16(x, mult, shift);
    default:
        return hby_rescale_double((int32_t)x, mult, shift);
    }
}

#endif
