/* The loop over a broadcast pair, and the arithmetic that ADD and SUB share. */
#ifndef HBY_HOST_REF_BINARY_H
#define HBY_HOST_REF_BINARY_H

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

/* Where the two walks of an index space of `rank` dimensions stand; all zero before the first element. */
struct hby_odometer {
    hby_i32 at[8];
    ptrdiff_t a, b;
};

/* One step in row-major order. */
HBY_INLINE void hby_odometer_next(struct hby_odometer *o, int rank, const hby_i32 *dim, const hby_i32 *a_stride, const hby_i32 *b_stride)
{
    for (int i = rank - 1; i >= 0; i--) {
        o->a += a_stride[i];
        o->b += b_stride[i];
        if (++o->at[i] < dim[i])
            return;
        o->a -= (ptrdiff_t)a_stride[i] * dim[i];
        o->b -= (ptrdiff_t)b_stride[i] * dim[i];
        o->at[i] = 0;
    }
}

/* x + sign * y, sign +1 or -1. tflite/kernels/internal/reference/add.h and sub.h. */
HBY_INLINE void hby_ref_sum_float(const struct hby_ref_call *c, float sign)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_float(c->out, c->out_type, i, hby_clamp_float(x + sign * y, a->f_min, a->f_max));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* int32 and int64, modulo 2^32 and 2^64; INT_MIN and INT_MAX of the args are no bounds. */
HBY_INLINE int64_t hby_clamp_plain(uint64_t v, enum hby_type type, const struct hby_args_binary *a)
{
    const int64_t x = type == HBY_I32 ? hby_wrap32(v) : (int64_t)v;
    if (a->act_min != INT32_MIN && x < a->act_min)
        return a->act_min;
    return a->act_max != INT32_MAX && x > a->act_max ? a->act_max : x;
}

HBY_INLINE void hby_ref_sum_plain(const struct hby_ref_call *c, int sign)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const uint64_t x = (uint64_t)hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a), y = (uint64_t)hby_load_int64(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_int(c->out, c->out_type, i, hby_clamp_plain(sign > 0 ? x + y : x - y, c->out_type, a));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* One sum of quantized values. Neither the shifted inputs (at most 2^8 * 2^20, 2^15 * 2^15) nor their halved sum leave int32. */
HBY_INLINE int32_t hby_sum_quantized(int32_t qa, int32_t qb, int sign, const struct hby_args_binary *a)
{
    if (a->pot_scale) {
        const int32_t x = hby_rdbpot(qa, -a->a.shift), y = hby_rdbpot(qb, -a->b.shift);
        return hby_clamp32(hby_clamp32(x + sign * y, INT16_MIN, INT16_MAX), a->act_min, a->act_max);
    }
    if (a->rounding == HBY_ROUND_FLOAT) {
        const int32_t s = (qa - a->a.zero_point) * a->a.mult + sign * (qb - a->b.zero_point) * a->b.mult;
        return hby_clamp32(((s + (1 << (a->out.shift - 1))) >> a->out.shift) + a->out.zero_point, a->act_min, a->act_max);
    }
    const int32_t x = hby_rescale_double(hby_shl32(qa - a->a.zero_point, a->left_shift), a->a.mult, a->a.shift);
    const int32_t y = hby_rescale_double(hby_shl32(qb - a->b.zero_point, a->left_shift), a->b.mult, a->b.shift);
    const int32_t sum = hby_rescale_double(hby_add32(x, sign * y), a->out.mult, a->out.shift);
    return hby_clamp32(hby_add32(sum, a->out.zero_point), a->act_min, a->act_max);
}

HBY_INLINE void hby_ref_sum_quantized(const struct hby_ref_call *c, enum hby_type type, int sign)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t qa = hby_load_int(c->in[0], type, (size_t)o.a), qb = hby_load_int(c->in[1], type, (size_t)o.b);
        hby_store_int(c->out, type, i, hby_sum_quantized(qa, qb, sign, a));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

#endif
