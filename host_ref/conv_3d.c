/* CONV_3D: tflite/kernels/internal/reference/conv3d.h. */
#include "host_ref/conv.h"

/* One sum of products; `at` is the output's place. */
static float sum_at(const struct hby_ref_call *c, int batch, const int at[3], int channel)
{
    const struct hby_args_conv3d *a = &c->args->conv3d;
    float sum = 0.0f;
    for (int d = 0; d < a->k[0]; d++)
        for (int y = 0; y < a->k[1]; y++)
            for (int x = 0; x < a->k[2]; x++) {
                const int tap[3] = {d, y, x};
                size_t from = (size_t)batch, weight = 0;
                bool inside = true;
                for (int i = 0; i < 3; i++) {
                    const int k = at[i] * a->stride[i] - a->pad[i] + tap[i] * a->dilation[i];
                    inside = inside && k >= 0 && k < a->in[i];
                    from = from * (size_t)a->in[i] + (size_t)k;
                    weight = weight * (size_t)a->k[i] + (size_t)tap[i];
                }
                for (size_t n = 0; inside && n < (size_t)a->in_c; n++)
                    sum += hby_load_float(c->in[0], c->in_type[0], from * (size_t)a->in_c + n) *
                           hby_load_float(c->in[1], c->in_type[1], (weight * (size_t)a->in_c + n) * (size_t)a->out_c + (size_t)channel);
            }
    return sum;
}

void hby_ref_conv_3d(const struct hby_ref_call *c)
{
    const struct hby_args_conv3d *a = &c->args->conv3d;
    size_t to = 0;
    for (int b = 0; b < a->batch; b++)
        for (int d = 0; d < a->out[0]; d++)
            for (int y = 0; y < a->out[1]; y++)
                for (int x = 0; x < a->out[2]; x++)
                    for (int channel = 0; channel < a->out_c; channel++, to++) {
                        const int at[3] = {d, y, x};
                        const float bias = c->in[2] ? hby_load_float(c->in[2], c->in_type[2], (size_t)channel) : 0.0f;
                        hby_store_float(c->out, c->out_type, to, hby_clamp_float(sum_at(c, b, at, channel) + bias, a->f_min, a->f_max));
                    }
}
