/* Launch rules of dynamic range steps: hybrid.cl quantizes the activations into scratch memory, conv_hybrid.cl, depthwise_hybrid.cl or
 * transpose_hybrid.cl do the rest. */
#include "kernels_cl/launch_hybrid.h"
#include "kernels_cl/launch_tiles.h"
#include "kernels_cl/pack_hybrid.h"
#include "kernels_cl/pack_nibbles.h"

enum { BYTES, ROWS, RANGES }; /* scratch memory */
/* An image of `whole` values or less is quantized by one work-group in one launch. A larger one's range is taken in parts of `part` at least and at most
 * `parts` of them: few on a CPU, where every work-item joins them, and on a GPU so many that all of it reads. There a work-group of the second launch takes
 * `chunk` bytes or more, and at most `groups` per compute unit join the parts. None of the GPU's has been measured on one. */
static const struct sizes {
    int whole, part, parts, chunk, groups;
} cpu_sizes = {.whole = 16 * 1024, .part = 8 * 1024, .parts = 8},
  gpu_sizes = {.whole = 8 * 1024, .part = 4 * 1024, .parts = 512, .chunk = 4 * 1024, .groups = 4};

/* The image with the border that the windows read. */
static bool border_of(const struct hby_cl_site *site, struct hby_hybrid *y)
{
    const struct hby_args_conv *s = &site->step->args.conv;
    const int64_t in_h = ((int64_t)s->out_h - 1) * s->stride_h + ((int64_t)s->k_h - 1) * s->dilation_h + 1;
    int64_t columns = s->out_w;
    if (site->step->op == HBY_OP_depthwise_conv_2d) {
        const int rows = site->dev->info.kind == HBY_CL_CPU ? 7 : 4;
        y->tiles_per_line = hby_ceil_div(s->out_w, rows);
        columns = (int64_t)y->tiles_per_line * rows;
    } else if (s->dilation_w == 1 && s->group_c == s->in_c) { /* the taps of a line lie side by side */
        y->p.k_w = 1;
        y->p.group_c = s->k_w * s->in_c;
    }
    const int64_t in_w = (columns - 1) * s->stride_w + ((int64_t)s->k_w - 1) * s->dilation_w + 1;
    if (in_h > INT32_MAX || in_w > INT32_MAX)
        return false;
    y->p.in_h = (hby_i32)in_h;
    y->p.in_w = (hby_i32)in_w;
    y->p.pad_top = y->p.pad_left = 0;
    return true;
}

bool hby_hybrid_of(const struct hby_cl_site *site, struct hby_hybrid *y)
{
    const struct hby_args_conv *s = &site->step->args.conv;
    const bool transposed = site->step->op == HBY_OP_transpose_conv;
    y->p = *s;
    y->tiles_per_line = 0;
    if (!transposed && !border_of(site, y))
        return false;
    const int64_t lines = (int64_t)y->p.in_h + transposed; /* what a transposed window does not cover reads the line after the last */
    if (y->p.in_w > INT32_MAX / s->in_c || lines * y->p.in_w > INT32_MAX / s->in_c / s->batch)
        return false;
    y->h = (struct hby_hybrid_args){
        .batch = s->batch,
        .lines = s->in_h,
        .width = s->in_w * s->in_c,
        .padded_lines = (hby_i32)lines,
        .pitch = y->p.in_w * s->in_c,
        .top = transposed ? 0 : s->pad_top,
        .left = transposed ? 0 : s->pad_left * s->in_c,
        .asymmetric = s->asymmetric,
    };
    if (!y->h.top && !y->h.left && y->h.width == y->h.pitch && y->h.lines >= y->h.padded_lines) {
        y->h.width *= y->h.lines;
        y->h.pitch *= y->h.padded_lines;
        y->h.lines = y->h.padded_lines = 1;
    }
    return true;
}

static int match(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    struct hby_hybrid y;
    if (!hby_nest_is_float(hby_nest_stored(site, s->in[0])) || !hby_nest_is_float(hby_nest_stored(site, s->out[0])) ||
        !site->plan->graph->tensor[s->in[1]].data)
        return 0;
    if (!hby_hybrid_of(site, &y)) {
        hby_say(HBY_UNSUPPORTED, why, "the image with its border is larger than 2 GB");
        return 0;
    }
    return 1;
}

int hby_cl_match_conv_hybrid(const struct hby_cl_site *site, struct hby_reason *why)
{
    const enum hby_op op = site->step->op;
    if (op == HBY_OP_fully_connected && hby_scales_per_channel(site->step) > 1) {
        hby_say(HBY_UNSUPPORTED, why, "blocks of weights need the kernel 'nibbles'");
        return 0;
    }
    return op == HBY_OP_conv_2d || op == HBY_OP_fully_connected || op == HBY_OP_batch_matmul ? match(site, why) : 0;
}

