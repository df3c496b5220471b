/* UNPACK: any axis, also from the end. */
#include "tests/element_cases.h"

enum { MOST = 5 };

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], part[CASE_RANK], out[MOST];
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = case_shape(c, 1, 5, dim), axis = check_int(c, 0, rank - 1), n = check_int(c, 1, MOST);
    dim[axis] = n;
    for (int i = 0; i < rank - 1; i++)
        part[i] = dim[i < axis ? i : i + 1];
    const int in = check_input(c, type, rank, dim);
    for (int i = 0; i < n; i++) {
        out[i] = check_output(c, type, rank - 1, part);
        case_same_quant(c, in, out[i]);
    }
    struct hby_node *node = check_node(c, HBY_OP_unpack, 1, &in, n, out);
    node->params.axis.axis = check_chance(c, 30) ? axis - rank : axis;
    node->params.axis.count = n;
    check_run(c, 1);
}

void hby_check_unpack(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
