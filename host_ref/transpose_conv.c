/* TRANSPOSE_CONV: each output gathers the inputs whose window covers it, in the order in which TFLite's reference scatters them. */
#include "host_ref/hybrid.h"

/* The inputs [*first, *last] along one axis whose window of k covers output `at` (pad added). */
static void span(int at, int k, int stride, int in, int *first, int *last)
{
    *first = at - k + 1 <= 0 ? 0 : (at - k + stride) / stride;
    *last = at / stride < in - 1 ? at / stride : in - 1;
}

HBY_INLINE void nest(const struct hby_ref_call *c, bool is_float, enum hby_type a, enum hby_type w, bool wide)
{
    const struct hby_args_conv *p = &c->args->conv;
    size_t at = 0;
    for (int b = 0; b < p->batch; b++)
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++) {
                int y0, y1, x0, x1;
                span(y + p->pad_top, p->k_h, p->stride_h, p->in_h, &y0, &y1);
                span(x + p->pad_left, p->k_w, p->stride_w, p->in_w, &x0, &x1);
                for (int n = 0; n < p->out_c; n++, at++) {
                    float f = 0.0f;
                    int64_t sum = 0;
                    for (int in_y = y0; in_y <= y1; in_y++)
                        for (int in_x = x0; in_x <= x1; in_x++) {
                            const int i = y + p->pad_top - in_y * p->stride_h, j = x + p->pad_left - in_x * p->stride_w;
                            const size_t from = (((size_t)b * (size_t)p->in_h + (size_t)in_y) * (size_t)p->in_w + (size_t)in_x) * (size_t)p->in_c;
                            const size_t wt = (((size_t)n * (size_t)p->k_h + (size_t)i) * (size_t)p->k_w + (size_t)j) * (size_t)p->in_c;
                            for (int k = 0; k < p->in_c; k++) {
                                if (is_float)
                                    f += hby_load_float(c->in[0], a, from + (size_t)k) * hby_conv_weight(c, w, wt + (size_t)k, n);
                                else
                                    sum += (hby_load_int(c->in[0], a, from + (size_t)k) - p->in_zp) * (hby_load_int(c->in[1], w, wt + (size_t)k) - p->w_zp);
                            }
                        }
                    if (is_float)
                        hby_conv_store_float(c, f, n, at);
                    else
                        hby_conv_store_int(c, a, wide, sum, n, at);
                }
            }
}

void hby_ref_transpose_conv_float(const struct hby_ref_call *c)
{
#define NEST(a, w) nest(c, true, a, w, false)
    HBY_CONV_FLOAT_TYPES(c, NEST);
#undef NEST
}

void hby_ref_transpose_conv_i8(const struct hby_ref_call *c)
{
    nest(c, false, HBY_I8, HBY_I8, false);
}

void hby_ref_transpose_conv_u8(const struct hby_ref_call *c)
{
    nest(c, false, HBY_U8, HBY_U8, false);
}

void hby_ref_transpose_conv_i16(const struct hby_ref_call *c)
{
    nest(c, false, HBY_I16, HBY_I8, hby_conv_is_wide(c));
}

/* TFLite's HybridTransposeConv sums in float, a product at a time. */
void hby_ref_transpose_conv_f32w8(const struct hby_ref_call *c)
{
    const struct hby_args_conv *p = &c->args->conv;
    const float *scale = c->step->table[0].data;
    const size_t line = (size_t)p->in_w * (size_t)p->in_c, image = (size_t)p->in_h * line;
    size_t at = 0;
    for (int b = 0; b < p->batch; b++) {
        const struct hby_hybrid_row row = hby_hybrid_row(c->in[0], c->in_type[0], (size_t)b * image, image, true);
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++) {
                int y0, y1, x0, x1;
                span(y + p->pad_top, p->k_h, p->stride_h, p->in_h, &y0, &y1);
                span(x + p->pad_left, p->k_w, p->stride_w, p->in_w, &x0, &x1);
                for (int n = 0; n < p->out_c; n++, at++) {
                    float sum = 0.0f;
                    for (int in_y = y0; in_y <= y1; in_y++)
                        for (int in_x = x0; in_x <= x1; in_x++) {
                            const int i = y + p->pad_top - in_y * p->stride_h, j = x + p->pad_left - in_x * p->stride_w;
                            const size_t from = (size_t)b * image + (size_t)in_y * line + (size_t)in_x * (size_t)p->in_c;
                            const size_t wt = (((size_t)n * (size_t)p->k_h + (size_t)i) * (size_t)p->k_w + (size_t)j) * (size_t)p->in_c;
                            for (int k = 0; k < p->in_c; k++) {
                                const int32_t q = hby_hybrid_value(&row, hby_load_float(c->in[0], c->in_type[0], from + (size_t)k));
                                sum += (float)(q * hby_load_int(c->in[1], HBY_I8, wt + (size_t)k)) * scale[n] * row.scale;
                            }
                        }
                    hby_conv_store_float(c, sum, n, at);
                }
            }
    }
}
