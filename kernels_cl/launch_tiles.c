/* How convolutions are cut into tiles. */
#include "kernels_cl/launch_tiles.h"

#include <stdio.h>

#include "kernels_cl/cl_tuner.h"

/* Are activations and output stored as the scheme says, and the weights a constant? */
bool hby_conv_fits(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme);
    if (hby_nest_stored(site, s->in[0]) != own || hby_nest_stored(site, s->out[0]) != own) {
        hby_say(HBY_UNSUPPORTED, why, "activations are stored as %s and %s; the kernel needs %s", hby_type_name(hby_nest_stored(site, s->in[0])),
                hby_type_name(hby_nest_stored(site, s->out[0])), hby_type_name(own));
        return false;
    }
    if (!site->plan->graph->tensor[s->in[1]].data) {
        hby_say(HBY_UNSUPPORTED, why, "the weights are not a constant");
        return false;
    }
    return true;
}

bool hby_conv_is_dense(const struct hby_args_conv *p)
{
    return p->k_h == 1 && p->k_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->pad_top == 0 && p->pad_left == 0 && p->group_c == p->in_c &&
           p->out_h == p->in_h && p->out_w == p->in_w;
}

bool hby_conv_gathers(const struct hby_cl_site *site)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const int64_t depth = p->k_h * (((int64_t)p->k_w * p->in_c + 3) / 4 * 4);
    return site->dev->info.kind == HBY_CL_CPU && site->step->op == HBY_OP_conv_2d && p->k_h * p->k_w > 1 && p->group_c == p->in_c && p->dilation_w == 1 &&
           depth <= HBY_CONV_GATHER;
}

/* Rows of the implicit GEMM: conv_rows.clh. */
int hby_conv_rows(const struct hby_step *s)
{
    const struct hby_args_conv *p = &s->args.conv;
    const int columns = s->op == HBY_OP_transpose_conv ? hby_ceil_div(p->out_w, p->stride_w) * p->stride_w : p->out_w;
    return p->batch * p->out_h * columns;
}

/* ceil(log2(n)) */
static int log2_of(int64_t n)
{
    int e = 0;
    while (((int64_t)1 << e) < n)
        e++;
    return e;
}

/* The tuner's candidate for shapes like this one; 0: the default. */
static int tile_of_class(const struct hby_cl_site *site, const struct hby_cl_launch *l, const struct hby_conv_shape *s, int rows)
{
    const struct hby_step *step = site->step;
    const int vectors = hby_ceil_div(s->group_out, HBY_BLOCK);
    char shape[HBY_CL_CLASS_CHARS];
    snprintf(shape, sizeof shape, "%s %s*%s rows 2^%d channels %d%s depth 2^%d%s%s", step->op == HBY_OP_transpose_conv ? "transposed" : "conv",
             hby_scheme_names[step->scheme], hby_type_name(hby_nest_stored(site, step->in[1])), log2_of(rows),
             vectors <= 4 ? vectors * HBY_BLOCK : 1 << log2_of(s->group_out), vectors > 4 && vectors % 2 ? " odd" : "", log2_of((int64_t)s->taps * s->group_in),
             s->taps > 1 ? " taps" : "", s->groups > 1 ? " groups" : "");
    return hby_cl_tile_choice(site, l, shape);
}

/* CPU: the tiles that fill the 32 vector registers, or the 16 of half their width; the last vectors of channels get a launch of their own where there are
 * rows enough to pay for it. Elsewhere: small tiles, many work-items. */