int hby_cl_match_depthwise_hybrid(const struct hby_cl_site *site, struct hby_reason *why)
{
    return site->step->op == HBY_OP_depthwise_conv_2d ? match(site, why) : 0;
}

int hby_cl_match_transpose_hybrid(const struct hby_cl_site *site, struct hby_reason *why)
{
    return site->step->op == HBY_OP_transpose_conv ? match(site, why) : 0;
}

static enum hby_status use_quantizer(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_hybrid *y, const char *entry)
{
    hby_cl_define(l, "HBY_IN_TYPE", hby_nest_stored(site, site->step->in[0]) == HBY_F16);
    enum hby_status st = hby_cl_use(l, "hybrid.cl", entry);
    if (!st)
        hby_cl_arg_args(l, &y->h, sizeof y->h);
    return st;
}

/* Scratch memory that the quantized images take. */
static size_t byte_count(const struct hby_hybrid *y)
{
    return (size_t)y->h.batch * (size_t)y->h.padded_lines * (size_t)y->h.pitch;
}

void hby_hybrid_arg_bytes(struct hby_cl_launch *l, const struct hby_hybrid *y)
{
    hby_cl_arg_scratch(l, BYTES, byte_count(y));
}

void hby_hybrid_arg_rows(struct hby_cl_launch *l, const struct hby_hybrid *y)
{
    hby_cl_arg_scratch(l, ROWS, (size_t)y->h.batch * sizeof(struct hby_hybrid_row));
}

static enum hby_status quantize_whole(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_hybrid *y)
{
    enum hby_status st = use_quantizer(site, l, y, "hby_hybrid_whole");
    if (st)
        return st;
    hby_cl_arg_tensor(l, site->step->in[0]);
    hby_hybrid_arg_rows(l, y);
    hby_cl_arg_scratch(l, BYTES, byte_count(y));
    hby_nest_grid_rows(site, l, y->h.batch, y->h.lines * y->h.width);
    return HBY_OK;
}

/* The grid of hby_hybrid_quantize on a GPU, and its last arguments. */
static void spread(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_hybrid_args *h, int units)
{
    const int rows = h->batch * h->padded_lines, most = gpu_sizes.groups * units, lanes = hby_nest_lanes(site->dev);
    int chunk = hby_ceil_div(h->pitch, most);
    chunk = chunk < gpu_sizes.chunk ? gpu_sizes.chunk : hby_ceil_div(chunk, lanes) * lanes;
    chunk = chunk < h->pitch ? chunk : hby_ceil_div(h->pitch, lanes) * lanes;
    const int across = hby_ceil_div(h->pitch, chunk), rows_each = hby_ceil_div(rows, most / across > 1 ? most / across : 1);
    hby_cl_arg_i32(l, chunk);
    hby_cl_arg_i32(l, rows);
    hby_cl_arg_i32(l, rows_each);
    hby_nest_grid_groups(site, l, (size_t)across, (size_t)hby_ceil_div(rows, rows_each), chunk);
}

enum hby_status hby_hybrid_quantize(const struct hby_cl_site *site, struct hby_cl_launch *l, struct hby_hybrid *y)
{
    struct hby_hybrid_args *h = &y->h;
    const bool cpu = site->dev->info.kind == HBY_CL_CPU;
    const struct sizes *z = cpu ? &cpu_sizes : &gpu_sizes;
    const int units = site->dev->info.compute_units > 0 ? site->dev->info.compute_units : 1, count = h->lines * h->width;
    if (count <= z->whole || (cpu && h->batch >= 2 * units))
        return quantize_whole(site, l, y);
    const int wanted = hby_ceil_div(cpu ? 2 * units : z->parts, h->batch);
    h->parts = count / z->part < wanted ? count / z->part : wanted;
    h->parts = h->parts < 1 ? 1 : h->parts > z->parts ? z->parts : h->parts;
    h->part = hby_ceil_div(hby_ceil_div(count, h->parts), 16) * 16;
    h->parts = hby_ceil_div(count, h->part);
    const size_t ranges = (size_t)h->batch * (size_t)h->parts * 2 * sizeof(float);
    enum hby_status st = use_quantizer(site, l, y, "hby_hybrid_range");
    if (st)
        return st;
    hby_cl_arg_tensor(l, site->step->in[0]);
    hby_cl_arg_scratch(l, RANGES, ranges);
    hby_nest_grid_rows(site, l, h->batch * h->parts, h->part);
    const bool joins = !cpu && h->batch == 1;
    if (!cpu && !joins) {
        if ((st = use_quantizer(site, l, y, "hby_hybrid_join")) != HBY_OK)
            return st;
        hby_cl_arg_scratch(l, RANGES, ranges);
        hby_hybrid_arg_rows(l, y);
        hby_nest_grid_rows(site, l, h->batch, h->parts * hby_nest_lanes(site->dev));
    }
    hby_cl_define(l, "HBY_JOINS", joins);
    if ((st = use_quantizer(site, l, y, "hby_hybrid_quantize")) != HBY_OK)
        return st;
    hby_cl_arg_tensor(l, site->step->in[0]);
    hby_cl_arg_scratch(l, RANGES, ranges);
    hby_hybrid_arg_rows(l, y);
    hby_cl_arg_scratch(l, BYTES, byte_count(y));
    if (cpu) {
        const struct hby_nest_cut cut = hby_nest_cut(site->dev, h->batch * h->padded_lines, h->pitch, 1);
        hby_nest_grid(site, l, &cut, h->pitch);
    } else {
        spread(site, l, h, units);
    }
    return HBY_OK;
}

