/* MEAN: tflite/kernels/internal/reference/reduce.h. */
#include <math.h>

#include "host_ref/reduce.h"

static const hby_i32 no_stride[HBY_REDUCE_RANK];

/* The elements that one output averages are visited in the input's own order, as the sum in float32 depends on it. */
void hby_ref_mean_float(const struct hby_ref_call *c)
{
    const struct hby_args_mean *a = &c->args->mean;
    struct hby_odometer keep = {.a = 0};
    for (size_t i = 0; i < (size_t)a->n_out; i++) {
        struct hby_odometer o = {.a = keep.a};
        float sum = 0.0f;
        for (hby_i32 k = 0; k < a->n_reduced; k++) {
            sum += hby_load_float(c->in[0], c->in_type[0], (size_t)o.a);
            hby_odometer_next(&o, HBY_REDUCE_RANK, a->reduce_dim, a->reduce_stride, no_stride);
        }
        hby_store_float(c->out, c->out_type, i, sum / (float)a->n_reduced);
        hby_odometer_next(&keep, HBY_REDUCE_RANK, a->keep_dim, a->keep_stride, no_stride);
    }
}

void hby_ref_mean_i32(const struct hby_ref_call *c)
{
    const struct hby_args_mean *a = &c->args->mean;
    struct hby_odometer keep = {.a = 0};
    for (size_t i = 0; i < (size_t)a->n_out; i++) {
        struct hby_odometer o = {.a = keep.a};
        uint64_t sum = 0; /* modulo 2^64 */
        for (hby_i32 k = 0; k < a->n_reduced; k++) {
            sum += (uint64_t)hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a);
            hby_odometer_next(&o, HBY_REDUCE_RANK, a->reduce_dim, a->reduce_stride, no_stride);
        }
        hby_store_int(c->out, c->out_type, i, (int64_t)sum / a->n_reduced);
        hby_odometer_next(&keep, HBY_REDUCE_RANK, a->keep_dim, a->keep_stride, no_stride);
    }
}

int32_t hby_ref_round_sum(const struct hby_args_mean *a, int32_t sum)
{
    const volatile float product = (float)sum * a->f_scale;
    const float v = product + a->f_bias, most = 0x1p30f;
    const float y = v < -most ? -most : v > most ? most : v;
    return a->rounding == HBY_ROUND_FLOAT ? (int32_t)lrintf(y) : (int32_t)roundf(y) + a->out.zero_point;
}

/* The sum is int32, modulo 2^32; lowering put 1 / n_reduced into the multiplier. */
HBY_INLINE void mean_quantized(const struct hby_ref_call *c, enum hby_type type)
{
    const struct hby_args_mean *a = &c->args->mean;
    struct hby_odometer keep = {.a = 0};
    for (size_t i = 0; i < (size_t)a->n_out; i++) {
        struct hby_odometer o = {.a = keep.a};
        int32_t sum = 0;
        for (hby_i32 k = 0; k < a->n_reduced; k++) {
            sum = hby_add32(sum, hby_load_int(c->in[0], type, (size_t)o.a));
            hby_odometer_next(&o, HBY_REDUCE_RANK, a->reduce_dim, a->reduce_stride, no_stride);
        }
        if (a->rounding == HBY_ROUND_FLOAT) {
            hby_store_int(c->out, type, i, hby_clamp32(hby_ref_round_sum(a, sum), a->act_min, a->act_max));
            hby_odometer_next(&keep, HBY_REDUCE_RANK, a->keep_dim, a->keep_stride, no_stride);
            continue;
        }
        const int32_t centred = hby_wrap32((uint64_t)(sum - (int64_t)a->in.zero_point * a->n_reduced));
        const int32_t y = hby_rescale_double(centred, a->out.mult, a->out.shift);
        hby_store_int(c->out, type, i, hby_clamp32(hby_add32(y, a->out.zero_point), a->act_min, a->act_max));
        hby_odometer_next(&keep, HBY_REDUCE_RANK, a->keep_dim, a->keep_stride, no_stride);
    }
}

void hby_ref_mean_i8(const struct hby_ref_call *c)
{
    mean_quantized(c, HBY_I8);
}

void hby_ref_mean_u8(const struct hby_ref_call *c)
{
    mean_quantized(c, HBY_U8);
}

void hby_ref_mean_i16(const struct hby_ref_call *c)
{
    mean_quantized(c, HBY_I16);
}
