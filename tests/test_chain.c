/* Chains (kernels_cl/chain.clh): a partition's launches as one give what single launches give, run after run, from many threads at once, and around a step that
 * the device has no kernel for. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/device.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/need_device.h"

enum { SIDE = 12, CHANNELS = 24, BYTES = SIDE * SIDE * CHANNELS, LAYERS = 6, RUNS = 200, THREADS = 4 };
static int8_t weights[LAYERS][CHANNELS * CHANNELS], input[2][BYTES];
static int32_t bias[CHANNELS];
static _Atomic int launches, chained; /* of the session made last, from the log */
static _Atomic int built;             /* programs, since it was set to 0 */

static void read_log(void *ctx, int level, const char *text)
{
    int a, b;
    (void)ctx;
    (void)level;
    if (sscanf(text, "chain: %d of %d launches", &a, &b) == 2) {
        atomic_store(&chained, a);
        atomic_store(&launches, b);
    }
    if (strstr(text, ": built in "))
        atomic_fetch_add(&built, 1);
}

static struct hby_backend *open_device(bool no_chain, const char *deny)
{
    struct hby_backend *device = NULL;
    struct hby_reason why = {""};
    const struct hby_cl_options opt = {
        .choice = {.device_id = -1, .device_type = -1}, .log = read_log, .chain = no_chain ? HBY_CL_CHAIN_OFF : HBY_CL_CHAIN_AUTO, .deny_kernels = deny};
    if (hby_cl_backend_create(&opt, &device, &why) != HBY_OK)
        fail_msg("%s", why.text);
    return device;
}

/* 1x1 convolutions with LOGISTIC after every other, a pool in the middle; tasks of very different sizes. */
static struct hby_graph *network(void)
{
    static const struct hby_window_params plain = {.padding = HBY_PAD_SAME, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    const int in = add_tensor(g, HBY_I8, NULL, 4, 1, SIDE, SIDE, CHANNELS);
    set_quant(g, in, 0.05f, 3);
    int last = in;
    for (int i = 0; i < LAYERS; i++) {
        const int w = add_tensor(g, HBY_I8, weights[i], 4, CHANNELS, 1, 1, CHANNELS), b = add_tensor(g, HBY_I32, bias, 1, CHANNELS);
        const int sum = add_tensor(g, HBY_I8, NULL, 4, 1, SIDE, SIDE, CHANNELS), out = add_tensor(g, HBY_I8, NULL, 4, 1, SIDE, SIDE, CHANNELS);
        const float scale = g->tensor[last].quant.scale[0];
        set_quant(g, w, 0.02f, 0);
        set_quant(g, b, scale * 0.02f, 0);
        set_quant(g, sum, 0.05f, -5);
        add_node(g, HBY_OP_conv_2d, sum, 3, last, w, b)->params.window = plain;
        if (i == LAYERS / 2) {
            set_quant(g, out, 0.05f, -5);
            struct hby_node *n = add_node(g, HBY_OP_max_pool_2d, out, 1, sum);
            n->params.window = plain;
            n->params.window.filter_h = n->params.window.filter_w = 3;
        } else {
            set_quant(g, out, 1.0f / 256, -128);
            add_node(g, HBY_OP_logistic, out, 1, sum);
        }
        last = out;
    }
    set_border(g, in, last);
    return g;
}

static struct hby_plan *plan_network(struct hby_backend *device)
{
    struct hby_plan *plan = NULL;
    struct hby_reason why = {""};
    const struct hby_plan_options po = {.precision = HBY_PRECISION_EXACT, .host_ref = device ? HBY_HOST_REF_AUTO : HBY_HOST_REF_ONLY};
    if (hby_plan_create(network(), &po, device, hby_host_ref_backend(), &plan, &why) != HBY_OK)
        fail_msg("%s", why.text);
    return plan;
}

static struct hby_executor *executor(struct hby_backend *device)
{
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    if (hby_executor_create(plan_network(device), device, hby_host_ref_backend(), &ex, &why) != HBY_OK)
        fail_msg("%s", why.text);
    return ex;
}

static int8_t want[2][BYTES];

/* The first run that is wrong, or -1. */
static int run(struct hby_executor *ex, int runs)
{
    int8_t *out = malloc(BYTES);
    int bad = -1;
    for (int r = 0; r < runs && bad < 0 && out; r++) {
        const void *in[1] = {input[r % 2]};
        void *to[1] = {out};
        struct hby_reason why;
        memset(out, 0x55, BYTES);
        if (hby_executor_run(ex, in, to, &why) != HBY_OK || memcmp(out, want[r % 2], BYTES) || hby_executor_stats(ex)->device_failures)
            bad = r;
    }
    free(out);
    return out ? bad : 0;
}

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * BYTES; i++)
        input[i / BYTES][i % BYTES] = (int8_t)(i * 37 + i / 91);
    for (int l = 0; l < LAYERS; l++)
        for (int i = 0; i < CHANNELS * CHANNELS; i++)
            weights[l][i] = (int8_t)(((i + l) * 53) % 255 - 127);
    for (int i = 0; i < CHANNELS; i++)
        bias[i] = i * 100 - 350;
    struct hby_executor *ex = executor(NULL);
    for (int r = 0; r < 2; r++) {
        const void *in[1] = {input[r]};
        void *to[1] = {want[r]};
        struct hby_reason why;
        if (hby_executor_run(ex, in, to, &why) != HBY_OK)
            return 1;
    }
    hby_executor_destroy(&ex);
    return memcmp(want[0], want[1], BYTES) == 0; /* inputs that make no difference would prove nothing */
}

