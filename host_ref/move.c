/* Everything that is a strided copy: RESHAPE, TRANSPOSE, SLICE, a piece of CONCATENATION, ... */
#include "host_ref/binary.h"

/* One element of `size` bytes, a power of two; alignment of the source may be as low as 4. */
HBY_INLINE void copy_element(void *out, size_t to, const void *in, size_t from, size_t size)
{
    memcpy((char *)out + to * size, (const char *)in + from * size, size);
}

HBY_INLINE void move_bytes(const struct hby_ref_call *c, size_t size)
{
    const struct hby_args_move *a = &c->args->move;
    struct hby_odometer o = {.a = a->in_offset, .b = a->out_offset};
    for (hby_i32 i = 0; i < a->count; i++) {
        copy_element(c->out, (size_t)o.b, c->in[0], (size_t)o.a, size);
        hby_odometer_next(&o, HBY_MOVE_RANK, a->dim, a->in_stride, a->out_stride);
    }
}

/* float16 -> float32 or back, on the way. */
static void move_floats(const struct hby_ref_call *c)
{
    const struct hby_args_move *a = &c->args->move;
    struct hby_odometer o = {.a = a->in_offset, .b = a->out_offset};
    for (hby_i32 i = 0; i < a->count; i++) {
        hby_store_float(c->out, c->out_type, (size_t)o.b, hby_load_float(c->in[0], c->in_type[0], (size_t)o.a));
        hby_odometer_next(&o, HBY_MOVE_RANK, a->dim, a->in_stride, a->out_stride);
    }
}

static void move_by_table(const struct hby_ref_call *c)
{
    const struct hby_args_move *a = &c->args->move;
    const uint8_t *in = c->in[0], *table = c->step->table[0].data;
    uint8_t *out = c->out;
    struct hby_odometer o = {.a = a->in_offset, .b = a->out_offset};
    for (hby_i32 i = 0; i < a->count; i++) {
        out[o.b] = table[in[o.a]];
        hby_odometer_next(&o, HBY_MOVE_RANK, a->dim, a->in_stride, a->out_stride);
    }
}

void hby_ref_move(const struct hby_ref_call *c)
{
    if (c->args->move.has_table)
        move_by_table(c);
    else if (hby_type_size(c->in_type[0]) != hby_type_size(c->out_type))
        move_floats(c);
    else if (c->args->move.elem_size == 1)
        move_bytes(c, 1);
    else if (c->args->move.elem_size == 2)
        move_bytes(c, 2);
    else if (c->args->move.elem_size == 4)
        move_bytes(c, 4);
    else
        move_bytes(c, 8);
}
