/* Random cases of comparisons, logical operators, FLOOR_DIV, FLOOR_MOD, POW and SELECT. */
#ifndef HBY_TESTS_LOGIC_CASES_H
#define HBY_TESTS_LOGIC_CASES_H

#include "tests/arith_cases.h"

/* Two inputs that broadcast to a random shape; its rank. */
static inline int logic_pair(struct check *c, enum hby_type type, int *out_dim, int in[2])
{
    int dim[2][CASE_RANK];
    const int out_rank = case_shape(c, 1, 6, out_dim), constant = check_int(c, 0, 5), full = check_int(c, 0, 1);
    for (int i = 0; i < 2; i++) {
        int rank = out_rank;
        for (int k = 0; k < out_rank; k++)
            dim[i][k] = out_dim[k];
        if (i != full)
            rank = arith_shape(c, out_rank, out_dim, dim[i]);
        in[i] = constant == i ? check_const(c, type, rank, dim[i], NULL) : check_input(c, type, rank, dim[i]);
    }
    return out_rank;
}

static inline void compare_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int out_dim[CASE_RANK], in[2];
    const bool equality = op == HBY_OP_equal || op == HBY_OP_not_equal;
    const enum hby_type type = case_type(c, scheme, equality);
    const int rank = logic_pair(c, type, out_dim, in), out = check_output(c, HBY_BOOL, rank, out_dim);
    if (scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16)
        for (int i = 0; i < 2; i++) { /* scales under which values differ */
            const int low = scheme == HBY_SCHEME_i8 ? -128 : 0, high = scheme == HBY_SCHEME_i8 ? 127 : scheme == HBY_SCHEME_u8 ? 255 : 0;
            case_set_quant(c, in[i], (float)check_real(c, 0.001, 0.9), check_int(c, low, high));
        }
    if (scheme == HBY_SCHEME_i32 && check_chance(c, 40)) /* some are equal */
        for (int i = 0; i < 2; i++)
            if (type != HBY_BOOL && !check_tensor(c, in[i])->data)
                check_range(c, in[i], -2, 2);
    check_node(c, op, 2, in, 1, &out);
    check_run(c, 1);
}

static inline void logical_case(struct check *c, enum hby_op op)
{
    int out_dim[CASE_RANK], in[2];
    const int rank = logic_pair(c, HBY_BOOL, out_dim, in), out = check_output(c, HBY_BOOL, rank, out_dim);
    check_node(c, op, 2, in, 1, &out);
    check_run(c, 1);
}

/* Divisors are not 0. */
static inline void floor_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int out_dim[CASE_RANK], in[2];
    const enum hby_type type = op == HBY_OP_floor_mod ? case_type(c, scheme, false) : check_type(scheme);
    int rank = logic_pair(c, type, out_dim, in);
    while (check_tensor(c, in[1])->data) { /* constants are of any value */
        check_forget(c);
        rank = logic_pair(c, type, out_dim, in);
    }
    const int out = check_output(c, type, rank, out_dim);
    const bool negative = check_chance(c, 50), wide = check_chance(c, 50);
    const int most = wide && scheme == HBY_SCHEME_i8 ? 127 : wide ? 30000 : 9;
    if (!case_is_float(scheme))
        check_range(c, in[1], negative ? -most : 1, negative ? -1 : most);
    else if (op == HBY_OP_floor_div) /* refuses zeros */
        check_plain(c);
    check_node(c, op, 2, in, 1, &out);
    check_run(c, 1);
}

static inline void select_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int out_dim[CASE_RANK], dim[3][CASE_RANK], in[3];
    const enum hby_type type = case_type(c, scheme, true);
    const int out_rank = case_shape(c, 1, 5, out_dim), full = check_int(c, 0, 2), kind = check_int(c, 0, 2), constant = check_int(c, 0, 6);
    for (int i = 0; i < 3; i++) {
        int rank = out_rank;
        for (int k = 0; k < out_rank; k++)
            dim[i][k] = out_dim[k];
        if (op == HBY_OP_select_v2 && i != full)
            rank = arith_shape(c, out_rank, out_dim, dim[i]);
        else if (op == HBY_OP_select && i == 0 && kind < 2)
            rank = kind; /* a scalar, or one value per slice */
        const enum hby_type t = i ? type : HBY_BOOL;
        in[i] = constant == i ? check_const(c, t, rank, dim[i], NULL) : check_input(c, t, rank, dim[i]);
    }
    const int out = check_output(c, type, out_rank, out_dim);
    check_node(c, op, 3, in, 1, &out);
    check_run(c, 1);
}

#endif
