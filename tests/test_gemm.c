/* CLBlast, where it is installed: measured once for a shape on devices that are worth it, used when asked for, right in any case. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/clblast.h"
#include "kernels_cl/device.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/need_device.h"

enum { ROWS = 64, DEPTH = 256, UNITS = 256 };
static float weights[UNITS * DEPTH], bias[UNITS], input[ROWS * DEPTH], want[ROWS * UNITS], got[ROWS * UNITS];
static int n_measured;

static void count_log(void *ctx, int level, const char *text)
{
    (void)ctx;
    (void)level;
    n_measured += strstr(text, "CLBlast ") != NULL && strstr(text, "own kernel ") != NULL;
}

static struct hby_graph *product(int rows, bool with_bias, bool relu)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    const int in = add_tensor(g, HBY_F32, NULL, 2, rows, DEPTH), w = add_tensor(g, HBY_F32, weights, 2, UNITS, DEPTH),
              b = add_tensor(g, HBY_F32, bias, 1, UNITS), out = add_tensor(g, HBY_F32, NULL, 2, rows, UNITS);
    add_node(g, HBY_OP_fully_connected, out, 3, in, w, with_bias ? b : -1)->params.fully_connected.act = relu ? HBY_ACT_RELU : HBY_ACT_NONE;
    set_border(g, in, out);
    return g;
}

/* On host_ref where `be` is NULL. */
static void run(struct hby_backend *be, struct hby_graph *g, float *out)
{
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    const struct hby_plan_options po = {.precision = HBY_PRECISION_EXACT, .host_ref = be ? HBY_HOST_REF_OFF : HBY_HOST_REF_ONLY};
    const void *ins[] = {input};
    void *outs[] = {out};
    if (hby_plan_create(g, &po, be, hby_host_ref_backend(), &plan, &why) || hby_executor_create(plan, be, hby_host_ref_backend(), &ex, &why) ||
        hby_executor_run(ex, ins, outs, &why))
        fail_msg("%s", why.text);
    assert_int_equal(hby_executor_stats(ex)->device_failures, 0);
    hby_executor_destroy(&ex);
}

static const struct {
    const char *features; /* CPUs do not measure */
    int gemm, rows, measured;
    bool bias, relu;
} cases[] = {
    {"", 0, ROWS, 0, true, false},         {"", 2, ROWS, 0, false, false},        {"", 2, ROWS, 0, true, true},
    {"", 2, ROWS, 0, false, true},         {"kind=gpu", 1, ROWS, 0, true, false}, {"kind=gpu", 0, ROWS, 1, true, false},
    {"kind=gpu", 0, ROWS, 1, false, true}, {"kind=gpu", 0, 1, 0, true, false}, /* too small */
};

static void every_way(void **state)
{
    (void)state;
    uint32_t seed = 3;
    for (int i = 0; i < UNITS * DEPTH; i++)
        weights[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 24) / 128 - 1;
    for (int i = 0; i < ROWS * DEPTH; i++)
        input[i] = (float)((seed = seed * 1664525u + 1013904223u) >> 24) / 128 - 1;
    for (int i = 0; i < UNITS; i++)
        bias[i] = (float)i / 16 - 8;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("HALFBYTE_DEVICE_FEATURES", cases[i].features, 1);
        const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}, .gemm = cases[i].gemm, .log = count_log};
        struct hby_backend *be = NULL;
        struct hby_reason why = {""};
        assert_int_equal(hby_cl_backend_create(&opt, &be, &why), HBY_OK);
        n_measured = 0;
        run(NULL, product(cases[i].rows, cases[i].bias, cases[i].relu), want);
        for (int twice = 0; twice < 2; twice++) {
            memset(got, 0, sizeof got);
            run(be, product(cases[i].rows, cases[i].bias, cases[i].relu), got);
            for (int k = 0; k < cases[i].rows * UNITS; k++)
                if (!(fabsf(got[k] - want[k]) <= 1e-5f * 200)) /* of the range */
                    fail_msg("case %zu: value %d is %g, not %g", i, k, (double)got[k], (double)want[k]);
        }
        assert_int_equal(n_measured, cases[i].measured);
        hby_cl_backend_destroy(&be);
    }
    unsetenv("HALFBYTE_DEVICE_FEATURES");
}

int main(void)
{
    const int skip = without_device();
    if (skip)
        return skip;
    if (!hby_clblast_have()) {
        fprintf(stderr, "CLBlast is not installed\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
