/* Launch rules of the tiled convolutions: CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED on conv_i8.cl and conv_f.cl. */
#include <float.h>

#include "kernels_cl/launch_sum.h"
#include "kernels_cl/launch_tiles.h"
#include "kernels_cl/pack.h"

int hby_cl_match_conv_i8(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    if (s->op == HBY_OP_depthwise_conv_2d || !hby_conv_fits(site, why))
        return 0;
    if (s->args.conv.rounding > HBY_ROUND_FLOAT) {
        hby_say(HBY_UNSUPPORTED, why, "the device has no kernel for this rounding (%d)", (int)s->args.conv.rounding);
        return 0;
    }
    return 1;
}

int hby_cl_match_conv_i8_add(const struct hby_cl_site *site, struct hby_reason *why)
{
    return hby_sum_follows(site) && hby_cl_match_conv_i8(site, why) ? 2 : 0;
}

int hby_cl_match_conv_f_add(const struct hby_cl_site *site, struct hby_reason *why)
{
    return hby_sum_follows(site) && hby_cl_match_conv_f(site, why) ? 2 : 0;
}

int hby_cl_match_conv_f(const struct hby_cl_site *site, struct hby_reason *why)
{
    return site->step->op != HBY_OP_depthwise_conv_2d && hby_conv_fits(site, why);
}

/* What both kinds define; then the program. */
static enum hby_status use(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_part *part, const char *file, const char *entry)
{
    hby_cl_define(l, "HBY_MR", part->tile.rows);
    hby_cl_define(l, "HBY_NR", part->tile.vectors);
    hby_cl_define(l, "HBY_GATHER", hby_conv_gathers(site) ? HBY_CONV_GATHER : 0);
    hby_cl_define(l, "HBY_TRANSPOSED", site->step->op == HBY_OP_transpose_conv);
    return hby_cl_use(l, file, entry);
}

static enum hby_status launch_i8(const struct hby_cl_site *site, struct hby_cl_launch *l, bool fused)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    const struct hby_conv_shape s = hby_conv_shape_of(step, hby_conv_gathers(site));
    const size_t weight_bytes = (size_t)p->out_c * (size_t)s.taps * (size_t)s.group_in;
    const struct hby_sum_site sum = hby_sum_site_of(site, fused);
    const int w_zp = p->w_zp - (site->plan->graph->tensor[step->in[1]].type == HBY_U8 ? 128 : 0);
    struct hby_conv_part part[2];
    const int n = hby_conv_split(site, l, &s, hby_conv_rows(step), HBY_PRODUCT_BYTES, part);
    for (int i = 0; i < n; i++) {
        struct hby_conv_tiles t = hby_conv_tiles_of(site, &s, &part[i], weight_bytes);
        hby_cl_define(l, "HBY_ROUNDING", p->rounding);
        hby_cl_define(l, "HBY_NARROW", hby_pack_is_narrow(site->plan, step, (int64_t)s.taps * s.group_in));
        hby_cl_define(l, "HBY_ROW_SUM", w_zp != 0);
        hby_cl_define(l, "HBY_ALIGNED", p->in_c % 4 == 0 && p->group_c % 4 == 0 && !hby_conv_gathers(site));
        hby_nest_define_whole(site, l, s.group_out | p->out_c);
        enum hby_status st = use(site, l, &part[i], "conv_i8.cl", "hby_conv_i8");
        if (st)
            return st;
        hby_cl_arg_args(l, p, sizeof *p);
        hby_cl_arg_args(l, &t, sizeof t);
        hby_cl_arg_args(l, &sum.args, sizeof sum.args);
        hby_cl_arg_i32(l, w_zp);
        hby_cl_arg_tensor(l, step->in[0]);
        if ((st = hby_pack_zeros(site, l, (size_t)(p->in_c * p->k_w))) || (st = hby_pack_conv_i8(site, l, &s, hby_cl_act_bias(site->dev, step->scheme))))
            return st;
        hby_cl_arg_tensor(l, sum.other);
        hby_cl_arg_tensor(l, sum.out);
        hby_conv_grid(site, l, &part[i], &t, s.groups);
    }
    hby_cl_arithmetic(l, step->scheme == HBY_SCHEME_u8 ? "uint8 x uint8 -> int32" : "int8 x int8 -> int32");
    hby_conv_cost(site, l, &s, weight_bytes);
    return HBY_OK;
}

