/* CAST: tflite/kernels/cast.cc. */
#include "host_ref/ref.h"
#include "partition/element.h"

/* Cut off towards zero; saturating; the largest for a NaN. */
static int64_t to_integer(float x, enum hby_type type)
{
    const int bits = type == HBY_U8 ? 8 : 8 * (int)hby_type_size(type) - 1;
    const int64_t most = (int64_t)((UINT64_C(1) << bits) - 1), least = type == HBY_U8 ? 0 : -most - 1;
    const float above = (float)(most / 2 + 1) * 2.0f;
    return x < (float)least ? least : x < above ? (int64_t)x : most;
}

void hby_ref_cast(const struct hby_ref_call *c)
{
    const bool from_float = c->in_type[0] <= HBY_F16, to_float = c->out_type <= HBY_F16;
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++) {
        if (from_float) {
            const float x = hby_load_float(c->in[0], c->in_type[0], i);
            if (to_float)
                hby_store_float(c->out, c->out_type, i, x);
            else
                hby_store_int(c->out, c->out_type, i, c->out_type == HBY_BOOL ? x != 0.0f : to_integer(x, c->out_type));
        } else {
            const int64_t x = hby_load_int64(c->in[0], c->in_type[0], i);
            if (to_float)
                hby_store_float(c->out, c->out_type, i, (float)x);
            else
                hby_store_int(c->out, c->out_type, i, c->out_type == HBY_BOOL ? x != 0 : x);
        }
    }
}
