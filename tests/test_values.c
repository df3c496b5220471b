/* Integers that follow from shapes: what is known of a result when its operands are, for the operators that compute shapes. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "partition/shapes.h"
#include "tests/build_graph.h"

enum { NONE = -1, MOST = 4 };

/* An operand: n values, and the rank of the tensor that holds them. */
struct operand {
    int n, rank;
    int64_t value[MOST];
};
#define VECTOR(n, ...)                                                                                                                                         \
    {                                                                                                                                                          \
        n, 1,                                                                                                                                                  \
        {                                                                                                                                                      \
            __VA_ARGS__                                                                                                                                        \
        }                                                                                                                                                      \
    }
#define SCALAR(v)                                                                                                                                              \
    {                                                                                                                                                          \
        1, 0,                                                                                                                                                  \
        {                                                                                                                                                      \
            v                                                                                                                                                  \
        }                                                                                                                                                      \
    }

static const struct {
    const char *name;
    enum hby_op op;
    int n_in;
    struct operand in[4];
    int n; /* of the result's values; NONE: they are not known */
    int64_t want[MOST];
    enum hby_status status;
} cases[] = {
    {"add", HBY_OP_add, 2, {VECTOR(3, 2, 3, 5), VECTOR(3, 1, 1, 1)}, 3, {3, 4, 6}, HBY_OK},
    {"add a scalar", HBY_OP_add, 2, {VECTOR(3, 2, 3, 5), SCALAR(10)}, 3, {12, 13, 15}, HBY_OK},
    {"subtract from a scalar", HBY_OP_sub, 2, {SCALAR(10), VECTOR(2, 3, 4)}, 2, {7, 6}, HBY_OK},
    {"multiply", HBY_OP_mul, 2, {VECTOR(2, 3, 4), VECTOR(2, 5, -6)}, 2, {15, -24}, HBY_OK},
    {"add beyond 64 bits", HBY_OP_add, 2, {VECTOR(1, INT64_MAX), VECTOR(1, 1)}, NONE, {0}, HBY_OK},
    {"subtract beyond 64 bits", HBY_OP_sub, 2, {VECTOR(1, INT64_MIN), VECTOR(1, 1)}, NONE, {0}, HBY_OK},
    {"multiply beyond 64 bits", HBY_OP_mul, 2, {VECTOR(1, INT64_MAX), VECTOR(1, 2)}, NONE, {0}, HBY_OK},
    {"slice", HBY_OP_slice, 3, {VECTOR(4, 2, 3, 5, 7), VECTOR(1, 1), VECTOR(1, 2)}, 2, {3, 5}, HBY_OK},
    {"slice to the end", HBY_OP_slice, 3, {VECTOR(4, 2, 3, 5, 7), VECTOR(1, 2), VECTOR(1, -1)}, 2, {5, 7}, HBY_OK},
    {"slice of a scalar", HBY_OP_slice, 3, {SCALAR(2), VECTOR(1, 0), VECTOR(1, 1)}, NONE, {0}, HBY_BAD_MODEL},
    {"strided slice", HBY_OP_strided_slice, 4, {VECTOR(4, 2, 3, 5, 7), VECTOR(1, 0), VECTOR(1, 4), VECTOR(1, 2)}, 2, {2, 5}, HBY_OK},
    {"strided slice, backwards", HBY_OP_strided_slice, 4, {VECTOR(4, 2, 3, 5, 7), VECTOR(1, 3), VECTOR(1, 0), VECTOR(1, -1)}, 3, {7, 5, 3}, HBY_OK},
    {"pack", HBY_OP_pack, 3, {SCALAR(4), SCALAR(5), SCALAR(6)}, 3, {4, 5, 6}, HBY_OK},
    {"concatenation", HBY_OP_concatenation, 2, {VECTOR(2, 4, 5), VECTOR(1, 6)}, 3, {4, 5, 6}, HBY_OK},
    {"range", HBY_OP_range, 3, {SCALAR(1), SCALAR(8), SCALAR(3)}, 3, {1, 4, 7}, HBY_OK},
    {"range, downwards", HBY_OP_range, 3, {SCALAR(4), SCALAR(0), SCALAR(-2)}, 2, {4, 2}, HBY_OK},
    {"range without an end", HBY_OP_range, 3, {SCALAR(4), SCALAR(0), SCALAR(1)}, NONE, {0}, HBY_BAD_MODEL},
    {"range upwards without an end", HBY_OP_range, 3, {SCALAR(0), SCALAR(4), SCALAR(-1)}, NONE, {0}, HBY_BAD_MODEL},
    {"range of step 0", HBY_OP_range, 3, {SCALAR(0), SCALAR(4), SCALAR(0)}, NONE, {0}, HBY_BAD_MODEL},
    {"range of everything", HBY_OP_range, 3, {SCALAR(INT64_MIN), SCALAR(INT64_MAX), SCALAR(1)}, NONE, {0}, HBY_UNSUPPORTED},
    {"squeeze", HBY_OP_squeeze, 1, {VECTOR(1, 9)}, 1, {9}, HBY_OK},
    {"cast", HBY_OP_cast, 1, {VECTOR(2, 9, 8)}, 2, {9, 8}, HBY_OK},
};

