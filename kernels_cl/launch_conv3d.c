/* Launch rule of conv3d.cl. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_conv3d(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme), w = hby_nest_stored(site, s->in[1]);
    const bool bias_ok = s->n_in < 3 || s->in[2] < 0 || hby_nest_stored(site, s->in[2]) == HBY_F32;
    const bool weights_ok = hby_nest_is_float(w) && hby_tensor_count(&site->plan->graph->tensor[s->in[1]]) <= 1 << 30;
    return hby_nest_takes(site, hby_nest_stored(site, s->in[0]) == own && hby_nest_stored(site, s->out[0]) == own && weights_ok && bias_ok, why);
}

enum hby_status hby_cl_launch_conv3d(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_conv3d *p = &s->args.conv3d;
    const int lanes = hby_nest_lanes(site->dev), bias = s->n_in > 2 ? s->in[2] : -1;
    const size_t places = (size_t)p->batch * (size_t)p->out[0] * (size_t)p->out[1] * (size_t)p->out[2];
    hby_cl_define(l, "HBY_WEIGHT_TYPE", (int)hby_nest_stored(site, s->in[1]));
    hby_cl_define(l, "HBY_SEPARATE", hby_nest_rounds_apart(site));
    enum hby_status st = hby_cl_use(l, "conv3d.cl", "hby_conv3d");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->in[1]);
    hby_cl_arg_tensor(l, bias);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_i32(l, bias >= 0);
    hby_nest_grid_2d(site, l, (size_t)((p->out_c + lanes - 1) / lanes), places);
    hby_cl_arithmetic(l, hby_nest_arithmetic(hby_nest_type(s->scheme)));
    hby_cl_cost(l, (double)places * p->out_c * p->k[0] * p->k[1] * p->k[2] * p->in_c, hby_nest_bytes(site));
    return HBY_OK;
}
