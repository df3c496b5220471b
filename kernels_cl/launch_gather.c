/* Launch rule of GATHER and GATHER_ND. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_gather(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, hby_type_size(in) == hby_type_size(out) && (size_t)s->args.gather.elem_size == hby_type_size(out), why);
}

enum hby_status hby_cl_launch_gather(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_gather *p = &s->args.gather;
    hby_nest_define_element(site, l, p->elem_size);
    hby_cl_define(l, "HBY_INDEX", (int)hby_type_size(hby_nest_stored(site, s->in[1])));
    enum hby_status st = hby_cl_use(l, "gather.cl", "hby_gather");
    if (st)
        return st;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->batch * p->outer * p->n_index, p->inner, 1);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->in[1]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_bad_data(l);
    hby_nest_grid(site, l, &cut, p->inner);
    hby_cl_arithmetic(l, "copy");
    hby_cl_cost(l, 0.0, 2.0 * (double)hby_plan_bytes(site->plan, s->out[0]));
    return HBY_OK;
}
