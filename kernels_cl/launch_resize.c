/* Launch rules of RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_resize(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const size_t element = hby_type_size(out);
    const bool linear = out == hby_nest_type(s->scheme) && out != HBY_I32, nearest = element == 1 || element == 2 || element == 4 || element == 8;
    return hby_nest_takes(site, in == out && (s->args.resize.is_bilinear ? linear : nearest), why);
}

enum hby_status hby_cl_launch_resize(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_resize *p = &s->args.resize;
    if (!p->is_bilinear)
        hby_nest_define_element(site, l, (int)hby_type_size(hby_nest_stored(site, s->out[0])));
    /* few channels would leave most lanes idle, so the lanes run over a row of the output instead; the bound keeps its division exact */
    const bool narrow = p->is_bilinear && 2 * p->channels <= hby_nest_lanes(site->dev) && p->out_w < 1 << 17;
    const bool few =
        narrow && hby_nest_lanes(site->dev) == 16 && p->channels >= 3 && (s->scheme == HBY_SCHEME_f32 || (s->scheme == HBY_SCHEME_i8 && !p->blend));
    if (p->blend)
        hby_cl_define(l, "HBY_BLEND", p->blend);
    enum hby_status st = hby_cl_use(l, "resize.cl",
                                    few              ? "hby_resize_bilinear_few"
                                    : narrow         ? "hby_resize_bilinear_narrow"
                                    : p->is_bilinear ? "hby_resize_bilinear"
                                                     : "hby_resize_nearest");
    if (st)
        return st;
    const int inner = few ? p->out_w : narrow ? p->channels * p->out_w : p->channels;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->batch * p->out_h * (narrow ? 1 : p->out_w), inner, p->is_bilinear ? 8 : 1);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, !p->is_bilinear                                             ? "copy"
                         : s->scheme == HBY_SCHEME_f16                               ? "half storage, float arithmetic"
                         : s->scheme == HBY_SCHEME_f32 || s->scheme == HBY_SCHEME_u8 ? "float"
                                                                                     : "integer");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
