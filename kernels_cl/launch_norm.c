/* Launch rules of the loop nests norm and cumsum. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_norm(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme), in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, in == own && out == own, why);
}

enum hby_status hby_cl_launch_norm(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_norm *p = &s->args.norm;
    hby_cl_define(l, "HBY_NORM_FN", p->fn);
    enum hby_status st = hby_cl_use(l, "norm.cl", "hby_norm");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_arg_table(l, s, 0);
    hby_nest_arg_table(l, s, 1);
    hby_nest_grid_rows(site, l, p->rows, p->depth);
    hby_cl_arithmetic(l, hby_nest_arithmetic(hby_nest_type(s->scheme)));
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}

int hby_cl_match_cumsum(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, in == out && in <= HBY_I64, why);
}

enum hby_status hby_cl_launch_cumsum(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_cumsum *p = &s->args.cumsum;
    const enum hby_type type = hby_nest_stored(site, s->in[0]);
    hby_cl_define(l, "HBY_IN_TYPE", (int)type);
    enum hby_status st = hby_cl_use(l, "cumsum.cl", "hby_cumsum");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_grid_2d(site, l, (size_t)p->outer * (size_t)p->inner, 1);
    hby_cl_arithmetic(l, hby_nest_arithmetic(type));
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
