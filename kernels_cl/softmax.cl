/* SOFTMAX over the rows of [rows, depth]: see struct hby_args_softmax. A work-group takes one row.
 *
 * table_0, table_1: 8 bits, exp of the distance from the row's largest element in Q31 (int[256]), none; int16, exp over [-10, 0] and 1 / (1 + x) over [0, 1],
 * both in Q15 (short[513]); float, none. */
#include "args_reduce.h"
#include "group.clh"
#include "nest.clh"

/* The largest element of the row, known to all of the group. */
static inline HBY_C hby_row_max(__global const HBY_P(HBY_TYPE) * in, int depth, __local HBY_C *part)
{
    const HBY_C some = HBY_GET(HBY_TYPE, in, 0);
    hby_vc most = (hby_vc)(some);
    for (int i = (int)get_local_id(0) * HBY_LANES; i < depth; i += (int)get_local_size(0) * HBY_LANES)
        most = max(most, hby_first(HBY_GETV(HBY_TYPE, in, i), depth - i, some));
    return hby_group_max(hby_lanes_max(most), part);
}

#if HBY_FLOAT

__kernel void hby_softmax(const struct hby_args_softmax p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out, __global const int *table_0,
                          __global const short *table_1)
{
    __local float part[HBY_GROUP];
    const int first = (int)get_local_id(0) * HBY_LANES, step = (int)get_local_size(0) * HBY_LANES;
    in += get_group_id(0) * p.depth;
    out += get_group_id(0) * p.depth;
    const float most = hby_row_max(in, p.depth, part);
    hby_vf sum = (hby_vf)(0.0f);
    for (int i = first; i < p.depth; i += step)
        sum += hby_first(exp((HBY_GETV(HBY_TYPE, in, i) - most) * p.beta), p.depth - i, 0.0f);
    const float total = hby_group_sum(hby_lanes_sum(sum), part);
    for (int i = first; i < p.depth; i += step)
        HBY_PUT(HBY_TYPE, exp((HBY_GETV(HBY_TYPE, in, i) - most) * p.beta) / total, out, i, p.depth - i);
}

#elif HBY_TYPE == 4

/* Linear between 513 samples. */
static inline int hby_sample(__global const short *table, int x)
{
    const int at = 256 + (x >> 7), base = table[at];
    const int slope = (short)(table[at + 1] - base);
    return (short)(base + ((slope * (x & 127) + 64) >> 7));
}

__kernel void hby_softmax(const struct hby_args_softmax p, __global const short *in, __global short *out, __global const short *table_0, __global const short *table_1)
{
    __local int part[HBY_GROUP];
    const int first = (int)get_local_id(0), step = (int)get_local_size(0);
    in += get_group_id(0) * p.depth;
    out += get_group_id(0) * p.depth;
    const int most = hby_row_max(in, p.depth, part);
    int sum = 0;
    for (int i = first; i < p.depth; i += step) {
        const int x = hby_rescale_double(in[i] - most, p.mult, p.shift);
        const int e = hby_sample(table_0, clamp(x + 32767, -32768, 32767));
        out[i] = (short)e; /* read again by the same work-item */
        sum += e;
    }
    sum = hby_group_sum(sum, part);
    const int headroom = (int)clz((uint)sum), down = 31 - headroom;
    const int x = (int)((((long)sum << (headroom - 1)) + (1L << 13)) >> 14) - ((1 << 15) + (1 << 16));
    const int reciprocal = hby_sample(table_1, clamp(x, -32768, 32767));
    for (int i = first; i < p.depth; i += step)
        out[i] = (short)clamp((int)(((long)out[i] * reciprocal + (1L << (down - 1))) >> down), 0, 32767);
}

#elif HBY_TYPE != 5

#ifndef HBY_SOFTMAX_OUT
#define HBY_SOFTMAX_OUT HBY_TYPE /* or int16 */
#endif

/* x * 4, or x * 2, saturating */
static inline int hby_up(int x, int e)
{
    return (int)clamp((long)x << e, (long)INT_MIN, (long)INT_MAX);
}

/* 1 / (1 + a) for a in [0, 1), both in Q31: gemmlowp's three Newton steps on 48/17 - 32/17 d, with 2 integer bits, d = (1 + a) / 2. */
static inline int hby_reciprocal(int a)
{
    const int d = (int)(((long)a + INT_MAX + 1) / 2); /* a + 1.0 is positive */
    int x = 1515870810 + hby_high_mul(d, -1010580540);
    for (int i = 0; i < 3; i++)
        x += hby_up(hby_high_mul(x, (1 << 29) - hby_high_mul(d, x)), 2);
    return hby_up(x, 1);
}

__kernel void hby_softmax(const struct hby_args_softmax p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_SOFTMAX_OUT) * out, __global const int *table_0,
                          __global const int *table_1)
{
    __local int part[HBY_GROUP];
    const int first = (int)get_local_id(0), step = (int)get_local_size(0);
    in += get_group_id(0) * p.depth;
    out += get_group_id(0) * p.depth;
    const int most = hby_row_max(in, p.depth, part);
    int sum = 0; /* Q19 */
    for (int i = first; i < p.depth; i += step)
        sum += hby_shift_away(table_0[most - in[i]], 12);
    sum = hby_group_sum(sum, part);
    const int headroom = (int)clz((uint)sum), down = 12 - headroom + 31 - p.out_bits;
    const int scale = hby_reciprocal((int)(((uint)sum << (headroom & 31)) - 0x80000000u));
    for (int i = first; i < p.depth; i += step) {
        const int y = down > 31 ? 0 : hby_shift_away(hby_high_mul(table_0[most - in[i]], scale), down); /* some 512 elements near the largest: all are below half a step */
        out[i] = (HBY_P(HBY_SOFTMAX_OUT))clamp(y + p.act_min, p.act_min, p.act_max);
    }
}

#endif