int hby_conv_split(const struct hby_cl_site *site, const struct hby_cl_launch *l, const struct hby_conv_shape *s, int rows, enum hby_product product,
                   struct hby_conv_part part[2])
{
    static const struct {
        enum hby_cl_tune rows, lanes;
    } tunes[] = {[HBY_PRODUCT_BYTES] = {HBY_TUNE_dot_rows, HBY_TUNE_dot_lanes},
                 [HBY_PRODUCT_PAIRS] = {HBY_TUNE_pair_rows, HBY_TUNE_pair_lanes},
                 [HBY_PRODUCT_FLOATS] = {HBY_TUNE_float_rows, HBY_TUNE_float_lanes}};
    const struct hby_cl_device *dev = site->dev;
    const int many = hby_cl_tune(dev, tunes[product].rows);
    const int tuned = rows <= 2 ? 0 : tile_of_class(site, l, s, rows);
    if (tuned > 0) {
        const struct hby_cl_tile t = hby_cl_tile_of(dev, tuned);
        const int lanes = hby_nest_lanes(dev), all = hby_ceil_div(s->group_out, lanes), wide = t.vectors < all ? t.vectors : all;
        part[0] = (struct hby_conv_part){{t.rows, wide}, 0, hby_ceil_div(all, wide)};
        return 1;
    }
    if (dev->info.kind != HBY_CL_CPU) {
        part[0] = (struct hby_conv_part){{many, 1}, 0, hby_ceil_div(s->group_out, 4)};
        return 1;
    }
    const int vectors = hby_ceil_div(s->group_out, HBY_BLOCK), most = hby_cl_tune(dev, tunes[product].lanes) / HBY_BLOCK;
    if (rows <= 2) {
        part[0] = (struct hby_conv_part){{1, vectors < 4 ? 1 : 4}, 0, hby_ceil_div(vectors, vectors < 4 ? 1 : 4)};
        return 1;
    }
    if (vectors == 1 || most < 2) {
        part[0] = (struct hby_conv_part){{2 * many, 1}, 0, vectors};
        return 1;
    }
    const int wide = vectors < most ? vectors : most, rest = rows >= 512 ? vectors % wide : 0;
    part[0] = (struct hby_conv_part){{many, wide}, 0, rest ? vectors / wide : hby_ceil_div(vectors, wide)};
    if (rest)
        part[1] = (struct hby_conv_part){{wide / rest * many, rest}, (vectors - rest) * HBY_BLOCK, 1};
    return rest ? 2 : 1;
}

/* Work-items along rows and channels; on a CPU one per group, the dimension that reuses what is larger runs fastest. */
void hby_conv_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_part *p, struct hby_conv_tiles *t, int groups)
{
    const size_t along_rows = (size_t)hby_ceil_div(t->rows, p->tile.rows * t->tiles_each), along_channels = (size_t)p->tiles_per_group * (size_t)groups;
    size_t local[3] = {1, 1, 1}, global[3] = {along_channels, along_rows, 1};
    if (t->rows_first) {
        global[0] = along_rows;
        global[1] = along_channels;
    }
    if (site->dev->info.kind != HBY_CL_CPU) {
        const size_t most = hby_cl_max_group(l) < 64 ? hby_cl_max_group(l) : 64;
        while (local[0] < global[0] && local[0] * 2 <= most && local[0] < 16)
            local[0] *= 2;
        while (local[1] < global[1] && local[0] * local[1] * 2 <= most)
            local[1] *= 2;
        for (int i = 0; i < 2; i++)
            global[i] = (global[i] + local[i] - 1) / local[i] * local[i];
    }
    hby_cl_grid(l, global, local);
}

struct hby_conv_tiles hby_conv_tiles_of(const struct hby_cl_site *site, const struct hby_conv_shape *s, const struct hby_conv_part *part, size_t weight_bytes)
{
    enum { MOST = 16, MANY = 8 };
    const struct hby_step *step = site->step;
    const int rows = hby_conv_rows(step), units = site->dev->info.compute_units > 0 ? site->dev->info.compute_units : 1;
    /* on a CPU as many tiles per work-item as leave 16 work-items for each core */
    const int each = site->dev->info.kind == HBY_CL_CPU ? (int)((int64_t)(rows / part->tile.rows) * part->tiles_per_group * s->groups / (16 * units)) : 1;
    /* Weights that do not fit a cache stay there a tile at a time, while all rows pass; but not rows that do not fit it either, where a work-item has rows
     * enough to be worth its tile's weights. */
    const bool large_weights = weight_bytes > 256 * 1024, large_input = hby_plan_bytes(site->plan, step->in[0]) > 1024 * 1024;
    return (struct hby_conv_tiles){
        .rows = rows,
        .tiles_each = each < 1      ? 1
                      : each > MOST ? MOST
                                    : each,
        .dense = step->op != HBY_OP_transpose_conv && hby_conv_is_dense(&step->args.conv),
        .rows_first = large_weights && !(large_input && each >= MANY),
        .tiles_per_group = part->tiles_per_group,
        .blocks_per_group = s->blocks_per_group,
        .first_channel = part->first_channel,
        .group_out = s->group_out,
    };
}

void hby_conv_cost(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s, size_t weight_bytes)
{
    const struct hby_step *step = site->step;
    const double sums = (double)hby_tensor_count(&site->plan->graph->tensor[step->out[0]]);
    const double taps = step->op == HBY_OP_transpose_conv
                            ? hby_ceil_div(step->args.conv.k_h, step->args.conv.stride_h) * hby_ceil_div(step->args.conv.k_w, step->args.conv.stride_w)
                            : s->taps;
    hby_cl_cost(l, sums * taps * s->group_in, (double)weight_bytes + hby_nest_bytes(site));
}
