/* Launch rule of pool.cl. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_pool(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme);
    if (hby_nest_stored(site, s->in[0]) == own && hby_nest_stored(site, s->out[0]) == own)
        return 1;
    hby_say(HBY_UNSUPPORTED, why, "activations are stored as %s; the kernel needs %s", hby_type_name(hby_nest_stored(site, s->in[0])), hby_type_name(own));
    return 0;
}

enum hby_status hby_cl_launch_pool(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_pool *p = &s->args.pool;
    const int lanes = hby_nest_lanes(site->dev), each = site->dev->info.kind == HBY_CL_CPU ? (p->out_w < 16 ? p->out_w : 16) : 1;
    enum hby_status st = hby_cl_use(l, "pool.cl", "hby_pool");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_i32(l, each);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    const size_t lines = (size_t)p->batch * (size_t)p->out_h * (size_t)((p->out_w + each - 1) / each);
    hby_nest_grid_2d(site, l, (size_t)((p->channels + lanes - 1) / lanes), lines);
    const bool is_float = s->scheme == HBY_SCHEME_f32 || s->scheme == HBY_SCHEME_f16;
    hby_cl_arithmetic(l, s->scheme == HBY_SCHEME_f16 ? "half storage, float arithmetic" : is_float ? "float" : "integer");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
