/* TOPK_V2: a work-group finds the k largest of a row, one after the other; see struct hby_args_topk. HBY_IN_TYPE is the storage type of input and values,
 * HBY_INDEX the size of a position in bytes. */
#include "args_gather.h"
#include "any.clh"
#include "group.clh"

#ifndef HBY_IN_TYPE
#define HBY_IN_TYPE HBY_TYPE
#endif
#if HBY_INDEX == 2
typedef short hby_position;
#else
typedef int hby_position;
#endif

/* Does the element at `a` come before the one at `b`? None comes before itself. */
static inline bool hby_before(__global const HBY_P(HBY_IN_TYPE) * in, int a, int b)
{
    const HBY_NUM(HBY_IN_TYPE) x = HBY_GET(HBY_IN_TYPE, in, a), y = HBY_GET(HBY_IN_TYPE, in, b);
#if HBY_IN_TYPE <= 1
    if (isnan(x) != isnan(y))
        return isnan(y);
#endif
    return x > y || (!(x < y) && a < b);
}

/* The one of two that comes first; -1 is none. */
static inline int hby_better(__global const HBY_P(HBY_IN_TYPE) * in, int a, int b)
{
    return b < 0 || (a >= 0 && hby_before(in, a, b)) ? a : b;
}

HBY_NEST_KERNEL void hby_topk(const struct hby_args_topk p, __global const HBY_P(HBY_IN_TYPE) * in, __global HBY_P(HBY_IN_TYPE) * values,
                              __global hby_position *positions)
{
    __local int part[HBY_GROUP];
    const int me = (int)get_local_id(0), step = (int)get_local_size(0), row = (int)get_group_id(0);
    in += row * p.depth;
    int last = -1;
    for (int n = 0; n < p.k; n++) {
        int best = -1;
        for (int i = me; i < p.depth; i += step)
            if (last < 0 || hby_before(in, last, i))
                best = hby_better(in, best, i);
        barrier(CLK_LOCAL_MEM_FENCE); /* whoever read the last result is done */
        part[me] = best;
        for (int rest = step / 2; rest; rest /= 2) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (me < rest)
                part[me] = hby_better(in, part[me], part[me + rest]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        last = part[0];
        if (me == 0) {
            HBY_SET(HBY_IN_TYPE, HBY_GET(HBY_IN_TYPE, in, last), values, row * p.k + n);
            positions[row * p.k + n] = (hby_position)last;
        }
    }
}
