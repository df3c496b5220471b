/* The larger (sign 1) or the smaller (sign -1) of two elements, as stored. */
#ifndef HBY_HOST_REF_MAXIMUM_H
#define HBY_HOST_REF_MAXIMUM_H

#include "host_ref/binary.h"

/* The second where neither is larger, which matters for NaN. */
HBY_INLINE void hby_ref_extreme_float(const struct hby_ref_call *c, int sign)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_float(c->out, c->out_type, i, (sign > 0 ? x > y : x < y) ? x : y);
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

HBY_INLINE void hby_ref_extreme_int(const struct hby_ref_call *c, int sign)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int64_t x = hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_int64(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_int(c->out, c->out_type, i, (sign > 0 ? x > y : x < y) ? x : y);
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

#endif
