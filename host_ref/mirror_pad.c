/* MIRROR_PAD: tflite/kernels/mirror_pad.cc. */
#include "host_ref/binary.h"

/* Where index i of the output comes from. */
static hby_i32 source(const struct hby_args_pad *a, int d, hby_i32 i)
{
    const hby_i32 k = i - a->before[d], skip = a->mirror - 1;
    return k < 0 ? skip - 1 - k : k >= a->in_dim[d] ? 2 * a->in_dim[d] - 1 - skip - k : k;
}

void hby_ref_mirror_pad(const struct hby_ref_call *c)
{
    const struct hby_args_pad *a = &c->args->pad;
    static const hby_i32 still[HBY_MOVE_RANK];
    const size_t size = (size_t)a->elem_size;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        size_t from = 0;
        for (int d = 0; d < HBY_MOVE_RANK; d++)
            from = from * (size_t)a->in_dim[d] + (size_t)source(a, d, o.at[d]);
        memcpy((char *)c->out + i * size, (const char *)c->in[0] + from * size, size);
        hby_odometer_next(&o, HBY_MOVE_RANK, a->dim, still, still);
    }
}
