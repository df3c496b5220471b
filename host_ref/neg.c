/* NEG of float and plain integers (quantized: table.c). tflite/kernels/internal/reference/neg.h. */
#include "host_ref/unary.h"

static float negative(float x)
{
    return -x;
}

void hby_ref_neg_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, negative);
}

/* Modulo 2^32 and 2^64. */
void hby_ref_neg_i32(const struct hby_ref_call *c)
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++)
        hby_store_int(c->out, c->out_type, i, (int64_t) - (uint64_t)hby_load_int64(c->in[0], c->in_type[0], i));
}
