/* Launch rule of depthwise.cl. */
#include "kernels_cl/launch_nest.h"
#include "kernels_cl/pack.h"

int hby_cl_match_depthwise(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme);
    if (s->op != HBY_OP_depthwise_conv_2d || hby_nest_stored(site, s->in[0]) != own || hby_nest_stored(site, s->out[0]) != own)
        return 0;
    if (!site->plan->graph->tensor[s->in[1]].data) {
        hby_say(HBY_UNSUPPORTED, why, "the weights are not a constant");
        return 0;
    }
    const bool wide =
        s->scheme == HBY_SCHEME_i16 && s->args.conv.rounding == HBY_ROUND_WIDE16 && s->args.conv.k_h * s->args.conv.k_w <= 511; /* sums of 32 bits */
    if (s->scheme == HBY_SCHEME_i16 ? !wide : s->args.conv.rounding > HBY_ROUND_FLOAT) {
        hby_say(HBY_UNSUPPORTED, why, "the device has no kernel for this rounding (%d)", (int)s->args.conv.rounding);
        return 0;
    }
    return 1;
}

/* What one work-item takes, and how many there are. */
struct cut {
    int tiles_each, vectors_each;
    size_t across, along; /* channels, tiles */
};

enum {
    LINE_BYTES = 64,
    NEAR_BYTES = 24 * 1024
}; /* of a cache line; of the input that a work-item goes over once per vector: it should stay in the first cache */

static struct cut cut_of(const struct hby_cl_site *site, int tiles_per_line, int lanes)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const int lines = p->out_h * p->batch, vectors = (p->out_c + lanes - 1) / lanes;
    if (site->dev->info.kind != HBY_CL_CPU)
        return (struct cut){1, 1, (size_t)vectors, (size_t)tiles_per_line * (size_t)lines};
    struct cut c;
    const int each = LINE_BYTES / (lanes * (int)hby_type_size(hby_nest_type(site->step->scheme)));
    c.vectors_each = each < 1 ? 1 : each < vectors ? each : vectors;
    c.across = (size_t)((vectors + c.vectors_each - 1) / c.vectors_each);
    const int units = site->dev->info.compute_units > 0 ? site->dev->info.compute_units : 1;
    int many = (NEAR_BYTES / LINE_BYTES / (p->in_w > 0 ? p->in_w : 1) - p->k_h) / p->stride_h + 1; /* lines of output from so much input */
    const int64_t share = (int64_t)c.across * lines / (12 * units);                                /* twelve work-items for each core */
    many = many > share ? (int)share : many;
    many = many < 1 ? 1 : many;
    c.tiles_each = many * tiles_per_line;
    c.along = (size_t)((lines + many - 1) / many);
    return c;
}

enum hby_status hby_cl_launch_depthwise(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    const bool is_float = step->scheme == HBY_SCHEME_f32 || step->scheme == HBY_SCHEME_f16, cpu = site->dev->info.kind == HBY_CL_CPU;
    const int rows = cpu ? 7 : p->k_h * p->k_w > 9 ? 2 : 4; /* GPU: with the weights of all taps, what registers hold */
    const int lanes = hby_nest_lanes(site->dev), tiles = (p->out_w + rows - 1) / rows;
    const bool plain = p->dilation_w == 1 && p->k_h <= 5 && p->k_w <= 5 && p->stride_w <= 2 && (p->k_w >= 3 || p->k_w == p->stride_w);
    const struct cut cut = cut_of(site, tiles, lanes);
    hby_cl_define(l, "HBY_MR", rows);
    hby_cl_define(l, "HBY_KW", plain ? p->k_w : 0);
    if (plain) {
        hby_cl_define(l, "HBY_KH", p->k_h);
        hby_cl_define(l, "HBY_SW", p->stride_w);
    }
    hby_cl_define(l, "HBY_SPREAD", p->depth_multiplier != 1);
    if (is_float) {
        hby_cl_define(l, "HBY_WEIGHT_KIND", hby_weight_kind(site));
        hby_cl_define(l, "HBY_SEPARATE", hby_nest_rounds_apart(site));
    } else {
        hby_cl_define(l, "HBY_ROUNDING", p->rounding);
        hby_cl_define(l, "HBY_NARROW", step->scheme != HBY_SCHEME_i16 && hby_pack_is_narrow(site->plan, step, (int64_t)p->k_h * p->k_w));
    }
    hby_nest_define_whole(site, l, p->depth_multiplier == 1 ? p->in_c : 1);
    enum hby_status st = hby_cl_use(l, "depthwise.cl", "hby_depthwise");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_i32(l, tiles);
    hby_cl_arg_i32(l, cut.tiles_each);
    hby_cl_arg_i32(l, cut.vectors_each);
    hby_cl_arg_i32(l, (p->out_c + HBY_BLOCK - 1) / HBY_BLOCK * HBY_BLOCK);
    hby_cl_arg_tensor(l, step->in[0]);
    if ((st = hby_pack_zeros(site, l, (size_t)p->in_c)) || (st = hby_pack_depthwise(site, l)))
        return st;
    hby_cl_arg_tensor(l, step->out[0]);
    hby_nest_grid_2d(site, l, cut.across, cut.along);
    hby_cl_arithmetic(l, is_float ? hby_weight_arithmetic(site) : step->scheme == HBY_SCHEME_i16 ? "int16 x int8 -> int64" : "8 x 8 bits -> int32");
    hby_cl_cost(l, (double)hby_tensor_count(&site->plan->graph->tensor[step->out[0]]) * p->k_h * p->k_w, hby_nest_bytes(site));
    return HBY_OK;
}
