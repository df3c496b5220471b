/* Data that the reference kernels fail on: an index outside, a divisor of 0, a negative exponent of an integer, a negative number under a root. The run fails,
 * nothing is written, and the next run with good data is right; a device is not blamed for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/device.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/need_device.h"

static struct hby_backend *device;

static struct hby_executor *executor_of(struct hby_graph *g, struct hby_backend *on)
{
    struct hby_reason why = {""};
    const struct hby_plan_options opt = {.precision = HBY_PRECISION_EXACT, .host_ref = on ? HBY_HOST_REF_OFF : HBY_HOST_REF_ONLY};
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    assert_true(g->n_tensors > 0);
    assert_int_equal(hby_plan_create(g, &opt, on, hby_host_ref_backend(), &plan, &why), HBY_OK);
    if (plan->n_nodes_runnable != plan->graph->n_nodes)
        fprintf(stderr, "%s\n", plan->verdict[0].reason.text);
    assert_int_equal(plan->n_nodes_runnable, plan->graph->n_nodes);
    assert_int_equal(hby_executor_create(plan, on, hby_host_ref_backend(), &ex, &why), HBY_OK);
    return ex;
}

/* Runs good, bad and good inputs; `want` are the 4 bytes that the good ones give, at the beginning of the output. */
static void good_bad_good(struct hby_graph *(*build)(void), const void *const good[2], const void *const bad[2], const void *want)
{
    struct hby_backend *const on[2] = {NULL, device};
    for (int k = 0; k < 2; k++) {
        struct hby_executor *ex = executor_of(build(), on[k]);
        for (int run = 0; run < 4; run++) {
            struct hby_reason why = {""};
            uint8_t bytes[64];
            void *out[1] = {bytes};
            memset(bytes, 0xa5, sizeof bytes);
            const bool is_bad = run % 2;
            assert_int_equal(hby_executor_run(ex, is_bad ? bad : good, out, &why), is_bad ? HBY_BAD_DATA : HBY_OK);
            if (is_bad)
                assert_true(bytes[0] == 0xa5 && why.text[0]);
            else
                assert_memory_equal(bytes, want, 4);
        }
        assert_int_equal(hby_executor_stats(ex)->device_failures, 0);
        hby_executor_destroy(&ex);
    }
}

static struct hby_graph *new_graph(void)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    return g;
}

static void border(struct hby_graph *g, int a, int b, int out)
{
    set_border(g, a, out);
    if (b >= 0) {
        const int both[2] = {a, b};
        g->input = copy_ids(g, both, 2);
        g->n_inputs = 2;
    }
}

static struct hby_graph *gather(void)
{
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_F32, NULL, 2, 3, 1), index = add_tensor(g, HBY_I32, NULL, 1, 2), out = add_tensor(g, HBY_F32, NULL, 2, 2, 1);
    add_node(g, HBY_OP_gather, out, 2, in, index);
    border(g, in, index, out);
    return g;
}

static void an_index_outside(void **state)
{
    (void)state;
    static const float in[3] = {1.0f, 2.0f, 3.0f};
    static const int32_t inside[2] = {2, 0}, above[2] = {0, 3}, below[2] = {-1, 0};
    good_bad_good(gather, (const void *const[]){in, inside}, (const void *const[]){in, above}, &in[2]);
    good_bad_good(gather, (const void *const[]){in, inside}, (const void *const[]){in, below}, &in[2]);
}

static struct hby_graph *gather_nd(void)
{
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_F32, NULL, 2, 2, 3), index = add_tensor(g, HBY_I32, NULL, 2, 1, 2), out = add_tensor(g, HBY_F32, NULL, 1, 1);
    add_node(g, HBY_OP_gather_nd, out, 2, in, index);
    border(g, in, index, out);
    return g;
}

static void a_position_outside(void **state)
{
    (void)state;
    static const float in[6] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
    static const int32_t inside[2] = {1, 2}, above[2] = {1, 3}, below[2] = {-1, 2};
    good_bad_good(gather_nd, (const void *const[]){in, inside}, (const void *const[]){in, above}, &in[5]);
    good_bad_good(gather_nd, (const void *const[]){in, inside}, (const void *const[]){in, below}, &in[5]);
}

