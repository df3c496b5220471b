/* SUM: tflite/kernels/internal/reference/reduce.h. */
#include "host_ref/reduce.h"

static float add_float(float sum, float x)
{
    return sum + x;
}

static int64_t add_int(int64_t sum, int64_t x)
{
    return (int64_t)((uint64_t)sum + (uint64_t)x);
}

void hby_ref_reduce_sum_float(const struct hby_ref_call *c)
{
    hby_ref_reduce_float(c, 0.0f, false, add_float);
}

void hby_ref_reduce_sum_i32(const struct hby_ref_call *c)
{
    hby_ref_reduce_int(c, 0, add_int);
}

/* The sum is int32, modulo 2^32. */
void hby_ref_reduce_sum_u8(const struct hby_ref_call *c)
{
    static const hby_i32 still[HBY_REDUCE_RANK];
    const struct hby_args_mean *a = &c->args->mean;
    struct hby_odometer keep = {.a = 0};
    for (size_t i = 0; i < (size_t)a->n_out; i++) {
        struct hby_odometer o = {.a = keep.a};
        int32_t sum = 0, y;
        for (hby_i32 k = 0; k < a->n_reduced; k++) {
            sum = hby_add32(sum, hby_load_int(c->in[0], HBY_U8, (size_t)o.a));
            hby_odometer_next(&o, HBY_REDUCE_RANK, a->reduce_dim, a->reduce_stride, still);
        }
        if (a->rounding == HBY_ROUND_DOUBLE)
            y = hby_add32(hby_rescale_double(hby_wrap32((uint64_t)(sum - (int64_t)a->in.zero_point * a->n_reduced)), a->out.mult, a->out.shift),
                          a->out.zero_point);
        else
            y = hby_ref_round_sum(a, sum);
        hby_store_int(c->out, HBY_U8, i, hby_clamp32(y, a->act_min, a->act_max));
        hby_odometer_next(&keep, HBY_REDUCE_RANK, a->keep_dim, a->keep_stride, still);
    }
}
