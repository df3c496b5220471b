/* GATHER_ND: from one to all dimensions indexed. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    static const enum hby_type types[] = {HBY_I16, HBY_I32, HBY_I64};
    int dim[CASE_RANK], index_dim[4], out_dim[2 * CASE_RANK], least = 1000, out_rank = 0;
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = case_shape(c, 1, 4, dim), n = check_int(c, 1, rank), lead = check_int(c, 0, 2);
    for (int i = 0; i < lead; i++)
        out_dim[out_rank++] = index_dim[i] = check_int(c, 1, 7);
    index_dim[lead] = n;
    for (int i = 0; i < rank; i++)
        if (i < n)
            least = dim[i] < least ? dim[i] : least;
        else
            out_dim[out_rank++] = dim[i];
    const int in[2] = {check_input(c, type, rank, dim), check_input(c, types[check_int(c, 0, 2)], lead + 1, index_dim)},
              out = check_output(c, type, out_rank, out_dim);
    check_range(c, in[1], 0, least - 1);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_gather_nd, 2, in, 1, &out);
    check_run(c, 1);
}

void hby_check_gather_nd(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