static void finish(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_args_conv *p)
{
    hby_cl_arithmetic(l, "float quantized to int8, int8 x int8 -> int32 -> float");
    hby_cl_cost(l, (double)hby_tensor_count(&site->plan->graph->tensor[site->step->out[0]]) * p->k_h * p->k_w * p->group_c, 2.5 * hby_nest_bytes(site));
}

enum hby_status hby_cl_launch_conv_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    struct hby_hybrid y;
    hby_hybrid_of(site, &y);
    const struct hby_conv_shape s = hby_conv_shape_of(step, y.p.group_c != step->args.conv.group_c);
    const size_t weight_bytes = (size_t)y.p.out_c * (size_t)s.taps * (size_t)s.group_in;
    struct hby_conv_part part[2];
    const int n = hby_conv_split(site, l, &s, hby_conv_rows(step), HBY_PRODUCT_BYTES, part);
    enum hby_status st = hby_hybrid_quantize(site, l, &y);
    for (int i = 0; i < n && !st; i++) {
        struct hby_conv_tiles t = hby_conv_tiles_of(site, &s, &part[i], weight_bytes);
        t.dense = hby_conv_is_dense(&y.p);
        hby_cl_define(l, "HBY_MR", part[i].tile.rows);
        hby_cl_define(l, "HBY_NR", part[i].tile.vectors);
        hby_cl_define(l, "HBY_ALIGNED", y.p.in_c % 4 == 0 && y.p.group_c % 4 == 0);
        hby_cl_define(l, "HBY_HALF_OUT", hby_nest_stored(site, step->out[0]) == HBY_F16);
        hby_nest_define_whole(site, l, s.group_out | y.p.out_c);
        if ((st = hby_cl_use(l, "conv_hybrid.cl", "hby_conv_hybrid")) != HBY_OK)
            return st;
        hby_cl_arg_args(l, &y.p, sizeof y.p);
        hby_cl_arg_args(l, &t, sizeof t);
        hby_cl_arg_i32(l, step->op == HBY_OP_conv_2d && y.p.asymmetric);
        hby_cl_arg_scratch(l, BYTES, byte_count(&y));
        hby_hybrid_arg_rows(l, &y);
        if ((st = hby_pack_conv_hybrid(site, l, &s)) != HBY_OK)
            return st;
        hby_cl_arg_tensor(l, step->out[0]);
        hby_conv_grid(site, l, &part[i], &t, s.groups);
    }
    finish(site, l, &y.p);
    return st;
}

/* What a work-item of depthwise_hybrid.cl takes, and how many there are along channels and tiles. */
struct cut {
    int tiles_each, vectors_each;
    size_t across, along;
};

