/* EMBEDDING_LOOKUP in a table of integers: tflite/kernels/embedding_lookup.cc. Tables of the output's own type are gathered. */
#include "host_ref/ref.h"
#include "partition/element.h"

void hby_ref_embedding_lookup_f32w8(const struct hby_ref_call *c)
{
    const struct hby_args_embedding *a = &c->args->embedding;
    const float *scale = c->step->table[0].data;
    for (size_t i = 0; i < (size_t)a->n_index; i++) {
        const int32_t row = hby_load_int(c->in[1], c->in_type[1], i);
        if (row < 0 || row >= a->rows) {
            *c->bad_data = true;
            return;
        }
        for (size_t k = 0; k < (size_t)a->columns; k++) {
            const int32_t q = hby_load_int(c->in[0], c->in_type[0], (size_t)row * (size_t)a->columns + k);
            hby_store_float(c->out, c->out_type, i * (size_t)a->columns + k, (float)q * scale[a->per_row ? row : 0]);
        }
    }
}
