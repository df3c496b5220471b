/* SOFTMAX over the rows of [rows, depth]: see struct hby_args_softmax. A work-group takes `rows_each` rows, one after the other.
 *
 * table_0, table_1: 8 bits, exp of the distance from the row's largest element in Q31 and in Q19 (int[256]); int16, exp over [-10, 0] and 1 / (1 + x) over
 * [0, 1], both in Q15 (short[513]); float, none. */
#include "args_reduce.h"
#include "group.clh"
#include "nest.clh"

/* The largest element of the row, known to all of the group. */
HBY_WITH_LOCAL HBY_C hby_row_max(__global const HBY_P(HBY_TYPE) * in, int depth, __local HBY_C *part)
{
    const HBY_C some = HBY_GET(HBY_TYPE, in, 0);
    hby_vc most = (hby_vc)(some);
    for (int i = (int)get_local_id(0) * HBY_LANES; i < depth; i += (int)get_local_size(0) * HBY_LANES)
        most = max(most, hby_first(HBY_GETV(HBY_TYPE, in, i), depth - i, some));
    return hby_group_max(hby_lanes_max(most), part);
}

/* On a CPU short rows would leave most lanes idle; there are many, so each lane takes a row. */
#define HBY_SHORT_ROW 32

#if HBY_FLOAT

#if HBY_DEVICE_CPU
static inline void hby_short_rows(__global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out, int depth, float beta)
{
    const hby_vi at = hby_lane() * depth;
    hby_vf e[HBY_SHORT_ROW], most = hby_get_at(in, at), sum = (hby_vf)(0.0f);
    union {
        hby_vf v;
        float lane[HBY_LANES];
    } y;
    for (int i = 0; i < depth; i++) {
        e[i] = hby_get_at(in, at + i);
        most = max(most, e[i]);
    }
    for (int i = 0; i < depth; i++)
        sum += e[i] = exp((e[i] - most) * beta);
    for (int i = 0; i < depth; i++) {
        y.v = e[i] / sum;
        for (int k = 0; k < HBY_LANES; k++)
            HBY_STORE(y.lane[k], out, k * depth + i);
    }
}
#endif

HBY_NEST_KERNEL void hby_softmax(const struct hby_args_softmax p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out,
                                 __global const int *table_0, __global const short *table_1, int rows_each)
{
    __local float part[HBY_GROUP];
    const int first = (int)get_local_id(0) * HBY_LANES, step = (int)get_local_size(0) * HBY_LANES, depth = p.depth;
    const int to = min(p.rows, ((int)get_group_id(0) + 1) * rows_each);
    int row = (int)get_group_id(0) * rows_each;
#if HBY_DEVICE_CPU
    if (depth <= HBY_SHORT_ROW)
        for (; row + HBY_LANES <= to; row += HBY_LANES)
            hby_short_rows(in + row * depth, out + row * depth, depth, p.beta);
#endif
    for (; row < to; row++) {
        __global const HBY_P(HBY_TYPE) *x = in + row * depth;
        const float most = hby_row_max(x, depth, part);
        hby_vf sum = (hby_vf)(0.0f);
        for (int i = first; i < depth; i += step)
            sum += hby_first(exp((HBY_GETV(HBY_TYPE, x, i) - most) * p.beta), depth - i, 0.0f);
        const float total = hby_group_sum(hby_lanes_sum(sum), part);
        for (int i = first; i < depth; i += step)
            HBY_PUT(HBY_TYPE, exp((HBY_GETV(HBY_TYPE, x, i) - most) * p.beta) / total, out, row * depth + i, depth - i);
    }
}

#elif HBY_TYPE == 4

/* Linear between 513 samples. */
static inline int hby_sample(__global const short *table, int x)
{
    const int at = 256 + (x >> 7), base = table[at];
    const int slope = (short)(table[at + 1] - base);
    return (short)(base + ((slope * (x & 127) + 64) >> 7));
}

