/* GATHER: any axis, batch dimensions, indices of three types, constant (in equal steps or not) or computed. */
#include "tests/element_cases.h"

static enum hby_type index_type(struct check *c)
{
    static const enum hby_type type[] = {HBY_I16, HBY_I32, HBY_I32, HBY_I64};
    return type[check_int(c, 0, 3)];
}

/* Constant indices; now and then in equal steps. */
static int constant_index(struct check *c, enum hby_type type, int rank, const int *dim, int limit)
{
    int16_t i16[4000];
    int32_t i32[4000];
    int64_t i64[4000];
    const int n = case_count(rank, dim), step = check_int(c, -2, 2), first = step < 0 ? limit - 1 : 0;
    const bool even = check_chance(c, 50) && (n - 1) * (step < 0 ? -step : step) < limit;
    for (int i = 0; i < n; i++)
        i64[i] = i32[i] = i16[i] = (int16_t)(even ? first + i * step : check_int(c, 0, limit - 1));
    return check_const(c, type, rank, dim, type == HBY_I16 ? (const void *)i16 : type == HBY_I32 ? (const void *)i32 : i64);
}

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], index_dim[4], out_dim[2 * CASE_RANK], out_rank = 0;
    const enum hby_type type = case_type(c, scheme, true), positions = index_type(c);
    const int rank = case_shape(c, 1, 4, dim), axis = check_int(c, 0, rank - 1), batch = axis > 0 && check_chance(c, 30) ? check_int(c, 1, axis) : 0;
    int index_rank = 0;
    for (int i = 0; i < axis; i++)
        out_dim[out_rank++] = dim[i];
    for (int i = 0; i < batch; i++)
        index_dim[index_rank++] = dim[i];
    for (int i = check_int(c, batch ? 1 : 0, 2); i > 0 && index_rank < 4; i--)
        out_dim[out_rank++] = index_dim[index_rank++] = check_int(c, 1, 6);
    for (int i = axis + 1; i < rank; i++)
        out_dim[out_rank++] = dim[i];
    const bool constant = check_chance(c, 50) && case_count(index_rank, index_dim) <= 4000;
    const int in[2] = {check_input(c, type, rank, dim),
                       constant ? constant_index(c, positions, index_rank, index_dim, dim[axis]) : check_input(c, positions, index_rank, index_dim)};
    if (!constant)
        check_range(c, in[1], 0, dim[axis] - 1);
    const int out = check_output(c, type, out_rank, out_dim);
    case_same_quant(c, in[0], out);
    struct hby_node *node = check_node(c, HBY_OP_gather, 2, in, 1, &out);
    node->params.gather.axis = check_chance(c, 30) ? axis - rank : axis;
    node->params.gather.batch_dims = batch;
    check_run(c, 1);
}

void hby_check_gather(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
