/* DYNAMIC_UPDATE_SLICE: tflite/kernels/dynamic_update_slice.cc. */
#include "host_ref/ref.h"
#include "partition/element.h"

void hby_ref_dynamic_update_slice(const struct hby_ref_call *c)
{
    const struct hby_args_update *a = &c->args->update;
    const size_t size = (size_t)a->elem_size;
    int64_t start[HBY_GATHER_DIMS] = {0};
    for (int d = a->skip; d < HBY_GATHER_DIMS; d++) {
        const int64_t most = a->dim[d] - a->update_dim[d], given = hby_load_int64(c->in[2], c->in_type[2], (size_t)(d - a->skip));
        start[d] = given < 0 ? 0 : given > most ? most : given;
    }
    for (size_t i = 0; i < (size_t)a->count; i++) {
        size_t rest = i, at = 0, step = 1;
        bool inside = true;
        for (int d = HBY_GATHER_DIMS - 1; d >= 0; d--) {
            const int64_t k = (int64_t)(rest % (size_t)a->dim[d]) - start[d];
            rest /= (size_t)a->dim[d];
            inside = inside && k >= 0 && k < a->update_dim[d];
            at += (size_t)k * step;
            step *= (size_t)a->update_dim[d];
        }
        memcpy((char *)c->out + i * size, inside ? (const char *)c->in[1] + at * size : (const char *)c->in[0] + i * size, size);
    }
}
