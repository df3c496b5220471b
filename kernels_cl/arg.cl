/* ARG_MAX, ARG_MIN: a work-item finds the positions of `each` outputs, one after the other; see struct hby_args_arg. -D HBY_WIDE_OUT: positions are int64. */
#include "args_reduce.h"
#include "nest.clh"

#if HBY_WIDE_OUT
#define HBY_POSITION long
#else
#define HBY_POSITION int
#endif

/* Any number is better than a NaN before it. */
#if HBY_FLOAT
#define HBY_ARG_BEFORE(best, x) (isnan(best) && !isnan(x))
#else
#define HBY_ARG_BEFORE(best, x) 0
#endif

/* Elements of at most 16 bits side by side: value and position make one number, whose largest is the first of the largest values. */
#define HBY_ARG_ROW (HBY_DEVICE_CPU && (HBY_TYPE == 2 || HBY_TYPE == 3 || HBY_TYPE == 4))
#if HBY_ARG_ROW
static inline int hby_arg_row(const __global HBY_T *in, int length, int least)
{
    hby_vi best = INT_MIN;
    for (int k = 0; k < length; k += HBY_LANES) {
        const hby_vi x = HBY_GETV(HBY_TYPE, in, k), key = (least ? ~x : x) * 65536 + (65535 - k - hby_lane());
        best = max(best, hby_first(key, length - k, INT_MIN));
    }
    return 65535 - (hby_lanes_max(best) & 65535);
}
#endif

HBY_NEST_KERNEL void hby_arg(const struct hby_args_arg p, const __global HBY_T *in, __global HBY_POSITION *out, int each)
{
    const int from = (int)get_global_id(0) * each, to = min(p.outer * p.inner, from + each);
    for (int at = from; at < to; at++) {
#if HBY_ARG_ROW
        if (p.inner == 1 && p.length <= 65536) {
            out[at] = hby_arg_row(in + at * p.length, p.length, p.least);
            continue;
        }
#endif
        const int o = at / p.inner, first = o * p.length * p.inner + (at - o * p.inner);
        HBY_C best = HBY_LOAD(in, first);
        int position = 0;
        for (int k = 1; k < p.length; k++) {
            const HBY_C x = HBY_LOAD(in, first + k * p.inner);
            if ((p.least ? x < best : x > best) || HBY_ARG_BEFORE(best, x)) {
                best = x;
                position = k;
            }
        }
        out[at] = position;
    }
}
