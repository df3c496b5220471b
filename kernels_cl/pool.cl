/* AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D: a work-item computes `each` pixels of one line of the output for one vector of channels. */
#include "types.clh"
#include "args_conv.h"
#include "nest.clh"

#if HBY_SCHEME_i8
#define HBY_LOWEST -128
#elif HBY_SCHEME_u8
#define HBY_LOWEST 0
#elif HBY_SCHEME_i16
#define HBY_LOWEST -32768
#else
#define HBY_LOWEST -MAXFLOAT
#endif

/* The reference's rounding: to nearest, ties away from zero (count is positive; uint8 sums are not negative). */
static inline hby_vc hby_average(hby_vc sum, int count)
{
#if HBY_FLOAT
    return sum / (hby_vf)((float)count);
#else
    /* Vectors of integers divide slowly. A quotient has at most 15 bits, so the float one is off by less than 1/100 and its integer part by at most one. */
    const hby_vi n = HBY_V(convert_int)(abs(sum)) + (hby_vi)(count / 2);
    hby_vi q = HBY_CUT(HBY_V(convert_int))(HBY_V(convert_float)(n) * HBY_ROUGHLY(1.0f / (float)count));
    const hby_vi rest = n - q * (hby_vi)(count);
    q += select((hby_vi)(0), (hby_vi)(1), rest >= (hby_vi)(count)) - select((hby_vi)(0), (hby_vi)(1), rest < (hby_vi)(0));
    return select(q, -q, sum < (hby_vi)(0));
#endif
}

__kernel void hby_pool(struct hby_args_pool p, int each, const __global HBY_T *in, __global HBY_T *out)
{
    const int channel = get_global_id(0) * HBY_LANES, parts = (p.out_w + each - 1) / each, line = get_global_id(1) / parts;
    const int x_first = (get_global_id(1) - line * parts) * each, b = line / p.out_h;
    if (channel >= p.channels || b >= p.batch)
        return;
    const int top = (line - b * p.out_h) * p.stride_h - p.pad_top;
    const int y_begin = max(top, 0), y_end = min(top + p.k_h, p.in_h), n = min(HBY_LANES, p.channels - channel);
    for (int x = x_first; x < min(x_first + each, p.out_w); x++) {
        const int left = x * p.stride_w - p.pad_left, x_begin = max(left, 0), x_end = min(left + p.k_w, p.in_w);
        hby_vc acc = p.is_max ? (hby_vc)(HBY_LOWEST) : (hby_vc)(0);
        for (int y = y_begin; y < y_end; y++)
            for (int xx = x_begin; xx < x_end; xx++) {
                const hby_vc v = HBY_GETV(HBY_TYPE, in, (size_t)((b * p.in_h + y) * p.in_w + xx) * p.channels + channel);
                acc = p.is_max ? select(acc, v, acc < v) : acc + (p.squares ? v * v : v);
            }
        if (!p.is_max)
            acc = hby_average(acc, max((y_end - y_begin) * (x_end - x_begin), 1));
#if HBY_FLOAT
        if (p.squares)
            acc = sqrt(acc);
        acc = hby_clamp_float(acc, p.f_min, p.f_max);
#else
        acc = clamp(acc, (hby_vi)(p.act_min), (hby_vi)(p.act_max));
#endif
        HBY_PUT(HBY_TYPE, acc, out, (line * p.out_w + x) * p.channels + channel, n);
    }
}
