/* TOPK_V2: tflite/kernels/topk_v2.cc. One pass over the row for each of its k largest. */
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"

/* Does the element at `a` come before the one at `b`? None comes before itself. */
static bool float_before(const struct hby_ref_call *c, size_t a, size_t b)
{
    const float x = hby_load_float(c->in[0], c->in_type[0], a), y = hby_load_float(c->in[0], c->in_type[0], b);
    if (isnan(x) != isnan(y))
        return isnan(y);
    return x > y || (!(x < y) && a < b);
}

static bool int_before(const struct hby_ref_call *c, size_t a, size_t b)
{
    const int64_t x = hby_load_int64(c->in[0], c->in_type[0], a), y = hby_load_int64(c->in[0], c->in_type[0], b);
    return x > y || (x == y && a < b);
}

HBY_INLINE void topk(const struct hby_ref_call *c, bool (*before)(const struct hby_ref_call *, size_t, size_t))
{
    const struct hby_args_topk *a = &c->args->topk;
    const size_t depth = (size_t)a->depth, size = hby_type_size(c->out_type);
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        size_t last = 0;
        for (size_t n = 0; n < (size_t)a->k; n++) {
            size_t best = SIZE_MAX;
            for (size_t i = row * depth; i < (row + 1) * depth; i++)
                if ((n == 0 || before(c, last, i)) && (best == SIZE_MAX || before(c, i, best)))
                    best = i;
            last = best;
            const size_t at = row * (size_t)a->k + n;
            memcpy((char *)c->out + at * size, (const char *)c->in[0] + best * size, size);
            hby_store_int(c->state[0], a->index_size == 2 ? HBY_I16 : HBY_I32, at, (int64_t)(best - row * depth));
        }
    }
}

void hby_ref_topk_v2_float(const struct hby_ref_call *c)
{
    topk(c, float_before);
}

void hby_ref_topk_v2_int(const struct hby_ref_call *c)
{
    topk(c, int_before);
}
