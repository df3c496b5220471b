/* MAX_POOL_2D. Arithmetic: TFLite's reference MaxPool: the start value is the type's least, so that a NaN is passed over. */
#include <float.h>

#include "host_ref/pool.h"

HBY_INLINE void nest(const struct hby_ref_call *c, enum hby_type type, bool is_float, int32_t least)
{
    const struct hby_args_pool *p = &c->args->pool;
    size_t at = 0;
    for (int b = 0; b < p->batch; b++)
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++) {
                const struct hby_pool_window w = hby_pool_window(p, y, x);
                for (int ch = 0; ch < p->channels; ch++, at++) {
                    float f = -FLT_MAX;
                    int32_t most = least;
                    for (int i = w.y0; i < w.y1; i++)
                        for (int j = w.x0; j < w.x1; j++) {
                            const size_t from = hby_pool_at(p, b, i, j, ch);
                            if (is_float) {
                                const float v = hby_load_float(c->in[0], type, from);
                                f = f < v ? v : f;
                            } else {
                                const int32_t v = hby_load_int(c->in[0], type, from);
                                most = most < v ? v : most;
                            }
                        }
                    if (is_float)
                        hby_store_float(c->out, c->out_type, at, hby_clamp_float(f, p->f_min, p->f_max));
                    else
                        hby_store_int(c->out, type, at, hby_clamp32(most, p->act_min, p->act_max));
                }
            }
}

void hby_ref_max_pool_2d_f32(const struct hby_ref_call *c)
{
    nest(c, HBY_F32, true, 0);
}

void hby_ref_max_pool_2d_f16(const struct hby_ref_call *c)
{
    nest(c, HBY_F16, true, 0);
}

void hby_ref_max_pool_2d_i8(const struct hby_ref_call *c)
{
    nest(c, HBY_I8, false, INT8_MIN);
}

void hby_ref_max_pool_2d_u8(const struct hby_ref_call *c)
{
    nest(c, HBY_U8, false, 0);
}

void hby_ref_max_pool_2d_i16(const struct hby_ref_call *c)
{
    nest(c, HBY_I16, false, INT16_MIN);
}
