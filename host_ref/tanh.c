/* TANH of float and int16 (8 bits: table.c). tflite/kernels/internal/reference/tanh.h, integer_ops/tanh.h. */
#include <math.h>
#include <stdlib.h>

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_tanh_float(const struct hby_ref_call *c)
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++)
        hby_store_float(c->out, c->out_type, i, tanhf(hby_load_float(c->in[0], c->in_type[0], i)));
}

/* tanh(x) = 2 logistic(2x) - 1 in the table of the logistic function: 8 bits of fraction instead of LOGISTIC's 9. */
void hby_ref_tanh_i16(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    if (a->fn == HBY_FN_LOOKUP16) {
        hby_ref_lookup16(c);
        return;
    }
    const uint16_t *table = c->step->table[0].data;
    const int32_t round = a->in.shift > 0 ? 1 << (a->in.shift - 1) : 0;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = hby_add32(hby_mul32(hby_load_int(c->in[0], HBY_I16, i), a->in.mult), round) >> a->in.shift;
        const uint32_t magnitude = (uint32_t)abs(x), k = magnitude >> 8;
        int32_t y = 0xffff << 8; /* past the table */
        if (k < 255)
            y = (int32_t)(((uint32_t)table[k] << 8) + (magnitude & 0xffu) * (uint32_t)(table[k + 1] - table[k]));
        y = x >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
        hby_store_int(c->out, HBY_I16, i, (int16_t)(y >> 8));
    }
}
