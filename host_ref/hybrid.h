/* Dynamic range ("hybrid") convolutions: float activations are quantized to int8 at run time, the sum is an integer, the result a float.
 * The arithmetic is that of TFLite's SymmetricQuantizeFloats and AsymmetricQuantizeFloats and of the kernels that use them. */
#ifndef HBY_HOST_REF_HYBRID_H
#define HBY_HOST_REF_HYBRID_H

#include "host_ref/conv.h"

/* How one image (or one row of FULLY_CONNECTED) is quantized: q = clamp(offset + round(value * inverse)), ties away from zero. */
struct hby_hybrid_row {
    float scale, inverse;
    int32_t offset, q_min;
};

/* The zero point that errs less, rounded and clamped to int8. */
HBY_INLINE int32_t hby_hybrid_offset(double r_min, double r_max, double scale)
{
    const double from_min = -128.0 - r_min / scale, from_max = 127.0 - r_max / scale;
    const double min_error = 128.0 + fabs(r_min / scale), max_error = 127.0 + fabs(r_max / scale);
    const double zero_point = min_error < max_error ? from_min : from_max;
    return zero_point <= -128.0 ? -128 : zero_point >= 127.0 ? 127 : (int32_t)round(zero_point);
}

HBY_INLINE struct hby_hybrid_row hby_hybrid_row(const void *in, enum hby_type type, size_t first, size_t count, bool asymmetric)
{
    float least = hby_load_float(in, type, first), most = least;
    for (size_t i = 1; i < count; i++) {
        const float v = hby_load_float(in, type, first + i);
        least = v < least ? v : least;
        most = most < v ? v : most;
    }
    struct hby_hybrid_row row = {.scale = 1.0f, .inverse = 0.0f, .offset = 0, .q_min = asymmetric ? -128 : -127};
    if (asymmetric) {
        const float r_min = least < 0.0f ? least : 0.0f, r_max = most > 0.0f ? most : 0.0f;
        if (r_min == r_max)
            return row;
        const double scale = (double)(r_max - r_min) / 255.0; /* the difference in float32, as the runtime's vector code has it */
        row.offset = hby_hybrid_offset((double)r_min, (double)r_max, scale);
        row.scale = (float)scale;
        row.inverse = 1.0f / row.scale;
    } else {
        const float range = fabsf(least) < fabsf(most) ? fabsf(most) : fabsf(least);
        if (range == 0.0f)
            return row;
        row.scale = range / 127.0f;
        row.inverse = 127.0f / range;
    }
    return row;
}

/* The quantized value, less the zero point. */
HBY_INLINE int32_t hby_hybrid_value(const struct hby_hybrid_row *row, float v)
{
    return hby_clamp32(hby_add32(row->offset, hby_to_int32((double)roundf(v * row->inverse))), row->q_min, 127) - row->offset;
}

/* Sum -> float. `weights_first`: (sum * weight scale) * row scale, as the reference of CONV_2D with a zero point has it; else sum * (both). */
HBY_INLINE void hby_hybrid_store(const struct hby_ref_call *c, const struct hby_hybrid_row *row, int32_t sum, bool weights_first, int n, size_t at)
{
    const float scale = ((const float *)c->step->table[0].data)[n];
    const float v = weights_first ? (float)sum * scale * row->scale : (float)sum * (scale * row->scale);
    hby_conv_store_float(c, v, n, at);
}

enum { HBY_HYBRID_CHANNELS = 64, HBY_HYBRID_DEPTH = 256 };

/* Adds one tap's products to `count` channels from n0: `depth` inputs at `at`, weights of channel n at wt + n * filter. */
HBY_INLINE void hby_hybrid_tap(const struct hby_ref_call *c, enum hby_type w, const struct hby_hybrid_row *row, size_t at, size_t wt, size_t filter, int depth,
                               int count, uint32_t *sum)
{
    int16_t q[HBY_HYBRID_DEPTH];
    for (int k0 = 0; k0 < depth; k0 += HBY_HYBRID_DEPTH) {
        const int n_k = depth - k0 < HBY_HYBRID_DEPTH ? depth - k0 : HBY_HYBRID_DEPTH;
        for (int k = 0; k < n_k; k++)
            q[k] = (int16_t)hby_hybrid_value(row, hby_load_float(c->in[0], c->in_type[0], at + (size_t)(k0 + k)));
        for (int n = 0; n < count; n++) {
            int32_t s = 0;
            for (int k = 0; k < n_k; k++)
                s += q[k] * hby_load_int(c->in[1], w, wt + (size_t)n * filter + (size_t)(k0 + k));
            sum[n] += (uint32_t)s;
        }
    }
}

/* CONV_2D, and FULLY_CONNECTED as a 1x1 window: blocks of channels, so that an input is quantized once per block. */
HBY_INLINE void hby_hybrid_pixel(const struct hby_ref_call *c, enum hby_type w, const struct hby_hybrid_row *row, bool weights_first, int b, int y, int x)
{
    const struct hby_args_conv *p = &c->args->conv;
    const int per_group = p->out_c / (p->in_c / p->group_c);
    const size_t filter = (size_t)p->k_h * (size_t)p->k_w * (size_t)p->group_c;
    const size_t out = (((size_t)b * (size_t)p->out_h + (size_t)y) * (size_t)p->out_w + (size_t)x) * (size_t)p->out_c;
    for (int n0 = 0, count; n0 < p->out_c; n0 += count) {
        uint32_t sum[HBY_HYBRID_CHANNELS] = {0};
        count = per_group - n0 % per_group;
        count = count < HBY_HYBRID_CHANNELS ? count : HBY_HYBRID_CHANNELS;
        for (int i = 0; i < p->k_h; i++)
            for (int j = 0; j < p->k_w; j++) {
                size_t at;
                if (!hby_conv_tap(p, b, y, x, i, j, &at))
                    continue;
                at += (size_t)(n0 / per_group) * (size_t)p->group_c;
                const size_t wt = (size_t)n0 * filter + ((size_t)i * (size_t)p->k_w + (size_t)j) * (size_t)p->group_c;
                hby_hybrid_tap(c, w, row, at, wt, filter, p->group_c, count, sum);
            }
        for (int n = 0; n < count; n++)
            hby_hybrid_store(c, row, hby_wrap32(sum[n]), weights_first, n0 + n, out + (size_t)(n0 + n));
    }
}

HBY_INLINE void hby_hybrid_nest(const struct hby_ref_call *c, enum hby_type w, bool weights_first)
{
    const struct hby_args_conv *p = &c->args->conv;
    const size_t image = (size_t)p->in_h * (size_t)p->in_w * (size_t)p->in_c;
    for (int b = 0; b < p->batch; b++) {
        const struct hby_hybrid_row row = hby_hybrid_row(c->in[0], c->in_type[0], (size_t)b * image, image, p->asymmetric);
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++)
                hby_hybrid_pixel(c, w, &row, weights_first, b, y, x);
    }
}

#endif