static struct hby_graph *embedding(void)
{
    static const int8_t table[6] = {1, 2, 3, 4, 5, 6};
    struct hby_graph *g = new_graph();
    const int index = add_tensor(g, HBY_I32, NULL, 1, 2), rows = add_tensor(g, HBY_I8, table, 2, 3, 2), out = add_tensor(g, HBY_F32, NULL, 2, 2, 2);
    set_quant(g, rows, 0.5f, 0);
    add_node(g, HBY_OP_embedding_lookup, out, 2, index, rows);
    border(g, index, -1, out);
    return g;
}

static void a_row_outside(void **state)
{
    (void)state;
    static const int32_t inside[2] = {2, 0}, above[2] = {0, 3}, below[2] = {0, -1};
    static const float want[1] = {2.5f};
    good_bad_good(embedding, (const void *const[]){inside, NULL}, (const void *const[]){above, NULL}, want);
    good_bad_good(embedding, (const void *const[]){inside, NULL}, (const void *const[]){below, NULL}, want);
}

/* Two inputs of PAIR elements: what pair_graph makes. */
enum { PAIR = 5 };
static struct {
    enum hby_op op;
    enum hby_type type;
    int b_zero; /* the zero point of b where the type is quantized */
} pair;

static struct hby_graph *pair_graph(void)
{
    struct hby_graph *g = new_graph();
    const int a = add_tensor(g, pair.type, NULL, 1, PAIR), b = add_tensor(g, pair.type, NULL, 1, PAIR), out = add_tensor(g, pair.type, NULL, 1, PAIR);
    if (pair.type == HBY_I8 || pair.type == HBY_U8 || pair.type == HBY_I16) {
        set_quant(g, a, 0.5f, 0);
        set_quant(g, b, 0.5f, pair.b_zero);
        set_quant(g, out, 1.0f, 0);
    }
    add_node(g, pair.op, out, 2, a, b);
    border(g, a, b, out);
    return g;
}

/* The numbers as elements of a type. */
static const void *as_type(enum hby_type type, const int *v, int64_t store[PAIR])
{
    for (int i = 0; i < PAIR; i++)
        switch (type) {
        case HBY_F32:
            ((float *)(void *)store)[i] = (float)v[i];
            break;
        case HBY_I64:
            store[i] = v[i];
            break;
        case HBY_I32:
            ((int32_t *)(void *)store)[i] = v[i];
            break;
        case HBY_I16:
            ((int16_t *)(void *)store)[i] = (int16_t)v[i];
            break;
        default:
            ((int8_t *)(void *)store)[i] = (int8_t)v[i];
            break;
        }
    return store;
}

