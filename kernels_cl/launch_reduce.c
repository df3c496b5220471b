/* Launch rule of MEAN and the other reductions. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_mean(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme), in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const bool wide = own == HBY_I32 && s->args.mean.fn == HBY_REDUCE_MEAN; /* int32 is averaged in 64 bits */
    return hby_nest_takes(site, in == own && out == own && !wide, why);
}

enum hby_status hby_cl_launch_mean(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_mean *p = &s->args.mean;
    const int inner = p->keep_dim[HBY_REDUCE_RANK - 1], run = p->reduce_dim[HBY_REDUCE_RANK - 1], lanes = hby_nest_lanes(site->dev);
    const bool columns = inner > 1 && p->keep_stride[HBY_REDUCE_RANK - 1] == 1;
    if (p->fn != HBY_REDUCE_MEAN)
        hby_cl_define(l, "HBY_REDUCE_FN", p->fn);
    if (columns)
        hby_nest_define_whole(
            site, l, inner | hby_nest_unit(p->keep_dim, p->keep_stride, HBY_REDUCE_RANK - 1) | hby_nest_unit(p->reduce_dim, p->reduce_stride, HBY_REDUCE_RANK));
    enum hby_status st = hby_cl_use(l, p->fn == HBY_REDUCE_MEAN ? hby_nest_program : "mean.cl", columns ? "hby_mean_columns" : "hby_mean_rows");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    if (columns)
        hby_nest_grid_2d(site, l, (size_t)((inner + lanes - 1) / lanes), (size_t)(p->n_out / inner));
    else if (hby_nest_is_float(hby_nest_type(s->scheme)))
        hby_nest_grid_2d(site, l, (size_t)p->n_out, 1);
    else
        hby_nest_grid_rows(site, l, p->n_out, run);
    hby_cl_arithmetic(l, hby_nest_arithmetic(hby_nest_type(s->scheme)));
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
