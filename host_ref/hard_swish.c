/* HARD_SWISH of float (8 bits: table.c). tflite/kernels/internal/reference/hard_swish.h. */
#include "host_ref/ref.h"
#include "partition/element.h"

void hby_ref_hard_swish_float(const struct hby_ref_call *c)
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], i);
        float gate = x + 3.0f > 0.0f ? x + 3.0f : 0.0f;
        gate = gate < 6.0f ? gate : 6.0f;
        hby_store_float(c->out, c->out_type, i, x * gate / 6.0f);
    }
}
