/* Work that its neighbour can do: copies that change nothing, activations behind the operator that computes their input, padding in front of convolutions. */
#include "partition/fold.h"

#include <math.h>
#include <string.h>

static void redirect(struct hby_graph *g, int from, int to)
{
    for (int k = 0; k < g->n_nodes; k++)
        for (int i = 0; !g->node[k].folded && i < g->node[k].n_in; i++)
            if (g->node[k].in[i] == from)
                g->node[k].in[i] = to;
}

static bool is_quantized(const struct hby_tensor *t)
{
    return (t->type == HBY_I8 || t->type == HBY_U8 || t->type == HBY_I16) && t->quant.count == 1 && !t->quant.unusable;
}

static bool same_integers(const struct hby_tensor *a, const struct hby_tensor *b)
{
    return a->type == b->type && is_quantized(a) && is_quantized(b) && hby_same_quant(&a->quant, &b->quant) && hby_same_shape(a, b);
}

/* QUANTIZE whose result is what it started from: of integers with the same parameters, or of a DEQUANTIZE with the same parameters.
 * (q - zp) * scale / scale rounds back to q - zp: both operations err by half an ulp of a number below 2^16. The scale must keep the product finite and normal. */
static int unquantized_source(const struct hby_graph *g, const struct hby_node *n)
{
    if (n->op != HBY_OP_quantize || n->n_in != 1 || n->n_out != 1)
        return -1;
    const struct hby_tensor *out = &g->tensor[n->out[0]];
    if (same_integers(&g->tensor[n->in[0]], out))
        return n->in[0];
    int k = hby_fold_producer(g, n->in[0]);
    if (k < 0 || g->node[k].op != HBY_OP_dequantize || g->node[k].n_in != 1 || hby_fold_check(g, &g->node[k], NULL) || g->tensor[n->in[0]].type != HBY_F32)
        return -1;
    int from = g->node[k].in[0];
    if (!same_integers(&g->tensor[from], out) || !isnormal(out->quant.scale[0]) || !isfinite(out->quant.scale[0] * 131072.0f))
        return -1;
    return from;
}

/* RESHAPE knows its result's shape without reading the tensor that says it. */
static void forget_shape(struct hby_graph *g, struct hby_node *n)
{
    if (n->op == HBY_OP_reshape && n->n_in == 2 && n->in[1] >= 0 && !g->tensor[n->in[1]].data &&
        hby_tensor_count(&g->tensor[n->in[0]]) == hby_tensor_count(&g->tensor[n->out[0]]))
        n->n_in = 1;
}

enum hby_status hby_fold_copies(const struct hby_folder *f)
{
    struct hby_graph *g = f->graph;
    for (int k = 0; k < g->n_nodes; k++) {
        struct hby_node *n = &g->node[k];
        if (n->folded || hby_fold_check(g, n, NULL))
            continue;
        forget_shape(g, n);
        int from = unquantized_source(g, n);
        if (from < 0 || hby_fold_is_output(g, n->out[0]) || g->tensor[from].is_variable)
            continue;
        n->folded = true;
        redirect(g, n->out[0], from);
    }
    return HBY_OK;
}

/* Where an operator keeps its fused activation; NULL for one that has none. */
static enum hby_act *act_of(struct hby_node *n)
{
#define AT(member) 1 + offsetof(union hby_params, member)
    static const size_t at[HBY_OP_COUNT] = {
        [HBY_OP_conv_2d] = AT(window.act),         [HBY_OP_depthwise_conv_2d] = AT(window.act), [HBY_OP_transpose_conv] = AT(window.act),
        [HBY_OP_average_pool_2d] = AT(window.act), [HBY_OP_max_pool_2d] = AT(window.act),       [HBY_OP_add] = AT(arith.act),
        [HBY_OP_sub] = AT(arith.act),              [HBY_OP_mul] = AT(arith.act),                [HBY_OP_fully_connected] = AT(fully_connected.act),
    };
#undef AT
    return at[n->op] ? (enum hby_act *)(void *)((char *)&n->params + at[n->op] - 1) : NULL;
}

