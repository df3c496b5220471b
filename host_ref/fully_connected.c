/* FULLY_CONNECTED of dynamic range: TFLite's EvalHybridDense. The other schemes: conv_2d.c. */
#include "host_ref/hybrid.h"

/* Blocks of int4 with a scale each, on rows with a zero point: what TFLite's EvalBlockwise4Bit and XNNPACK compute, but for the order of roundings: a block's
 * sum is exact here, its zero point taken off before it is scaled. */
static void blocks(const struct hby_ref_call *c)
{
    const struct hby_args_conv *p = &c->args->conv;
    const size_t depth = (size_t)p->in_c, units = (size_t)p->out_c, per_row = c->step->table[0].bytes / sizeof(float) / units, block = depth / per_row;
    for (size_t b = 0; b < (size_t)p->batch; b++) {
        const struct hby_hybrid_row row = hby_hybrid_row(c->in[0], c->in_type[0], b * depth, depth, true);
        for (size_t n = 0; n < units; n++) {
            float total = 0.0f;
            for (size_t i = 0; i < per_row; i++) {
                int32_t sum = 0;
                for (size_t k = i * block; k < (i + 1) * block; k++)
                    sum += hby_hybrid_value(&row, hby_load_float(c->in[0], c->in_type[0], b * depth + k)) * hby_load_int(c->in[1], HBY_I4, n * depth + k);
                total += (float)sum * ((const float *)c->step->table[0].data)[n * per_row + i];
            }
            hby_conv_store_float(c, total * row.scale, (int)n, b * units + n);
        }
    }
}

void hby_ref_fully_connected_f32w8(const struct hby_ref_call *c)
{
    if (c->step->table[0].bytes > (size_t)c->args->conv.out_c * sizeof(float)) {
        blocks(c);
        return;
    }
    if (c->in_type[1] == HBY_I4)
        hby_hybrid_nest(c, HBY_I4, false);
    else
        hby_hybrid_nest(c, HBY_I8, false);
}
