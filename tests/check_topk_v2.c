/* TOPK_V2: one to all of a row, with equal elements. */
#include "tests/element_cases.h"

void hby_check_topk_v2(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK], out_dim[CASE_RANK];
        const enum hby_type type = case_type(c, scheme, false);
        const int rank = case_shape(c, 1, 4, dim), k = check_chance(c, 20) ? dim[rank - 1] : check_int(c, 1, dim[rank - 1]);
        const int32_t n = k;
        for (int d = 0; d < rank; d++)
            out_dim[d] = d < rank - 1 ? dim[d] : k;
        const int in[2] = {check_input(c, type, rank, dim), check_const(c, HBY_I32, 0, NULL, &n)};
        const int out[2] = {check_output(c, type, rank, out_dim), check_output(c, check_chance(c, 70) ? HBY_I32 : HBY_I16, rank, out_dim)};
        if (scheme == HBY_SCHEME_i32 && check_chance(c, 50))
            check_range(c, in[0], -3, 3);
        case_same_quant(c, in[0], out[0]);
        if (type == HBY_I16)
            check_quant(c, out[1], 0, 1, NULL, NULL);
        check_node(c, HBY_OP_topk_v2, 2, in, 2, out);
        check_run(c, 1);
    }
    const int dim[1] = {9000};
    const int32_t all = 9000;
    const int in[2] = {check_input(c, check_type(scheme), 1, dim), check_const(c, HBY_I32, 0, NULL, &all)};
    const int out[2] = {check_output(c, check_type(scheme), 1, dim), check_output(c, HBY_I32, 1, dim)};
    check_node(c, HBY_OP_topk_v2, 2, in, 2, out);
    check_refused(c, "sorting");
}
