/* CUMSUM: any axis, forwards and backwards. */
#include "tests/element_cases.h"

void hby_check_cumsum(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK], one = 1;
        const enum hby_type type = case_type(c, scheme, false);
        const int rank = case_shape(c, 1, 5, dim);
        const int32_t axis = check_int(c, -rank, rank - 1);
        const int in[2] = {check_input(c, type, rank, dim), check_const(c, HBY_I32, 1, &one, &axis)}, out = check_output(c, type, rank, dim);
        struct hby_node *node = check_node(c, HBY_OP_cumsum, 2, in, 1, &out);
        node->params.cumsum.exclusive = check_chance(c, 50);
        node->params.cumsum.reverse = check_chance(c, 50);
        check_span(c, 4);
        check_run(c, dim[axis < 0 ? axis + rank : axis]);
    }
}
