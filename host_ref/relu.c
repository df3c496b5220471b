/* RELU, RELU6 and RELU_N1_TO_1 of float and int16 (8 bits: table.c). tflite/kernels/internal/reference/reference_ops.h. */
#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_relu_float(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], i);
        hby_store_float(c->out, c->out_type, i, x > a->f_max ? a->f_max : x < a->f_min ? a->f_min : x);
    }
}

void hby_ref_relu_i16(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t y = hby_rescale_double(hby_load_int(c->in[0], HBY_I16, i) - a->in.zero_point, a->out.mult, a->out.shift);
        hby_store_int(c->out, HBY_I16, i, hby_clamp32(hby_add32(y, a->out.zero_point), a->act_min, a->act_max));
    }
}
