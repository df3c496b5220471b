/* Launch rule of the 16x8 tiles: conv_i16.cl. */
#include "kernels_cl/launch_sum.h"
#include "kernels_cl/launch_tiles.h"
#include "kernels_cl/pack.h"

int hby_cl_match_conv_i16(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    if (s->op == HBY_OP_depthwise_conv_2d || !hby_conv_fits(site, why))
        return 0;
    if (s->args.conv.rounding == HBY_ROUND_EXACT && !site->dev->info.has_fp64) {
        hby_say(HBY_UNSUPPORTED, why, "this layer is rescaled in double, which the device does not have");
        return 0;
    }
    return hby_pack_is_wide_i16(site) == (s->args.conv.rounding == HBY_ROUND_WIDE16) || s->args.conv.rounding == HBY_ROUND_EXACT;
}

int hby_cl_match_conv_i16_add(const struct hby_cl_site *site, struct hby_reason *why)
{
    return hby_sum_follows(site) && hby_cl_match_conv_i16(site, why) ? 2 : 0;
}

static enum hby_status launch_i16(const struct hby_cl_site *site, struct hby_cl_launch *l, bool fused)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    const bool gathers = hby_conv_gathers(site), wide = hby_pack_is_wide_i16(site);
    const struct hby_conv_shape s = hby_conv_shape_of(step, gathers);
    const size_t weight_bytes = (size_t)p->out_c * (size_t)s.taps * (size_t)s.group_in * 2;
    const struct hby_sum_site sum = hby_sum_site_of(site, fused);
    struct hby_conv_part part[2];
    const int n = hby_conv_split(site, l, &s, hby_conv_rows(step), HBY_PRODUCT_PAIRS, part);
    for (int i = 0; i < n; i++) {
        struct hby_conv_tiles t = hby_conv_tiles_of(site, &s, &part[i], weight_bytes);
        hby_cl_define(l, "HBY_MR", part[i].tile.rows);
        hby_cl_define(l, "HBY_NR", part[i].tile.vectors);
        hby_cl_define(l, "HBY_GATHER", gathers ? HBY_CONV_GATHER : 0);
        hby_cl_define(l, "HBY_TRANSPOSED", step->op == HBY_OP_transpose_conv);
        hby_cl_define(l, "HBY_ROUNDING", p->rounding);
        hby_cl_define(l, "HBY_WIDE", wide);
        hby_cl_define(l, "HBY_ALIGNED", p->in_c % 2 == 0 && p->group_c % 2 == 0 && !gathers);
        hby_nest_define_whole(site, l, s.group_out | p->out_c);
        enum hby_status st = hby_cl_use(l, "conv_i16.cl", "hby_conv_i16");
        if (st)
            return st;
        hby_cl_arg_args(l, p, sizeof *p);
        hby_cl_arg_args(l, &t, sizeof t);
        hby_cl_arg_args(l, &sum.args, sizeof sum.args);
        hby_cl_arg_i32(l, hby_pack_pairs_i16(site, l));
        hby_cl_arg_tensor(l, step->in[0]);
        if ((st = hby_pack_zeros(site, l, (size_t)(p->in_c * p->k_w))) || (st = hby_pack_conv_i16(site, l, &s, wide)))
            return st;
        hby_cl_arg_tensor(l, sum.other);
        hby_cl_arg_tensor(l, sum.out);
        hby_conv_grid(site, l, &part[i], &t, s.groups);
    }
    hby_cl_arithmetic(l, wide ? "int16 x int8 -> int64" : "int16 x int8 -> int32");
    hby_conv_cost(site, l, &s, weight_bytes);
    return HBY_OK;
}

enum hby_status hby_cl_launch_conv_i16(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch_i16(site, l, false);
}

enum hby_status hby_cl_launch_conv_i16_add(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch_i16(site, l, true);
}
