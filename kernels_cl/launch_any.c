/* Launch rules of the loop nests over single elements of any type: cast, pairs, select. */
#include "kernels_cl/launch_nest.h"

static bool is_number(enum hby_type type)
{
    return type <= HBY_BOOL;
}

/* --- cast --- */

int hby_cl_match_cast(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const int fn = s->args.unary.fn;
    return hby_nest_takes(site, (fn == HBY_FN_CAST && is_number(in) && is_number(out)) || (fn == HBY_FN_NEG && in == HBY_I64 && out == HBY_I64), why);
}

enum hby_status hby_cl_launch_cast(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_unary *p = &s->args.unary;
    hby_cl_define(l, "HBY_FN", p->fn);
    hby_cl_define(l, "HBY_IN_TYPE", (int)hby_nest_stored(site, s->in[0]));
    hby_cl_define(l, "HBY_OUT_TYPE", (int)hby_nest_stored(site, s->out[0]));
    enum hby_status st = hby_cl_use(l, "cast.cl", "hby_cast");
    if (st)
        return st;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, 1, p->count, 4);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_i32(l, cut.chunk);
    hby_nest_grid_2d(site, l, ((size_t)p->count + (size_t)cut.chunk - 1) / (size_t)cut.chunk, 1);
    hby_cl_arithmetic(l, "conversion");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}

/* --- pairs --- */

/* Are there operands that the reference fails on? As HBY_IS_BAD of pairs.cl. */
static bool may_fail(int fn, enum hby_type type)
{
    return fn == HBY_FN_FLOOR_DIV || (!hby_nest_is_float(type) && (fn == HBY_FN_FLOOR_MOD || fn == HBY_FN_POW));
}

int hby_cl_match_pairs(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type a = hby_nest_stored(site, s->in[0]), b = hby_nest_stored(site, s->in[1]), out = hby_nest_stored(site, s->out[0]);
    const int fn = s->args.binary.fn;
    const bool wide = fn <= HBY_FN_MUL ? a == HBY_I64 : (fn == HBY_FN_MAXIMUM || fn == HBY_FN_MINIMUM) && (a == HBY_I64 || a == HBY_BOOL);
    const bool alike = a == b || (hby_nest_is_float(a) && hby_nest_is_float(b));
    return hby_nest_takes(site, (fn >= HBY_FN_EQUAL || wide) && is_number(out) && is_number(a) && alike, why);
}

enum hby_status hby_cl_launch_pairs(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_binary *p = &s->args.binary;
    const enum hby_type a = hby_nest_stored(site, s->in[0]);
    hby_cl_define(l, "HBY_PAIR_FN", p->fn);
    hby_cl_define(l, "HBY_A_TYPE", (int)a);
    hby_cl_define(l, "HBY_B_TYPE", (int)hby_nest_stored(site, s->in[1]));
    hby_cl_define(l, "HBY_OUT_TYPE", (int)hby_nest_stored(site, s->out[0]));
    enum hby_status st = hby_cl_use(l, "pairs.cl", "hby_pairs");
    if (st)
        return st;
    const int inner = p->dim[HBY_BINARY_RANK - 1];
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->count / inner, inner, 8);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->in[1]);
    hby_cl_arg_tensor(l, s->out[0]);
    if (may_fail(p->fn, a))
        hby_cl_arg_bad_data(l);
    else
        hby_cl_arg_tensor(l, -1);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, hby_nest_arithmetic(a));
    hby_cl_cost(l, 0.0, hby_nest_bytes(site) + (double)hby_plan_bytes(site->plan, s->in[1]));
    return HBY_OK;
}

/* --- select --- */

int hby_cl_match_select(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type a = hby_nest_stored(site, s->in[1]), b = hby_nest_stored(site, s->in[2]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, a == out && b == out && (size_t)s->args.select.elem_size == hby_type_size(out), why);
}

enum hby_status hby_cl_launch_select(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_select *p = &s->args.select;
    hby_nest_define_element(site, l, p->elem_size);
    enum hby_status st = hby_cl_use(l, "select.cl", "hby_select");
    if (st)
        return st;
    const int inner = p->dim[HBY_BINARY_RANK - 1];
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->count / inner, inner, 4);
    hby_cl_arg_args(l, p, sizeof *p);
    for (int i = 0; i < 3; i++)
        hby_cl_arg_tensor(l, s->in[i]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, "copy");
    hby_cl_cost(l, 0.0, 3.0 * (double)hby_plan_bytes(site->plan, s->out[0]));
    return HBY_OK;
}