static void follow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hby_graph *g = NULL;
        struct hby_shapes *sh = NULL;
        struct hby_reason why = {""};
        int in[4] = {-1, -1, -1, -1};
        assert_int_equal(hby_graph_create(&g), HBY_OK);
        for (int k = 0; k < cases[i].n_in; k++) /* the first is computed, the others are constants, but where all are alike */
            in[k] = add_tensor(g, HBY_I64, k > 0 && cases[i].in[k].n ? cases[i].in[k].value : NULL, cases[i].in[k].rank, cases[i].in[k].n);
        const int out = add_tensor(g, HBY_I64, NULL, 1, 1);
        struct hby_node *n = add_node(g, cases[i].op, out, cases[i].n_in, in[0], in[1], in[2], in[3]);
        assert_int_equal(hby_shapes_create(g, &sh), HBY_OK);
        struct hby_known first = {.n = cases[i].in[0].n};
        memcpy(first.value, cases[i].in[0].value, sizeof cases[i].in[0].value);
        assert_int_equal(hby_shapes_set_values(sh, in[0], &first), HBY_OK);
        const enum hby_status st = hby_shapes_node(sh, n, &why);
        const struct hby_known *got = sh->known[out];
        if (st != cases[i].status || (st && !why.text[0]))
            fail_msg("%s: status %d, %s", cases[i].name, (int)st, why.text);
        if ((got ? got->n : NONE) != cases[i].n)
            fail_msg("%s: %d values", cases[i].name, got ? got->n : NONE);
        for (int k = 0; k < cases[i].n; k++)
            if (got->value[k] != cases[i].want[k])
                fail_msg("%s: value %d is %lld", cases[i].name, k, (long long)got->value[k]);
        hby_shapes_destroy(&sh);
        hby_graph_destroy(&g);
    }
}

/* Equal only where every number is, and can be used. */
static void equal_quantization(void **state)
{
    (void)state;
    static const float s[2] = {0.5f, 0.25f}, t[2] = {0.5f, 0.125f};
    static const int32_t z[2] = {1, 2}, y[2] = {1, 3};
    const struct hby_quant q = {.count = 2, .axis = 1, .scale = s, .zero_point = z};
    const struct {
        struct hby_quant other;
        bool same;
    } pairs[] = {{q, true},
                 {{.count = 2, .axis = 0, .scale = s, .zero_point = z}, false},
                 {{.count = 2, .axis = 1, .scale = t, .zero_point = z}, false},
                 {{.count = 2, .axis = 1, .scale = s, .zero_point = y}, false},
                 {{.count = 1, .axis = 1, .scale = s, .zero_point = z}, false},
                 {{.count = 2, .axis = 1, .scale = s, .zero_point = z, .unusable = true}, false}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(hby_same_quant(&q, &pairs[i].other), pairs[i].same);
        assert_int_equal(hby_same_quant(&pairs[i].other, &q), pairs[i].same);
    }
    const struct hby_quant one = {.count = 1, .axis = 0, .scale = s, .zero_point = z}, other_axis = {.count = 1, .axis = 3, .scale = s, .zero_point = z};
    assert_true(hby_same_quant(&one, &other_axis)); /* one scale goes along no axis */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(follow), cmocka_unit_test(equal_quantization)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
