/* LEAKY_RELU of float and int16 (8 bits: table.c). tflite/kernels/internal/reference/leaky_relu.h. */
#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_leaky_relu_float(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], i);
        hby_store_float(c->out, c->out_type, i, x > 0.0f ? x : x * a->alpha);
    }
}

void hby_ref_leaky_relu_i16(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    const int32_t sign = a->alt.mult < 0 ? -1 : 1;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = hby_load_int(c->in[0], HBY_I16, i) - a->in.zero_point;
        const int32_t y = x >= 0 ? hby_rescale_double(x, a->out.mult, a->out.shift) : sign * hby_rescale_double(x, sign * a->alt.mult, a->alt.shift);
        hby_store_int(c->out, HBY_I16, i, hby_clamp32(hby_add32(y, a->out.zero_point), a->act_min, a->act_max));
    }
}
