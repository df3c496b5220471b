/* SQUEEZE. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], n = 0;
    const int rank = case_shape(c, 1, 5, dim);
    dim[check_int(c, 0, rank - 1)] = 1;
    for (int i = 0; i < rank; i++)
        if (dim[i] != 1)
            out_dim[n++] = dim[i];
    const enum hby_type type = case_type(c, scheme, true);
    const int in = check_input(c, type, rank, dim), out = check_output(c, type, n, out_dim);
    case_same_quant(c, in, out);
    check_node(c, HBY_OP_squeeze, 1, &in, 1, &out);
    check_run(c, 1);
}

void hby_check_squeeze(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
