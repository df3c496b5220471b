/* GELU of float (quantized: table.c). tflite/kernels/internal/reference/gelu.h. */
#include "host_ref/unary.h"

static float gelu(float x)
{
    return 0.5f * x * erfcf(x * -0.70710678118654752f);
}

/* The approximation by tanh. */
static float gelu_tanh(float x)
{
    return 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
}

void hby_ref_gelu_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, c->args->unary.fn == HBY_FN_GELU_TANH ? gelu_tanh : gelu);
}
