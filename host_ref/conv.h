/* The loop nest of CONV_2D, which FULLY_CONNECTED shares (there a 1x1 window over rows), and what every convolution does with a finished sum.
 * Called with types that are constant at compile time. Sums run in the order of TFLite's reference kernels, so float results are theirs bit for bit. */
#ifndef HBY_HOST_REF_CONV_H
#define HBY_HOST_REF_CONV_H

#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

/* What a conversion to int32 gives on x86 where the value does not fit; elsewhere C leaves it undefined. */
HBY_INLINE int32_t hby_to_int32(double v)
{
    return v > -2147483649.0 && v < 2147483648.0 ? (int32_t)v : INT32_MIN;
}

/* Does 16x8 sum in 64 bits? It does unless the bias is int32. */
HBY_INLINE bool hby_conv_is_wide(const struct hby_ref_call *c)
{
    return !c->args->conv.has_bias || c->in_type[2] == HBY_I64;
}

/* Bias, rescaling and clamp of an integer sum of channel n, stored at element `at`. */
HBY_INLINE void hby_conv_store_int(const struct hby_ref_call *c, enum hby_type type, bool wide, int64_t sum, int n, size_t at)
{
    const struct hby_args_conv *p = &c->args->conv;
    const struct hby_table *table = c->step->table;
    if (p->has_bias)
        sum += hby_load_int64(c->in[2], c->in_type[2], (size_t)n);
    if (!wide)
        sum = hby_wrap32((uint64_t)sum);
    int32_t v;
    if (p->rounding == HBY_ROUND_EXACT)
        v = hby_to_int32(round((double)sum * ((const double *)table[2].data)[n]));
    else
        v = hby_rescale(sum, ((const int32_t *)table[0].data)[n], ((const int32_t *)table[1].data)[n], p->rounding);
    hby_store_int(c->out, type, at, hby_clamp32(hby_add32(v, p->out_zp), p->act_min, p->act_max));
}

HBY_INLINE void hby_conv_store_float(const struct hby_ref_call *c, float sum, int n, size_t at)
{
    const struct hby_args_conv *p = &c->args->conv;
    const float bias = p->has_bias ? hby_load_float(c->in[2], c->in_type[2], (size_t)n) : 0.0f;
    hby_store_float(c->out, c->out_type, at, hby_clamp_float(sum + bias, p->f_min, p->f_max));
}

/* A weight of channel n as a float; integers are dequantized as DEQUANTIZE would have done (weight-only). */
HBY_INLINE float hby_conv_weight(const struct hby_ref_call *c, enum hby_type w, size_t wt, int n)
{
    if (w != HBY_I8 && w != HBY_I4)
        return hby_load_float(c->in[1], w, wt);
    const struct hby_table *table = c->step->table;
    const int32_t zero = c->step->n_tables > 1 ? ((const int32_t *)table[1].data)[n] : 0;
    return (float)(hby_load_int(c->in[1], w, wt) - zero) * ((const float *)table[0].data)[n];
}

enum { HBY_CONV_RUN = 256 }; /* products that an int32 holds: of int16 and int8 at most 2^22 each */

/* `count` products. Both factors, less their zero points, fit 16 bits: 8-bit values have 9 bits then, and int16 has zero point 0. */
HBY_INLINE int32_t hby_conv_run(const struct hby_ref_call *c, enum hby_type a, enum hby_type w, size_t at, size_t wt, int count)
{
    const int32_t in_zp = c->args->conv.in_zp, w_zp = c->args->conv.w_zp;
    int32_t sum = 0;
    for (int k = 0; k < count; k++)
        sum += (int16_t)(hby_load_int(c->in[0], a, at + (size_t)k) - in_zp) * (int16_t)(hby_load_int(c->in[1], w, wt + (size_t)k) - w_zp);
    return sum;
}

/* The first channel of the input's element under element (i, j) of the window at (y, x) of image b; false in the padding. */
HBY_INLINE bool hby_conv_tap(const struct hby_args_conv *p, int b, int y, int x, int i, int j, size_t *at)
{
    const int in_y = y * p->stride_h - p->pad_top + i * p->dilation_h, in_x = x * p->stride_w - p->pad_left + j * p->dilation_w;
    *at = (((size_t)b * (size_t)p->in_h + (size_t)in_y) * (size_t)p->in_w + (size_t)in_x) * (size_t)p->in_c;
    return in_y >= 0 && in_y < p->in_h && in_x >= 0 && in_x < p->in_w;
}

