/* Quantization that integer arithmetic cannot use is refused with its reason, and what the runtime's kernels define is not: a table of one change each to a
 * network of one operator that is sound without it. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "host_ref/ref.h"
#include "partition/plan.h"
#include "tests/build_graph.h"

enum { CHANNELS = 4, MOST_SCALES = 6 };
enum operand { INPUT, WEIGHTS, BIAS, OUTPUT };

/* The sound networks. */
enum net {
    CONV_I8,
    CONV_U8,
    CONV_I16,
    DEPTHWISE_I8,
    DENSE_I8,
    DENSE_U8,
    DENSE_W4,
    TRANSPOSED_I8,
    ADD_I8,
    ADD_I16,
    MUL_I8,
    MEAN_I8,
    SOFTMAX_I8,
    LOGISTIC_I8,
    TANH_I8,
    LEAKY_I8,
    PRELU_I8,
    TO_I8,
    FROM_I8,
    I8_TO_U8,
    POOL_I8,
    CONCAT_I8,
    CONCAT_U8,
    RESHAPE_I8,
    NETS
};

struct change {
    enum net net;
    enum operand operand;
    int count; /* scales; 0: the quantization is taken away, 1: per tensor */
    float scale;
    int zero_point, axis;
    const char *why; /* a piece of the reason, or NULL: computed */
};

/* What no arithmetic can use, in whatever place. */
#define NO_SCALE(net, operand)                                                                                                                                 \
    {net, operand, 1, 0.0f, 0, 0, "scale 0"}, {net, operand, 1, -0.5f, 0, 0, "scale -0.5"}, {net, operand, 1, FLT_MIN / 2, 0, 0, "scale"},                     \
        {net, operand, 1, NAN, 0, 0, "nan"},                                                                                                                   \
    {                                                                                                                                                          \
        net, operand, 1, INFINITY, 0, 0, "inf"                                                                                                                 \
    }

