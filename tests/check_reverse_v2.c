/* REVERSE_V2: neighbouring axes, in any order, counted from either end. */
#include "tests/element_cases.h"

void hby_check_reverse_v2(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const enum hby_type type = case_type(c, scheme, true);
        const int rank = case_shape(c, 1, 5, dim), first = check_int(c, 0, rank - 1), n = check_int(c, 1, rank - first);
        int32_t axis[CASE_RANK];
        for (int k = 0; k < n; k++)
            axis[k] = (check_chance(c, 30) ? -rank : 0) + first + (n == 2 ? 1 - k : k);
        const int in[2] = {check_input(c, type, rank, dim), check_const(c, HBY_I32, 1, &n, axis)}, out = check_output(c, type, rank, dim);
        case_same_quant(c, in[0], out);
        check_node(c, HBY_OP_reverse_v2, 2, in, 1, &out);
        check_run(c, 1);
    }
    const int dim[3] = {2, 3, 4}, two = 2;
    const int32_t apart[2] = {0, 2};
    const int in[2] = {check_input(c, check_type(scheme), 3, dim), check_const(c, HBY_I32, 1, &two, apart)}, out = check_output(c, check_type(scheme), 3, dim);
    check_node(c, HBY_OP_reverse_v2, 2, in, 1, &out);
    check_refused(c, "neighbours");
}
