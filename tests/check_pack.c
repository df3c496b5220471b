/* PACK: one to six pieces along any new axis. */
#include "tests/element_cases.h"

enum { MOST = 6 };

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], in[MOST];
    const enum hby_type type = case_type(c, scheme, false);
    const int rank = case_shape(c, 1, 4, dim), axis = check_int(c, 0, rank), n = check_int(c, 1, MOST);
    for (int i = 0; i < n; i++) {
        in[i] = i && check_chance(c, 20) ? check_const(c, type, rank, dim, NULL) : check_input(c, type, rank, dim);
        case_same_quant(c, in[0], in[i]);
    }
    for (int i = 0; i <= rank; i++)
        out_dim[i] = i == axis ? n : dim[i < axis ? i : i - 1];
    const int out = check_output(c, type, rank + 1, out_dim);
    case_same_quant(c, in[0], out);
    struct hby_node *node = check_node(c, HBY_OP_pack, n, in, 1, &out);
    node->params.axis.axis = check_chance(c, 30) ? axis - rank - 1 : axis;
    node->params.axis.count = n;
    check_run(c, 1);
}

void hby_check_pack(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
