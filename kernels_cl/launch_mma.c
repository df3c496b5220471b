/* Launch rule of conv_mma.cl: convolutions and FULLY_CONNECTED on a GPU's matrix units. */
#include "kernels_cl/launch_hybrid.h"
#include "kernels_cl/launch_sum.h"
#include "kernels_cl/launch_tiles.h"
#include "kernels_cl/pack_mma.h"

/* How a work-group shares a tile (conv_mma.cl), largest first. None of it has been measured on a GPU: large tiles read less, small ones fill more of a large
 * device. */
static const struct cut {
    int warps_m, warps_n, warps_k, tiles_m, tiles_n;
} cuts[] = {
    {2, 2, 1, 4, 4}, /* 128 x 64 */
    {2, 2, 1, 2, 4}, /* 64 x 64 */
    {2, 1, 2, 2, 4}, /* 64 x 32 */
    {2, 1, 4, 1, 4}, /* 32 x 32 */
    {1, 1, 4, 1, 4}, /* 16 x 32 */
    {1, 1, 8, 1, 2}, /* 16 x 16 */
    {1, 1, 8, 1, 1}, /* 16 x 8 */
};
enum { CUTS = sizeof cuts / sizeof *cuts };

static int tile_m(const struct cut *c)
{
    return 16 * c->warps_m * c->tiles_m;
}

static int tile_n(const struct cut *c)
{
    return 8 * c->warps_n * c->tiles_n;
}

static int items(const struct cut *c)
{
    return 32 * c->warps_m * c->warps_n * c->warps_k;
}

/* Of a step's input: conv_mma.cl's HBY_PLANES. */
static int planes(const struct hby_step *s)
{
    return s->scheme == HBY_SCHEME_i16 ? 2 : 1;
}

/* Bytes of local memory: conv_mma.cl's HBY_CHUNKS, and the sums of the rows; emulation takes more. */
static size_t local_bytes(const struct hby_step *s, const struct cut *c, bool emulated)
{
    const size_t m = (size_t)tile_m(c), k = (size_t)c->warps_k, n = (size_t)planes(s);
    const size_t input = 2 * m * (4 * k + 1) * 16, sums = k * m * ((size_t)tile_n(c) / 4 + 1) * 16;
    return n * (input > sums ? input : sums) + k * m * 4 + (emulated ? (size_t)items(c) / 32 * 192 * 4 : 0);
}

static int element_bytes(const struct hby_step *s)
{
    return s->scheme == HBY_SCHEME_f16 || s->scheme == HBY_SCHEME_i16 ? 2 : 1;
}

/* Is a row of the window a line (conv_mma.clh)? Where that takes fewer steps, as it does for images of three channels. */
static bool takes_whole_lines(const struct hby_step *s, const struct hby_args_conv *p)
{
    const int element = element_bytes(s), step = 32 * planes(s);
    const int64_t taps = (int64_t)p->k_h * p->k_w * hby_ceil_div(p->group_c * element, step),
                  lines = (int64_t)p->k_h * hby_ceil_div(p->k_w * p->in_c * element, step);
    return p->group_c == p->in_c && p->dilation_w == 1 && lines < taps;
}

/* `p`: the step's, or of the image with its border. */
static struct hby_conv_mma sizes_of(const struct hby_cl_site *site, const struct hby_args_conv *p, const struct cut *c)
{
    const struct hby_conv_shape s = hby_conv_shape_of(site->step, false);
    const bool whole = takes_whole_lines(site->step, p);
    struct hby_conv_mma t = {
        .rows = hby_conv_rows(site->step),
        .segment = (whole ? p->k_w * p->in_c : p->group_c) * element_bytes(site->step),
        .tiles_per_group = hby_ceil_div(s.group_out, tile_n(c)),
        .octets_per_group = hby_ceil_div(s.group_out, 8),
        .blocks_per_group = s.blocks_per_group,
        .group_out = s.group_out,
    };
    t.line_steps = hby_ceil_div(t.segment, 32 * planes(site->step));
    t.steps = t.line_steps * (whole ? p->k_h : p->k_h * p->k_w);
    t.stages = hby_ceil_div(t.steps, 2 * c->warps_k);
    return t;
}

/* The largest tile that local memory holds, that is not mostly empty, and that gives every compute unit two work-groups; else the one that gives most. */
static const struct cut *cut_of(const struct hby_cl_site *site)
{
    const struct hby_cl_info *info = &site->dev->info;
    const int rows = hby_conv_rows(site->step), groups = site->step->args.conv.in_c / site->step->args.conv.group_c;
    const int group_out = site->step->args.conv.out_c / groups, units = info->compute_units > 0 ? info->compute_units : 1;
    if (info->mma_tile >= 0 && info->mma_tile < CUTS)
        return &cuts[info->mma_tile];
    for (int i = 0; i < CUTS - 1; i++)
        if (local_bytes(site->step, &cuts[i], info->mma == HBY_MMA_EMULATED) <= info->local_bytes && tile_n(&cuts[i]) < 2 * group_out &&
            tile_m(&cuts[i]) < 2 * rows &&
            (int64_t)hby_ceil_div(rows, tile_m(&cuts[i])) * hby_ceil_div(group_out, tile_n(&cuts[i])) * groups >= 2 * (int64_t)units)
            return &cuts[i];
    return &cuts[CUTS - 1];
}

