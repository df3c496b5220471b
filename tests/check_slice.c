/* SLICE: any part of any shape, sizes of -1. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], begin[CASE_RANK], size[CASE_RANK];
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = case_shape(c, 1, 5, dim);
    for (int i = 0; i < rank; i++) {
        begin[i] = check_int(c, 0, dim[i] - 1);
        out_dim[i] = check_chance(c, 30) ? dim[i] - begin[i] : check_int(c, 1, dim[i] - begin[i]);
        size[i] = out_dim[i] == dim[i] - begin[i] && check_chance(c, 50) ? -1 : out_dim[i];
    }
    const int in[3] = {check_input(c, type, rank, dim), case_ints(c, rank, begin), case_ints(c, rank, size)}, out = check_output(c, type, rank, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_slice, 3, in, 1, &out);
    check_run(c, 1);
}

void hby_check_slice(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
