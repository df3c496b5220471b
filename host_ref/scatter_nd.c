/* SCATTER_ND: tflite/kernels/internal/reference/reference_ops.h. */
#include "host_ref/ref.h"
#include "partition/element.h"

/* The row that index i names, or -1. */
static int64_t row_of(const struct hby_ref_call *c, size_t i)
{
    const struct hby_args_scatter *a = &c->args->scatter;
    int64_t row = 0;
    for (int d = 0; d < a->n_dims; d++) {
        const int32_t k = hby_load_int(c->in[0], c->in_type[0], i * (size_t)a->n_dims + (size_t)d);
        if (k < 0 || k >= a->dim[d])
            return -1;
        row += (int64_t)k * a->stride[d];
    }
    return row;
}

HBY_INLINE void scatter(const struct hby_ref_call *c, bool is_float)
{
    const struct hby_args_scatter *a = &c->args->scatter;
    const size_t slice = (size_t)a->slice;
    memset(c->out, 0, (size_t)a->rows * slice * hby_type_size(c->out_type));
    for (size_t i = 0; i < (size_t)a->n_index; i++) {
        const int64_t row = row_of(c, i);
        if (row < 0) {
            *c->bad_data = true;
            return;
        }
        for (size_t k = 0; k < slice; k++) {
            const size_t to = (size_t)row * slice + k, from = i * slice + k;
            if (is_float) {
                hby_store_float(c->out, c->out_type, to, hby_load_float(c->out, c->out_type, to) + hby_load_float(c->in[1], c->in_type[1], from));
            } else {
                const uint64_t sum = (uint64_t)hby_load_int64(c->out, c->out_type, to) + (uint64_t)hby_load_int64(c->in[1], c->in_type[1], from);
                hby_store_int(c->out, c->out_type, to, c->out_type == HBY_BOOL ? sum != 0 : (int64_t)sum);
            }
        }
    }
}

void hby_ref_scatter_nd_float(const struct hby_ref_call *c)
{
    scatter(c, true);
}

void hby_ref_scatter_nd_int(const struct hby_ref_call *c)
{
    scatter(c, false);
}
