/* MEAN, and with HBY_REDUCE_FN SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD: see struct hby_args_mean. The tensor's innermost dimension is either kept, then
 * hby_mean_columns adds whole vectors of neighbours, or averaged over, then hby_mean_rows adds along it. */
#include "args_reduce.h"
#include "group.clh"
#include "nest.clh"

#ifndef HBY_REDUCE_FN
#define HBY_REDUCE_FN HBY_REDUCE_MEAN
#endif

/* What a reduction begins with, and how it takes an element in. A NaN is never larger nor less. */
#if HBY_REDUCE_FN == HBY_REDUCE_MAX
#if HBY_FLOAT
#define HBY_START (-FLT_MAX)
#else
#define HBY_START INT_MIN
#endif
#define HBY_TAKE(best, x) ((x) > (best) ? (x) : (best))
#define HBY_TAKE_V(best, x) select(best, x, (x) > (best))
#elif HBY_REDUCE_FN == HBY_REDUCE_MIN
#if HBY_FLOAT
#define HBY_START FLT_MAX
#else
#define HBY_START INT_MAX
#endif
#define HBY_TAKE(best, x) ((x) < (best) ? (x) : (best))
#define HBY_TAKE_V(best, x) select(best, x, (x) < (best))
#elif HBY_REDUCE_FN == HBY_REDUCE_PROD
#define HBY_START 1
#if HBY_FLOAT
#define HBY_TAKE(product, x) ((product) * (x))
#define HBY_TAKE_V(product, x) ((product) * (x))
#else
#define HBY_TAKE(product, x) ((int)((uint)(product) * (uint)(x)))
#define HBY_TAKE_V(product, x) HBY_V(as_int)(HBY_V(as_uint)(product) * HBY_V(as_uint)(x))
#endif
#elif HBY_FLOAT
#define HBY_START 0
#define HBY_TAKE(sum, x) ((sum) + (x))
#define HBY_TAKE_V(sum, x) ((sum) + (x))
#else
#define HBY_START 0
#define HBY_TAKE(sum, x) ((int)((uint)(sum) + (uint)(x)))
#define HBY_TAKE_V(sum, x) hby_add_wrap(sum, x)
#endif
/* Of an integer vector's lanes. */
#if !HBY_FLOAT
static inline int hby_take_lanes(hby_vi v)
{
    union {
        hby_vi v;
        int lane[HBY_LANES];
    } u;
    u.v = v;
    int all = u.lane[0];
    for (int k = 1; k < HBY_LANES; k++)
        all = HBY_TAKE(all, u.lane[k]);
    return all;
}
#if HBY_REDUCE_FN != HBY_REDUCE_MEAN
HBY_REDUCER(hby_group_take, HBY_TAKE(a, b))
#endif
#endif

/* Offset of the n-th index over dim[], the last `skip` dimensions left out. */
static inline int hby_offset(const int *dim, const int *stride, int n, int skip)
{
    int at = 0;
    for (int d = HBY_REDUCE_RANK - 1 - skip; n > 0; d--) {
        at += n % dim[d] * stride[d];
        n /= dim[d];
    }
    return at;
}

static inline hby_vc hby_mean(const struct hby_args_mean *p, hby_vc sum)
{
#if HBY_REDUCE_FN != HBY_REDUCE_MEAN && (HBY_FLOAT || HBY_TYPE == 5 || HBY_REDUCE_FN != HBY_REDUCE_SUM)
    return sum;
#elif HBY_FLOAT
    return sum / (float)p->n_reduced;
#else
    if (p->rounding != HBY_ROUND_DOUBLE) {
        const hby_vf product = HBY_V(convert_float)(sum) * p->f_scale;
        const hby_vf v = clamp(product + p->f_bias, -0x1p30f, 0x1p30f);
        const hby_vi y = p->rounding == HBY_ROUND_FLOAT ? HBY_CUT(HBY_V(convert_int))(rint(v))
                                                        : HBY_CUT(HBY_V(convert_int))(round(v)) + (hby_vi)(p->out.zero_point);
        return clamp(y, (hby_vi)(p->act_min), (hby_vi)(p->act_max));
    }
    const hby_vi x = hby_rescale_v(sum - (hby_vi)(p->in.zero_point * p->n_reduced), p->out.mult, p->out.shift, p->rounding);
    return hby_quantized(x, p->out.zero_point, p->act_min, p->act_max);
#endif
}

