/* Launch rules of the loop nests that move elements without computing: move, pad. */
#include "kernels_cl/launch_nest.h"

static bool is_element(int bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/* --- move --- */

int hby_cl_match_move(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_args_move *p = &site->step->args.move;
    if (is_element(p->elem_size))
        return 1;
    hby_say(HBY_UNSUPPORTED, why, "the device has no copy of elements of %d bytes", (int)p->elem_size);
    return 0;
}

enum hby_status hby_cl_launch_move(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_move *p = &s->args.move;
    hby_nest_define_element(site, l, p->elem_size);
    enum hby_status st = hby_cl_use(l, hby_nest_program, "hby_move");
    if (st)
        return st;
    const int inner = p->dim[HBY_MOVE_RANK - 1];
    const bool is_run = p->in_stride[HBY_MOVE_RANK - 1] == 1 && p->out_stride[HBY_MOVE_RANK - 1] == 1;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->count / inner, inner, is_run ? 1 : 8);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, "copy");
    hby_cl_cost(l, 0.0, 2.0 * p->count * p->elem_size);
    return HBY_OK;
}

/* --- pad --- */

int hby_cl_match_pad(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_args_pad *p = &site->step->args.pad;
    if (is_element(p->elem_size))
        return 1;
    hby_say(HBY_UNSUPPORTED, why, "the device has no copy of elements of %d bytes", (int)p->elem_size);
    return 0;
}

enum hby_status hby_cl_launch_pad(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_pad *p = &s->args.pad;
    hby_nest_define_element(site, l, p->elem_size);
    enum hby_status st = hby_cl_use(l, hby_nest_program, "hby_pad");
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
