/* CUMSUM: a work-item sums up one line of `depth` elements; see struct hby_args_cumsum. HBY_IN_TYPE is the storage type of input and output. */
#include "args_reduce.h"
#include "any.clh"

#ifndef HBY_IN_TYPE
#define HBY_IN_TYPE HBY_TYPE
#endif
#if HBY_IN_TYPE <= 1
typedef float hby_total;
#else
typedef ulong hby_total;
#endif

__kernel void hby_cumsum(const struct hby_args_cumsum p, __global const HBY_P(HBY_IN_TYPE) * in, __global HBY_P(HBY_IN_TYPE) * out)
{
    const int line = (int)get_global_id(0);
    if (line >= p.outer * p.inner)
        return;
    const int o = line / p.inner, first = o * p.depth * p.inner + (line - o * p.inner);
    hby_total sum = 0;
    for (int k = 0; k < p.depth; k++) {
        const int at = first + (p.reverse ? p.depth - 1 - k : k) * p.inner;
        const hby_total before = sum;
        sum += (hby_total)HBY_GET(HBY_IN_TYPE, in, at);
        HBY_SET(HBY_IN_TYPE, p.exclusive ? before : sum, out, at);
    }
}
