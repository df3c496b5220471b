/* MAXIMUM: tflite/kernels/maximum_minimum.cc. */
#include "host_ref/maximum.h"

void hby_ref_maximum_float(const struct hby_ref_call *c)
{
    hby_ref_extreme_float(c, 1);
}

void hby_ref_maximum_int(const struct hby_ref_call *c)
{
    hby_ref_extreme_int(c, 1);
}
