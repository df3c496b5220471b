/* SQUARED_DIFFERENCE: tflite/kernels/squared_difference.cc. */
#include "host_ref/binary.h"

void hby_ref_squared_difference_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float d = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a) - hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_float(c->out, c->out_type, i, d * d);
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* int32, modulo 2^32. */
void hby_ref_squared_difference_i32(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = hby_load_int(c->in[0], HBY_I32, (size_t)o.a), y = hby_load_int(c->in[1], HBY_I32, (size_t)o.b);
        const int32_t d = hby_wrap32((uint64_t)x - (uint64_t)y);
        hby_store_int(c->out, HBY_I32, i, hby_mul32(d, d));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* |d| <= 255 * 2^7, so its square fits. */
void hby_ref_squared_difference_i8(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = (hby_load_int(c->in[0], HBY_I8, (size_t)o.a) - a->a.zero_point) * (1 << a->left_shift);
        const int32_t y = (hby_load_int(c->in[1], HBY_I8, (size_t)o.b) - a->b.zero_point) * (1 << a->left_shift);
        const int32_t d = hby_rescale_double(x, a->a.mult, a->a.shift) - hby_rescale_double(y, a->b.mult, a->b.shift);
        const int32_t v = hby_add32(hby_rescale_double(d * d, a->out.mult, a->out.shift), a->out.zero_point);
        hby_store_int(c->out, HBY_I8, i, hby_clamp32(v, a->act_min, a->act_max));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}
