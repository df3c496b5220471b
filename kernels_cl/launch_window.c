/* Launch rule of window.cl: the convolutions that no tiled kernel takes. */
#include <stdlib.h>

#include "kernels_cl/launch_nest.h"
#include "kernels_cl/pack.h"

int hby_cl_match_window(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme);
    if (hby_nest_stored(site, s->in[0]) != own || hby_nest_stored(site, s->out[0]) != own) {
        hby_say(HBY_UNSUPPORTED, why, "activations are stored as %s; the kernel needs %s", hby_type_name(hby_nest_stored(site, s->in[0])), hby_type_name(own));
        return 0;
    }
    if (s->args.conv.rounding == HBY_ROUND_EXACT && !site->dev->info.has_fp64) {
        hby_say(HBY_UNSUPPORTED, why, "this layer is rescaled in double, which the device does not have");
        return 0;
    }
    return 1;
}

/* Bias as long, or as float. */
static enum hby_status bias_arg(const struct hby_cl_site *site, struct hby_cl_launch *l, bool is_float)
{
    const int n = site->step->args.conv.out_c;
    void *bias = hby_cl_is_dry(l) ? NULL : calloc((size_t)n, sizeof(int64_t));
    if (!hby_cl_is_dry(l) && !bias)
        return HBY_NO_MEMORY;
    for (int i = 0; bias && i < n; i++)
        if (is_float)
            ((float *)bias)[i] = hby_bias_float(site->plan, site->step, i);
        else
            ((int64_t *)bias)[i] = hby_bias_int(site->plan, site->step, i);
    hby_cl_arg_const(l, bias, (size_t)n * (is_float ? sizeof(float) : sizeof(int64_t)));
    free(bias);
    return HBY_OK;
}

static enum hby_status weights_arg(const struct hby_cl_site *site, struct hby_cl_launch *l, bool is_float)
{
    if (is_float) {
        hby_cl_arg_tensor(l, site->step->in[1]);
        return HBY_OK;
    }
    int8_t *w = hby_cl_is_dry(l) ? NULL : hby_pack_signed_weights(site->plan, site->step);
    if (!hby_cl_is_dry(l) && !w)
        return HBY_NO_MEMORY;
    hby_cl_arg_const(l, w, (size_t)hby_tensor_count(&site->plan->graph->tensor[site->step->in[1]]));
    free(w);
    return HBY_OK;
}

/* Weight-only: no multipliers, zero points, scales. */
static enum hby_status scale_args(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const size_t n = (size_t)s->args.conv.out_c;
    hby_cl_arg_tensor(l, -1);
    if (hby_weight_has_zero(s)) {
        hby_nest_arg_table(l, s, 1);
    } else {
        int32_t *zeros = calloc(n, sizeof *zeros);
        if (!zeros)
            return HBY_NO_MEMORY;
        hby_cl_arg_const(l, zeros, n * sizeof *zeros);
        free(zeros);
    }
    hby_nest_arg_table(l, s, 0);
    return HBY_OK;
}

enum hby_status hby_cl_launch_window(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    const struct hby_tensor *w = &site->plan->graph->tensor[step->in[1]];
    const bool is_float = step->scheme == HBY_SCHEME_f32 || step->scheme == HBY_SCHEME_f16;
    const bool weight_only = is_float && !hby_nest_is_float(hby_nest_stored(site, step->in[1]));
    const bool int32_bias = step->in[2] >= 0 && site->plan->graph->tensor[step->in[2]].type == HBY_I32;
    const int count = (int)hby_tensor_count(&site->plan->graph->tensor[step->out[0]]);
    hby_cl_define(l, "HBY_KIND", step->op == HBY_OP_depthwise_conv_2d ? 1 : step->op == HBY_OP_transpose_conv ? 2 : 0);
    if (is_float) {
        hby_cl_define(l, "HBY_WEIGHT_KIND", weight_only && w->type == HBY_I4 ? 3 : hby_weight_kind(site));
        hby_cl_define(l, "HBY_SEPARATE", hby_nest_rounds_apart(site));
    } else {
        hby_cl_define(l, "HBY_ROUNDING", p->rounding);
        hby_cl_define(l, "HBY_WIDE", step->scheme == HBY_SCHEME_i16 && !int32_bias);
    }
    enum hby_status st = hby_cl_use(l, "window.cl", "hby_window");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_i32(l, count);
    hby_cl_arg_i32(l, p->w_zp - (w->type == HBY_U8 ? 128 : 0));
    hby_cl_arg_tensor(l, step->in[0]);
    if ((st = weights_arg(site, l, is_float)) || (st = bias_arg(site, l, is_float)))
        return st;
    if (weight_only && (st = scale_args(site, l)) != HBY_OK)
        return st;
    for (int i = 0; i < 3 && !weight_only; i++)
        hby_nest_arg_table(l, step, i);
    hby_cl_arg_tensor(l, step->out[0]);
    const size_t most = hby_cl_max_group(l), group = most < 64 ? most : 64;
    const size_t global[3] = {((size_t)count + group - 1) / group * group, 1, 1}, local[3] = {group, 1, 1};
    hby_cl_grid(l, global, local);
    hby_cl_arithmetic(l, is_float                         ? hby_weight_arithmetic(site)
                         : step->scheme == HBY_SCHEME_i16 ? (int32_bias ? "int16 x int8 -> int32" : "int16 x int8 -> int64")
                                                          : "8 x 8 bits -> int32");
    /* one element at a time: about ten times as dear as a tile's */
    hby_cl_cost(l, 10.0 * count * p->k_h * p->k_w * p->group_c, hby_nest_bytes(site) + (double)w->bytes);
    return HBY_OK;
}