static const struct change changes[] = {
    NO_SCALE(CONV_I8, INPUT),
    NO_SCALE(CONV_I8, WEIGHTS),
    NO_SCALE(CONV_I8, OUTPUT),
    NO_SCALE(CONV_U8, INPUT),
    NO_SCALE(CONV_U8, WEIGHTS),
    NO_SCALE(CONV_I16, OUTPUT),
    NO_SCALE(DEPTHWISE_I8, WEIGHTS),
    NO_SCALE(DENSE_I8, WEIGHTS),
    NO_SCALE(DENSE_W4, WEIGHTS),
    NO_SCALE(TRANSPOSED_I8, WEIGHTS),
    NO_SCALE(ADD_I8, WEIGHTS),
    NO_SCALE(ADD_I8, OUTPUT),
    NO_SCALE(MUL_I8, INPUT),
    NO_SCALE(MEAN_I8, INPUT),
    NO_SCALE(SOFTMAX_I8, INPUT),
    NO_SCALE(LOGISTIC_I8, INPUT),
    NO_SCALE(TANH_I8, OUTPUT),
    NO_SCALE(LEAKY_I8, INPUT),
    NO_SCALE(PRELU_I8, WEIGHTS),
    NO_SCALE(TO_I8, OUTPUT),
    NO_SCALE(FROM_I8, INPUT),
    NO_SCALE(I8_TO_U8, INPUT),
    NO_SCALE(CONCAT_U8, OUTPUT),
    /* no parameters at all */
    {CONV_I8, INPUT, 0, 0, 0, 0, "without quantization"},
    {CONV_I8, OUTPUT, 0, 0, 0, 0, "without quantization"},
    {ADD_I8, WEIGHTS, 0, 0, 0, 0, "without quantization"},
    {FROM_I8, INPUT, 0, 0, 0, 0, "without quantization"},
    /* zero points outside the type, or where there must be none */
    {CONV_I8, INPUT, 1, 0.5f, 128, 0, "zero point 128"},
    {CONV_I8, INPUT, 1, 0.5f, -129, 0, "zero point -129"},
    {CONV_I8, INPUT, 1, 0.5f, -128, 0, NULL},
    {CONV_U8, OUTPUT, 1, 0.5f, 256, 0, "zero point 256"},
    {CONV_U8, OUTPUT, 1, 0.5f, -1, 0, "zero point -1"},
    {CONV_U8, WEIGHTS, 1, 0.25f, 255, 0, NULL},
    {CONV_U8, WEIGHTS, 1, 0.25f, 300, 0, "zero point 300"},
    {CONV_I8, WEIGHTS, 1, 0.25f, 3, 0, "zero point 3"},
    {DEPTHWISE_I8, WEIGHTS, 1, 0.25f, -1, 0, "zero point -1"},
    {DENSE_I8, WEIGHTS, 1, 0.25f, 1, 0, "zero point 1"},
    {DENSE_W4, WEIGHTS, 1, 0.25f, 1, 0, "zero point 1"},
    {TRANSPOSED_I8, WEIGHTS, 1, 0.25f, 1, 0, "zero point 1"},
    {CONV_I16, INPUT, 1, 0.01f, 5, 0, "zero point 5"},
    {CONV_I16, OUTPUT, 1, 0.01f, -5, 0, "zero point -5"},
    {ADD_I16, WEIGHTS, 1, 0.01f, 1, 0, "zero point 1"},
    {CONV_I8, BIAS, 1, 0.125f, 7, 0, "zero point 7"},
    {DENSE_I8, BIAS, 1, 0.125f, 7, 0, "zero point 7"},
    /* counts and axes */
    {CONV_I8, WEIGHTS, CHANNELS, 0.25f, 0, 0, NULL},
    {CONV_I8, WEIGHTS, CHANNELS - 1, 0.25f, 0, 0, "3 scales for 4 channels"},
    {CONV_I8, WEIGHTS, CHANNELS + 2, 0.25f, 0, 0, "6 scales for 4 channels"},
    {CONV_I8, WEIGHTS, CHANNELS, 0.25f, 0, 3, "along axis 3; it must be 0"},
    {DEPTHWISE_I8, WEIGHTS, CHANNELS, 0.25f, 0, 3, NULL},
    {DEPTHWISE_I8, WEIGHTS, CHANNELS, 0.25f, 0, 0, "along axis 0; it must be 3"},
    {DENSE_I8, WEIGHTS, CHANNELS, 0.25f, 0, 1, "along axis 1; it must be 0"},
    {CONV_U8, WEIGHTS, CHANNELS, 0.25f, 0, 0, "per channel"},
    {CONV_I8, INPUT, CHANNELS, 0.5f, 0, 3, "per channel"},
    {CONV_I8, OUTPUT, CHANNELS, 0.5f, 0, 3, "per channel"},
    {ADD_I8, WEIGHTS, CHANNELS, 0.5f, 0, 3, "per channel"},
    {MEAN_I8, INPUT, CHANNELS, 0.5f, 0, 3, "per channel"},
    /* factors that no multiplier of 32 bits says */
    {CONV_I8, OUTPUT, 1, 1e-30f, 0, 0, "out of the range"},
    {CONV_U8, OUTPUT, 1, 1e-30f, 128, 0, "out of the range"},
    {CONV_I16, OUTPUT, 1, 1e-30f, 0, 0, "out of the range"},
    {ADD_I8, OUTPUT, 1, 1e-30f, 0, 0, "too small"},
    {MUL_I8, OUTPUT, 1, 1e-30f, 0, 0, NULL}, /* saturates; as the runtime's builds compute it (hby_multiplier_as_built): models have it */
    {MUL_I8, OUTPUT, 1, 1e-39f, 0, 0, "scale"},
    {MEAN_I8, OUTPUT, 1, 1e-30f, 0, 0, "too much"},
    {CONV_I8, OUTPUT, 1, 1e30f, 0, 0, NULL}, /* everything rounds to the zero point, as in the reference */
    /* departures from the specification: what the reference computes is computed */
    {LOGISTIC_I8, OUTPUT, 1, 1.0f / 128, 0, 0, "it must be 1/256"},
    {TANH_I8, OUTPUT, 1, 1.0f / 64, 3, 0, NULL},
    {CONCAT_U8, WEIGHTS, 1, 0.25f, 9, 0, NULL},
    {CONCAT_I8, WEIGHTS, 1, 0.25f, 9, 0, "scale"},
};

