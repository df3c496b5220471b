/* FLOOR_DIV: tflite/kernels/floor_div.cc, internal/reference/floor_div.h. */
#include <math.h>

#include "host_ref/binary.h"

void hby_ref_floor_div_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        *c->bad_data = *c->bad_data || y == 0.0f;
        hby_store_float(c->out, c->out_type, i, (float)floor((double)x / (double)y));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* int8, int16, int32: the stored values; a quotient that the type cannot hold keeps its low bits. */
void hby_ref_floor_div_int(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int64_t x = hby_load_int64(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_int64(c->in[1], c->in_type[1], (size_t)o.b);
        *c->bad_data = *c->bad_data || y == 0;
        hby_store_int(c->out, c->out_type, i, y ? x / y - (x % y != 0 && (x < 0) != (y < 0)) : 0);
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}
