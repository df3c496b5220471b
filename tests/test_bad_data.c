/* Data that the reference kernels fail on: an index outside, a divisor of 0, a negative number under a root. The run fails, nothing is written, and the next run with
 * good data is right; a device is not blamed for it. */
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

static struct hby_graph *divide_i32(void)
{
    struct hby_graph *g = new_graph();
    const int a = add_tensor(g, HBY_I32, NULL, 1, 5), b = add_tensor(g, HBY_I32, NULL, 1, 5), out = add_tensor(g, HBY_I32, NULL, 1, 5);
    add_node(g, HBY_OP_div, out, 2, a, b);
    border(g, a, b, out);
    return g;
}

static struct hby_graph *divide_i8(void)
{
    struct hby_graph *g = new_graph();
    const int a = add_tensor(g, HBY_I8, NULL, 1, 5), b = add_tensor(g, HBY_I8, NULL, 1, 5), out = add_tensor(g, HBY_I8, NULL, 1, 5);
    set_quant(g, a, 0.5f, 0);
    set_quant(g, b, 0.5f, 3);
    set_quant(g, out, 1.0f, 0);
    add_node(g, HBY_OP_div, out, 2, a, b);
    border(g, a, b, out);
    return g;
}

static void a_divisor_of_zero(void **state)
{
    (void)state;
    static const int32_t a[5] = {7, 8, 9, 10, 11}, b[5] = {2, 1, 1, 1, -1}, zero[5] = {1, 1, 1, 1, 0}, want[1] = {3};
    static const int8_t a8[5] = {8, 6, 4, 2, 0}, b8[5] = {5, 5, 5, 5, 4}, zero8[5] = {5, 5, 3, 5, 5}, want8[4] = {4, 3, 2, 1};
    good_bad_good(divide_i32, (const void *const[]){a, b}, (const void *const[]){a, zero}, want);
    good_bad_good(divide_i8, (const void *const[]){a8, b8}, (const void *const[]){a8, zero8}, want8);
}

static struct hby_graph *root(void)
{
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_I16, NULL, 1, 3), out = add_tensor(g, HBY_I16, NULL, 1, 3);
    set_quant(g, in, 1.0f, 0);
    set_quant(g, out, 1.0f, 0);
    add_node(g, HBY_OP_sqrt, out, 1, in);
    border(g, in, -1, out);
    return g;
}

static void a_negative_number_under_a_root(void **state)
{
    (void)state;
    static const int16_t in[3] = {16, 25, 0}, negative[3] = {16, 25, -1}, want[2] = {4, 5};
    good_bad_good(root, (const void *const[]){in, NULL}, (const void *const[]){negative, NULL}, want);
}

int main(void)
{
    struct hby_reason why = {""};
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}};
    if (hby_cl_backend_create(&opt, &device, &why)) {
        fprintf(stderr, "no device: %s\n", why.text);
        return getenv("HBY_REQUIRE_DEVICE") ? 1 : 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_outside),
        cmocka_unit_test(a_divisor_of_zero),
        cmocka_unit_test(a_negative_number_under_a_root),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hby_cl_backend_destroy(&device);
    return failed;
}
