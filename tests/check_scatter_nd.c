/* SCATTER_ND: single elements, rows, and places that are hit more than once. */
#include "tests/element_cases.h"

void hby_check_scatter_nd(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK], index[4], update[2 * CASE_RANK], update_rank = 0, least = 1000;
        const enum hby_type type = case_type(c, scheme, true);
        const int rank = case_shape(c, 1, 4, dim), n = check_int(c, 1, rank), lead = check_int(c, 0, 2), shape_rank = rank;
        for (int k = 0; k < lead; k++)
            update[update_rank++] = index[k] = check_int(c, 1, 6);
        index[lead] = n;
        for (int k = n; k < rank; k++)
            update[update_rank++] = dim[k];
        for (int k = 0; k < n; k++)
            least = dim[k] < least ? dim[k] : least;
        int32_t shape[CASE_RANK];
        for (int k = 0; k < rank; k++)
            shape[k] = dim[k];
        const int in[3] = {check_input(c, HBY_I32, lead + 1, index), check_input(c, type, update_rank, update), check_const(c, HBY_I32, 1, &shape_rank, shape)};
        check_range(c, in[0], 0, least - 1);
        const int out = check_output(c, type, rank, dim);
        check_node(c, HBY_OP_scatter_nd, 3, in, 1, &out);
        check_run(c, 1);
    }
}