/* keep_stride of the innermost kept dimension is 1: a work-item takes HBY_LANES neighbours (work dimension 0) of one row of the output (dimension 1). */
HBY_NEST_KERNEL void hby_mean_columns(const struct hby_args_mean p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out)
{
    const int inner = p.keep_dim[HBY_REDUCE_RANK - 1], i = (int)get_global_id(0) * HBY_LANES, row = (int)get_global_id(1);
    if (i >= inner || row >= p.n_out / inner)
        return;
    const int run = p.reduce_dim[HBY_REDUCE_RANK - 1], step = p.reduce_stride[HBY_REDUCE_RANK - 1];
    __global const HBY_P(HBY_TYPE) *from = in + hby_offset(p.keep_dim, p.keep_stride, row, 1) + i;
    hby_vc sum = (hby_vc)(HBY_START);
    for (int r = 0; r < p.n_reduced / run; r++) {
        __global const HBY_P(HBY_TYPE) *at = from + hby_offset(p.reduce_dim, p.reduce_stride, r, 1);
        for (int k = 0; k < run; k++, at += step)
            sum = HBY_TAKE_V(sum, HBY_GETV(HBY_TYPE, at, 0));
    }
    HBY_PUT(HBY_TYPE, hby_mean(&p, sum), out, row * inner + i, inner - i);
}

/* reduce_stride of the innermost dimension averaged over is 1 (or it is a single element). */
#if HBY_FLOAT

/* A work-item takes one output and adds in the input's order: the rounding errors of a long sum exceed the bound that results are held to, so they have to be
 * the reference's own. */
HBY_NEST_KERNEL void hby_mean_rows(const struct hby_args_mean p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out)
{
    const int run = p.reduce_dim[HBY_REDUCE_RANK - 1], o = (int)get_global_id(0);
    if (o >= p.n_out)
        return;
    const int from = hby_offset(p.keep_dim, p.keep_stride, o, 0);
    float sum = p.from_first ? HBY_GET(HBY_TYPE, in, from) : HBY_START;
    for (int r = 0; r < p.n_reduced / run; r++) {
        const int at = from + hby_offset(p.reduce_dim, p.reduce_stride, r, 1);
        for (int k = 0; k < run; k++)
            sum = HBY_TAKE(sum, HBY_GET(HBY_TYPE, in, at + k));
    }
    HBY_PUT(HBY_TYPE, hby_mean(&p, (hby_vc)(sum)), out, o, 1);
}

#else

/* A work-group takes one output. */
HBY_NEST_KERNEL void hby_mean_rows(const struct hby_args_mean p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out)
{
    __local int part[HBY_GROUP];
    const int run = p.reduce_dim[HBY_REDUCE_RANK - 1], o = (int)get_group_id(0);
    const int from = hby_offset(p.keep_dim, p.keep_stride, o, 0);
    hby_vi sum = (hby_vi)(HBY_START);
    for (int r = 0; r < p.n_reduced / run; r++) {
        const int at = from + hby_offset(p.reduce_dim, p.reduce_stride, r, 1);
        for (int k = (int)get_local_id(0) * HBY_LANES; k < run; k += (int)get_local_size(0) * HBY_LANES)
            sum = HBY_TAKE_V(sum, hby_first(HBY_GETV(HBY_TYPE, in, at + k), run - k, HBY_START));
    }
#if HBY_REDUCE_FN == HBY_REDUCE_MEAN
    const int total = hby_group_sum(hby_lanes_sum(sum), part);
#else
    const int total = hby_group_take(hby_take_lanes(sum), part);
#endif
    if (get_local_id(0) == 0)
        HBY_PUT(HBY_TYPE, hby_mean(&p, (hby_vi)(total)), out, o, 1);
}

#endif
