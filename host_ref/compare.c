/* EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL: tflite/kernels/comparisons.cc, internal/reference/comparisons.h. */
#include "host_ref/binary.h"

/* Neither less nor greater nor equal: a NaN is among them. */
static bool holds(int fn, bool less, bool equal, bool greater)
{
    switch (fn) {
    case HBY_FN_EQUAL:
        return equal;
    case HBY_FN_NOT_EQUAL:
        return !equal;
    case HBY_FN_LESS:
        return less;
    case HBY_FN_LESS_EQUAL:
        return less || equal;
    case HBY_FN_GREATER:
        return greater;
    default:
        return greater || equal;
    }
}

void hby_ref_compare_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_int(c->out, HBY_BOOL, i, holds(a->fn, x<y, x == y, x> y));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* Quantized values are brought to whole numbers of 1/256 first. */
static int64_t scaled(int64_t q, const struct hby_rescale *r, int left_shift)
{
    return r->mult ? hby_rescale_double(hby_shl32((int32_t)q - r->zero_point, left_shift), r->mult, r->shift) : q;
}

void hby_ref_compare_int(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int64_t x = scaled(hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a), &a->a, a->left_shift);
        const int64_t y = scaled(hby_load_int64(c->in[1], c->in_type[1], (size_t)o.b), &a->b, a->left_shift);
        hby_store_int(c->out, HBY_BOOL, i, holds(a->fn, x<y, x == y, x> y));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}
