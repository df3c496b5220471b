/* The walk of ARG_MAX and ARG_MIN: the first position at which no earlier element is better. tflite/kernels/internal/reference/arg_min_max.h. */
#ifndef HBY_HOST_REF_ARG_H
#define HBY_HOST_REF_ARG_H

#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"

HBY_INLINE bool hby_ref_better(const struct hby_ref_call *c, bool is_float, bool least, size_t a, size_t b)
{
    if (is_float) {
        const float x = hby_load_float(c->in[0], c->in_type[0], a), y = hby_load_float(c->in[0], c->in_type[0], b);
        return isnan(y) ? !isnan(x) : least ? x < y : x > y; /* any number is better than a NaN */
    }
    const int64_t x = hby_load_int64(c->in[0], c->in_type[0], a), y = hby_load_int64(c->in[0], c->in_type[0], b);
    return least ? x < y : x > y;
}

HBY_INLINE void hby_ref_arg(const struct hby_ref_call *c, bool is_float, bool least)
{
    const struct hby_args_arg *a = &c->args->arg;
    for (size_t o = 0; o < (size_t)a->outer; o++)
        for (size_t i = 0; i < (size_t)a->inner; i++) {
            const size_t first = o * (size_t)a->length * (size_t)a->inner + i;
            int best = 0;
            for (int k = 1; k < a->length; k++)
                if (hby_ref_better(c, is_float, least, first + (size_t)k * (size_t)a->inner, first + (size_t)best * (size_t)a->inner))
                    best = k;
            hby_store_int(c->out, c->out_type, o * (size_t)a->inner + i, best);
        }
}

#endif
