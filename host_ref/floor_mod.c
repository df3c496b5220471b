/* FLOOR_MOD: tflite/kernels/floor_mod.cc, internal/reference/floor_mod.h. */
#include <math.h>

#include "host_ref/binary.h"

void hby_ref_floor_mod_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b), rest = fmodf(x, y);
        hby_store_float(c->out, c->out_type, i, rest != 0.0f && (y < 0.0f) != (rest < 0.0f) ? rest + y : rest);
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

void hby_ref_floor_mod_int(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int64_t x = hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_int64(c->in[1], c->in_type[1], (size_t)o.b);
        const int64_t rest = y == 0 || y == -1 ? 0 : x % y;
        *c->bad_data = *c->bad_data || y == 0;
        hby_store_int(c->out, c->out_type, i, rest != 0 && (y < 0) != (rest < 0) ? rest + y : rest);
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}
