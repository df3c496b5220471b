/* SPLIT: one to five parts along any axis. */
#include "tests/element_cases.h"

enum { MOST = 5 };

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out[MOST];
    const enum hby_type type = case_type(c, scheme, false);
    const int rank = case_shape(c, 1, 5, dim), axis = check_int(c, 0, rank - 1), n = check_int(c, 1, MOST);
    const int32_t given = check_chance(c, 30) ? axis - rank : axis;
    const int where = check_const(c, HBY_I32, 0, NULL, &given);
    dim[axis] *= n;
    const int in[2] = {where, check_input(c, type, rank, dim)};
    dim[axis] /= n;
    for (int i = 0; i < n; i++) {
        out[i] = check_output(c, type, rank, dim);
        case_same_quant(c, in[1], out[i]);
    }
    struct hby_node *node = check_node(c, HBY_OP_split, 2, in, n, out);
    node->params.axis.count = n;
    check_run(c, 1);
}

void hby_check_split(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
