/* RSQRT of float (quantized: table.c). tflite/kernels/elementwise.cc. */
#include "host_ref/unary.h"

static float one_over_root(float x)
{
    return 1.0f / sqrtf(x);
}

void hby_ref_rsqrt_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, one_over_root);
}
