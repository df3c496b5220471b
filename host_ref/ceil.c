/* CEIL of float. tflite/kernels/internal/reference/ceil.h. */
#include "host_ref/unary.h"

void hby_ref_ceil_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, ceilf);
}