enum hby_status hby_cl_launch_conv_i8(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch_i8(site, l, false);
}

enum hby_status hby_cl_launch_conv_i8_add(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch_i8(site, l, true);
}

/* Half products where they pay, and where the sums are long and many enough that their rounding stays far below that of the half result (tests/check.h has the
 * bound, in fractions of the largest result): few results may all be small by cancellation, and clamped ones are all small, and then it would show. */
static bool multiplies_in_half(const struct hby_cl_site *site, const struct hby_conv_shape *s)
{
    const struct hby_step *step = site->step;
    return step->scheme == HBY_SCHEME_f16 && hby_nest_stored(site, step->in[1]) == HBY_F16 && site->dev->info.half_math != HBY_HALF_MATH_NONE &&
           step->args.conv.f_max >= FLT_MAX && (int64_t)s->taps * s->group_in >= 64 && hby_tensor_count(&site->plan->graph->tensor[step->out[0]]) >= 1024;
}

static enum hby_status launch_f(const struct hby_cl_site *site, struct hby_cl_launch *l, bool fused)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    struct hby_conv_shape s = hby_conv_shape_of(step, hby_conv_gathers(site));
    if (hby_conv_gathers(site)) { /* the lines of a window follow each other without gaps */
        s.group_in *= s.taps;
        s.taps = 1;
    }
    const struct hby_sum_site sum = hby_sum_site_of(site, fused);
    const int weights = hby_weight_kind(site);
    const size_t weight_bytes = (size_t)((double)p->out_c * s.taps * s.group_in * hby_weight_bytes(site));
    const bool in_half = multiplies_in_half(site, &s);
    struct hby_conv_part part[2];
    const int n = hby_conv_split(site, l, &s, hby_conv_rows(step), HBY_PRODUCT_FLOATS, part);
    for (int i = 0; i < n; i++) {
        struct hby_conv_tiles t = hby_conv_tiles_of(site, &s, &part[i], weight_bytes);
        hby_cl_define(l, "HBY_WEIGHT_KIND", weights);
        hby_cl_define(l, "HBY_WEIGHT_ZERO", hby_weight_has_zero(step));
        hby_cl_define(l, "HBY_SEPARATE", hby_nest_rounds_apart(site));
        hby_cl_define(l, "HBY_HALF_MATH", in_half ? (int)site->dev->info.half_math : HBY_HALF_MATH_NONE);
        hby_nest_define_whole(site, l, s.group_out | p->out_c);
        if (site->dev->info.kind != HBY_CL_CPU && (p->in_c | p->group_c) % 4 == 0)
            hby_cl_define(l, "HBY_ALIGNED", 1);
        enum hby_status st = use(site, l, &part[i], "conv_f.cl", "hby_conv_f");
        if (st)
            return st;
        hby_cl_arg_args(l, p, sizeof *p);
        hby_cl_arg_args(l, &t, sizeof t);
        hby_cl_arg_args(l, &sum.args, sizeof sum.args);
        hby_cl_arg_tensor(l, step->in[0]);
        if ((st = hby_pack_zeros(site, l, (size_t)(p->in_c * p->k_w))) || (st = hby_pack_conv_f(site, l, &s)))
            return st;
        hby_cl_arg_tensor(l, sum.other);
        hby_cl_arg_tensor(l, sum.out);
        hby_conv_grid(site, l, &part[i], &t, s.groups);
    }
    hby_cl_arithmetic(l, in_half ? "half, sums in float" : hby_weight_arithmetic(site));
    hby_conv_cost(site, l, &s, weight_bytes);
    return HBY_OK;
}

enum hby_status hby_cl_launch_conv_f(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch_f(site, l, false);
}

enum hby_status hby_cl_launch_conv_f_add(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch_f(site, l, true);
}
