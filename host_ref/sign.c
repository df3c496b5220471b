/* SIGN: tflite/kernels/sign.cc. */
#include "host_ref/unary.h"

static float sign(float x)
{
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : isnan(x) ? x : 0.0f;
}

void hby_ref_sign_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, sign);
}

void hby_ref_sign_i32(const struct hby_ref_call *c)
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++) {
        const int32_t x = hby_load_int(c->in[0], HBY_I32, i);
        hby_store_int(c->out, HBY_I32, i, (x > 0) - (x < 0));
    }
}
