/* Launch rules of the loop nests one_hot, embedding, topk, update and scatter. */
#include "kernels_cl/launch_nest.h"

/* --- one_hot --- */

int hby_cl_match_one_hot(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type on = hby_nest_stored(site, s->in[1]), off = hby_nest_stored(site, s->in[2]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, on == out && off == out && (size_t)s->args.one_hot.elem_size == hby_type_size(out), why);
}

enum hby_status hby_cl_launch_one_hot(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_one_hot *p = &s->args.one_hot;
    hby_nest_define_element(site, l, p->elem_size);
    hby_cl_define(l, "HBY_INDEX", (int)hby_type_size(hby_nest_stored(site, s->in[0])));
    enum hby_status st = hby_cl_use(l, "index.cl", "hby_one_hot");
    if (st)
        return st;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->outer * p->depth, p->inner, 4);
    hby_cl_arg_args(l, p, sizeof *p);
    for (int i = 0; i < 3; i++)
        hby_cl_arg_tensor(l, s->in[i]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_grid(site, l, &cut, p->inner);
    hby_cl_arithmetic(l, "comparison");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}

/* --- embedding --- */

int hby_cl_match_embedding(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type table = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, (table == HBY_I8 || table == HBY_I4) && hby_nest_is_float(out), why);
}

enum hby_status hby_cl_launch_embedding(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_embedding *p = &s->args.embedding;
    hby_cl_define(l, "HBY_IN_TYPE", (int)hby_nest_stored(site, s->in[0]));
    hby_cl_define(l, "HBY_OUT_TYPE", (int)hby_nest_stored(site, s->out[0]));
    enum hby_status st = hby_cl_use(l, "index.cl", "hby_embedding");
    if (st)
        return st;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->n_index, p->columns, 2);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->in[1]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_const(l, s->table[0].data, s->table[0].bytes);
    hby_cl_arg_bad_data(l);
    hby_nest_grid(site, l, &cut, p->columns);
    hby_cl_arithmetic(l, "float");
    hby_cl_cost(l, 0.0, 2.0 * (double)hby_plan_bytes(site->plan, s->out[0]));
    return HBY_OK;
}

/* --- topk --- */

int hby_cl_match_topk(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, in == out && in <= HBY_I64, why);
}

enum hby_status hby_cl_launch_topk(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_topk *p = &s->args.topk;
    hby_cl_define(l, "HBY_IN_TYPE", (int)hby_nest_stored(site, s->in[0]));
    hby_cl_define(l, "HBY_INDEX", p->index_size);
    enum hby_status st = hby_cl_use(l, "topk.cl", "hby_topk");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_tensor(l, s->out[1]);
    hby_nest_grid_rows(site, l, p->rows, p->depth);
    hby_cl_arithmetic(l, "comparison");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site) * p->k);
    return HBY_OK;
}

/* --- update --- */

int hby_cl_match_update(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), update = hby_nest_stored(site, s->in[1]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, in == out && update == out && (size_t)s->args.update.elem_size == hby_type_size(out), why);
}

enum hby_status hby_cl_launch_update(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_update *p = &s->args.update;
    hby_nest_define_element(site, l, p->elem_size);
    hby_cl_define(l, "HBY_INDEX", (int)hby_type_size(hby_nest_stored(site, s->in[2])));
    enum hby_status st = hby_cl_use(l, "index.cl", "hby_update");
    if (st)
        return st;
    const int inner = p->dim[HBY_GATHER_DIMS - 1];
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->count / inner, inner, 2);
    hby_cl_arg_args(l, p, sizeof *p);
    for (int i = 0; i < 3; i++)
        hby_cl_arg_tensor(l, s->in[i]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, "copy");
    hby_cl_cost(l, 0.0, 2.0 * (double)hby_plan_bytes(site->plan, s->out[0]));
    return HBY_OK;
}

/* --- scatter --- */

int hby_cl_match_scatter(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type update = hby_nest_stored(site, s->in[1]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, update == out && out <= HBY_BOOL, why);
}

enum hby_status hby_cl_launch_scatter(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_scatter *p = &s->args.scatter;
    const enum hby_type type = hby_nest_stored(site, s->out[0]);
    hby_cl_define(l, "HBY_IN_TYPE", (int)type);
    enum hby_status st = hby_cl_use(l, "scatter.cl", "hby_scatter");
    if (st)
        return st;
    const int chunk = site->dev->info.kind == HBY_CL_CPU ? 64 : 1;
    hby_cl_arg_args(l, p, sizeof *p);
    for (int i = 0; i < 2; i++)
        hby_cl_arg_tensor(l, s->in[i]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_bad_data(l);
    hby_cl_arg_i32(l, chunk);
    hby_nest_grid_2d(site, l, ((size_t)p->slice + (size_t)chunk - 1) / (size_t)chunk, 1);
    hby_cl_arithmetic(l, hby_nest_arithmetic(type));
    hby_cl_cost(l, 0.0, (double)hby_plan_bytes(site->plan, s->out[0]) + 2.0 * (double)hby_plan_bytes(site->plan, s->in[1]));
    return HBY_OK;
}