/* Whether a chain is made is the driver's choice; where one is, it takes all launches. */
static void equals_single_launches(void **state)
{
    (void)state;
    for (int no_chain = 0; no_chain < 2; no_chain++) {
        struct hby_backend *device = open_device(no_chain, NULL);
        atomic_store(&chained, 0);
        struct hby_executor *ex = executor(device);
        if (no_chain)
            assert_int_equal(atomic_load(&chained), 0);
        else if (atomic_load(&chained))
            assert_int_equal(atomic_load(&chained), atomic_load(&launches));
        print_message("%d launches as one\n", atomic_load(&chained));
        assert_int_equal(run(ex, RUNS), -1);
        hby_executor_destroy(&ex);
        hby_cl_backend_destroy(&device);
    }
}

/* Two chains with a step on host_ref between them. */
static void around_the_host(void **state)
{
    (void)state;
    struct hby_backend *device = open_device(false, "pool");
    struct hby_executor *ex = executor(device);
    assert_int_equal(run(ex, RUNS), -1);
    hby_executor_destroy(&ex);
    hby_cl_backend_destroy(&device);
}

static bool no_chain_here;

/* Planning builds nothing; `build` makes one program of what is taken; sessions find all they need in it, or make another. */
static void one_program(void **state)
{
    (void)state;
    struct hby_backend *device = open_device(false, NULL);
    atomic_store(&chained, 0);
    struct hby_executor *ex = executor(device);
    const bool chains = atomic_load(&chained) > 0;
    hby_executor_destroy(&ex);
    hby_cl_backend_destroy(&device);
    if (!chains) {
        no_chain_here = true;
        skip();
    }
    for (int some = 0; some < 2; some++) {
        bool taken[2 * LAYERS];
        struct hby_reason why = {""};
        device = open_device(false, NULL);
        atomic_store(&built, 0);
        struct hby_plan *plan = plan_network(device);
        assert_int_equal(atomic_load(&built), 0);
        for (int i = 0; i < 2 * LAYERS; i++)
            taken[i] = !some || i % 2 == 0; /* convolutions only */
        assert_int_equal(device->ops->build(device, plan, taken, &why), HBY_OK);
        assert_int_equal(atomic_load(&built), 1);
        hby_plan_destroy(&plan);
        for (int again = 0; again < 2; again++) {
            ex = executor(device);
            assert_int_equal(atomic_load(&built), 1 + some);
            assert_int_equal(run(ex, 4), -1);
            hby_executor_destroy(&ex);
        }
        hby_cl_backend_destroy(&device);
    }
}

static struct hby_backend *common;
static void *in_a_thread(void *arg)
{
    struct hby_executor *ex = executor(common);
    *(int *)arg = run(ex, RUNS);
    hby_executor_destroy(&ex);
    return NULL;
}

/* More chains than processors, all at once: none waits for another. */
static void many_threads(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    int bad[THREADS];
    common = open_device(false, NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, in_a_thread, &bad[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(bad[i], -1);
    hby_cl_backend_destroy(&common);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_single_launches),
        cmocka_unit_test(around_the_host),
        cmocka_unit_test(one_program),
        cmocka_unit_test(many_threads),
    };
    const int skip = without_device();
    if (skip)
        return skip;
    const int failed = cmocka_run_group_tests(tests, setup, NULL);
    if (no_chain_here)
        fprintf(stderr, "this driver allows no chains: one_program did not run\n");
    return failed ? failed : no_chain_here ? 77 : 0;
}
