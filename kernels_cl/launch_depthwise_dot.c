/* Launch rule of depthwise_dot.cl. */
#include <stdlib.h>

#include "kernels_cl/launch_nest.h"
#include "kernels_cl/pack.h"

enum { CHANNELS = 64, TILE = 7, MOST_LINES = 5 };

int hby_cl_match_depthwise_dot(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const struct hby_args_conv *p = &s->args.conv;
    const struct hby_cl_info *info = &site->dev->info;
    const enum hby_type own = hby_nest_type(s->scheme);
    (void)why; /* another row takes what this one does not */
    if (s->op != HBY_OP_depthwise_conv_2d || info->kind != HBY_CL_CPU || !info->x86_avx512 || info->dot != HBY_DOT_X86_VNNI ||
        hby_nest_stored(site, s->in[0]) != own || hby_nest_stored(site, s->out[0]) != own || !site->plan->graph->tensor[s->in[1]].data)
        return 0;
    const int signed_zero = p->w_zp - (site->plan->graph->tensor[s->in[1]].type == HBY_U8 ? 128 : 0), rest = p->out_c % CHANNELS;
    const bool window =
        p->dilation_w == 1 && p->k_h >= 2 && p->k_h <= MOST_LINES && p->k_w >= 2 && p->k_w <= MOST_LINES && (p->stride_w == 1 || p->stride_w == 2);
    const bool full = p->out_c >= CHANNELS && (rest == 0 || rest > CHANNELS / 2 || p->out_c >= 8 * CHANNELS); /* little is computed in vain */
    return signed_zero == 0 && window && full && p->depth_multiplier == 1 && hby_pack_is_narrow(site->plan, s, (int64_t)p->k_h * p->k_w);
}

/* Where channel c lies: launch-wide index of its lane. */
static size_t place_of(int c)
{
    const int in_block = c % CHANNELS, quarter = in_block / 16, vector = in_block % 16 / 4;
    return (size_t)(c - in_block + 16 * vector + 4 * quarter + in_block % 4);
}

static enum hby_status pack(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const size_t padded = ((size_t)p->out_c + CHANNELS - 1) / CHANNELS * CHANNELS, fours = ((size_t)p->k_h + 3) / 4,
                 bytes = padded * (size_t)p->k_w * fours * 4;
    if (hby_cl_is_dry(l)) {
        for (int i = 0; i < 4; i++)
            hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    int8_t *w = hby_pack_signed_weights(site->plan, site->step), *packed = calloc(bytes, 1);
    int32_t *fold = calloc(padded, sizeof *fold);
    int *place = malloc((size_t)p->out_c * sizeof *place);
    enum hby_status st = HBY_NO_MEMORY;
    if (w && packed && fold && place) {
        const int zero = p->in_zp + hby_cl_act_bias(site->dev, site->step->scheme);
        for (int c = 0; c < p->out_c; c++) {
            const size_t at = place_of(c), block = at / CHANNELS, lane = at % CHANNELS;
            uint32_t sum = 0;
            for (int i = 0; i < p->k_h; i++)
                for (int j = 0; j < p->k_w; j++) {
                    const int value = w[(size_t)(i * p->k_w + j) * (size_t)p->out_c + (size_t)c];
                    packed[(((block * (size_t)p->k_w + (size_t)j) * fours + (size_t)i / 4) * CHANNELS + lane) * 4 + (size_t)i % 4] = (int8_t)value;
                    sum += (uint32_t)value;
                }
            fold[at] = (int32_t)((uint32_t)hby_bias_int(site->plan, site->step, c) - (uint32_t)zero * sum);
            place[c] = (int)at;
        }
        hby_cl_arg_const(l, packed, bytes);
        hby_cl_arg_const(l, fold, padded * sizeof *fold);
        st = hby_pack_rescale(site->step, l, place, padded);
    }
    free(w);
    free(packed);
    free(fold);
    free(place);
    return st;
}

/* Lines of output per work-item: few enough that its input stays in the first cache, and that every core has a dozen. */
static int lines_each(const struct hby_cl_site *site, int across)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const int units = site->dev->info.compute_units > 0 ? site->dev->info.compute_units : 1,
              fit = (24 * 1024 / CHANNELS / (p->in_w > 0 ? p->in_w : 1) - p->k_h) / p->stride_h + 1;
    const int64_t share = (int64_t)across * p->out_h * p->batch / (12 * units);
    const int many = fit > share ? (int)share : fit;
    return many < 1 ? 1 : many;
}

enum hby_status hby_cl_launch_depthwise_dot(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    const int tiles = (p->out_w + TILE - 1) / TILE, across = (p->out_c + CHANNELS - 1) / CHANNELS, lines = p->out_h * p->batch, each = lines_each(site, across);
    hby_cl_define(l, "HBY_MR", TILE);
    hby_cl_define(l, "HBY_KH", p->k_h);
    hby_cl_define(l, "HBY_KW", p->k_w);
    hby_cl_define(l, "HBY_ROUNDING", p->rounding);
    hby_cl_define(l, "HBY_NARROW", 1);
    enum hby_status st = hby_cl_use(l, "depthwise_dot.cl", "hby_depthwise_dot");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_i32(l, tiles);
    hby_cl_arg_i32(l, each * tiles);
    hby_cl_arg_tensor(l, step->in[0]);
    if ((st = hby_pack_zeros(site, l, (size_t)p->in_c)) || (st = pack(site, l)))
        return st;
    hby_cl_arg_tensor(l, step->out[0]);
    hby_nest_grid_2d(site, l, (size_t)across, (size_t)((lines + each - 1) / each));
    hby_cl_arithmetic(l, step->scheme == HBY_SCHEME_u8 ? "uint8 x uint8 -> int32" : "int8 x int8 -> int32");
    hby_cl_cost(l, (double)hby_tensor_count(&site->plan->graph->tensor[step->out[0]]) * p->k_h * p->k_w, hby_nest_bytes(site));
    return HBY_OK;
}
