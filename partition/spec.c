#include "partition/spec.h"

#include <math.h>
#include <stdio.h>

enum operand { IN0, IN1, IN2, IN3, OUT };
enum rule { ACTIVATION, WEIGHTS, WEIGHTS_PT, BIAS, FIXED, FIXED16, SAME };

static const struct {
    enum hby_op op;
    enum operand operand;
    enum rule rule;
    double scale;
    int value;
} rules[] = {
#define HBY_SPEC(op, operand, rule, scale, value) {HBY_OP_##op, operand, rule, scale, value},
#include "partition/spec.def"
#undef HBY_SPEC
};

struct judge {
    const struct hby_graph *g;
    int node;
    char operand[12];
    struct hby_deviation *out;
    int max, n;
};

static void depart(struct judge *j, struct hby_reason text)
{
    if (j->n < j->max) {
        j->out[j->n] = (struct hby_deviation){.node = j->node, .text = text};
        snprintf(j->out[j->n].operand, sizeof j->out[j->n].operand, "%s", j->operand);
    }
    j->n++;
}

#define DEPART(...)                                                                                                                                            \
    do {                                                                                                                                                       \
        struct hby_reason text_;                                                                                                                               \
        hby_say(HBY_OK, &text_, __VA_ARGS__);                                                                                                                  \
        depart(j, text_);                                                                                                                                      \
    } while (0)

static const struct hby_tensor *tensor_at(const struct hby_graph *g, const struct hby_node *n, int i)
{
    return i < n->n_in && n->in[i] >= 0 ? &g->tensor[n->in[i]] : NULL;
}

static bool close_to(double a, double b)
{
    return fabs(a - b) <= 1e-6 * fabs(b);
}

static void judge_activation(struct judge *j, const struct hby_tensor *t)
{
    if (t->quant.count != 1)
        DEPART("activations are quantized per tensor; this one has %d scales", t->quant.count);
    else if (t->type == HBY_I16 && t->quant.zero_point[0] != 0)
        DEPART("int16 activations have zero point 0, not %d", (int)t->quant.zero_point[0]);
}

static void judge_weights(struct judge *j, const struct hby_tensor *t, int axis)
{
    const struct hby_quant *q = &t->quant;
    if (q->count > 1 && q->axis != axis)
        DEPART("weights are quantized along axis %d, not %d", axis, q->axis);
    for (int i = 0; i < q->count; i++)
        if (q->zero_point[i] != 0) {
            DEPART("weights have zero point 0, not %d (channel %d)", (int)q->zero_point[i], i);
            break;
        }
    if (t->type != HBY_I8 || !t->data)
        return;
    int64_t low = 0;
    for (size_t i = 0; i < t->bytes; i++)
        low += ((const int8_t *)t->data)[i] == -128;
    if (low)
        DEPART("weights are in [-127, 127]; %lld of them are -128", (long long)low);
}

static void judge_bias(struct judge *j, const struct hby_tensor *t, const struct hby_tensor *in, const struct hby_tensor *w)
{
    if (!t->quant.count || !in || !w || in->quant.count != 1 || !w->quant.count)
        return;
    for (int i = 0; i < t->quant.count; i++) {
        const double want = (double)in->quant.scale[0] * w->quant.scale[w->quant.count > 1 && i < w->quant.count ? i : 0];
        if (t->quant.zero_point[i] != 0) {
            DEPART("a bias has zero point 0, not %d", (int)t->quant.zero_point[i]);
            return;
        }
        if (fabs(t->quant.scale[i] - want) > 1e-4 * want) {
            DEPART("a bias has the scale of its input times that of its weights, %g; this one has %g (channel %d)", want, (double)t->quant.scale[i], i);
            return;
        }
    }
}

static void judge_fixed(struct judge *j, const struct hby_tensor *t, double scale, int zero_point)
{
    if (t->quant.count == 1 && (!close_to(t->quant.scale[0], scale) || t->quant.zero_point[0] != zero_point))
        DEPART("the output is quantized with scale %.9g and zero point %d, not %.9g and %d", scale, zero_point, (double)t->quant.scale[0],
               (int)t->quant.zero_point[0]);
}

static void judge_same(struct judge *j, const struct hby_tensor *t, const struct hby_tensor *as, int index)
{
    if (as && t->quant.count == 1 && as->quant.count == 1 && !hby_same_quant(&t->quant, &as->quant))
        DEPART("scale and zero point equal those of input %d, %.6g and %d, not %.6g and %d", index, (double)as->quant.scale[0], (int)as->quant.zero_point[0],
               (double)t->quant.scale[0], (int)t->quant.zero_point[0]);
}

