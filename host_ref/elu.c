/* ELU of float (8 bits: table.c). tflite/kernels/internal/reference/elu.h. */
#include "host_ref/unary.h"

static float elu(float x)
{
    return x < 0.0f ? expm1f(x) : x;
}

void hby_ref_elu_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, elu);
}
