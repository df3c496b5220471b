/* REDUCE_MAX, REDUCE_ANY (of 0 and 1): tflite/kernels/reduce.cc. */
#include "host_ref/reduce.h"

static float join_float(float best, float x)
{
    return x > best ? x : best;
}

static int64_t join_int(int64_t best, int64_t x)
{
    return x > best ? x : best;
}

void hby_ref_reduce_max_float(const struct hby_ref_call *c)
{
    hby_ref_reduce_float(c, -FLT_MAX, c->args->mean.from_first, join_float);
}

void hby_ref_reduce_max_int(const struct hby_ref_call *c)
{
    hby_ref_reduce_int(c, INT64_MIN, join_int);
}
