/* ARG_MAX: any axis, int32 or int64 positions; many equal elements, so that the first one is told from the last. */
#include "tests/element_cases.h"

void hby_check_arg_max(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK], out_dim[CASE_RANK], n = 0;
        const int rank = case_shape(c, 1, 5, dim), axis = check_int(c, 0, rank - 1), given = check_chance(c, 30) ? axis - rank : axis;
        for (int d = 0; d < rank; d++)
            if (d != axis)
                out_dim[n++] = dim[d];
        const enum hby_type type = scheme == HBY_SCHEME_i32 ? HBY_I32 : check_type(scheme);
        const int in[2] = {check_input(c, type, rank, dim), case_ints(c, 1, &given)};
        const int out = check_output(c, check_chance(c, 50) ? HBY_I32 : HBY_I64, n, out_dim);
        check_node(c, HBY_OP_arg_max, 2, in, 1, &out);
        check_run(c, 1);
    }
}
