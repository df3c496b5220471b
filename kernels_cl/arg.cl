/* ARG_MAX, ARG_MIN: a work-item finds one output's position; see struct hby_args_arg. -D HBY_WIDE_OUT: positions are int64. */
#include "types.clh"
#include "args_reduce.h"

#if HBY_WIDE_OUT
#define HBY_POSITION long
#else
#define HBY_POSITION int
#endif

__kernel void hby_arg(struct hby_args_arg p, const __global HBY_T *in, __global HBY_POSITION *out)
{
    const int at = get_global_id(0);
    if (at >= p.outer * p.inner)
        return;
    const int o = at / p.inner, first = o * p.length * p.inner + (at - o * p.inner);
    HBY_C best = HBY_LOAD(in, first);
    int position = 0;
    for (int k = 1; k < p.length; k++) {
        const HBY_C x = HBY_LOAD(in, first + k * p.inner);
        if (p.least ? x < best : x > best) {
            best = x;
            position = k;
        }
    }
    out[at] = position;
}
