/* Words of eight weights, [block of 16 channels][word][channel]: byte i has weight i of eight in its low nibble and weight 4 + i in its high one. */
#include "kernels_cl/pack_nibbles.h"

#include <stdlib.h>

#include "partition/element.h"

int hby_scales_per_channel(const struct hby_step *step)
{
    return (int)(step->table[0].bytes / sizeof(float) / (size_t)step->args.conv.out_c);
}

static size_t padded_channels(const struct hby_step *step)
{
    return ((size_t)step->args.conv.out_c + HBY_BLOCK - 1) / HBY_BLOCK * HBY_BLOCK;
}

/* The words of all channels, as argument w; and the sums of every channel's weights over `runs` runs, [block][run][16], from calloc. */
static enum hby_status pack_words(const struct hby_cl_site *site, struct hby_cl_launch *l, int runs, int32_t *sum)
{
    const struct hby_step *step = site->step;
    const void *from = site->plan->graph->tensor[step->in[1]].data;
    const size_t depth = (size_t)step->args.conv.in_c, words = (depth + 7) / 8, bytes = padded_channels(step) * words * 4,
                 run = (depth + (size_t)runs - 1) / (size_t)runs;
    uint8_t *w = calloc(bytes, 1);
    if (!w)
        return HBY_NO_MEMORY;
    for (size_t c = 0; c < (size_t)step->args.conv.out_c; c++) {
        const size_t block = c / HBY_BLOCK, lane = c % HBY_BLOCK;
        for (size_t k = 0; k < depth; k++) {
            const int v = hby_load_int(from, HBY_I4, c * depth + k);
            w[((block * words + k / 8) * HBY_BLOCK + lane) * 4 + k % 4] |= (uint8_t)((v & 15) << (k % 8 < 4 ? 0 : 4));
            sum[(block * (size_t)runs + k / run) * HBY_BLOCK + lane] += v;
        }
    }
    hby_cl_arg_const(l, w, bytes);
    free(w);
    return HBY_OK;
}

static void bind_nothing(struct hby_cl_launch *l)
{
    for (int i = 0; i < 4; i++)
        hby_cl_arg_const(l, NULL, 0);
}

enum hby_status hby_pack_nibbles_i8(const struct hby_cl_site *site, struct hby_cl_launch *l, int act_bias)
{
    if (hby_cl_is_dry(l)) {
        bind_nothing(l);
        return HBY_OK;
    }
    const struct hby_args_conv *p = &site->step->args.conv;
    const size_t padded = padded_channels(site->step);
    int32_t *fold = calloc(padded, sizeof *fold);
    int *place = malloc(padded * sizeof *place);
    enum hby_status st = fold && place ? pack_words(site, l, 1, fold) : HBY_NO_MEMORY;
    for (int c = 0; !st && c < p->out_c; c++) {
        const uint32_t zero = (uint32_t)(p->in_zp + act_bias);
        fold[c] = (int32_t)((uint32_t)hby_bias_int(site->plan, site->step, c) - zero * (uint32_t)fold[c]);
        place[c] = c;
    }
    if (!st) {
        hby_cl_arg_const(l, fold, padded * sizeof *fold);
        st = hby_pack_rescale(site->step, l, place, padded);
    }
    free(fold);
    free(place);
    return st;
}

enum hby_status hby_pack_nibbles_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    if (hby_cl_is_dry(l)) {
        bind_nothing(l);
        return HBY_OK;
    }
    const struct hby_step *step = site->step;
    const size_t padded = padded_channels(step), runs = (size_t)hby_scales_per_channel(step), n = padded * runs;
    int32_t *sum = calloc(n, sizeof *sum);
    float *scale = calloc(n, sizeof *scale), *bias = calloc(padded, sizeof *bias);
    enum hby_status st = sum && scale && bias ? pack_words(site, l, (int)runs, sum) : HBY_NO_MEMORY;
    for (size_t c = 0; !st && c < (size_t)step->args.conv.out_c; c++) {
        for (size_t i = 0; i < runs; i++)
            scale[(c / HBY_BLOCK * runs + i) * HBY_BLOCK + c % HBY_BLOCK] = ((const float *)step->table[0].data)[c * runs + i];
        bias[c] = hby_bias_float(site->plan, step, (int)c);
    }
    if (!st) {
        hby_cl_arg_const(l, sum, n * sizeof *sum);
        hby_cl_arg_const(l, scale, n * sizeof *scale);
        hby_cl_arg_const(l, bias, padded * sizeof *bias);
    }
    free(sum);
    free(scale);
    free(bias);
    return st;
}
