/* Walks over what one output is reduced from, in the input's own order. tflite/kernels/internal/reference/reduce.h. */
#ifndef HBY_HOST_REF_REDUCE_H
#define HBY_HOST_REF_REDUCE_H

#include <float.h>

#include "host_ref/binary.h"

/* The sum of quantized values by HBY_ROUND_FLOAT or HBY_ROUND_RUY (partition/args_reduce.h), not clamped. */
int32_t hby_ref_round_sum(const struct hby_args_mean *a, int32_t sum);

typedef float (*hby_join_float)(float sum, float x);
typedef int64_t (*hby_join_int)(int64_t sum, int64_t x);

/* Begins with `start`, or with the first element where `from_first`. */
HBY_INLINE void hby_ref_reduce_float(const struct hby_ref_call *c, float start, bool from_first, hby_join_float join)
{
    static const hby_i32 still[HBY_REDUCE_RANK];
    const struct hby_args_mean *a = &c->args->mean;
    struct hby_odometer keep = {.a = 0};
    for (size_t i = 0; i < (size_t)a->n_out; i++) {
        struct hby_odometer o = {.a = keep.a};
        float sum = from_first ? hby_load_float(c->in[0], c->in_type[0], (size_t)o.a) : start;
        for (hby_i32 k = 0; k < a->n_reduced; k++) {
            const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a);
            sum = from_first && k == 0 ? x : join(sum, x);
            hby_odometer_next(&o, HBY_REDUCE_RANK, a->reduce_dim, a->reduce_stride, still);
        }
        hby_store_float(c->out, c->out_type, i, sum);
        hby_odometer_next(&keep, HBY_REDUCE_RANK, a->keep_dim, a->keep_stride, still);
    }
}

/* Plain integers: the low bits of the output's type. */
HBY_INLINE void hby_ref_reduce_int(const struct hby_ref_call *c, int64_t start, hby_join_int join)
{
    static const hby_i32 still[HBY_REDUCE_RANK];
    const struct hby_args_mean *a = &c->args->mean;
    struct hby_odometer keep = {.a = 0};
    for (size_t i = 0; i < (size_t)a->n_out; i++) {
        struct hby_odometer o = {.a = keep.a};
        int64_t sum = start;
        for (hby_i32 k = 0; k < a->n_reduced; k++) {
            sum = join(sum, hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a));
            hby_odometer_next(&o, HBY_REDUCE_RANK, a->reduce_dim, a->reduce_stride, still);
        }
        hby_store_int(c->out, c->out_type, i, sum);
        hby_odometer_next(&keep, HBY_REDUCE_RANK, a->keep_dim, a->keep_stride, still);
    }
}

#endif
