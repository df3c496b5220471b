/* LOGICAL_NOT. */
#include "tests/element_cases.h"

void hby_check_logical_not(struct check *c, enum hby_scheme scheme)
{
    (void)scheme;
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const int rank = case_shape(c, 0, 5, dim), in = check_input(c, HBY_BOOL, rank, dim), out = check_output(c, HBY_BOOL, rank, dim);
        check_node(c, HBY_OP_logical_not, 1, &in, 1, &out);
        check_run(c, 1);
    }
}
