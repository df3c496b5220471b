/* RESHAPE: to one dimension, and to the same sizes in another order. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK];
    const int rank = case_shape(c, 1, 5, dim), flat = check_chance(c, 40);
    for (int i = 0; i < rank; i++)
        out_dim[i] = dim[rank - 1 - i];
    if (flat)
        out_dim[0] = case_count(rank, dim);
    const enum hby_type type = case_type(c, scheme, true);
    const int in[2] = {check_input(c, type, rank, dim), case_ints(c, flat ? 1 : rank, out_dim)}, out = check_output(c, type, flat ? 1 : rank, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_reshape, 2, in, 1, &out);
    check_run(c, 1);
}

void hby_check_reshape(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
