/* Launch rules of the loop nests that move elements without computing: move, pad. */
#include "kernels_cl/launch_nest.h"

static bool is_element(int bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/* --- move --- */

int hby_cl_match_move(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const struct hby_args_move *p = &s->args.move;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const bool same_size = hby_type_size(in) == hby_type_size(out) && is_element(p->elem_size) && (size_t)p->elem_size == hby_type_size(out) &&
                           (!p->has_table || p->elem_size == 1);
    return hby_nest_takes(site, same_size || (hby_nest_is_float(in) && hby_nest_is_float(out) && hby_nest_is_float(hby_nest_type(s->scheme))), why);
}

enum hby_status hby_cl_launch_move(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_move *p = &s->args.move;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const bool convert = hby_type_size(in) != hby_type_size(out);
    if (convert) {
        hby_cl_define(l, "HBY_MOVE_IN", (int)in);
        hby_cl_define(l, "HBY_MOVE_OUT", (int)out);
    } else {
        hby_nest_define_element(site, l, p->elem_size);
    }
    enum hby_status st = hby_cl_use(l, hby_nest_program, convert ? "hby_move_convert" : p->has_table ? "hby_move_table" : "hby_move");
    if (st)
        return st;
    const int inner = p->dim[HBY_MOVE_RANK - 1];
    const bool is_run = p->in_stride[HBY_MOVE_RANK - 1] == 1 && p->out_stride[HBY_MOVE_RANK - 1] == 1 && !convert && !p->has_table;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->count / inner, inner, is_run ? 1 : 8);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    if (p->has_table)
        hby_cl_arg_const(l, s->table[0].data, s->table[0].bytes);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, "copy");
    hby_cl_cost(l, 0.0, 2.0 * p->count * p->elem_size);
    return HBY_OK;
}

/* --- pad --- */

int hby_cl_match_pad(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const struct hby_args_pad *p = &s->args.pad;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    return hby_nest_takes(site, is_element(p->elem_size) && (size_t)p->elem_size == hby_type_size(in) && hby_type_size(in) == hby_type_size(out), why);
}

/* Joins each dimension that is not padded to the one outside it, so that rows are long: [h, w, c] padded in h and w is [h, w * c]. */
static struct hby_args_pad joined(const struct hby_args_pad *from)
{
    struct hby_args_pad p = *from;
    int to = HBY_MOVE_RANK - 1;
    for (int d = HBY_MOVE_RANK - 2; d >= 0; d--) {
        bool whole = p.before[to] == 0 && p.in_dim[to] == p.dim[to];
        if (p.mirror) /* a mirror turns single elements of a dimension round, not rows of them */
            whole = whole && from->before[d] == 0 && from->in_dim[d] == from->dim[d];
        if (!whole)
            to--;
        const hby_i32 inner = whole ? p.dim[to] : 1;
        p.dim[to] = from->dim[d] * inner;
        p.in_dim[to] = from->in_dim[d] * inner;
        p.before[to] = from->before[d] * inner;
    }
    while (to-- > 0) {
        p.dim[to] = p.in_dim[to] = 1;
        p.before[to] = 0;
    }
    return p;
}

enum hby_status hby_cl_launch_pad(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_pad args = joined(&s->args.pad), *p = &args;
    hby_nest_define_element(site, l, p->elem_size);
    enum hby_status st = hby_cl_use(l, hby_nest_program, p->mirror ? "hby_pad_mirror" : "hby_pad");
    if (st)
        return st;
    const int inner = p->dim[HBY_MOVE_RANK - 1];
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->count / inner, inner, 1);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, "copy");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
