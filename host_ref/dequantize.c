/* DEQUANTIZE: tflite/kernels/internal/reference/dequantize.h. float16: convert.c. */
#include "host_ref/ref.h"
#include "partition/element.h"

/* int8, uint8, int16, and constants of int4. The product is exact in double, and rounded once to float. */
void hby_ref_dequantize(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    const float *scales = c->step->table[0].data;
    const int32_t *zero_points = c->step->table[1].data;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int64_t q = hby_load_int64(c->in[0], c->in_type[0], i);
        const size_t channel = a->channels > 1 ? i / (size_t)a->channel_inner % (size_t)a->channels : 0;
        const double scale = (double)(a->channels > 1 ? scales[channel] : a->scale);
        const int64_t zero_point = a->channels > 1 ? zero_points[channel] : a->in.zero_point;
        hby_store_float(c->out, c->out_type, i, (float)(scale * (double)(q - zero_point)));
    }
}
