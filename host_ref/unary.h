/* The loop of functions of one float. */
#ifndef HBY_HOST_REF_UNARY_H
#define HBY_HOST_REF_UNARY_H

#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"

HBY_INLINE void hby_ref_map_float(const struct hby_ref_call *c, float (*f)(float))
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++)
        hby_store_float(c->out, c->out_type, i, f(hby_load_float(c->in[0], c->in_type[0], i)));
}

#endif
