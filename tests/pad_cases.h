/* Random cases of PAD and PADV2. */
#ifndef HBY_TESTS_PAD_CASES_H
#define HBY_TESTS_PAD_CASES_H

#include "tests/element_cases.h"

static inline void pad_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK];
    int32_t pad[2 * CASE_RANK];
    const enum hby_type type = case_type(c, scheme, false);
    const int rank = case_shape(c, 1, 5, dim);
    const bool image = rank == 4 && check_chance(c, 50);
    for (int i = 0; i < rank; i++) {
        pad[2 * i] = image && (i == 0 || i == 3) ? 0 : check_int(c, 0, 3);
        pad[2 * i + 1] = image && (i == 0 || i == 3) ? 0 : check_int(c, 0, 3);
        out_dim[i] = dim[i] + pad[2 * i] + pad[2 * i + 1];
    }
    int in[3] = {check_input(c, type, rank, dim), check_const(c, HBY_I32, 2, (int[]){rank, 2}, pad), -1};
    if (op == HBY_OP_padv2) {
        in[2] = check_const(c, type, 0, NULL, NULL);
        case_same_quant(c, in[0], in[2]);
    }
    const int out = check_output(c, type, rank, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, op, op == HBY_OP_padv2 ? 3 : 2, in, 1, &out);
    check_run(c, 1);
}

#endif
