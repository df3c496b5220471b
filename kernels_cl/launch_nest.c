#include <stdio.h>
#include <string.h>

#include "kernels_cl/launch_nest.h"

const char *const hby_nest_program = "light.cl";

int hby_nest_lanes(const struct hby_cl_device *dev)
{
    return dev->info.kind == HBY_CL_CPU ? 16 : 4;
}

enum hby_type hby_nest_type(enum hby_scheme scheme)
{
    static const enum hby_type of[HBY_SCHEME_COUNT] = {
        [HBY_SCHEME_f32] = HBY_F32, [HBY_SCHEME_f16] = HBY_F16,   [HBY_SCHEME_i8] = HBY_I8,  [HBY_SCHEME_u8] = HBY_U8,
        [HBY_SCHEME_i16] = HBY_I16, [HBY_SCHEME_f32w8] = HBY_F32, [HBY_SCHEME_i32] = HBY_I32};
    return of[scheme];
}

enum hby_type hby_nest_stored(const struct hby_cl_site *site, int tensor)
{
    return tensor < 0 ? HBY_OTHER_TYPE : site->plan->storage[tensor];
}

bool hby_nest_is_float(enum hby_type type)
{
    return type == HBY_F32 || type == HBY_F16;
}

const char *hby_nest_arithmetic(enum hby_type type)
{
    return type == HBY_F16 ? "half storage, float arithmetic" : type == HBY_F32 ? "float" : "integer";
}

void hby_nest_arg_table(struct hby_cl_launch *l, const struct hby_step *s, int i)
{
    if (i < s->n_tables)
        hby_cl_arg_const(l, s->table[i].data, s->table[i].bytes);
    else
        hby_cl_arg_tensor(l, -1);
}

void hby_nest_define_element(const struct hby_cl_site *site, struct hby_cl_launch *l, int bytes)
{
    if (bytes != (int)hby_type_size(hby_nest_type(site->step->scheme)))
        hby_cl_define(l, "HBY_ELEM", bytes);
}

int hby_nest_unit(const hby_i32 *dim, const hby_i32 *stride, int n)
{
    int unit = 0;
    for (int d = 0; d < n; d++)
        unit |= dim[d] > 1 ? stride[d] : 0;
    return unit;
}

void hby_nest_define_whole(const struct hby_cl_site *site, struct hby_cl_launch *l, int unit)
{
    if (site->dev->info.kind != HBY_CL_CPU && unit % 4 == 0)
        hby_cl_define(l, "HBY_IN_WHOLES", 1);
}

bool hby_nest_fits(const struct hby_cl_site *site, struct hby_reason *why)
{
    const int id[2] = {site->step->in[0], site->step->out[0]};
    for (int i = 0; i < 2; i++)
        if (id[i] >= 0 && hby_tensor_count(&site->plan->graph->tensor[id[i]]) > 1 << 30) {
            hby_say(HBY_UNSUPPORTED, why, "a tensor has more than 2^30 elements");
            return false;
        }
    return true;
}

int hby_nest_takes(const struct hby_cl_site *site, bool has_kernel, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    char types[64] = "";
    if (!hby_nest_fits(site, why))
        return 0;
    if (has_kernel)
        return 1;
    for (int i = 0; i < s->n_in && i < 3; i++)
        if (s->in[i] >= 0)
            snprintf(types + strlen(types), sizeof types - strlen(types), "%s%s", types[0] ? ", " : "", hby_type_name(hby_nest_stored(site, s->in[i])));
    hby_say(HBY_UNSUPPORTED, why, "the device has no kernel for %s of %s into %s", hby_ops[s->op].name, types, hby_type_name(hby_nest_stored(site, s->out[0])));
    return 0;
}

struct hby_nest_cut hby_nest_cut(const struct hby_cl_device *dev, int rows, int inner, int work)
{
    const int lanes = hby_nest_lanes(dev);
    if (dev->info.kind != HBY_CL_CPU)
        return (struct hby_nest_cut){.chunk = lanes, .rows = rows, .rows_each = 1};
    /* four pieces per compute unit to balance them, but none so small that starting it shows */
    const int64_t count = (int64_t)rows * inner;
    const int units = dev->info.compute_units > 0 ? dev->info.compute_units : 1;
    int64_t target = count / (4 * (int64_t)units);
    const int64_t least = 2048 / work, most = 32768 / work;
    target = target < least ? least : target > most ? most : target;
    if (inner >= target)
        return (struct hby_nest_cut){.chunk = hby_ceil_div((int)target, lanes) * lanes, .rows = rows, .rows_each = 1};
    return (struct hby_nest_cut){.chunk = hby_ceil_div(inner, lanes) * lanes, .rows = rows, .rows_each = (int)(target / inner)};
}

void hby_nest_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_nest_cut *cut, int inner)
{
    hby_cl_arg_i32(l, cut->chunk);
    hby_cl_arg_i32(l, cut->rows);
    hby_cl_arg_i32(l, cut->rows_each);
    hby_nest_grid_2d(site, l, (size_t)hby_ceil_div(inner, cut->chunk), (size_t)hby_ceil_div(cut->rows, cut->rows_each));
}

void hby_nest_grid_2d(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t x, size_t y)
{
    const struct hby_cl_info *info = &site->dev->info;
    size_t group = (size_t)hby_cl_tune(site->dev, HBY_TUNE_flat_group), local[3] = {1, 1, 1};
    const size_t most = hby_cl_max_group(l);
    group = group < most ? group : most;
    while (local[0] * 2 <= group && local[0] < x && local[0] * 2 <= info->max_work_item[0])
        local[0] *= 2;
    while (local[0] * local[1] * 2 <= group && local[1] < y && local[1] * 2 <= info->max_work_item[1])
        local[1] *= 2;
    const size_t global[3] = {(x + local[0] - 1) / local[0] * local[0], (y + local[1] - 1) / local[1] * local[1], 1};
    hby_cl_grid(l, global, local);
}

void hby_nest_grid_groups(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t x, size_t y, int length)
{
    enum { MOST = 256 }; /* HBY_GROUP */
    size_t group = 1;
    const size_t most = hby_cl_max_group(l), useful = (size_t)hby_ceil_div(length, hby_nest_lanes(site->dev));
    if (site->dev->info.kind != HBY_CL_CPU)
        while (group * 2 <= MOST && group * 2 <= most && group * 2 <= site->dev->info.max_work_item[0] && group < useful)
            group *= 2;
    hby_cl_grid(l, (const size_t[3]){x * group, y, 1}, (const size_t[3]){group, 1, 1});
}

void hby_nest_grid_rows(const struct hby_cl_site *site, struct hby_cl_launch *l, int rows, int length)
{
    hby_nest_grid_groups(site, l, (size_t)rows, 1, length);
}

double hby_nest_bytes(const struct hby_cl_site *site)
{
    const struct hby_step *s = site->step;
    return (double)hby_plan_bytes(site->plan, s->out[0]) + (s->in[0] >= 0 ? (double)hby_plan_bytes(site->plan, s->in[0]) : 0.0);
}

bool hby_nest_rounds_apart(const struct hby_cl_site *site)
{
    return site->step->scheme == HBY_SCHEME_f32 && hby_plan_makes_integers(site->plan);
}
