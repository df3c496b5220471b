/* BROADCAST_TO: dimensions of 1, and fewer dimensions. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK];
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = case_shape(c, 1, 5, out_dim), skip = check_chance(c, 40) ? check_int(c, 0, rank) : 0;
    for (int i = skip; i < rank; i++)
        dim[i - skip] = check_chance(c, 45) ? 1 : out_dim[i];
    const int in[2] = {check_input(c, type, rank - skip, dim), case_ints(c, rank, out_dim)}, out = check_output(c, type, rank, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_broadcast_to, 2, in, 1, &out);
    check_run(c, 1);
}

void hby_check_broadcast_to(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
