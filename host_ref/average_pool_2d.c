/* AVERAGE_POOL_2D. Arithmetic: TFLite's reference AveragePool: integers are rounded to nearest, ties away from zero. */
#include "host_ref/pool.h"

HBY_INLINE void nest(const struct hby_ref_call *c, enum hby_type type, bool is_float)
{
    const struct hby_args_pool *p = &c->args->pool;
    size_t at = 0;
    for (int b = 0; b < p->batch; b++)
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++) {
                const struct hby_pool_window w = hby_pool_window(p, y, x);
                const int count = (w.y1 - w.y0) * (w.x1 - w.x0);
                for (int ch = 0; ch < p->channels; ch++, at++) {
                    float f = 0.0f;
                    int32_t sum = 0;
                    for (int i = w.y0; i < w.y1; i++)
                        for (int j = w.x0; j < w.x1; j++) {
                            if (is_float)
                                f += hby_load_float(c->in[0], type, hby_pool_at(p, b, i, j, ch));
                            else
                                sum = hby_add32(sum, hby_load_int(c->in[0], type, hby_pool_at(p, b, i, j, ch)));
                        }
                    if (is_float) {
                        hby_store_float(c->out, c->out_type, at, hby_clamp_float(f / (float)count, p->f_min, p->f_max));
                    } else {
                        const int32_t q = (sum > 0 || type == HBY_U8 ? sum + count / 2 : sum - count / 2) / count;
                        hby_store_int(c->out, type, at, hby_clamp32(q, p->act_min, p->act_max));
                    }
                }
            }
}

void hby_ref_average_pool_2d_f32(const struct hby_ref_call *c)
{
    nest(c, HBY_F32, true);
}

void hby_ref_average_pool_2d_f16(const struct hby_ref_call *c)
{
    nest(c, HBY_F16, true);
}

void hby_ref_average_pool_2d_i8(const struct hby_ref_call *c)
{
    nest(c, HBY_I8, false);
}

void hby_ref_average_pool_2d_u8(const struct hby_ref_call *c)
{
    nest(c, HBY_U8, false);
}

void hby_ref_average_pool_2d_i16(const struct hby_ref_call *c)
{
    nest(c, HBY_I16, false);
}
