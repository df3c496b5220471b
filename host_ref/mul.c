/* MUL: tflite/kernels/internal/reference/mul.h, integer_ops/mul.h. */
#include "host_ref/binary.h"

void hby_ref_mul_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_float(c->out, c->out_type, i, hby_clamp_float(x * y, a->f_min, a->f_max));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

void hby_ref_mul_i32(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const uint64_t x = (uint64_t)hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a), y = (uint64_t)hby_load_int64(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_int(c->out, c->out_type, i, hby_clamp_plain(x * y, c->out_type, a));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

HBY_INLINE void mul_quantized(const struct hby_ref_call *c, enum hby_type type)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = hby_load_int(c->in[0], type, (size_t)o.a) - a->a.zero_point, y = hby_load_int(c->in[1], type, (size_t)o.b) - a->b.zero_point;
        const int32_t product = hby_rescale(x * y, a->out.mult, a->out.shift, a->rounding); /* |x y| <= 2^30 */
        hby_store_int(c->out, type, i, hby_clamp32(hby_add32(product, a->out.zero_point), a->act_min, a->act_max));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

void hby_ref_mul_i8(const struct hby_ref_call *c)
{
    mul_quantized(c, HBY_I8);
}

void hby_ref_mul_u8(const struct hby_ref_call *c)
{
    mul_quantized(c, HBY_U8);
}

void hby_ref_mul_i16(const struct hby_ref_call *c)
{
    mul_quantized(c, HBY_I16);
}