static int8_t weights[64];
static int32_t bias[CHANNELS];
static int64_t wide_bias[CHANNELS];
static int32_t axes[2] = {1, 2}, shape_out[4] = {1, 2, 2, CHANNELS};

struct model {
    struct hby_graph *g;
    int at[4]; /* by operand; -1: there is none */
};

static int image(struct hby_graph *g, enum hby_type type)
{
    return add_tensor(g, type, NULL, 4, 1, 2, 2, CHANNELS);
}

static enum hby_op op_of(enum net net)
{
    static const enum hby_op op[NETS] = {
        [CONV_I8] = HBY_OP_conv_2d,
        [CONV_U8] = HBY_OP_conv_2d,
        [CONV_I16] = HBY_OP_conv_2d,
        [DEPTHWISE_I8] = HBY_OP_depthwise_conv_2d,
        [DENSE_I8] = HBY_OP_fully_connected,
        [DENSE_U8] = HBY_OP_fully_connected,
        [DENSE_W4] = HBY_OP_fully_connected,
        [TRANSPOSED_I8] = HBY_OP_transpose_conv,
        [ADD_I8] = HBY_OP_add,
        [ADD_I16] = HBY_OP_add,
        [MUL_I8] = HBY_OP_mul,
        [MEAN_I8] = HBY_OP_mean,
        [SOFTMAX_I8] = HBY_OP_softmax,
        [LOGISTIC_I8] = HBY_OP_logistic,
        [TANH_I8] = HBY_OP_tanh,
        [LEAKY_I8] = HBY_OP_leaky_relu,
        [PRELU_I8] = HBY_OP_prelu,
        [TO_I8] = HBY_OP_quantize,
        [FROM_I8] = HBY_OP_dequantize,
        [I8_TO_U8] = HBY_OP_quantize,
        [POOL_I8] = HBY_OP_max_pool_2d,
        [CONCAT_I8] = HBY_OP_concatenation,
        [CONCAT_U8] = HBY_OP_concatenation,
        [RESHAPE_I8] = HBY_OP_reshape,
    };
    return op[net];
}

/* Convolutions of 1x1, all with weights of 4 x 4. */
static void make_window(struct model *m, enum net net, enum hby_type act, enum hby_type w)
{
    struct hby_graph *g = m->g;
    const bool dense = op_of(net) == HBY_OP_fully_connected, depthwise = net == DEPTHWISE_I8, wide = act == HBY_I16;
    m->at[INPUT] = dense ? add_tensor(g, act, NULL, 2, 3, 4) : image(g, act);
    m->at[WEIGHTS] = dense       ? add_tensor(g, w, weights, 2, CHANNELS, 4)
                     : depthwise ? add_tensor(g, w, weights, 4, 1, 1, 1, CHANNELS)
                                 : add_tensor(g, w, weights, 4, CHANNELS, 1, 1, 4);
    if (w == HBY_I4)
        g->tensor[m->at[WEIGHTS]].bytes = sizeof weights;
    m->at[BIAS] = add_tensor(g, wide ? HBY_I64 : HBY_I32, wide ? (void *)wide_bias : (void *)bias, 1, CHANNELS);
    m->at[OUTPUT] = dense ? add_tensor(g, act, NULL, 2, 3, CHANNELS) : image(g, act);
    set_quant(g, m->at[INPUT], 0.5f, 0);
    set_quant(g, m->at[WEIGHTS], 0.25f, 0);
    set_quant(g, m->at[BIAS], 0.125f, 0);
    set_quant(g, m->at[OUTPUT], 2.0f, 0);
    struct hby_node *n;
    if (net == TRANSPOSED_I8)
        n = add_node(g, HBY_OP_transpose_conv, m->at[OUTPUT], 4, add_tensor(g, HBY_I32, shape_out, 1, 4), m->at[WEIGHTS], m->at[INPUT], m->at[BIAS]);
    else
        n = add_node(g, op_of(net), m->at[OUTPUT], 3, m->at[INPUT], m->at[WEIGHTS], m->at[BIAS]);
    if (!dense) {
        n->params.window.padding = HBY_PAD_VALID;
        n->params.window.stride_h = n->params.window.stride_w = n->params.window.dilation_h = n->params.window.dilation_w = 1;
        n->params.window.depth_multiplier = 1;
    }
}

