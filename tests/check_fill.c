/* FILL: a value that is computed, or a constant. */
#include "tests/element_cases.h"

void hby_check_fill(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const enum hby_type type = case_type(c, scheme, true);
        const int rank = case_shape(c, 1, 5, dim);
        const int in[2] = {case_ints(c, rank, dim), check_chance(c, 80) ? check_input(c, type, 0, dim) : check_const(c, type, 0, dim, NULL)};
        const int out = check_output(c, type, rank, dim);
        case_same_quant(c, in[1], out);
        check_node(c, HBY_OP_fill, 2, in, 1, &out);
        if (!check_tensor(c, in[1])->data) {
            check_run(c, 1);
            continue;
        }
        const int x = check_input(c, type, rank, dim), y = check_output(c, type, rank, dim); /* all else is folded: something to run */
        case_same_quant(c, x, y);
        check_node(c, HBY_OP_squeeze, 1, &x, 1, &y);
        check_run(c, 1);
    }
}
