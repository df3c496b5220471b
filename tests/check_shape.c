/* SHAPE: folded where the input's shape is known, as an output and as what a RESHAPE is told. */
#include "tests/element_cases.h"

void hby_check_shape(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const int rank = case_shape(c, 1, 5, dim);
        const int x = check_input(c, check_type(scheme), rank, dim), s = check_output(c, HBY_I32, 1, &rank), y = check_output(c, check_type(scheme), rank, dim);
        case_same_quant(c, x, y);
        check_node(c, HBY_OP_shape, 1, &x, 1, &s);
        check_node(c, HBY_OP_reshape, 2, (int[]){x, s}, 1, &y);
        check_run(c, 1);
    }
}