static void make(struct model *m, enum net net)
{
    assert_int_equal(hby_graph_create(&m->g), HBY_OK);
    struct hby_graph *g = m->g;
    m->at[WEIGHTS] = m->at[BIAS] = -1;
    if (net <= TRANSPOSED_I8) {
        const enum hby_type act = net == CONV_U8 || net == DENSE_U8 ? HBY_U8 : net == CONV_I16 ? HBY_I16 : HBY_I8;
        make_window(m, net, act, act == HBY_U8 ? HBY_U8 : net == DENSE_W4 ? HBY_I4 : HBY_I8);
    } else {
        const enum hby_type in = net == TO_I8 ? HBY_F32 : net == ADD_I16 ? HBY_I16 : net == CONCAT_U8 ? HBY_U8 : HBY_I8;
        const enum hby_type out = net == FROM_I8 ? HBY_F32 : net == TO_I8 ? HBY_I8 : net == I8_TO_U8 ? HBY_U8 : in;
        const bool two = net == ADD_I8 || net == ADD_I16 || net == MUL_I8 || net == CONCAT_I8 || net == CONCAT_U8,
                   concat = net == CONCAT_I8 || net == CONCAT_U8;
        m->at[INPUT] = image(g, in);
        m->at[WEIGHTS] = two ? image(g, in) : net == PRELU_I8 ? add_tensor(g, HBY_I8, weights, 3, 1, 1, CHANNELS) : -1;
        m->at[OUTPUT] = concat ? add_tensor(g, out, NULL, 4, 1, 2, 2, 2 * CHANNELS) : net == MEAN_I8 ? add_tensor(g, out, NULL, 2, 1, CHANNELS) : image(g, out);
        for (int i = 0; i < 4; i++)
            if (m->at[i] >= 0 && g->tensor[m->at[i]].type != HBY_F32)
                set_quant(g, m->at[i], 0.5f, 0);
        if (net == SOFTMAX_I8 || net == LOGISTIC_I8)
            set_quant(g, m->at[OUTPUT], 1.0f / 256, -128);
        const int extra = net == MEAN_I8 ? add_tensor(g, HBY_I32, axes, 1, 2) : net == RESHAPE_I8 ? add_tensor(g, HBY_I32, shape_out, 1, 4) : -1;
        struct hby_node *n = m->at[WEIGHTS] >= 0 || extra >= 0 ? add_node(g, op_of(net), m->at[OUTPUT], 2, m->at[INPUT], extra >= 0 ? extra : m->at[WEIGHTS])
                                                               : add_node(g, op_of(net), m->at[OUTPUT], 1, m->at[INPUT]);
        if (concat)
            n->params.axis.axis = 3;
        if (net == SOFTMAX_I8)
            n->params.softmax.beta = 1.0f;
        if (net == LEAKY_I8)
            n->params.leaky_relu.alpha = 0.1f;
        if (net == POOL_I8) {
            n->params.window.padding = HBY_PAD_VALID;
            n->params.window.stride_h = n->params.window.stride_w = n->params.window.filter_h = n->params.window.filter_w = 1;
        }
    }
    int inputs[2] = {m->at[INPUT], m->at[WEIGHTS]};
    const bool second = m->at[WEIGHTS] >= 0 && !g->tensor[m->at[WEIGHTS]].data;
    g->input = copy_ids(g, inputs, 1 + second);
    g->output = copy_ids(g, &m->at[OUTPUT], 1);
    g->n_inputs = 1 + second;
    g->n_outputs = 1;
    assert_true(g->n_tensors > 0);
}

