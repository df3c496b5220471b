/* Functions of 8-bit values: lowering has made the table (partition/lower_table.c, lower_relu.c, lower_quantize.c). */
#include "host_ref/element.h"
#include "host_ref/ref.h"

void hby_ref_table(const struct hby_ref_call *c)
{
    const uint8_t *in = c->in[0];
    const char *table = c->step->table[0].data;
    const size_t entry = hby_type_size(c->out_type);
    for (size_t i = 0; i < (size_t)c->args->table.count; i++)
        memcpy((char *)c->out + i * entry, table + in[i] * entry, entry);
}
