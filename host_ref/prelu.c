/* PRELU: tflite/kernels/internal/reference/prelu.h. */
#include "host_ref/binary.h"

void hby_ref_prelu_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), slope = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_float(c->out, c->out_type, i, x >= 0.0f ? x : x * slope);
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

HBY_INLINE void prelu_quantized(const struct hby_ref_call *c, enum hby_type type, enum hby_type slope_type)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = hby_load_int(c->in[0], type, (size_t)o.a) - a->a.zero_point;
        const int32_t slope = hby_load_int(c->in[1], slope_type, (size_t)o.b) - a->b.zero_point;
        const int32_t y = x >= 0 ? hby_rescale_double(x, a->a.mult, a->a.shift) : hby_rescale_double(x * slope, a->b.mult, a->b.shift);
        hby_store_int(c->out, type, i, hby_clamp32(hby_add32(y, a->out.zero_point), a->act_min, a->act_max));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

void hby_ref_prelu_i8(const struct hby_ref_call *c)
{
    prelu_quantized(c, HBY_I8, HBY_I8);
}

void hby_ref_prelu_u8(const struct hby_ref_call *c)
{
    prelu_quantized(c, HBY_U8, HBY_U8);
}

void hby_ref_prelu_i16(const struct hby_ref_call *c)
{
    prelu_quantized(c, HBY_I16, HBY_I8);
}
