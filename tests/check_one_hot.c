/* ONE_HOT: any axis, indices that are outside. */
#include "tests/element_cases.h"

void hby_check_one_hot(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK], out_dim[CASE_RANK + 1];
        const enum hby_type type = case_type(c, scheme, true), index = check_chance(c, 50) ? HBY_I32 : HBY_I64;
        const int rank = case_shape(c, 0, 4, dim), axis = check_int(c, 0, rank), depth = check_int(c, 1, 20);
        const int32_t n = depth;
        for (int k = 0; k <= rank; k++)
            out_dim[k] = k == axis ? depth : dim[k < axis ? k : k - 1];
        const int in[4] = {check_input(c, index, rank, dim), check_const(c, HBY_I32, 0, NULL, &n),
                           check_chance(c, 70) ? check_const(c, type, 0, NULL, NULL) : check_input(c, type, 0, NULL), check_const(c, type, 0, NULL, NULL)};
        check_range(c, in[0], -2, depth + 1);
        const int out = check_output(c, type, rank + 1, out_dim);
        check_node(c, HBY_OP_one_hot, 4, in, 1, &out)->params.one_hot.axis = axis == rank && check_chance(c, 50) ? -1 : axis;
        check_run(c, 1);
    }
}
