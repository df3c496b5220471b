/* L2_POOL_2D: tflite/kernels/internal/reference/pooling.h. */
#include <math.h>

#include "host_ref/pool.h"

void hby_ref_l2_pool_2d(const struct hby_ref_call *c)
{
    const struct hby_args_pool *p = &c->args->pool;
    size_t at = 0;
    for (int b = 0; b < p->batch; b++)
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++) {
                const struct hby_pool_window w = hby_pool_window(p, y, x);
                const int count = (w.y1 - w.y0) * (w.x1 - w.x0);
                for (int ch = 0; ch < p->channels; ch++, at++) {
                    float sum = 0.0f;
                    for (int i = w.y0; i < w.y1; i++)
                        for (int j = w.x0; j < w.x1; j++) {
                            const float v = hby_load_float(c->in[0], c->in_type[0], hby_pool_at(p, b, i, j, ch));
                            sum += v * v;
                        }
                    hby_store_float(c->out, c->out_type, at, hby_clamp_float(sqrtf(sum / (float)count), p->f_min, p->f_max));
                }
            }
}
