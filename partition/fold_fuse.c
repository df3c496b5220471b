/* Work that its neighbour can do: copies that change nothing, activations behind the operator that computes their input, padding in front of convolutions and
 * of MAX_POOL_2D. */
#include "partition/fold.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "partition/element.h"

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
 * (q - zp) * scale / scale rounds back to q - zp: both operations err by half an ulp of a number below 2^16. The scale must keep the product finite and
 * normal. */
static int unquantized_source(const struct hby_graph *g, const struct hby_node *n)
{
    if (n->op != HBY_OP_quantize)
        return -1;
    const struct hby_tensor *out = &g->tensor[n->out[0]];
    if (same_integers(&g->tensor[n->in[0]], out))
        return n->in[0];
    int k = hby_fold_producer(g, n->in[0]);
    if (k < 0 || g->node[k].op != HBY_OP_dequantize || hby_fold_check(g, &g->node[k], NULL) || g->tensor[n->in[0]].type != HBY_F32)
        return -1;
    int from = g->node[k].in[0];
    if (!same_integers(&g->tensor[from], out) || !isnormal(out->quant.scale[0]) || !isfinite(out->quant.scale[0] * 131072.0f))
        return -1;
    return from;
}

/* RESHAPE knows its result's shape without reading the tensor that says it. */
static void forget_shape(struct hby_graph *g, struct hby_node *n)
{
    if (n->op == HBY_OP_reshape && n->n_in == 2 && !g->tensor[n->in[1]].data &&
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
        [HBY_OP_conv_2d] = AT(window.act),
        [HBY_OP_depthwise_conv_2d] = AT(window.act),
        [HBY_OP_transpose_conv] = AT(window.act),
        [HBY_OP_average_pool_2d] = AT(window.act),
        [HBY_OP_max_pool_2d] = AT(window.act),
        [HBY_OP_add] = AT(arith.act),
        [HBY_OP_sub] = AT(arith.act),
        [HBY_OP_mul] = AT(arith.act),
        [HBY_OP_fully_connected] = AT(fully_connected.act),
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
    int p = hby_fold_producer(g, n->in[0]);
    if (p < 0 || hby_fold_readers(g, n->in[0]) != 1 || !act_of(&g->node[p]))
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

/* What the node fills with, as stored: PAD with real 0, PADV2 with its third input. False where that is not known. */
static bool fill_of(const struct hby_graph *g, const struct hby_node *pad, double *fill)
{
    const struct hby_tensor *out = &g->tensor[pad->out[0]];
    *fill = is_quantized(out) ? out->quant.zero_point[0] : 0;
    if (pad->op == HBY_OP_pad)
        return true;
    const struct hby_tensor *v = &g->tensor[pad->in[2]];
    if (!v->data || v->type != out->type || hby_tensor_count(v) != 1)
        return false;
    float value;
    int16_t wide;
    switch (v->type) {
    case HBY_F32:
        memcpy(&value, v->data, sizeof value);
        *fill = value;
        return !isnan(value);
    case HBY_I16:
        memcpy(&wide, v->data, sizeof wide);
        *fill = wide;
        return true;
    case HBY_I8:
        *fill = *(const int8_t *)v->data;
        return true;
    case HBY_U8:
        *fill = *(const uint8_t *)v->data;
        return true;
    default:
        return false;
    }
}

/* No value of the tensor is below this, as stored, nor what an operator with the activation `then` makes of it. */
static double lowest_of(const struct hby_graph *g, int tensor, enum hby_act then)
{
    const struct hby_tensor *t = &g->tensor[tensor];
    const int p = hby_fold_producer(g, tensor);
    const enum hby_act *first = p >= 0 ? act_of(&g->node[p]) : NULL;
    if (then == HBY_ACT_RELU || then == HBY_ACT_RELU6 || (first && (*first == HBY_ACT_RELU || *first == HBY_ACT_RELU6)))
        return is_quantized(t) ? t->quant.zero_point[0] : 0;
    return t->type == HBY_I8 ? INT8_MIN : t->type == HBY_U8 ? 0 : t->type == HBY_I16 ? INT16_MIN : -FLT_MAX; /* to which the pools clamp */
}

/* Does every window hold an element that is not padding? */
static bool sees_input(int in, int out, int window, int stride, int before)
{
    return before < window && (int64_t)(out - 1) * stride - before < in;
}

/* Rows and columns before and after; false unless only those are padded, by constants. */
static bool read_pads(const struct hby_graph *g, const struct hby_node *pad, int before[2], int after[2])
{
    const struct hby_tensor *p = &g->tensor[pad->in[1]];
    if (!p->data || (p->type != HBY_I32 && p->type != HBY_I64) || hby_tensor_count(p) != 8 || p->bytes < 8 * hby_type_size(p->type))
        return false;
    for (int i = 0; i < 8; i++) {
        int64_t v = hby_load_int64(p->data, p->type, (size_t)i);
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

/* The PAD in front of node k, if nobody else needs its result; -1. */
static int pad_before(const struct hby_graph *g, const struct hby_node *n)
{
    const struct hby_window_params *w = &n->params.window;
    const int p = hby_fold_producer(g, n->in[0]);
    if (p < 0 || w->padding == HBY_PAD_EXPLICIT || w->stride_h < 1 || w->stride_w < 1)
        return -1;
    const struct hby_node *pad = &g->node[p];
    if (hby_fold_check(g, n, NULL) || hby_fold_check(g, pad, NULL) || (pad->op != HBY_OP_pad && pad->op != HBY_OP_padv2) || hby_fold_readers(g, n->in[0]) != 1)
        return -1;
    return p;
}

/* Are the padded tensor and what it is made of of one kind, so that an operator may read either? */
static bool pads_alike(const struct hby_tensor *from, const struct hby_tensor *padded)
{
    const bool integers = is_quantized(from) && is_quantized(padded) && hby_same_quant(&from->quant, &padded->quant);
    return from->type == padded->type && from->rank == 4 && padded->rank == 4 && (from->type == HBY_F32 || integers);
}

/* Height and width of the node's window; false where the fill would not do what its own padding does: a convolution's adds nothing, and a maximum does not see
 * its own. */
static bool window_of(const struct hby_graph *g, const struct hby_node *n, int from, double fill, int window[2], int dilation[2])
{
    const struct hby_window_params *w = &n->params.window;
    dilation[0] = dilation[1] = 1;
    if (n->op == HBY_OP_max_pool_2d) {
        window[0] = w->filter_h;
        window[1] = w->filter_w;
        return w->filter_h > 0 && w->filter_w > 0 && g->tensor[n->out[0]].rank == 4 && fill <= lowest_of(g, from, w->act);
    }
    if (w->dilation_h < 1 || w->dilation_w < 1)
        return false;
    const struct hby_tensor *weights = &g->tensor[n->in[1]], *t = &g->tensor[from];
    if (weights->rank != 4 || (t->type == HBY_F32 && weights->type != HBY_F32 && weights->type != HBY_F16 && !n->weight_only))
        return false;
    window[0] = weights->dim[1];
    window[1] = weights->dim[2];
    dilation[0] = w->dilation_h;
    dilation[1] = w->dilation_w;
    return fill == (is_quantized(t) ? t->quant.zero_point[0] : 0);
}

/* Gives node k, a convolution or a maximum over windows, the padding of the PAD in front of it. */
static void fuse_pad(const struct hby_folder *f, int k)
{
    struct hby_graph *g = f->graph;
    struct hby_node *n = &g->node[k];
    struct hby_window_params *w = &n->params.window;
    const int p = pad_before(g, n);
    int before[2], after[2], window[2], dilation[2];
    double fill;
    if (p < 0)
        return;
    const struct hby_node *pad = &g->node[p];
    const struct hby_tensor *from = &g->tensor[pad->in[0]], *padded = &g->tensor[n->in[0]], *out = &g->tensor[n->out[0]];
    if (!pads_alike(from, padded) || !fill_of(g, pad, &fill) || !window_of(g, n, pad->in[0], fill, window, dilation) || !read_pads(g, pad, before, after) ||
        padded->dim[1] != (int64_t)from->dim[1] + before[0] + after[0] || padded->dim[2] != (int64_t)from->dim[2] + before[1] + after[1])
        return;
    const struct hby_window_params was = *w;
    const int in = n->in[0];
    w->pad_top = before[0] + (w->padding == HBY_PAD_SAME ? same_before(padded->dim[1], window[0], w->stride_h, dilation[0]) : 0);
    w->pad_left = before[1] + (w->padding == HBY_PAD_SAME ? same_before(padded->dim[2], window[1], w->stride_w, dilation[1]) : 0);
    w->padding = HBY_PAD_EXPLICIT;
    n->in[0] = pad->in[0];
    const bool sees = n->op != HBY_OP_max_pool_2d || (sees_input(from->dim[1], out->dim[1], window[0], w->stride_h, w->pad_top) &&
                                                      sees_input(from->dim[2], out->dim[2], window[1], w->stride_w, w->pad_left));
    if (!sees || !hby_fold_lowers(f, n)) {
        *w = was;
        n->in[0] = in;
        return;
    }
    g->node[p].folded = true;
    g->node[p].fused_into = k;
}

enum hby_status hby_fold_pads(const struct hby_folder *f)
{
    for (int k = 0; k < f->graph->n_nodes; k++) {
        const enum hby_op op = f->graph->node[k].op;
        if (!f->graph->node[k].folded && (op == HBY_OP_conv_2d || op == HBY_OP_depthwise_conv_2d || op == HBY_OP_max_pool_2d))
            fuse_pad(f, k);
    }
    return HBY_OK;
}