static void apply(struct model *m, const struct change *c)
{
    static float scale[MOST_SCALES];
    static int32_t zero_point[MOST_SCALES];
    for (int i = 0; i < MOST_SCALES; i++) {
        scale[i] = c->count > 1 && i < c->count - 1 ? 0.25f : c->scale;
        zero_point[i] = c->zero_point;
    }
    m->g->tensor[m->at[c->operand]].quant = (struct hby_quant){.count = c->count, .scale = scale, .zero_point = zero_point, .axis = c->axis};
}

/* Is the node taken? If not, *why says why. */
static bool taken(struct hby_graph *g, enum hby_rounding rounding, struct hby_reason *why)
{
    const struct hby_plan_options opt = {.rounding = rounding, .precision = HBY_PRECISION_EXACT, .host_ref = HBY_HOST_REF_ONLY};
    struct hby_plan *plan = NULL;
    const enum hby_status st = hby_plan_create(g, &opt, NULL, hby_host_ref_backend(), &plan, why);
    assert_true(st == HBY_OK || st == HBY_UNSUPPORTED);
    if (st)
        return false;
    const bool yes = plan->verdict[0].where != HBY_ON_RUNTIME;
    if (!yes)
        *why = plan->verdict[0].reason;
    hby_plan_destroy(&plan);
    return yes;
}

static const enum hby_rounding roundings[] = {HBY_ROUNDING_REF, HBY_ROUNDING_RUY, HBY_ROUNDING_SINGLE};

static void sound_networks_are_taken(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++)
        for (int r = 0; r < 3; r++) {
            struct model m;
            struct hby_reason why = {""};
            make(&m, (enum net)net);
            if (!taken(m.g, roundings[r], &why))
                fail_msg("network %d, rounding %d: %s", net, r, why.text);
        }
}

static void each_change(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        for (int r = 0; r < 3; r++) {
            const struct change *c = &changes[i];
            struct model m;
            struct hby_reason why = {""};
            make(&m, c->net);
            apply(&m, c);
            const bool yes = taken(m.g, roundings[r], &why);
            if (yes != !c->why || (!yes && !strstr(why.text, c->why))) {
                print_error("row %zu (network %d, operand %d, %d scales %g, zero point %d), rounding %d: %s, not %s\n", i, (int)c->net, (int)c->operand,
                            c->count, (double)c->scale, c->zero_point, r, yes ? "computed" : why.text, c->why ? c->why : "computed");
                wrong++;
            }
        }
    assert_int_equal(wrong, 0);
}

/* What the import found malformed (blockwise, several axes, other counts) is refused wherever numbers matter. */
static void unusable(void **state)
{
    (void)state;
    for (int net = 0; net < NETS; net++) {
        struct model m;
        struct hby_reason why = {""};
        make(&m, (enum net)net);
        const bool moves = net == POOL_I8 || net == CONCAT_I8 || net == RESHAPE_I8;
        struct hby_tensor *t = &m.g->tensor[m.at[net == TO_I8 ? OUTPUT : net <= TRANSPOSED_I8 ? WEIGHTS : INPUT]];
        t->quant = (struct hby_quant){.unusable = true, .why_unusable = "it is quantized in blocks"};
        const bool yes = taken(m.g, HBY_ROUNDING_REF, &why);
        if (!moves && (yes || !strstr(why.text, "it is quantized in blocks")))
            fail_msg("network %d: %s", net, yes ? "computed" : why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sound_networks_are_taken), cmocka_unit_test(each_change), cmocka_unit_test(unusable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
