/* Random cases of ADD, SUB and MUL: broadcasts, constants, fused activations, int16 with power-of-two scales. */
#ifndef HBY_TESTS_ARITH_CASES_H
#define HBY_TESTS_ARITH_CASES_H

#include <math.h>

#include "tests/element_cases.h"

/* The shape of one operand of a broadcast to `out`. */
static inline int arith_shape(struct check *c, int rank, const int *out, int *dim)
{
    const bool same = check_chance(c, 45);
    const int skip = same || !check_chance(c, 30) ? 0 : check_int(c, 0, rank);
    for (int i = skip; i < rank; i++)
        dim[i - skip] = !same && check_chance(c, 35) ? 1 : out[i];
    return rank - skip;
}

static inline int arith_operand(struct check *c, enum hby_scheme scheme, enum hby_type type, int rank, const int *dim, bool constant)
{
    if (!constant)
        return check_input(c, type, rank, dim);
    return check_const(c, case_is_float(scheme) && check_chance(c, 30) ? HBY_F16 : type, rank, dim, NULL);
}

/* Scales of int16 power-of-two arithmetic: one input has the output's, the other a smaller one. */
static inline void arith_pot(struct check *c, const int in[2], int out)
{
    const int e = check_int(c, -12, -1), which = check_int(c, 0, 1);
    case_set_quant(c, out, ldexpf(1.0f, e), 0);
    case_set_quant(c, in[which], ldexpf(1.0f, e), 0);
    case_set_quant(c, in[1 - which], ldexpf(1.0f, e - check_int(c, 0, 6)), 0);
}

/* One row for all: fewer values than a vector has. The simulator runs few cases, so this one is asked for first. */
static inline void arith_row_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    const int n = check_int(c, 2, 15), dim[] = {check_int(c, 2, 4), check_int(c, 2, 5), n};
    const enum hby_type type = check_type(scheme);
    const int in[2] = {check_input(c, type, 3, dim), check_input(c, type, 1, &n)}, out = check_output(c, type, 3, dim);
    check_node(c, op, 2, in, 1, &out);
    check_run(c, 1);
}

static inline void arith_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int out_dim[CASE_RANK], dim[2][CASE_RANK], rank[2], in[2];
    const bool narrow = op == HBY_OP_div || op == HBY_OP_squared_difference; /* no int64 */
    const enum hby_type type = narrow ? check_type(scheme) : case_type(c, scheme, false);
    const bool divides = op == HBY_OP_div && !case_is_float(scheme);
    const int out_rank = case_shape(c, 1, 6, out_dim), constant = divides ? -1 : check_int(c, 0, 5), full = check_int(c, 0, 1);
    const bool pot = scheme == HBY_SCHEME_i16 && (op == HBY_OP_add || op == HBY_OP_sub) && check_chance(c, 25);
    for (int i = 0; i < 2; i++) {
        rank[i] = i == full || pot ? out_rank : arith_shape(c, out_rank, out_dim, dim[i]);
        for (int k = 0; (i == full || pot) && k < out_rank; k++)
            dim[i][k] = out_dim[k];
        in[i] = arith_operand(c, scheme, type, rank[i], dim[i], constant == i);
    }
    if (divides) { /* no divisor is 0 */
        const int zero = case_is_quantized(scheme) ? check_tensor(c, in[1])->quant.zero_point[0] : 0;
        const int lo = scheme == HBY_SCHEME_i8   ? -128
                       : scheme == HBY_SCHEME_u8 ? 0
                                                 : -300,
                  hi = scheme == HBY_SCHEME_i8   ? 127
                       : scheme == HBY_SCHEME_u8 ? 255
                                                 : 300;
        const bool above = zero < hi && (zero == lo || check_chance(c, 70));
        check_range(c, in[1], above ? zero + 1 : lo, above ? hi : zero - 1);
    }
    const int out = check_output(c, type, out_rank, out_dim);
    struct hby_node *node = check_node(c, op, 2, in, 1, &out);
    node->params.arith.act = case_act(c);
    if (op == HBY_OP_squared_difference && scheme == HBY_SCHEME_i8) { /* an output scale that its arithmetic can say */
        const float most = fmaxf(check_scale(c, in[0]), check_scale(c, in[1]));
        case_set_quant(c, out, most * most * (float)check_real(c, 0.01, 100), check_int(c, -128, 127));
    }
    node->params.arith.pot_scale_int16 = pot;
    if (pot)
        arith_pot(c, in, out);
    check_run(c, 1);
}

#endif
