/* REDUCE_PROD of floats and plain integers: tflite/kernels/reduce.cc. */
#include "host_ref/reduce.h"

static float join_float(float product, float x)
{
    return product * x;
}

static int64_t join_int(int64_t product, int64_t x)
{
    return (int64_t)((uint64_t)product * (uint64_t)x);
}

void hby_ref_reduce_prod_float(const struct hby_ref_call *c)
{
    hby_ref_reduce_float(c, 1.0f, false, join_float);
}

void hby_ref_reduce_prod_i32(const struct hby_ref_call *c)
{
    hby_ref_reduce_int(c, 1, join_int);
}
