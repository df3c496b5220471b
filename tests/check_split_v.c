/* SPLIT_V: parts of different sizes along any axis. */
#include "tests/element_cases.h"

enum { MOST = 5 };

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], size[MOST], out[MOST];
    const enum hby_type type = case_type(c, scheme, false);
    const int rank = case_shape(c, 1, 5, dim), axis = check_int(c, 0, rank - 1), n = check_int(c, 1, MOST);
    dim[axis] = 0;
    for (int i = 0; i < n; i++)
        dim[axis] += size[i] = check_int(c, 1, 6);
    const int32_t given = check_chance(c, 30) ? axis - rank : axis;
    const int in[3] = {check_input(c, type, rank, dim), case_ints(c, n, size), check_const(c, HBY_I32, 0, NULL, &given)};
    for (int i = 0; i < n; i++) {
        dim[axis] = size[i];
        out[i] = check_output(c, type, rank, dim);
        case_same_quant(c, in[0], out[i]);
    }
    check_node(c, HBY_OP_split_v, 3, in, n, out)->params.axis.count = n;
    check_run(c, 1);
}

void hby_check_split_v(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
