/* TRANSPOSE: any permutation of up to six dimensions. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], perm[CASE_RANK];
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = case_shape(c, 1, 6, dim);
    for (int i = 0; i < rank; i++) {
        const int k = check_int(c, 0, i);
        perm[i] = i;
        if (k < i) {
            perm[i] = perm[k];
            perm[k] = i;
        }
    }
    for (int i = 0; i < rank; i++)
        out_dim[i] = dim[perm[i]];
    const int in[2] = {check_input(c, type, rank, dim), case_ints(c, rank, perm)}, out = check_output(c, type, rank, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_transpose, 2, in, 1, &out);
    check_run(c, 1);
}

void hby_check_transpose(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
