/* Launch rule of ARG_MAX and ARG_MIN. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_arg(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme), in = hby_nest_stored(site, s->in[0]);
    return hby_nest_takes(site, in == own, why);
}

enum hby_status hby_cl_launch_arg(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_arg *p = &s->args.arg;
    hby_cl_define(l, "HBY_WIDE_OUT", p->wide_out);
    enum hby_status st = hby_cl_use(l, "arg.cl", "hby_arg");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    const int count = p->outer * p->inner, each = hby_nest_cut(site->dev, count, p->length, 2).rows_each;
    hby_cl_arg_i32(l, each);
    hby_nest_grid_2d(site, l, ((size_t)count + (size_t)each - 1) / (size_t)each, 1);
    hby_cl_arithmetic(l, "comparison");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
