/* SELECT, SELECT_V2: tflite/kernels/select.cc. */
#include "host_ref/binary.h"

void hby_ref_select(const struct hby_ref_call *c)
{
    const struct hby_args_select *s = &c->args->select;
    const size_t size = (size_t)s->elem_size;
    struct hby_odometer pair = {.a = 0}, condition = {.a = 0};
    for (size_t i = 0; i < (size_t)s->count; i++) {
        const bool first = ((const uint8_t *)c->in[0])[condition.a];
        memcpy((char *)c->out + i * size, first ? (const char *)c->in[1] + (size_t)pair.a * size : (const char *)c->in[2] + (size_t)pair.b * size, size);
        hby_odometer_next(&pair, HBY_BINARY_RANK, s->dim, s->a_stride, s->b_stride);
        hby_odometer_next(&condition, HBY_BINARY_RANK, s->dim, s->c_stride, s->c_stride);
    }
}
