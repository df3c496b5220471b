/* ABS of float and plain integers (quantized: table.c). tflite/kernels/elementwise.cc. */
#include "host_ref/unary.h"

void hby_ref_abs_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, fabsf);
}

/* INT32_MIN stays what it is. */
void hby_ref_abs_i32(const struct hby_ref_call *c)
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++) {
        const int64_t x = hby_load_int64(c->in[0], c->in_type[0], i);
        hby_store_int(c->out, c->out_type, i, x < 0 ? (int64_t) - (uint64_t)x : x);
    }
}
