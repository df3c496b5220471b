/* GATHER and GATHER_ND: tflite/kernels/internal/reference/gather.h, reference_ops.h. */
#include "host_ref/binary.h"

static void gather(const struct hby_ref_call *c)
{
    const struct hby_args_gather *a = &c->args->gather;
    const size_t size = (size_t)a->elem_size, row = (size_t)a->inner * size;
    size_t to = 0;
    for (int b = 0; b < a->batch; b++)
        for (int o = 0; o < a->outer; o++)
            for (int i = 0; i < a->n_index; i++, to += row) {
                size_t from = ((size_t)b * (size_t)a->outer + (size_t)o) * (size_t)a->span;
                for (int d = 0; d < a->n_dims; d++) {
                    const int64_t index = hby_load_int64(c->in[1], c->in_type[1], ((size_t)b * (size_t)a->n_index + (size_t)i) * (size_t)a->n_dims + (size_t)d);
                    if (index < 0 || index >= a->dim[d]) {
                        *c->bad_data = true;
                        return;
                    }
                    from += (size_t)index * (size_t)a->stride[d];
                }
                memcpy((char *)c->out + to, (const char *)c->in[0] + from * size, row);
            }
}

void hby_ref_gather(const struct hby_ref_call *c)
{
    if (c->step->nest == HBY_NEST_move)
        hby_ref_move(c);
    else
        gather(c);
}
