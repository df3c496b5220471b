/* Constants of 16x8 convolutions: weights as pairs of shorts, wide biases. Layouts: conv_i16.cl. */
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/pack.h"

bool hby_pack_is_wide_i16(const struct hby_cl_site *site)
{
    const struct hby_step *s = site->step;
    return !(s->in[2] >= 0 && site->plan->graph->tensor[s->in[2]].type == HBY_I32);
}

/* |activation| <= 2^15, so sums fit while the magnitudes of a channel's weights add up to less than 2^16; else pairs of at most 2 * 2^15 * 2^7 are counted. */
int hby_pack_pairs_i16(const struct hby_cl_site *site, const struct hby_cl_launch *l)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    int8_t *w = hby_cl_is_dry(l) ? NULL : hby_pack_signed_weights(site->plan, site->step);
    int pairs = 255;
    if (w) {
        const size_t depth = (size_t)hby_tensor_count(&site->plan->graph->tensor[site->step->in[1]]) / (size_t)p->out_c;
        int64_t most = 0;
        for (size_t c = 0; c < (size_t)p->out_c; c++) {
            int64_t sum = 0;
            for (size_t i = 0; i < depth; i++)
                sum += abs(w[c * depth + i]);
            most = sum > most ? sum : most;
        }
        if (most < 65535)
            pairs = INT32_MAX;
    }
    free(w);
    return pairs;
}

/* [block][tap][k2][16][2] */
static void fill(const int8_t *w, int16_t *packed, const int *place, const struct hby_conv_shape *s, int out_c)
{
    const size_t k2 = ((size_t)s->group_in + 1) / 2;
    for (int c = 0; c < out_c; c++) {
        const size_t block = (size_t)place[c] / HBY_BLOCK, lane = (size_t)place[c] % HBY_BLOCK;
        for (size_t tap = 0; tap < (size_t)s->taps; tap++) {
            const int8_t *from = w + ((size_t)c * (size_t)s->taps + tap) * (size_t)s->group_in;
            int16_t *to = packed + ((block * (size_t)s->taps + tap) * k2 * HBY_BLOCK + lane) * 2;
            for (size_t i = 0; i < (size_t)s->group_in; i++)
                to[i / 2 * HBY_BLOCK * 2 + i % 2] = from[i];
        }
    }
}

enum hby_status hby_pack_finish_i16(const struct hby_cl_site *site, struct hby_cl_launch *l, bool wide, const int *place, size_t padded)
{
    const struct hby_step *step = site->step;
    int64_t *bias = calloc(padded, sizeof *bias);
    double *real = calloc(padded, sizeof *real);
    enum hby_status st = HBY_NO_MEMORY;
    if (bias && real) {
        for (int c = 0; c < step->args.conv.out_c; c++) {
            const int64_t b = hby_bias_int(site->plan, step, c);
            if (wide)
                bias[place[c]] = b;
            else
                ((int32_t *)bias)[place[c]] = (int32_t)b;
            if (step->args.conv.rounding == HBY_ROUND_EXACT)
                memcpy(&real[place[c]], (const char *)step->table[2].data + (size_t)c * sizeof *real, sizeof *real);
        }
        hby_cl_arg_const(l, bias, padded * (wide ? sizeof(int64_t) : sizeof(int32_t)));
        st = hby_pack_rescale(step, l, place, padded);
        hby_cl_arg_const(l, real, step->args.conv.rounding == HBY_ROUND_EXACT ? padded * sizeof *real : sizeof *real);
    }
    free(bias);
    free(real);
    return st;
}

enum hby_status hby_pack_conv_i16(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s, bool wide)
{
    if (hby_cl_is_dry(l)) {
        for (int i = 0; i < 5; i++)
            hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    const size_t padded = (size_t)s->groups * (size_t)s->blocks_per_group * HBY_BLOCK, k2 = ((size_t)s->group_in + 1) / 2;
    const size_t bytes = padded * (size_t)s->taps * k2 * 4;
    int8_t *w = hby_pack_signed_weights(site->plan, site->step);
    int16_t *packed = calloc(bytes, 1);
    int *place = hby_pack_places(s, site->step->args.conv.out_c);
    enum hby_status st = HBY_NO_MEMORY;
    if (w && packed && place) {
        fill(w, packed, place, s, site->step->args.conv.out_c);
        hby_cl_arg_const(l, packed, bytes);
        st = hby_pack_finish_i16(site, l, wide, place, padded);
    }
    free(w);
    free(packed);
    free(place);
    return st;
}
