/* What the checks of elementwise and moving operators share: shapes, types, and quantization that goes together. */
#ifndef HBY_TESTS_ELEMENT_CASES_H
#define HBY_TESTS_ELEMENT_CASES_H

#include "tests/check.h"

enum { CASE_RANK = 6 };

/* A random shape of low..high dimensions, some of size 1, rarely one that is long; the rank. */
static inline int case_shape(struct check *c, int low, int high, int *dim)
{
    const int rank = check_int(c, low, high), most = rank > 4 ? 4 : rank > 3 ? 7 : 11;
    for (int i = 0; i < rank; i++)
        dim[i] = check_chance(c, 20) ? 1 : check_int(c, 1, most);
    if (rank && check_chance(c, 30))
        dim[check_int(c, 0, rank - 1)] = check_int(c, 12, rank > 3 ? 40 : 130);
    return rank;
}

static inline int case_count(int rank, const int *dim)
{
    int n = 1;
    for (int i = 0; i < rank; i++)
        n *= dim[i];
    return n;
}

/* A type of the scheme; plain integers are sometimes int64 (and bool where `bools`). */
static inline enum hby_type case_type(struct check *c, enum hby_scheme scheme, bool bools)
{
    if (scheme != HBY_SCHEME_i32 || check_chance(c, 60))
        return check_type(scheme);
    return bools && check_chance(c, 50) ? HBY_BOOL : HBY_I64;
}

static inline bool case_is_float(enum hby_scheme scheme)
{
    return scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16;
}

static inline bool case_is_quantized(enum hby_scheme scheme)
{
    return scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16;
}

/* `to` is quantized as `from` is. */
static inline void case_same_quant(struct check *c, int from, int to)
{
    const struct hby_quant q = check_tensor(c, from)->quant;
    if (q.count)
        check_quant(c, to, q.axis, q.count, q.scale, q.zero_point);
}

static inline void case_set_quant(struct check *c, int tensor, float scale, int32_t zero_point)
{
    check_quant(c, tensor, 0, 1, &scale, &zero_point);
}

/* A constant of integers: int32, or int64 now and then. */
static inline int case_ints(struct check *c, int n, const int *value)
{
    int64_t wide[2 * CASE_RANK];
    int32_t narrow[2 * CASE_RANK];
    for (int i = 0; i < n; i++) {
        wide[i] = value[i];
        narrow[i] = value[i];
    }
    const bool is_wide = check_chance(c, 20);
    return check_const(c, is_wide ? HBY_I64 : HBY_I32, 1, &n, is_wide ? (const void *)wide : narrow);
}

static inline enum hby_act case_act(struct check *c)
{
    static const enum hby_act act[] = {HBY_ACT_NONE, HBY_ACT_NONE, HBY_ACT_RELU, HBY_ACT_RELU6, HBY_ACT_RELU_N1_TO_1};
    return act[check_int(c, 0, 4)];
}

/* A one-input node that keeps shape and type; the output's id. */
static inline int case_unary(struct check *c, enum hby_op op, enum hby_scheme scheme, struct hby_node **node)
{
    int dim[CASE_RANK];
    const int rank = case_shape(c, check_chance(c, 90) ? 1 : 0, 5, dim);
    const int in = check_input(c, check_type(scheme), rank, dim), out = check_output(c, check_type(scheme), rank, dim);
    *node = check_node(c, op, 1, &in, 1, &out);
    return out;
}

/* All the cases of an operator that has no parameters and takes every value. */
static inline void case_unary_all(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        case_unary(c, op, scheme, &node);
        check_run(c, 1);
    }
}

/* All the cases of SQRT and RSQRT: no integer below zero, on which the reference fails. */
static inline void case_root_all(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        case_unary(c, op, scheme, &node);
        if (scheme == HBY_SCHEME_i8)
            case_set_quant(c, node->in[0], check_scale(c, node->in[0]), -128);
        if (scheme == HBY_SCHEME_i16)
            check_range(c, node->in[0], 0, 32767);
        check_run(c, 1);
    }
}

#endif
