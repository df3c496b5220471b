/* DEPTHWISE_CONV_2D: output channel n reads input channel n / depth_multiplier. Arithmetic: TFLite's reference DepthwiseConv (float, uint8),
 * DepthwiseConvPerChannel (int8, 16x8) and DepthwiseConvHybridPerChannel. */
#include "host_ref/hybrid.h"

/* What is summed: float products, integer products, or products with inputs that are quantized here. */
enum kind { FLOATS, INTEGERS, HYBRID };

struct sums {
    float f;
    int64_t i;
};

HBY_INLINE void add(const struct hby_ref_call *c, enum kind kind, enum hby_type a, enum hby_type w, const struct hby_hybrid_row *row, size_t at, size_t wt,
                    int n, struct sums *s)
{
    const struct hby_args_conv *p = &c->args->conv;
    if (kind == FLOATS)
        s->f += hby_load_float(c->in[0], a, at) * hby_conv_weight(c, w, wt, n);
    else if (kind == HYBRID)
        s->i += (int64_t)hby_load_int(c->in[1], w, wt) * hby_hybrid_value(row, hby_load_float(c->in[0], a, at));
    else
        s->i += (hby_load_int(c->in[1], w, wt) - p->w_zp) * (hby_load_int(c->in[0], a, at) - p->in_zp);
}

HBY_INLINE struct sums window(const struct hby_ref_call *c, enum kind kind, enum hby_type a, enum hby_type w, const struct hby_hybrid_row *row, int b, int y,
                              int x, int n)
{
    const struct hby_args_conv *p = &c->args->conv;
    const size_t channel = (size_t)(n / p->depth_multiplier);
    struct sums s = {0.0f, 0};
    for (int i = 0; i < p->k_h; i++)
        for (int j = 0; j < p->k_w; j++) {
            size_t at;
            if (!hby_conv_tap(p, b, y, x, i, j, &at))
                continue;
            const size_t wt = ((size_t)i * (size_t)p->k_w + (size_t)j) * (size_t)p->out_c + (size_t)n;
            add(c, kind, a, w, row, at + channel, wt, n, &s);
        }
    return s;
}

HBY_INLINE void nest(const struct hby_ref_call *c, enum kind kind, enum hby_type a, enum hby_type w, bool wide)
{
    const struct hby_args_conv *p = &c->args->conv;
    const size_t image = (size_t)p->in_h * (size_t)p->in_w * (size_t)p->in_c;
    size_t at = 0;
    for (int b = 0; b < p->batch; b++) {
        struct hby_hybrid_row row = {0};
        if (kind == HYBRID)
            row = hby_hybrid_row(c->in[0], a, (size_t)b * image, image, true);
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++)
                for (int n = 0; n < p->out_c; n++, at++) {
                    const struct sums s = window(c, kind, a, w, &row, b, y, x, n);
                    if (kind == FLOATS)
                        hby_conv_store_float(c, s.f, n, at);
                    else if (kind == HYBRID)
                        hby_hybrid_store(c, &row, hby_wrap32((uint64_t)s.i), false, n, at);
                    else
                        hby_conv_store_int(c, a, wide, s.i, n, at);
                }
    }
}

void hby_ref_depthwise_conv_2d_float(const struct hby_ref_call *c)
{
#define NEST(a, w) nest(c, FLOATS, a, w, false)
    HBY_CONV_FLOAT_TYPES(c, NEST);
#undef NEST
}

void hby_ref_depthwise_conv_2d_i8(const struct hby_ref_call *c)
{
    if (c->in_type[1] == HBY_I4)
        nest(c, INTEGERS, HBY_I8, HBY_I4, false);
    else
        nest(c, INTEGERS, HBY_I8, HBY_I8, false);
}

void hby_ref_depthwise_conv_2d_u8(const struct hby_ref_call *c)
{
    nest(c, INTEGERS, HBY_U8, HBY_U8, false);
}

void hby_ref_depthwise_conv_2d_i16(const struct hby_ref_call *c)
{
    nest(c, INTEGERS, HBY_I16, HBY_I8, true);
}

void hby_ref_depthwise_conv_2d_f32w8(const struct hby_ref_call *c)
{
    if (c->in_type[0] == HBY_F16)
        nest(c, HYBRID, HBY_F16, HBY_I8, false);
    else
        nest(c, HYBRID, HBY_F32, HBY_I8, false);
}