/* Windows and images that 32-bit offsets reach; 16x8: as many products as each plane's 32-bit sums hold (255 * 128 each). */
static bool is_small_enough(const struct hby_step *s, const struct hby_args_conv *p)
{
    const int64_t reach = ((int64_t)p->k_h * p->dilation_h * p->in_w + (int64_t)p->k_w * p->dilation_w) * p->in_c * element_bytes(s);
    const int64_t depth = (int64_t)p->k_h * p->k_w * (p->group_c * (int64_t)element_bytes(s) + 31);
    return reach < 1 << 30 && depth < 1 << 28 && (s->scheme != HBY_SCHEME_i16 || (int64_t)p->k_h * p->k_w * p->group_c <= 65536);
}

static bool takes(const struct hby_cl_site *site, const struct hby_args_conv *p)
{
    const struct hby_step *s = site->step;
    const struct hby_cl_info *info = &site->dev->info;
    if (p->group_c * element_bytes(s) < 16 * planes(s) && !takes_whole_lines(s, p))
        return false; /* most of a step would be empty */
    const struct cut *c = cut_of(site);
    return is_small_enough(s, p) && local_bytes(s, c, info->mma == HBY_MMA_EMULATED) <= info->local_bytes && (size_t)items(c) <= info->max_work_group;
}

int hby_cl_match_conv_mma(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const struct hby_args_conv *p = &s->args.conv;
    const struct hby_cl_info *info = &site->dev->info;
    const bool is_float = s->scheme == HBY_SCHEME_f16;
    if (info->mma == HBY_MMA_NONE || info->kind == HBY_CL_CPU || (s->op != HBY_OP_conv_2d && s->op != HBY_OP_fully_connected) || !hby_conv_fits(site, why) ||
        !hby_nest_fits(site, why))
        return 0;
    if (s->scheme == HBY_SCHEME_i16 ? hby_cl_match_conv_i16(site, why) == 0
        : is_float                  ? hby_nest_stored(site, s->in[1]) != HBY_F16
                                    : p->rounding > HBY_ROUND_FLOAT)
        return 0;
    return takes(site, p) ? 1 : 0;
}

/* The window is the step's, over the image with its border. */
static bool hybrid_of(const struct hby_cl_site *site, struct hby_hybrid *y)
{
    if (!hby_hybrid_of(site, y))
        return false;
    y->p.k_w = site->step->args.conv.k_w;
    y->p.group_c = site->step->args.conv.group_c;
    return true;
}

int hby_cl_match_conv_mma_hybrid(const struct hby_cl_site *site, struct hby_reason *why)
{
    struct hby_hybrid y;
    if (site->dev->info.mma == HBY_MMA_NONE || site->dev->info.kind == HBY_CL_CPU || hby_cl_act_bias(site->dev, HBY_SCHEME_f32w8) != 0)
        return 0;
    return hby_cl_match_conv_hybrid(site, why) && hby_nest_fits(site, why) && hybrid_of(site, &y) && takes(site, &y.p) ? 1 : 0;
}

int hby_cl_match_conv_mma_add(const struct hby_cl_site *site, struct hby_reason *why)
{
    return hby_sum_follows(site) && hby_cl_match_conv_mma(site, why) ? 2 : 0;
}

static void define_cut(struct hby_cl_launch *l, const struct cut *c, enum hby_cl_mma mma)
{
    hby_cl_define(l, "HBY_WARPS_M", c->warps_m);
    hby_cl_define(l, "HBY_WARPS_N", c->warps_n);
    hby_cl_define(l, "HBY_WARPS_K", c->warps_k);
    hby_cl_define(l, "HBY_TILES_M", c->tiles_m);
    hby_cl_define(l, "HBY_TILES_N", c->tiles_n);
    hby_cl_define(l, "HBY_MMA", (int)mma);
}

static void set_grid(struct hby_cl_launch *l, const struct cut *c, const struct hby_conv_mma *t, int groups)
{
    const size_t n = (size_t)items(c);
    hby_cl_grid(l, (const size_t[3]){n * (size_t)t->tiles_per_group * (size_t)groups, (size_t)hby_ceil_div(t->rows, tile_m(c)), 1}, (const size_t[3]){n, 1, 1});
}

static int alignment(int unit)
{
    return unit % 16 == 0 ? 16 : unit % 4 == 0 ? 4 : 1;
}

