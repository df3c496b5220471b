/* Launch rule of depthwise.cl. */
#include "kernels_cl/launch_nest.h"
#include "kernels_cl/pack.h"

int hby_cl_match_depthwise(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme);
    if (s->op != HBY_OP_depthwise_conv_2d || hby_nest_stored(site, s->in[0]) != own || hby_nest_stored(site, s->out[0]) != own)
        return 0;
    if (!site->plan->graph->tensor[s->in[1]].data) {
        hby_say(HBY_UNSUPPORTED, why, "the weights are not a constant");
        return 0;
    }
    if (s->args.conv.rounding > HBY_ROUND_RUY) {
        hby_say(HBY_UNSUPPORTED, why, "the device has no kernel for this rounding (%d)", (int)s->args.conv.rounding);
        return 0;
    }
    return 1;
}

enum hby_status hby_cl_launch_depthwise(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    const enum hby_type weights = hby_nest_stored(site, step->in[1]);
    const bool is_float = step->scheme == HBY_SCHEME_f32 || step->scheme == HBY_SCHEME_f16, cpu = site->dev->info.kind == HBY_CL_CPU;
    const int rows = cpu ? 7 : 4, lanes = hby_nest_lanes(site->dev), tiles = (p->out_w + rows - 1) / rows;
    hby_cl_define(l, "HBY_MR", rows);
    hby_cl_define(l, "HBY_SPREAD", p->depth_multiplier != 1);
    if (is_float)
        hby_cl_define(l, "HBY_HALF_WEIGHTS", weights == HBY_F16);
    else
        hby_cl_define(l, "HBY_ROUNDING", p->rounding);
    enum hby_status st = hby_cl_use(l, "depthwise.cl", "hby_depthwise");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_i32(l, tiles);
    hby_cl_arg_i32(l, (p->out_c + HBY_BLOCK - 1) / HBY_BLOCK * HBY_BLOCK);
    hby_cl_arg_tensor(l, step->in[0]);
    if ((st = hby_pack_zeros(site, l, (size_t)p->in_c)) || (st = hby_pack_depthwise(site, l)))
        return st;
    hby_cl_arg_tensor(l, step->out[0]);
    hby_nest_grid_2d(site, l, (size_t)(p->out_c + lanes - 1) / (size_t)lanes, (size_t)tiles * (size_t)p->out_h * (size_t)p->batch);
    hby_cl_arithmetic(l, step->scheme == HBY_SCHEME_f16 ? "half storage, float arithmetic" : is_float ? "float" : "8 x 8 bits -> int32");
    hby_cl_cost(l, (double)hby_tensor_count(&site->plan->graph->tensor[step->out[0]]) * p->k_h * p->k_w, hby_nest_bytes(site));
    return HBY_OK;
}