static void judge_operand(struct judge *j, const struct hby_node *n, const struct hby_tensor *t, size_t r)
{
    if (t->type != HBY_I8 && t->type != HBY_I16 && t->type != HBY_I4 && rules[r].rule != BIAS)
        return;
    const struct hby_tensor *weights = tensor_at(j->g, n, 1);
    if (rules[r].rule == BIAS && (!weights || (weights->type != HBY_I8 && weights->type != HBY_I4)))
        return;
    switch (rules[r].rule) {
    case ACTIVATION:
        judge_activation(j, t);
        break;
    case WEIGHTS_PT:
        if (t->quant.count > 1)
            DEPART("weights of this operator are quantized per tensor; these have %d scales", t->quant.count);
        judge_weights(j, t, rules[r].value);
        break;
    case WEIGHTS:
        judge_weights(j, t, rules[r].value);
        break;
    case BIAS:
        judge_bias(j, t, tensor_at(j->g, n, n->op == HBY_OP_transpose_conv ? 2 : 0), weights);
        break;
    case FIXED:
    case FIXED16:
        if ((t->type == HBY_I16) == (rules[r].rule == FIXED16))
            judge_fixed(j, t, rules[r].scale, rules[r].value);
        break;
    case SAME:
        judge_same(j, t, tensor_at(j->g, n, rules[r].value), rules[r].value);
        break;
    }
}

int hby_spec_check(const struct hby_graph *g, struct hby_deviation *out, int max)
{
    struct judge j = {.g = g, .out = out, .max = max};
    for (j.node = 0; j.node < g->n_nodes; j.node++) {
        const struct hby_node *n = &g->node[j.node];
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
            if (rules[r].op != n->op)
                continue;
            const bool output = rules[r].operand == OUT;
            /* A rule for input 0 of CONCATENATION holds for all of them: equal to the output. */
            const int first = output ? 0 : (int)rules[r].operand;
            const int end = output ? n->n_out : n->op == HBY_OP_concatenation ? n->n_in : first + 1;
            for (int i = first; i < end; i++) {
                const struct hby_tensor *t = output ? &g->tensor[n->out[i]] : tensor_at(g, n, i);
                if (!t)
                    continue;
                snprintf(j.operand, sizeof j.operand, "%s %d", output ? "output" : "input", i & 0xff);
                judge_operand(&j, n, t, r);
                if (n->op == HBY_OP_concatenation && !output && i > 0)
                    judge_same(&j, t, tensor_at(g, n, 0), 0);
            }
        }
    }
    return j.n;
}

/* ---- mode ---- */

enum kind { FLOAT, HALF, HYBRID, WEIGHT_ONLY, INT8, INT16, KINDS };

static bool is_weighted(enum hby_op op)
{
    return op == HBY_OP_conv_2d || op == HBY_OP_depthwise_conv_2d || op == HBY_OP_fully_connected || op == HBY_OP_transpose_conv;
}

static bool is_small(enum hby_type t)
{
    return t == HBY_I8 || t == HBY_U8 || t == HBY_I4;
}

static int producer(const struct hby_graph *g, int tensor)
{
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->node[i].n_out; k++)
            if (g->node[i].out[k] == tensor)
                return i;
    return -1;
}

static enum kind kind_of(const struct hby_graph *g, const struct hby_node *n)
{
    const struct hby_tensor *in = tensor_at(g, n, n->op == HBY_OP_transpose_conv ? 2 : 0), *w = tensor_at(g, n, 1);
    if (!in || !w)
        return FLOAT;
    if (in->type == HBY_I16)
        return INT16;
    if (is_small(in->type))
        return INT8;
    if (is_small(w->type))
        return HYBRID;
    const int from = w->data ? -1 : producer(g, n->in[1]);
    const struct hby_tensor *stored = from >= 0 && g->node[from].op == HBY_OP_dequantize ? tensor_at(g, &g->node[from], 0) : NULL;
    if (w->type == HBY_F16 || (stored && stored->type == HBY_F16))
        return HALF;
    return stored && stored->data && is_small(stored->type) ? WEIGHT_ONLY : FLOAT;
}

/* Does anything but the conversion at the edges compute in float? */
static bool has_float_part(const struct hby_graph *g)
{
    for (int i = 0; i < g->n_nodes; i++) {
        const struct hby_node *n = &g->node[i];
        if (g->tensor[n->out[0]].type == HBY_F32)
            return true;
        if (n->op == HBY_OP_quantize && g->tensor[n->in[0]].type == HBY_F32)
            return true;
    }
    return false;
}

const char *hby_spec_mode(const struct hby_graph *g)
{
    static const char *const names[KINDS] = {"float32", "float16", "dynamic_range", "weight_only", "integer_only", "int16x8"};
    int count[KINDS] = {0}, kinds = 0, last = FLOAT;
    for (int i = 0; i < g->n_nodes; i++) {
        const struct hby_node *n = &g->node[i];
        if (is_weighted(n->op))
            count[kind_of(g, n)]++;
    }
    for (int k = 0; k < KINDS; k++)
        if (count[k]) {
            kinds++;
            last = k;
        }
    if (kinds > 1)
        return "mixed";
    if (!kinds) /* no weights: by the activations */
        for (int i = 0; i < g->n_nodes; i++)
            for (int k = 0; k < g->node[i].n_out; k++) {
                const enum hby_type t = g->tensor[g->node[i].out[k]].type;
                last = t == HBY_I16 ? INT16 : is_small(t) ? INT8 : last;
            }
    if (last == INT8 && has_float_part(g))
        return "full_integer_float_fallback";
    if (last == INT16 && has_float_part(g))
        return "int16x8_float_fallback";
    return names[last];
}