/* On a CPU a cache line of channels, and lines whose input stays in the first cache while it is gone over once per vector; but twelve work-items a core. */
static struct cut cut_of(const struct hby_cl_site *site, const struct hby_hybrid *y)
{
    enum { LINE_BYTES = 64, NEAR_BYTES = 24 * 1024 };
    const struct hby_args_conv *p = &y->p;
    const int lanes = hby_nest_lanes(site->dev), vectors = hby_ceil_div(p->out_c, lanes), lines = p->out_h * p->batch;
    if (site->dev->info.kind != HBY_CL_CPU)
        return (struct cut){1, 1, (size_t)vectors, (size_t)y->tiles_per_line * (size_t)lines};
    const int each = vectors < LINE_BYTES / lanes ? vectors : LINE_BYTES / lanes, across = hby_ceil_div(vectors, each);
    const int units = site->dev->info.compute_units > 0 ? site->dev->info.compute_units : 1, share = (int)((int64_t)across * lines / (12 * units));
    int many = (NEAR_BYTES / LINE_BYTES / p->in_w - p->k_h) / p->stride_h + 1;
    many = many > share ? share : many;
    many = many < 1 ? 1 : many;
    return (struct cut){many * y->tiles_per_line, each, (size_t)across, (size_t)hby_ceil_div(lines, many)};
}

enum hby_status hby_cl_launch_depthwise_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    struct hby_hybrid y;
    hby_hybrid_of(site, &y);
    const struct hby_args_conv *p = &y.p;
    const bool plain = p->dilation_w == 1 && p->k_h <= 5 && p->k_w <= 5 && p->stride_w <= 2 && (p->k_w >= 3 || p->k_w == p->stride_w);
    const struct cut cut = cut_of(site, &y);
    enum hby_status st = hby_hybrid_quantize(site, l, &y);
    if (st)
        return st;
    hby_cl_define(l, "HBY_MR", site->dev->info.kind == HBY_CL_CPU ? 7 : 4);
    hby_cl_define(l, "HBY_KW", plain ? p->k_w : 0);
    if (plain) {
        hby_cl_define(l, "HBY_KH", p->k_h);
        hby_cl_define(l, "HBY_SW", p->stride_w);
    }
    hby_cl_define(l, "HBY_SPREAD", p->depth_multiplier != 1);
    hby_cl_define(l, "HBY_HALF_OUT", hby_nest_stored(site, step->out[0]) == HBY_F16);
    hby_nest_define_whole(site, l, p->depth_multiplier == 1 ? p->in_c : 1);
    if ((st = hby_cl_use(l, "depthwise_hybrid.cl", "hby_depthwise_hybrid")) != HBY_OK)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_i32(l, y.tiles_per_line);
    hby_cl_arg_i32(l, cut.tiles_each);
    hby_cl_arg_i32(l, cut.vectors_each);
    hby_cl_arg_i32(l, (p->out_c + HBY_BLOCK - 1) / HBY_BLOCK * HBY_BLOCK);
    hby_cl_arg_scratch(l, BYTES, byte_count(&y));
    hby_hybrid_arg_rows(l, &y);
    if ((st = hby_pack_depthwise_hybrid(site, l)) != HBY_OK)
        return st;
    hby_cl_arg_tensor(l, step->out[0]);
    hby_nest_grid_2d(site, l, cut.across, cut.along);
    finish(site, l, p);
    return HBY_OK;
}

enum hby_status hby_cl_launch_transpose_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *step = site->step;
    struct hby_hybrid y;
    hby_hybrid_of(site, &y);
    const struct hby_conv_shape s = hby_conv_shape_of(step, false);
    const size_t weight_bytes = (size_t)y.p.out_c * (size_t)s.taps * (size_t)s.group_in;
    struct hby_conv_part part[2];
    const int n = hby_conv_split(site, l, &s, hby_conv_rows(step), HBY_PRODUCT_FLOATS, part);
    enum hby_status st = hby_hybrid_quantize(site, l, &y);
    for (int i = 0; i < n && !st; i++) {
        struct hby_conv_tiles t = hby_conv_tiles_of(site, &s, &part[i], weight_bytes);
        hby_cl_define(l, "HBY_MR", part[i].tile.rows);
        hby_cl_define(l, "HBY_NR", part[i].tile.vectors);
        hby_cl_define(l, "HBY_HALF_OUT", hby_nest_stored(site, step->out[0]) == HBY_F16);
        if ((st = hby_cl_use(l, "transpose_hybrid.cl", "hby_transpose_hybrid")) != HBY_OK)
            return st;
        hby_cl_arg_args(l, &y.p, sizeof y.p);
        hby_cl_arg_args(l, &t, sizeof t);
        hby_cl_arg_scratch(l, BYTES, byte_count(&y));
        hby_hybrid_arg_rows(l, &y);
        if ((st = hby_pack_transpose_hybrid(site, l)) != HBY_OK)
            return st;
        hby_cl_arg_tensor(l, step->out[0]);
        hby_conv_grid(site, l, &part[i], &t, s.groups);
    }
    hby_cl_arithmetic(l, "float quantized to int8, int8 x int8 -> float");
    hby_conv_cost(site, l, &s, weight_bytes);
    return st;
}

