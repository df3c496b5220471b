/* precision=fast where the device has no integer kernel: DEQUANTIZE, the float kernel and QUANTIZE in place of a node, with its bias as floats. Within a
 * rounding of what host_ref computes in integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/device.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/need_device.h"

enum { SIDE = 6, IN = 4, OUT = 8, TAPS = 9, INPUTS = SIDE * SIDE * IN, OUTPUTS = SIDE * SIDE * OUT };

static int8_t weights[OUT * TAPS * IN], input8[INPUTS];
static int16_t input16[INPUTS];
static int32_t bias32[OUT];
static int64_t bias64[OUT];

static const struct {
    const char *name;
    enum hby_op op;
    enum hby_type type, bias; /* HBY_OTHER_TYPE: none */
    bool per_channel;
} cases[] = {
    {"int8", HBY_OP_conv_2d, HBY_I8, HBY_I32, false},
    {"int8, per channel", HBY_OP_conv_2d, HBY_I8, HBY_I32, true},
    {"int8, no bias", HBY_OP_conv_2d, HBY_I8, HBY_OTHER_TYPE, true},
    {"16x8", HBY_OP_conv_2d, HBY_I16, HBY_I64, true},
    {"transposed", HBY_OP_transpose_conv, HBY_I8, HBY_I32, true},
};

static struct hby_graph *graph(size_t k)
{
    static float scales[OUT];
    static int32_t zeros[OUT];
    static const int32_t shape[4] = {1, SIDE, SIDE, OUT};
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    const bool wide = cases[k].type == HBY_I16, transposed = cases[k].op == HBY_OP_transpose_conv;
    const int in = add_tensor(g, cases[k].type, NULL, 4, 1, SIDE, SIDE, IN), w = add_tensor(g, HBY_I8, weights, 4, OUT, 3, 3, IN);
    const void *bias = cases[k].bias == HBY_I64 ? (const void *)bias64 : bias32;
    const int b = cases[k].bias == HBY_OTHER_TYPE ? -1 : add_tensor(g, cases[k].bias, bias, 1, OUT);
    const int out = add_tensor(g, cases[k].type, NULL, 4, 1, SIDE, SIDE, OUT), s = add_tensor(g, HBY_I32, shape, 1, 4);
    for (int i = 0; i < OUT; i++)
        scales[i] = 0.01f + 0.001f * (float)i;
    set_quant(g, in, wide ? 0.002f : 0.5f, wide ? 0 : 3);
    set_quant(g, out, wide ? 0.004f : 0.8f, wide ? 0 : -5);
    g->tensor[w].quant = (struct hby_quant){.count = cases[k].per_channel ? OUT : 1, .scale = scales, .zero_point = zeros};
    struct hby_node *n = transposed ? add_node(g, cases[k].op, out, 4, s, w, in, b) : add_node(g, cases[k].op, out, 3, in, w, b);
    n->params.window = (struct hby_window_params){.padding = HBY_PAD_SAME, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    set_border(g, in, out);
    return g;
}

/* The result, and whether a float convolution made it on the device. */
static bool run(size_t k, struct hby_backend *be, void *out)
{
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    const struct hby_plan_options po = {.precision = be ? HBY_PRECISION_FAST : HBY_PRECISION_EXACT, .host_ref = be ? HBY_HOST_REF_AUTO : HBY_HOST_REF_ONLY};
    const void *ins[] = {cases[k].type == HBY_I16 ? (const void *)input16 : input8};
    void *outs[] = {out};
    if (hby_plan_create(graph(k), &po, be, hby_host_ref_backend(), &plan, &why))
        fail_msg("%s: %s", cases[k].name, why.text);
    bool as_floats = false;
    for (int s = 0; s < plan->n_steps; s++)
        as_floats = as_floats || (plan->step[s].op == cases[k].op && plan->step[s].scheme == HBY_SCHEME_f32 && plan->where[s] == HBY_ON_DEVICE);
    if (hby_executor_create(plan, be, hby_host_ref_backend(), &ex, &why) || hby_executor_run(ex, ins, outs, &why))
        fail_msg("%s: %s", cases[k].name, why.text);
    assert_int_equal(hby_executor_stats(ex)->device_failures, 0);
    hby_executor_destroy(&ex);
    return as_floats;
}

static void within_a_rounding(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int i = 0; i < OUT * TAPS * IN; i++)
        weights[i] = (int8_t)(((seed = seed * 1664525u + 1013904223u) >> 24) % 255 - 127);
    for (int i = 0; i < INPUTS; i++) {
        input8[i] = (int8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
        input16[i] = (int16_t)(input8[i] * 61);
    }
    for (int i = 0; i < OUT; i++)
        bias64[i] = bias32[i] = 500 * i - 1700;
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1},
                                       .deny_kernels = "conv_i8,conv_i8_add,conv_i16,conv_i16_add,conv_mma,window"};
    struct hby_backend *be = NULL;
    struct hby_reason why = {""};
    assert_int_equal(hby_cl_backend_create(&opt, &be, &why), HBY_OK);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int16_t want[OUTPUTS] = {0}, got[OUTPUTS] = {0};
        assert_false(run(k, NULL, want));
        assert_true(run(k, be, got));
        for (int i = 0; i < OUTPUTS; i++) {
            const int a = cases[k].type == HBY_I16 ? want[i] : ((int8_t *)want)[i], b = cases[k].type == HBY_I16 ? got[i] : ((int8_t *)got)[i];
            if (abs(a - b) > 1)
                fail_msg("%s: value %d is %d, not %d", cases[k].name, i, b, a);
        }
    }
    hby_cl_backend_destroy(&be);
}

int main(void)
{
    const int skip = without_device();
    if (skip)
        return skip;
    const struct CMUnitTest tests[] = {cmocka_unit_test(within_a_rounding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