/* One activation for `first`, then `then`; false where none is both. */
static bool compose(enum hby_act first, enum hby_act then, enum hby_act *both)
{
    if (first == HBY_ACT_NONE || first == then || (first == HBY_ACT_RELU && then == HBY_ACT_RELU6)) {
        *both = then;
        return true;
    }
    *both = first;
    return first == HBY_ACT_RELU6 && then == HBY_ACT_RELU;
}

/* Merges activation node k into the node that computes its input. */
static void fuse_activation(const struct hby_folder *f, int k, enum hby_act act)
{
    struct hby_graph *g = f->graph;
    struct hby_node *n = &g->node[k];
    int p = n->n_in == 1 && n->n_out == 1 ? hby_fold_producer(g, n->in[0]) : -1;
    if (p < 0 || g->node[p].n_out != 1 || hby_fold_readers(g, n->in[0]) != 1 || !act_of(&g->node[p]))
        return;
    const struct hby_tensor *in = &g->tensor[n->in[0]], *out = &g->tensor[n->out[0]];
    bool floats = in->type == HBY_F32 && out->type == HBY_F32 && hby_same_shape(in, out);
    if (!floats && !same_integers(in, out))
        return;
    struct hby_node *producer = &g->node[p], before = *producer;
    enum hby_act *slot = act_of(producer);
    if (!compose(*slot, act, slot)) {
        *producer = before;
        return;
    }
    int was = producer->out[0];
    producer->out[0] = n->out[0];
    if (!hby_fold_lowers(f, producer)) {
        *producer = before;
        producer->out[0] = was;
        return;
    }
    n->folded = true;
    n->fused_into = p;
}

enum hby_status hby_fold_activations(const struct hby_folder *f)
{
    for (int k = 0; k < f->graph->n_nodes; k++) {
        const struct hby_node *n = &f->graph->node[k];
        if (n->folded || hby_fold_check(f->graph, n, NULL))
            continue;
        if (n->op == HBY_OP_relu)
            fuse_activation(f, k, HBY_ACT_RELU);
        else if (n->op == HBY_OP_relu6)
            fuse_activation(f, k, HBY_ACT_RELU6);
        else if (n->op == HBY_OP_relu_n1_to_1)
            fuse_activation(f, k, HBY_ACT_RELU_N1_TO_1);
    }
    return HBY_OK;
}

/* Does the PAD node fill with real 0? PAD fills with the output's zero point, PADV2 with its third input. */
static bool pads_with_zero(const struct hby_graph *g, const struct hby_node *pad)
{
    const struct hby_tensor *out = &g->tensor[pad->out[0]];
    if (pad->op == HBY_OP_pad || pad->n_in < 3 || pad->in[2] < 0)
        return pad->op == HBY_OP_pad;
    const struct hby_tensor *v = &g->tensor[pad->in[2]];
    if (!v->data || v->type != out->type || hby_tensor_count(v) != 1)
        return false;
    if (v->type == HBY_F32) {
        float value;
        memcpy(&value, v->data, sizeof value);
        return value == 0.0f;
    }
    int16_t wide = 0;
    if (v->type == HBY_I16)
        memcpy(&wide, v->data, sizeof wide);
    int value = v->type == HBY_I8 ? *(const int8_t *)v->data : v->type == HBY_U8 ? *(const uint8_t *)v->data : wide;
    return is_quantized(out) && value == out->quant.zero_point[0];
}