enum { NIBBLES_DEPTH = 65536 }; /* 16 times as large a sum of int8 x int4 fits 32 bits */

int hby_cl_match_nibbles(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const struct hby_tensor *w = &site->plan->graph->tensor[s->in[1]];
    if (s->op != HBY_OP_fully_connected || w->type != HBY_I4 || !w->data || s->args.conv.in_c > NIBBLES_DEPTH)
        return 0;
    return s->scheme == HBY_SCHEME_f32w8 ? match(site, why) : s->args.conv.rounding <= HBY_ROUND_FLOAT && hby_conv_fits(site, why);
}

/* What both schemes bind behind their tiles: tiles of `part`, the grid. */
static enum hby_status use_nibbles(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_part *part, const char *entry)
{
    hby_cl_define(l, "HBY_MR", part->tile.rows);
    hby_cl_define(l, "HBY_NR", part->tile.vectors);
    hby_cl_define(l, "HBY_ALIGNED", site->step->args.conv.in_c % 4 == 0);
    return hby_cl_use(l, "nibbles.cl", entry);
}

static enum hby_status launch_nibbles_i8(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s,
                                         const struct hby_conv_part *part)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const struct hby_conv_tiles t = hby_conv_tiles_of(site, s, part, (size_t)p->out_c * (size_t)p->in_c / 2);
    hby_cl_define(l, "HBY_ROUNDING", p->rounding);
    hby_cl_define(l, "HBY_NARROW", hby_pack_is_narrow(site->plan, site->step, p->in_c));
    enum hby_status st = use_nibbles(site, l, part, "hby_nibbles_i8");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_args(l, &t, sizeof t);
    hby_cl_arg_i32(l, (p->in_c + 7) / 8);
    hby_cl_arg_tensor(l, site->step->in[0]);
    if ((st = hby_pack_nibbles_i8(site, l, hby_cl_act_bias(site->dev, site->step->scheme))) != HBY_OK)
        return st;
    hby_cl_arg_tensor(l, site->step->out[0]);
    struct hby_conv_tiles grid = t;
    hby_conv_grid(site, l, part, &grid, 1);
    return HBY_OK;
}

static enum hby_status launch_nibbles_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_hybrid *y,
                                             const struct hby_conv_shape *s, const struct hby_conv_part *part)
{
    const struct hby_args_conv *p = &y->p;
    const int runs = hby_scales_per_channel(site->step);
    struct hby_conv_tiles t = hby_conv_tiles_of(site, s, part, (size_t)p->out_c * (size_t)p->in_c / 2);
    t.dense = 1;
    hby_cl_define(l, "HBY_RUNS", runs > 1);
    hby_cl_define(l, "HBY_HALF_OUT", hby_nest_stored(site, site->step->out[0]) == HBY_F16);
    enum hby_status st = use_nibbles(site, l, part, "hby_nibbles_hybrid");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_args(l, &t, sizeof t);
    hby_cl_arg_i32(l, runs);
    hby_cl_arg_i32(l, (p->in_c / runs + 7) / 8);
    hby_cl_arg_scratch(l, BYTES, byte_count(y));
    hby_hybrid_arg_rows(l, y);
    if ((st = hby_pack_nibbles_hybrid(site, l)) != HBY_OK)
        return st;
    hby_cl_arg_tensor(l, site->step->out[0]);
    hby_conv_grid(site, l, part, &t, 1);
    return HBY_OK;
}

enum hby_status hby_cl_launch_nibbles(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const bool is_hybrid = site->step->scheme == HBY_SCHEME_f32w8;
    const struct hby_conv_shape s = hby_conv_shape_of(site->step, false);
    struct hby_conv_part part[2];
    struct hby_hybrid y;
    const int n = hby_conv_split(site, l, &s, hby_conv_rows(site->step), HBY_PRODUCT_BYTES, part);
    enum hby_status st = HBY_OK;
    if (is_hybrid && hby_hybrid_of(site, &y))
        st = hby_hybrid_quantize(site, l, &y);
    for (int i = 0; i < n && !st; i++)
        st = is_hybrid ? launch_nibbles_hybrid(site, l, &y, &s, &part[i]) : launch_nibbles_i8(site, l, &s, &part[i]);
    hby_cl_arithmetic(l, is_hybrid ? "float quantized to int8, int8 x int4 -> float" : "int8 x int4 -> int32");
    hby_conv_cost(site, l, &s, (size_t)site->step->args.conv.out_c * (size_t)site->step->args.conv.in_c / 2);
    return st;
}
