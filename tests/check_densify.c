/* DENSIFY: folded for sparse constants (tests/test_fold.c); of anything else it is refused, with a reason. */
#include "tests/element_cases.h"

void hby_check_densify(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK];
    const int rank = case_shape(c, 1, 5, dim), in = check_input(c, check_type(scheme), rank, dim), out = check_output(c, check_type(scheme), rank, dim);
    check_node(c, HBY_OP_densify, 1, &in, 1, &out);
    check_refused(c, "DENSIFY");
}
