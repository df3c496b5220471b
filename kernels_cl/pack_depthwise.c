/* Constants of depthwise convolutions: taps first, channels last. */
#include <stdlib.h>

#include "kernels_cl/pack.h"

static enum hby_status depthwise_int(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t padded, size_t taps)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const int out_c = p->out_c, v = p->w_zp - (site->plan->graph->tensor[site->step->in[1]].type == HBY_U8 ? 128 : 0);
    int8_t *w = hby_pack_signed_weights(site->plan, site->step);
    int16_t *packed = calloc(padded * taps, sizeof *packed);
    int32_t *fold = calloc(padded, sizeof *fold);
    int64_t *bias = calloc(padded, sizeof *bias); /* i16 */
    int *place = malloc((size_t)out_c * sizeof *place);
    enum hby_status st = HBY_NO_MEMORY;
    if (w && packed && fold && bias && place) {
        for (int c = 0; c < out_c; c++) {
            uint32_t sum = 0;
            for (size_t tap = 0; tap < taps; tap++) {
                const int value = w[tap * (size_t)out_c + (size_t)c] - v;
                packed[tap * padded + (size_t)c] = (int16_t)value;
                sum += (uint32_t)value;
            }
            bias[c] = hby_bias_int(site->plan, site->step, c);
            fold[c] = (int32_t)((uint32_t)bias[c] - (uint32_t)p->in_zp * sum);
            place[c] = c;
        }
        hby_cl_arg_const(l, packed, padded * taps * sizeof *packed);
        if (site->step->scheme == HBY_SCHEME_i16)
            hby_cl_arg_const(l, bias, padded * sizeof *bias);
        else
            hby_cl_arg_const(l, fold, padded * sizeof *fold);
        st = hby_pack_rescale(site->step, l, place, padded);
    }
    free(w);
    free(packed);
    free(fold);
    free(bias);
    free(place);
    return st;
}

enum hby_status hby_pack_depthwise(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    if (hby_cl_is_dry(l)) {
        for (int i = 0; i < 4; i++)
            hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    const struct hby_args_conv *p = &site->step->args.conv;
    const size_t padded = ((size_t)p->out_c + HBY_BLOCK - 1) / HBY_BLOCK * HBY_BLOCK, taps = (size_t)(p->k_h * p->k_w);
    const bool is_float = site->step->scheme == HBY_SCHEME_f32 || site->step->scheme == HBY_SCHEME_f16;
    return is_float ? hby_pack_depthwise_f(site, l, padded, taps) : depthwise_int(site, l, padded, taps);
}
