/* LOGISTIC of float and int16 (8 bits: table.c). tflite/kernels/internal/reference/logistic.h, integer_ops/logistic.h. */
#include <math.h>
#include <stdlib.h>

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_logistic_float(const struct hby_ref_call *c)
{
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], i);
        float y;
        if (x > 16.619047164916992188f) /* TFLite's cut-offs, beyond which 1 + exp(-x) says nothing new */
            y = 1.0f;
        else if (x < -9.0f)
            y = expf(x);
        else
            y = 1.0f / (1.0f + expf(-x));
        hby_store_float(c->out, c->out_type, i, y);
    }
}

/* |x| in steps of 1/12288: 9 bits of fraction between the table's entries, which are 1/24 apart. */
void hby_ref_logistic_i16(const struct hby_ref_call *c)
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
        const uint32_t magnitude = (uint32_t)abs(x), k = magnitude >> 9;
        uint32_t y = 0x7fffu << 10; /* past the table */
        if (k < 255)
            y = ((uint32_t)table[k] << 9) + (magnitude & 0x1ffu) * (uint32_t)(table[k + 1] - table[k]);
        y = x >= 0 ? y + (1u << 9) : (1u << 25) - y + (1u << 9) - 1u;
        hby_store_int(c->out, HBY_I16, i, (int16_t)(uint16_t)(y >> 10));
    }
}
