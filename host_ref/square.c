/* SQUARE of float. tflite/kernels/elementwise.cc. */
#include "host_ref/unary.h"

static float square(float x)
{
    return x * x;
}

void hby_ref_square_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, square);
}