/* Every operator that fails on a second operand, in every type: the first two results (four of 8 bits). */
static void an_operand_that_has_no_result(void **state)
{
    (void)state;
    static const struct {
        enum hby_op op;
        enum hby_type type;
        int zero, a[PAIR], b[PAIR], bad[PAIR], want[PAIR];
    } row[] = {
        {HBY_OP_div, HBY_I32, 0, {7, 8, 9, 10, 11}, {2, 1, 1, 1, -1}, {1, 1, 1, 1, 0}, {3, 8}},
        {HBY_OP_div, HBY_I8, 3, {8, 6, 4, 2, 0}, {5, 5, 5, 5, 4}, {5, 5, 3, 5, 5}, {4, 3, 2, 1}},
        {HBY_OP_div, HBY_U8, 3, {8, 6, 4, 2, 0}, {5, 5, 5, 5, 4}, {5, 5, 5, 5, 3}, {4, 3, 2, 1}},
        {HBY_OP_div, HBY_I16, 0, {8, 6, 4, 2, 0}, {2, 2, 2, 2, 1}, {2, 2, 2, 2, 0}, {4, 3}},
        {HBY_OP_floor_div, HBY_F32, 0, {7, -7, 9, 10, 11}, {2, 2, 1, 1, -1}, {1, 1, 1, 0, 1}, {3, -4}},
        {HBY_OP_floor_div, HBY_I32, 0, {7, -7, 9, 10, 11}, {2, 2, 1, 1, -1}, {1, 1, 1, 0, 1}, {3, -4}},
        {HBY_OP_floor_div, HBY_I16, 0, {7, -7, 9, 10, 11}, {2, 2, 1, 1, -1}, {0, 1, 1, 1, 1}, {3, -4}},
        {HBY_OP_floor_div, HBY_I8, 0, {7, -7, 9, 10, 11}, {2, 2, 1, 1, -1}, {0, 1, 1, 1, 1}, {3, -4, 9, 10}},
        {HBY_OP_floor_mod, HBY_I64, 0, {7, -7, 9, 10, 11}, {2, 2, 4, 3, -2}, {1, 1, 1, 1, 0}, {1, 1}},
        {HBY_OP_floor_mod, HBY_I32, 0, {7, -7, 9, 10, 11}, {2, 2, 4, 3, -2}, {1, 1, 1, 1, 0}, {1, 1}},
        {HBY_OP_floor_mod, HBY_I8, 0, {7, -7, 9, 10, 11}, {2, 2, 4, 3, -2}, {1, 1, 1, 1, 0}, {1, 1, 1, 1}},
        {HBY_OP_pow, HBY_I32, 0, {3, 2, 2, 2, 2}, {4, 0, 1, 2, 3}, {1, 1, 1, 1, -1}, {81, 1}},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t a[PAIR], b[PAIR], bad[PAIR], want[PAIR];
        pair.op = row[i].op;
        pair.type = row[i].type;
        pair.b_zero = row[i].zero;
        const enum hby_type t = row[i].type;
        good_bad_good(pair_graph, (const void *const[]){as_type(t, row[i].a, a), as_type(t, row[i].b, b)},
                      (const void *const[]){a, as_type(t, row[i].bad, bad)}, as_type(t, row[i].want, want));
    }
}

/* Floats that are divided by 0 have a result. */
static void a_float_divided_by_zero(void **state)
{
    (void)state;
    static const float a[PAIR] = {1.0f, -1.0f, 6.0f, 7.0f, 8.0f}, zero[PAIR] = {0.0f, 0.0f, 2.0f, 2.0f, 2.0f};
    static const enum hby_op op[2] = {HBY_OP_div, HBY_OP_floor_mod};
    struct hby_backend *const on[2] = {NULL, device};
    for (int i = 0; i < 4; i++) {
        struct hby_reason why = {""};
        float got[PAIR];
        void *out[1] = {got};
        pair.op = op[i / 2];
        pair.type = HBY_F32;
        struct hby_executor *ex = executor_of(pair_graph(), on[i % 2]);
        assert_int_equal(hby_executor_run(ex, (const void *const[]){a, zero}, out, &why), HBY_OK);
        assert_true(got[2] == (i / 2 ? 0.0f : 3.0f) && !(got[0] < 1e30f));
        hby_executor_destroy(&ex);
    }
}

static enum hby_op root_op;

static struct hby_graph *root(void)
{
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_I16, NULL, 1, 3), out = add_tensor(g, HBY_I16, NULL, 1, 3);
    set_quant(g, in, 1.0f, 0);
    set_quant(g, out, 1.0f, 0);
    add_node(g, root_op, out, 1, in);
    border(g, in, -1, out);
    return g;
}

static void a_negative_number_under_a_root(void **state)
{
    (void)state;
    static const int16_t in[3] = {16, 25, 0}, negative[3] = {16, 25, -1}, want[2] = {4, 5}, large[3] = {16384, 16384, 4},
                         inverse[2] = {0, 0}; /* samples lie 128 apart */
    root_op = HBY_OP_sqrt;
    good_bad_good(root, (const void *const[]){in, NULL}, (const void *const[]){negative, NULL}, want);
    root_op = HBY_OP_rsqrt;
    good_bad_good(root, (const void *const[]){large, NULL}, (const void *const[]){negative, NULL}, inverse);
}

int main(void)
{
    struct hby_reason why = {""};
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}};
    if (hby_cl_backend_create(&opt, &device, &why))
        return no_device(&why);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_outside),        cmocka_unit_test(a_position_outside),
        cmocka_unit_test(a_row_outside),           cmocka_unit_test(an_operand_that_has_no_result),
        cmocka_unit_test(a_float_divided_by_zero), cmocka_unit_test(a_negative_number_under_a_root),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hby_cl_backend_destroy(&device);
    return failed;
}
