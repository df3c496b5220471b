/* PAD and PADV2: tflite/kernels/internal/reference/pad.h. */
#include "host_ref/ref.h"
#include "partition/element.h"

/* The input's element for an output index, or -1 in the padding. */
static ptrdiff_t source(const struct hby_args_pad *a, const hby_i32 *at)
{
    ptrdiff_t from = 0;
    for (int i = 0; i < HBY_MOVE_RANK; i++) {
        const hby_i32 k = at[i] - a->before[i];
        if (k < 0 || k >= a->in_dim[i])
            return -1;
        from = from * a->in_dim[i] + k;
    }
    return from;
}

void hby_ref_pad(const struct hby_ref_call *c)
{
    const struct hby_args_pad *a = &c->args->pad;
    const size_t size = (size_t)a->elem_size;
    const uint64_t value = (uint64_t)(uint32_t)a->value_hi << 32 | (uint32_t)a->value_lo;
    hby_i32 at[HBY_MOVE_RANK] = {0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const ptrdiff_t from = source(a, at);
        if (from >= 0 && hby_type_size(c->in_type[0]) != size) /* a float constant of the other width */
            hby_store_float(c->out, c->out_type, i, hby_load_float(c->in[0], c->in_type[0], (size_t)from));
        else
            memcpy((char *)c->out + i * size, from < 0 ? (const char *)&value : (const char *)c->in[0] + (size_t)from * size, size);
        for (int k = HBY_MOVE_RANK - 1; k >= 0 && ++at[k] == a->dim[k]; k--)
            at[k] = 0;
    }
}
