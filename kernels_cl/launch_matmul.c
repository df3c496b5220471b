/* Launch rule of products of two tensors. */
#include "kernels_cl/launch_nest.h"

enum { ROWS = 4 /* HBY_ROWS */ };

int hby_cl_match_matmul(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme), a = hby_nest_stored(site, s->in[0]), b = hby_nest_stored(site, s->in[1]),
                        out = hby_nest_stored(site, s->out[0]);
    const bool pair = b == own || (hby_nest_is_float(b) && hby_nest_is_float(own)) || (own == HBY_I16 && b == HBY_I8);
    return hby_nest_takes(site, a == own && out == own && pair, why);
}

enum hby_status hby_cl_launch_matmul(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_matmul *p = &s->args.matmul;
    const enum hby_type own = hby_nest_type(s->scheme), b = hby_nest_stored(site, s->in[1]);
    if (b != own)
        hby_cl_define(l, "HBY_B_TYPE", (int)b);
    enum hby_status st = hby_cl_use(l, "matmul.cl", "hby_matmul");
    if (st)
        return st;
    const int lanes = hby_nest_lanes(site->dev), row_tiles = (p->m + ROWS - 1) / ROWS;
    const size_t batches = (size_t)p->batch[0] * (size_t)p->batch[1] * (size_t)p->batch[2];
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->in[1]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_i32(l, row_tiles);
    hby_nest_grid_2d(site, l, ((size_t)p->n + (size_t)lanes - 1) / (size_t)lanes, (size_t)row_tiles * batches);
    hby_cl_arithmetic(l, own == HBY_I16 ? "int16 x int16 -> int64" : own == HBY_I8 ? "int8 x int8 -> int32" : hby_nest_arithmetic(own));
    hby_cl_cost(l, (double)batches * p->m * p->n * p->k, hby_nest_bytes(site) + (double)hby_plan_bytes(site->plan, s->in[1]));
    return HBY_OK;
}
