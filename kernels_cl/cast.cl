/* out[i] = f(in[i]) between any two storage types: CAST, and NEG of int64. -D HBY_FN, HBY_IN_TYPE, HBY_OUT_TYPE as in unary.cl. */
#include "args_elementwise.h"
#include "any.clh"

#ifndef HBY_FN
#define HBY_FN HBY_FN_CAST
#endif
#ifndef HBY_IN_TYPE
#define HBY_IN_TYPE 0
#endif
#ifndef HBY_OUT_TYPE
#define HBY_OUT_TYPE 5
#endif

#define HBY_LEAST_2 CHAR_MIN
#define HBY_LEAST_3 0
#define HBY_LEAST_4 SHRT_MIN
#define HBY_LEAST_5 INT_MIN
#define HBY_LEAST_6 LONG_MIN
#define HBY_MOST_2 CHAR_MAX
#define HBY_MOST_3 UCHAR_MAX
#define HBY_MOST_4 SHRT_MAX
#define HBY_MOST_5 INT_MAX
#define HBY_MOST_6 LONG_MAX

static inline HBY_NUM(HBY_OUT_TYPE) hby_f(HBY_NUM(HBY_IN_TYPE) x)
{
#if HBY_FN == HBY_FN_NEG
    return (HBY_NUM(HBY_OUT_TYPE))(0UL - (ulong)x);
#elif HBY_OUT_TYPE == 7
    return x != 0;
#elif HBY_OUT_TYPE > 1 && HBY_IN_TYPE <= 1
    /* both bounds are powers of two or exact; the largest value itself may not be: what reaches the next one saturates */
    const HBY_NUM(HBY_OUT_TYPE) least = HBY_JOIN(HBY_LEAST_, HBY_OUT_TYPE), most = HBY_JOIN(HBY_MOST_, HBY_OUT_TYPE);
    const float above = (float)(most / 2 + 1) * 2.0f;
    return x < (float)least ? least : x < above ? (HBY_NUM(HBY_OUT_TYPE))x : most;
#else
    return (HBY_NUM(HBY_OUT_TYPE))x;
#endif
}

HBY_NEST_KERNEL void hby_cast(const struct hby_args_unary p, __global const HBY_P(HBY_IN_TYPE) * in, __global HBY_P(HBY_OUT_TYPE) * out, int chunk)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.count, from + chunk);
    for (int i = from; i < to; i++)
        HBY_SET(HBY_OUT_TYPE, hby_f(HBY_GET(HBY_IN_TYPE, in, i)), out, i);
}
