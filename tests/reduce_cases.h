/* Random reductions. */
#ifndef HBY_TESTS_REDUCE_CASES_H
#define HBY_TESTS_REDUCE_CASES_H

#include <math.h>

#include "tests/element_cases.h"

/* Any axes, also none, all and repeated ones; negative axes; kept dimensions or not. */
static inline void reduce_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], axis[2 * CASE_RANK], n = 0, out_rank = 0, length = 1;
    const int rank = check_chance(c, 40) ? 4 : 0;
    const bool keep = check_chance(c, 50), image = rank == 4 && check_chance(c, 60);
    const int r = case_shape(c, rank ? 4 : 1, rank ? 4 : 5, dim);
    for (int i = 0; i < r; i++) {
        const bool reduced = image ? i == 1 || i == 2 : check_chance(c, 50) || (i == r - 1 && n == 0); /* at least one */
        if (reduced) {
            axis[n++] = check_chance(c, 20) ? i - r : i;
            length *= dim[i];
        }
        if (!reduced || keep)
            out_dim[out_rank++] = reduced ? 1 : dim[i];
    }
    if (check_chance(c, 15))
        axis[n++] = axis[0];
    const bool bools = op == HBY_OP_reduce_any || op == HBY_OP_reduce_all;
    const enum hby_type type = bools ? HBY_BOOL : case_type(c, scheme, false);
    const int in[2] = {check_input(c, type, r, dim), case_ints(c, n, axis)}, out = check_output(c, type, out_rank, out_dim);
    if (op == HBY_OP_reduce_max || op == HBY_OP_reduce_min)
        case_same_quant(c, in[0], out);
    struct hby_node *node = check_node(c, op, 2, in, 1, &out);
    node->params.reducer.keep_dims = keep;
    if (bools || type == HBY_I64 || (op == HBY_OP_mean && scheme == HBY_SCHEME_i32))
        check_may_stay(c);
    if (op == HBY_OP_mean)
        check_span(c, 1 / sqrt(length));
    if (op == HBY_OP_mean || op == HBY_OP_sum)
        check_equal_terms(c, length);
    check_run(c, length);
}

/* ARG_MAX or ARG_MIN: any axis, int32 or int64 positions; many equal elements, so that the first one is told from the last. */
static inline void reduce_arg_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], n = 0;
    const int rank = case_shape(c, 1, 5, dim), axis = check_int(c, 0, rank - 1), given = check_chance(c, 30) ? axis - rank : axis;
    for (int d = 0; d < rank; d++)
        if (d != axis)
            out_dim[n++] = dim[d];
    const enum hby_type type = scheme == HBY_SCHEME_i32 ? HBY_I32 : check_type(scheme);
    const int in[2] = {check_input(c, type, rank, dim), case_ints(c, 1, &given)};
    const int out = check_output(c, check_chance(c, 50) ? HBY_I32 : HBY_I64, n, out_dim);
    check_node(c, op, 2, in, 1, &out);
    check_run(c, 1);
}

#endif
