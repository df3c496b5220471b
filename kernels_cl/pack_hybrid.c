/* Sums (a - z) * w with z known at run time only: sum a * w - z * sum w, so the sums of the weights go along. They wrap at 32 bits, as TFLite's own do. */
#include "kernels_cl/pack_hybrid.h"

#include <stdlib.h>

struct constants {
    int8_t *signed_w;
    void *w;
    int32_t *sum;
    float *scale, *bias;
};

/* `padded`: channels in memory. */
static bool allocate(const struct hby_cl_site *site, size_t padded, size_t weight_bytes, struct constants *k)
{
    k->signed_w = hby_pack_signed_weights(site->plan, site->step);
    k->w = calloc(weight_bytes, 1);
    k->sum = calloc(padded, sizeof *k->sum);
    k->scale = calloc(padded, sizeof *k->scale);
    k->bias = calloc(padded, sizeof *k->bias);
    return k->signed_w && k->w && k->sum && k->scale && k->bias;
}

static void bind(struct hby_cl_launch *l, const struct constants *k, size_t padded, size_t weight_bytes)
{
    hby_cl_arg_const(l, k->w, weight_bytes);
    hby_cl_arg_const(l, k->sum, padded * sizeof *k->sum);
    hby_cl_arg_const(l, k->scale, padded * sizeof *k->scale);
    hby_cl_arg_const(l, k->bias, padded * sizeof *k->bias);
}

static void release(struct constants *k)
{
    free(k->signed_w);
    free(k->w);
    free(k->sum);
    free(k->scale);
    free(k->bias);
}

static void bind_nothing(struct hby_cl_launch *l, int constants)
{
    for (int i = 0; i < constants; i++)
        hby_cl_arg_const(l, NULL, 0);
}

static float scale_of(const struct hby_step *step, int channel)
{
    return ((const float *)step->table[0].data)[channel];
}

enum hby_status hby_pack_conv_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s)
{
    if (hby_cl_is_dry(l)) {
        bind_nothing(l, 4);
        return HBY_OK;
    }
    const size_t padded = (size_t)s->groups * (size_t)s->blocks_per_group * HBY_BLOCK, k4 = ((size_t)s->group_in + 3) / 4, taps = (size_t)s->taps;
    const size_t bytes = padded * taps * k4 * 4;
    struct constants k;
    const bool ok = allocate(site, padded, bytes, &k);
    for (int c = 0; ok && c < site->step->args.conv.out_c; c++) {
        const size_t place = (size_t)(c / s->group_out * s->blocks_per_group * HBY_BLOCK + c % s->group_out), block = place / HBY_BLOCK,
                     lane = place % HBY_BLOCK;
        uint32_t sum = 0;
        for (size_t tap = 0; tap < taps; tap++) {
            const int8_t *from = k.signed_w + ((size_t)c * taps + tap) * (size_t)s->group_in;
            int8_t *to = (int8_t *)k.w + ((block * taps + tap) * k4 * HBY_BLOCK + lane) * 4;
            for (int i = 0; i < s->group_in; i++) {
                const int value = from[i];
                to[(size_t)(i / 4) * HBY_BLOCK * 4 + (size_t)(i % 4)] = from[i];
                sum += (uint32_t)value;
            }
        }
        k.sum[place] = (int32_t)sum;
        k.scale[place] = scale_of(site->step, c);
        k.bias[place] = hby_bias_float(site->plan, site->step, c);
    }
    if (ok)
        bind(l, &k, padded, bytes);
    release(&k);
    return ok ? HBY_OK : HBY_NO_MEMORY;
}

enum hby_status hby_pack_depthwise_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    if (hby_cl_is_dry(l)) {
        bind_nothing(l, 4);
        return HBY_OK;
    }
    const struct hby_args_conv *p = &site->step->args.conv;
    const size_t out_c = (size_t)p->out_c, padded = (out_c + HBY_BLOCK - 1) / HBY_BLOCK * HBY_BLOCK, taps = (size_t)p->k_h * (size_t)p->k_w;
    const size_t bytes = padded * taps * sizeof(int16_t);
    struct constants k;
    const bool ok = allocate(site, padded, bytes, &k);
    for (size_t c = 0; ok && c < out_c; c++) {
        uint32_t sum = 0;
        for (size_t tap = 0; tap < taps; tap++) {
            const int value = k.signed_w[tap * out_c + c];
            ((int16_t *)k.w)[tap * padded + c] = (int16_t)value;
            sum += (uint32_t)value;
        }
        k.sum[c] = (int32_t)sum;
        k.scale[c] = scale_of(site->step, (int)c);
        k.bias[c] = hby_bias_float(site->plan, site->step, (int)c);
    }
    if (ok)
        bind(l, &k, padded, bytes);
    release(&k);
    return ok ? HBY_OK : HBY_NO_MEMORY;
}

enum hby_status hby_pack_transpose_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    if (hby_cl_is_dry(l)) {
        bind_nothing(l, 3);
        return HBY_OK;
    }
    const struct hby_args_conv *p = &site->step->args.conv;
    const size_t padded = ((size_t)p->out_c + HBY_BLOCK - 1) / HBY_BLOCK * HBY_BLOCK, depth = (size_t)p->k_h * (size_t)p->k_w * (size_t)p->in_c;
    struct constants k;
    const bool ok = allocate(site, padded, padded * depth, &k);
    for (size_t c = 0; ok && c < (size_t)p->out_c; c++) {
        int8_t *to = (int8_t *)k.w + c / HBY_BLOCK * depth * HBY_BLOCK + c % HBY_BLOCK;
        for (size_t i = 0; i < depth; i++)
            to[i * HBY_BLOCK] = k.signed_w[c * depth + i];
        k.scale[c] = scale_of(site->step, (int)c);
        k.bias[c] = hby_bias_float(site->plan, site->step, (int)c);
    }
    if (ok) {
        hby_cl_arg_const(l, k.w, padded * depth);
        hby_cl_arg_const(l, k.scale, padded * sizeof *k.scale);
        hby_cl_arg_const(l, k.bias, padded * sizeof *k.bias);
    }
    release(&k);
    return ok ? HBY_OK : HBY_NO_MEMORY;
}