/* One output of the window at (y, x) of image b; the first channel of its group is c0. */
HBY_INLINE int64_t hby_conv_sum_int(const struct hby_ref_call *c, enum hby_type a, enum hby_type w, int b, int y, int x, int c0, int n)
{
    const struct hby_args_conv *p = &c->args->conv;
    int64_t total = 0;
    for (int i = 0; i < p->k_h; i++)
        for (int j = 0; j < p->k_w; j++) {
            size_t at;
            if (!hby_conv_tap(p, b, y, x, i, j, &at))
                continue;
            const size_t wt = (((size_t)n * (size_t)p->k_h + (size_t)i) * (size_t)p->k_w + (size_t)j) * (size_t)p->group_c;
            for (int k0 = 0; k0 < p->group_c; k0 += HBY_CONV_RUN)
                total += hby_conv_run(c, a, w, at + (size_t)(c0 + k0), wt + (size_t)k0, p->group_c - k0 < HBY_CONV_RUN ? p->group_c - k0 : HBY_CONV_RUN);
        }
    return total;
}

HBY_INLINE float hby_conv_sum_float(const struct hby_ref_call *c, enum hby_type a, enum hby_type w, int b, int y, int x, int c0, int n)
{
    const struct hby_args_conv *p = &c->args->conv;
    float total = 0.0f;
    for (int i = 0; i < p->k_h; i++)
        for (int j = 0; j < p->k_w; j++) {
            size_t at;
            if (!hby_conv_tap(p, b, y, x, i, j, &at))
                continue;
            const size_t wt = (((size_t)n * (size_t)p->k_h + (size_t)i) * (size_t)p->k_w + (size_t)j) * (size_t)p->group_c;
            for (int k = 0; k < p->group_c; k++)
                total += hby_load_float(c->in[0], a, at + (size_t)(c0 + k)) * hby_conv_weight(c, w, wt + (size_t)k, n);
        }
    return total;
}

/* Every output of a convolution with integer (is_float false) or float sums. */
HBY_INLINE void hby_conv_nest(const struct hby_ref_call *c, bool is_float, enum hby_type a, enum hby_type w, bool wide)
{
    const struct hby_args_conv *p = &c->args->conv;
    const int per_group = p->out_c / (p->in_c / p->group_c);
    size_t at = 0;
    for (int b = 0; b < p->batch; b++)
        for (int y = 0; y < p->out_h; y++)
            for (int x = 0; x < p->out_w; x++)
                for (int n = 0; n < p->out_c; n++, at++) {
                    const int c0 = n / per_group * p->group_c;
                    if (is_float)
                        hby_conv_store_float(c, hby_conv_sum_float(c, a, w, b, y, x, c0, n), n, at);
                    else
                        hby_conv_store_int(c, a, wide, hby_conv_sum_int(c, a, w, b, y, x, c0, n), n, at);
                }
}

/* NEST(activations, weights) of the step's types: every pair that a float convolution meets. */
#define HBY_CONV_FLOAT_TYPES(c, NEST)                                                                                                                          \
    do {                                                                                                                                                       \
        if ((c)->in_type[0] == HBY_F16)                                                                                                                        \
            HBY_CONV_FLOAT_WEIGHTS((c)->in_type[1], HBY_F16, NEST);                                                                                            \
        else                                                                                                                                                   \
            HBY_CONV_FLOAT_WEIGHTS((c)->in_type[1], HBY_F32, NEST);                                                                                            \
    } while (0)
#define HBY_CONV_FLOAT_WEIGHTS(w, a, NEST)                                                                                                                     \
    do {                                                                                                                                                       \
        if ((w) == HBY_F16)                                                                                                                                    \
            NEST(a, HBY_F16);                                                                                                                                  \
        else if ((w) == HBY_I8)                                                                                                                                \
            NEST(a, HBY_I8);                                                                                                                                   \
        else if ((w) == HBY_I4)                                                                                                                                \
            NEST(a, HBY_I4);                                                                                                                                   \
        else                                                                                                                                                   \
            NEST(a, HBY_F32);                                                                                                                                  \
    } while (0)

#endif
