/* EXPAND_DIMS. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK];
    const int rank = case_shape(c, 1, 5, dim), at = check_int(c, 0, rank);
    for (int i = 0; i <= rank; i++)
        out_dim[i] = i == at ? 1 : dim[i < at ? i : i - 1];
    const enum hby_type type = case_type(c, scheme, true);
    const int in[2] = {check_input(c, type, rank, dim), case_ints(c, 1, &at)}, out = check_output(c, type, rank + 1, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_expand_dims, 2, in, 1, &out);
    check_run(c, 1);
}

void hby_check_expand_dims(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
