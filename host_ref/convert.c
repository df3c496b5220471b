/* Between float16 and float32: DEQUANTIZE of float16, and where the plan changes a tensor's storage. */
#include "host_ref/ref.h"
#include "partition/element.h"

void hby_ref_convert(const struct hby_ref_call *c)
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++)
        hby_store_float(c->out, c->out_type, i, hby_load_float(c->in[0], c->in_type[0], i));
}