static enum hby_status launch(const struct hby_cl_site *site, struct hby_cl_launch *l, bool fused)
{
    const struct hby_step *step = site->step;
    const struct hby_args_conv *p = &step->args.conv;
    const bool is_float = step->scheme == HBY_SCHEME_f16, wide = step->scheme == HBY_SCHEME_i16 && hby_pack_is_wide_i16(site);
    const int element = element_bytes(step), w_zp = is_float ? 0 : p->w_zp - (site->plan->graph->tensor[step->in[1]].type == HBY_U8 ? 128 : 0);
    const struct cut *c = cut_of(site);
    const struct hby_conv_mma t = sizes_of(site, p, c);
    const struct hby_sum_site sum = hby_sum_site_of(site, fused);
    const int in_unit = p->in_c * element | p->group_c * element, out_unit = (p->out_c | t.group_out) % 4;
    define_cut(l, c, site->dev->info.mma);
    hby_cl_define(l, "HBY_WHOLE_LINES", takes_whole_lines(step, p));
    hby_cl_define(l, "HBY_IN_ALIGN", alignment(in_unit));
    hby_cl_define(l, "HBY_OUT_ALIGNED", out_unit == 0);
    hby_cl_define(l, "HBY_ROUNDING", is_float ? 0 : p->rounding);
    hby_cl_define(l, "HBY_ROW_SUM", w_zp != 0);
    hby_cl_define(l, "HBY_WIDE", wide);
    enum hby_status st = hby_cl_use(l, "conv_mma.cl", "hby_conv_mma");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_args(l, &t, sizeof t);
    hby_cl_arg_args(l, &sum.args, sizeof sum.args);
    hby_cl_arg_i32(l, w_zp);
    hby_cl_arg_tensor(l, step->in[0]);
    if ((st = hby_pack_conv_mma(site, l, &t, (size_t)t.stages * (size_t)c->warps_k)))
        return st;
    hby_cl_arg_tensor(l, sum.other);
    hby_cl_arg_tensor(l, sum.out);
    set_grid(l, c, &t, p->in_c / p->group_c);
    hby_cl_arithmetic(l, is_float                         ? "half x half -> float, matrix units"
                         : wide                           ? "int16 x int8 -> int64, matrix units"
                         : step->scheme == HBY_SCHEME_i16 ? "int16 x int8 -> int32, matrix units"
                         : step->scheme == HBY_SCHEME_u8  ? "uint8 x uint8 -> int32, matrix units"
                                                          : "int8 x int8 -> int32, matrix units");
    const struct hby_conv_shape s = hby_conv_shape_of(step, false);
    hby_conv_cost(site, l, &s, (size_t)p->out_c * (size_t)s.taps * (size_t)s.group_in * (is_float ? 2 : 1));
    return HBY_OK;
}

enum hby_status hby_cl_launch_conv_mma(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch(site, l, false);
}

enum hby_status hby_cl_launch_conv_mma_add(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    return launch(site, l, true);
}

enum hby_status hby_cl_launch_conv_mma_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    struct hby_hybrid y;
    hybrid_of(site, &y);
    const struct hby_args_conv *p = &y.p;
    const struct cut *c = cut_of(site);
    const struct hby_conv_mma t = sizes_of(site, p, c);
    const struct hby_sum none = {0};
    enum hby_status st = hby_hybrid_quantize(site, l, &y);
    if (st)
        return st;
    define_cut(l, c, site->dev->info.mma);
    hby_cl_define(l, "HBY_WHOLE_LINES", takes_whole_lines(step, p));
    hby_cl_define(l, "HBY_IN_ALIGN", alignment(p->in_c | p->group_c));
    hby_cl_define(l, "HBY_OUT_ALIGNED", (p->out_c | t.group_out) % 4 == 0);
    hby_cl_define(l, "HBY_HALF_OUT", hby_nest_stored(site, step->out[0]) == HBY_F16);
    if ((st = hby_cl_use(l, "conv_mma.cl", "hby_conv_mma")) != HBY_OK)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_args(l, &t, sizeof t);
    hby_cl_arg_args(l, &none, sizeof none);
    hby_cl_arg_i32(l, step->op == HBY_OP_conv_2d && p->asymmetric);
    hby_hybrid_arg_bytes(l, &y);
    if ((st = hby_pack_conv_mma(site, l, &t, (size_t)t.stages * (size_t)c->warps_k)))
        return st;
    hby_hybrid_arg_rows(l, &y);
    hby_cl_arg_tensor(l, step->out[0]);
    set_grid(l, c, &t, p->in_c / p->group_c);
    hby_cl_arithmetic(l, "float quantized to int8, int8 x int8 -> int32 -> float, matrix units");
    const struct hby_conv_shape s = hby_conv_shape_of(step, false);
    hby_conv_cost(site, l, &s, (size_t)p->out_c * (size_t)s.taps * (size_t)s.group_in);
    return HBY_OK;
}