HBY_NEST_KERNEL void hby_softmax(const struct hby_args_softmax p, __global const short *in, __global short *out, __global const short *table_0,
                                 __global const short *table_1, int rows_each)
{
    __local int part[HBY_GROUP];
    const int first = (int)get_local_id(0), step = (int)get_local_size(0), depth = p.depth;
    const int from = (int)get_group_id(0) * rows_each, to = min(p.rows, from + rows_each);
    for (int row = from; row < to; row++) {
        __global const short *x = in + row * depth;
        __global short *y = out + row * depth;
        const int most = hby_row_max(x, depth, part);
        int sum = 0;
        for (int i = first; i < depth; i += step) {
            const int steps = hby_rescale_double(x[i] - most, p.mult, p.shift);
            const int e = hby_sample(table_0, clamp(steps + 32767, -32768, 32767));
            y[i] = (short)e; /* read again by the same work-item */
            sum += e;
        }
        sum = hby_group_sum(sum, part);
        const int headroom = (int)clz((uint)sum), down = 31 - headroom;
        const int place = (int)((((long)sum << (headroom - 1)) + (1L << 13)) >> 14) - ((1 << 15) + (1 << 16));
        const int reciprocal = hby_sample(table_1, clamp(place, -32768, 32767));
        for (int i = first; i < depth; i += step)
            y[i] = (short)clamp((int)(((long)y[i] * reciprocal + (1L << (down - 1))) >> down), 0, 32767);
    }
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

/* A row's results as a function of the distance from its largest element. */
struct hby_scaling {
    int scale, down, lowest, highest;
};

static inline int hby_result(struct hby_scaling f, int e)
{
    const int y = f.down > 31 ? 0 : hby_shift_away(hby_high_mul(e, f.scale), f.down); /* some 512 elements near the largest: all are below half a step */
    return clamp(y + f.lowest, f.lowest, f.highest);
}

#if HBY_DEVICE_CPU
/* As hby_result; the product is not negative. */
static inline hby_vi hby_result_v(struct hby_scaling f, hby_vi e)
{
    const hby_vi y = f.down > 31 ? (hby_vi)(0) : ((hby_high_mul_v(e, f.scale) >> (hby_vi)(f.down - 1)) + (hby_vi)(1)) >> (hby_vi)(1);
    return clamp(y + (hby_vi)(f.lowest), (hby_vi)(f.lowest), (hby_vi)(f.highest));
}

static inline hby_vi hby_up_v(hby_vi x, int e)
{
    const hby_vi y = x << (hby_vi)(e);
    return select(y, (x >> (hby_vi)(31)) ^ (hby_vi)(INT_MAX), (y >> (hby_vi)(e)) != x);
}

/* As hby_reciprocal. */
static inline hby_vi hby_reciprocal_v(hby_vi a)
{
    const hby_vi d = as_int16((as_uint16(a) + (uint16)(0x80000000u)) >> (uint16)(1));
    hby_vi x = hby_high_mul_v(d, -1010580540) + (hby_vi)(1515870810);
    for (int i = 0; i < 3; i++)
        x += hby_up_v(hby_high_mul_each(x, (hby_vi)(1 << 29) - hby_high_mul_each(d, x)), 2);
    return hby_up_v(x, 1);
}

static inline void hby_short_rows(const struct hby_args_softmax *p, __global const HBY_P(HBY_TYPE) *restrict in, __global HBY_P(HBY_SOFTMAX_OUT) *restrict out,
                                  __global const int *restrict table_0, __global const int *restrict table_1)
{
    union {
        hby_vi v;
        int lane[HBY_LANES];
    } most, sum, e;
    const int depth = p->depth;
    for (int k = 0; k < HBY_LANES; k++) {
        __global const HBY_P(HBY_TYPE) *x = in + k * depth;
        int top = x[0], s = 0;
        for (int i = 1; i < depth; i++)
            top = max(top, (int)x[i]);
        for (int i = 0; i < depth; i++)
            s += table_1[top - x[i]];
        most.lane[k] = top;
        sum.lane[k] = s;
    }
    const hby_vi headroom = clz(sum.v), down = (hby_vi)(12 + 31 - 1 - p->out_bits) - headroom;
    const hby_vi scale = hby_reciprocal_v((sum.v << headroom) ^ (hby_vi)(INT_MIN));
    for (int i = 0; i < depth; i++) {
        for (int k = 0; k < HBY_LANES; k++)
            e.lane[k] = table_0[most.lane[k] - in[k * depth + i]];
        e.v = ((hby_high_mul_each(e.v, scale) >> min(down, (hby_vi)(31))) + (hby_vi)(1)) >> (hby_vi)(1);
        e.v = clamp(e.v + (hby_vi)(p->act_min), (hby_vi)(p->act_min), (hby_vi)(p->act_max));
        for (int k = 0; k < HBY_LANES; k++)
            out[k * depth + i] = (HBY_P(HBY_SOFTMAX_OUT))e.lane[k];
    }
}
#endif

HBY_NEST_KERNEL void hby_softmax(const struct hby_args_softmax p, __global const HBY_P(HBY_TYPE) *restrict in, __global HBY_P(HBY_SOFTMAX_OUT) *restrict out,
                                 __global const int *restrict table_0, __global const int *restrict table_1, int rows_each)
{
    __local int part[HBY_GROUP];
    const int first = (int)get_local_id(0), step = (int)get_local_size(0), depth = p.depth;
    const int to = min(p.rows, ((int)get_group_id(0) + 1) * rows_each);
    int row = (int)get_group_id(0) * rows_each;
#if HBY_DEVICE_CPU
    if (depth <= HBY_SHORT_ROW)
        for (; row + HBY_LANES <= to; row += HBY_LANES)
            hby_short_rows(&p, in + row * depth, out + row * depth, table_0, table_1);
#endif
    for (; row < to; row++) {
        __global const HBY_P(HBY_TYPE) *x = in + row * depth;
        __global HBY_P(HBY_SOFTMAX_OUT) *y = out + row * depth;
        const int most = hby_row_max(x, depth, part);
        int sum = 0; /* Q19 */
        for (int i = first; i < depth; i += step)
            sum += table_1[most - x[i]];
        sum = hby_group_sum(sum, part);
        const int headroom = (int)clz((uint)sum);
        const struct hby_scaling f = {hby_reciprocal((int)(((uint)sum << (headroom & 31)) - 0x80000000u)), 12 - headroom + 31 - p.out_bits, p.act_min,
                                      p.act_max};
#if HBY_DEVICE_CPU
        if (depth >= 64) { /* all 256 results of the row cost less than one per element */
            HBY_P(HBY_SOFTMAX_OUT) of[256];
            for (int d = 0; d < 256; d += HBY_LANES)
                HBY_V(vstore)(HBY_V(HBY_JOIN(convert_, HBY_P(HBY_SOFTMAX_OUT)))(hby_result_v(f, HBY_RAWV(table_0, d))), 0, of + d);
            for (int i = 0; i < depth; i++)
                y[i] = of[most - x[i]];
            continue;
        }
#endif
        for (int i = first; i < depth; i += step)
            y[i] = (HBY_P(HBY_SOFTMAX_OUT))hby_result(f, table_0[most - x[i]]);
    }
}

#endif