/* Rows and columns before and after; false unless only those are padded, by constants. */
static bool read_pads(const struct hby_graph *g, const struct hby_node *pad, int before[2], int after[2])
{
    const struct hby_tensor *p = &g->tensor[pad->in[1]];
    if (!p->data || (p->type != HBY_I32 && p->type != HBY_I64) || hby_tensor_count(p) != 8 || p->bytes < 8 * hby_type_size(p->type))
        return false;
    for (int i = 0; i < 8; i++) {
        int64_t v = p->type == HBY_I64 ? ((const int64_t *)p->data)[i] : ((const int32_t *)p->data)[i];
        if (v < 0 || v > 1 << 20 || (v && (i < 2 || i > 5)))
            return false;
        if (i >= 2 && i < 6 && i % 2)
            after[i / 2 - 1] = (int)v;
        else if (i >= 2 && i < 6)
            before[i / 2 - 1] = (int)v;
    }
    return true;
}

/* What SAME would put before the first row or column. */
static int same_before(int in, int kernel, int stride, int dilation)
{
    int64_t out = ((int64_t)in + stride - 1) / stride;
    int64_t total = (out - 1) * stride + (int64_t)(kernel - 1) * dilation + 1 - in;
    return total > 0 ? (int)(total / 2) : 0;
}

/* Gives convolution k the padding of the PAD in front of it. */
static void fuse_pad(const struct hby_folder *f, int k)
{
    struct hby_graph *g = f->graph;
    struct hby_node *n = &g->node[k];
    struct hby_window_params *w = &n->params.window;
    int p = n->n_in >= 2 && n->in[0] >= 0 && n->in[1] >= 0 ? hby_fold_producer(g, n->in[0]) : -1;
    if (p < 0 || w->padding == HBY_PAD_EXPLICIT || w->stride_h < 1 || w->stride_w < 1 || w->dilation_h < 1 || w->dilation_w < 1)
        return;
    const struct hby_node *pad = &g->node[p];
    if (hby_fold_check(g, n, NULL) || hby_fold_check(g, pad, NULL))
        return;
    if ((pad->op != HBY_OP_pad && pad->op != HBY_OP_padv2) || pad->n_in < 2 || pad->n_out != 1 || pad->in[1] < 0 || hby_fold_readers(g, n->in[0]) != 1)
        return;
    const struct hby_tensor *from = &g->tensor[pad->in[0]], *padded = &g->tensor[n->in[0]], *weights = &g->tensor[n->in[1]];
    bool floats = from->type == HBY_F32 && padded->type == HBY_F32 && (weights->type == HBY_F32 || weights->type == HBY_F16 || n->weight_only);
    bool integers = from->type == padded->type && is_quantized(from) && is_quantized(padded) && hby_same_quant(&from->quant, &padded->quant);
    int before[2], after[2];
    if ((!floats && !integers) || from->rank != 4 || padded->rank != 4 || weights->rank != 4 || !pads_with_zero(g, pad) || !read_pads(g, pad, before, after) ||
        padded->dim[1] != (int64_t)from->dim[1] + before[0] + after[0] || padded->dim[2] != (int64_t)from->dim[2] + before[1] + after[1])
        return;
    struct hby_window_params was = *w;
    int in = n->in[0];
    w->pad_top = before[0] + (w->padding == HBY_PAD_SAME ? same_before(padded->dim[1], weights->dim[1], w->stride_h, w->dilation_h) : 0);
    w->pad_left = before[1] + (w->padding == HBY_PAD_SAME ? same_before(padded->dim[2], weights->dim[2], w->stride_w, w->dilation_w) : 0);
    w->padding = HBY_PAD_EXPLICIT;
    n->in[0] = pad->in[0];
    if (!hby_fold_lowers(f, n)) {
        *w = was;
        n->in[0] = in;
        return;
    }
    g->node[p].folded = true;
    g->node[p].fused_into = k;
}

enum hby_status hby_fold_pads(const struct hby_folder *f)
{
    for (int k = 0; k < f->graph->n_nodes; k++)
        if (!f->graph->node[k].folded && (f->graph->node[k].op == HBY_OP_conv_2d || f->graph->node[k].op == HBY_OP_depthwise_conv_2d))
            fuse_pad(f, k);
    return HBY_OK;
}
