/* Random reductions: any axes, also none, all and repeated ones; negative axes; kept dimensions or not. */
#ifndef HBY_TESTS_REDUCE_CASES_H
#define HBY_TESTS_REDUCE_CASES_H

#include <math.h>

#include "tests/element_cases.h"

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
    if (op == HBY_OP_mean)
        check_span(c, 1 / sqrt(length));
    if (op == HBY_OP_mean || op == HBY_OP_sum)
        check_equal_terms(c, length);
    check_run(c, length);
}

#endif
