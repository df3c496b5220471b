/* SQRT of float (quantized: table.c). tflite/kernels/elementwise.cc. */
#include "host_ref/unary.h"

void hby_ref_sqrt_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, sqrtf);
}
