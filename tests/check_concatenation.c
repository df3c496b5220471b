/* CONCATENATION: one to six pieces along any axis, some constant; uint8 pieces and results with scales of their own; int8 pieces that differ are refused. */
#include "tests/element_cases.h"

enum { MOST = 6 };

static void one(struct check *c, enum hby_scheme scheme, bool refused)
{
    int dim[CASE_RANK], in[MOST], total = 0;
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = case_shape(c, 1, 5, dim), axis = check_int(c, 0, rank - 1), n = check_int(c, refused ? 2 : 1, MOST);
    for (int i = 0; i < n; i++) {
        dim[axis] = check_int(c, 1, 8);
        total += dim[axis];
        in[i] = i && check_chance(c, 20) ? check_const(c, type, rank, dim, NULL) : check_input(c, type, rank, dim);
        if (!refused && i && (scheme != HBY_SCHEME_u8 || check_chance(c, 40)))
            case_same_quant(c, in[0], in[i]);
    }
    dim[axis] = total;
    const int out = check_output(c, type, rank, dim);
    if (scheme != HBY_SCHEME_u8 || check_chance(c, 60))
        case_same_quant(c, in[0], out);
    struct hby_node *node = check_node(c, HBY_OP_concatenation, n, in, 1, &out);
    node->params.axis.axis = check_chance(c, 30) ? axis - rank : axis;
    node->params.axis.act = HBY_ACT_NONE;
    if (refused)
        check_refused(c, "one scale");
    else
        check_run(c, 1);
}

void hby_check_concatenation(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme, false);
    if (scheme == HBY_SCHEME_i8)
        one(c, scheme, true);
}
