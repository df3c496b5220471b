/* Functions of quantized values: lowering has made the table (partition/lower_table.c, lower_relu.c, lower_quantize.c, lower_math.c). */
#include "host_ref/ref.h"
#include "partition/element.h"

void hby_ref_table(const struct hby_ref_call *c)
{
    const uint8_t *in = c->in[0];
    const char *table = c->step->table[0].data;
    const size_t entry = hby_type_size(c->out_type);
    for (size_t i = 0; i < (size_t)c->args->table.count; i++)
        memcpy((char *)c->out + i * entry, table + in[i] * entry, entry);
}

/* Functions of int16: every value has an entry. */
void hby_ref_lookup16(const struct hby_ref_call *c)
{
    const int16_t *table = c->step->table[0].data;
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++) {
        const int x = hby_load_int(c->in[0], HBY_I16, i);
        *c->bad_data = *c->bad_data || x < c->args->unary.act_min;
        hby_store_int(c->out, HBY_I16, i, table[(uint16_t)x]);
    }
}

/* Functions of int16: linear between 513 samples. tflite/kernels/internal/common.h, LUTLookup. */
void hby_ref_interpolate(const struct hby_ref_call *c)
{
    const int16_t *table = c->step->table[0].data;
    for (size_t i = 0; i < (size_t)c->args->unary.count; i++) {
        const int x = hby_load_int(c->in[0], HBY_I16, i), k = 256 + (x >> 7), slope = (int16_t)(table[k + 1] - table[k]);
        *c->bad_data = *c->bad_data || x < c->args->unary.act_min;
        hby_store_int(c->out, HBY_I16, i, (int16_t)(table[k] + ((slope * (x & 0x7f) + 64) >> 7)));
    }
}
