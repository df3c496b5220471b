/* Launch rule of pool.cl. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_pool(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme);
    return hby_nest_takes(site, hby_nest_stored(site, s->in[0]) == own && hby_nest_stored(site, s->out[0]) == own, why);
}

enum hby_status hby_cl_launch_pool(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_pool *p = &s->args.pool;
    const int lanes = hby_nest_lanes(site->dev), each = site->dev->info.kind == HBY_CL_CPU ? (p->out_w < 16 ? p->out_w : 16) : 1;
    hby_nest_define_whole(site, l, p->channels);
    enum hby_status st = hby_cl_use(l, "pool.cl", "hby_pool");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_i32(l, each);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    const size_t lines = (size_t)p->batch * (size_t)p->out_h * (size_t)((p->out_w + each - 1) / each);
    hby_nest_grid_2d(site, l, (size_t)((p->channels + lanes - 1) / lanes), lines);
    hby_cl_arithmetic(l, hby_nest_arithmetic(hby_nest_type(s->scheme)));
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
