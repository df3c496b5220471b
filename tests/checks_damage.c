/* checks --damage=N: N copies of each graph that a check makes, each damaged in one to three places: types, shapes, quantization, constants that are none and
 * the other way round, operands that are absent or swapped, parameters, contents of shapes and axes. Whatever that gives is refused with a reason, or runs on
 * host_ref within its buffers. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delegate/import.h"
#include "partition/shapes.h"
#include "tests/checks.h"

enum { MOST_ELEMENTS = 1 << 16 };

#define ANY_OF(c, list) list[check_int(c, 0, (int)(sizeof list / sizeof *list) - 1)]

/* As many scales as the shape has blocks: import makes sure of that. */
static void resize_blocks(struct hby_graph *g, struct hby_tensor *t, int64_t n)
{
    if (t->quant.block <= 0)
        return;
    if (n > MOST_ELEMENTS) {
        t->quant = (struct hby_quant){.unusable = true, .why_unusable = "the test says so"};
        return;
    }
    float *scale = check_must(hby_pool_alloc(&g->pool, ((size_t)n / (size_t)t->quant.block + 1) * sizeof *scale));
    for (int64_t i = 0; i < n / t->quant.block; i++)
        scale[i] = 0.01f;
    t->quant.block_scale = scale;
}

/* After a change of type or shape: bytes, and contents for a constant. */
static void resize(struct check *c, struct hby_graph *g, struct hby_tensor *t)
{
    const int64_t n = hby_tensor_count(t);
    const bool was_constant = t->data != NULL;
    const size_t old = t->bytes;
    resize_blocks(g, t, n);
    t->bytes = n > INT_MAX ? SIZE_MAX : t->type == HBY_I4 ? (size_t)(n + 1) / 2 : (size_t)n * hby_type_size(t->type);
    if (!was_constant)
        return;
    if (n > MOST_ELEMENTS) {
        t->data = NULL;
        return;
    }
    unsigned char *data = check_must(hby_pool_alloc(&g->pool, t->bytes + 1));
    for (size_t i = 0; i < t->bytes; i++)
        data[i] = i < old ? ((const unsigned char *)t->data)[i] : (unsigned char)check_int(c, 0, 3);
    t->data = data;
}

static void damage_quant(struct check *c, struct hby_graph *g, struct hby_tensor *t)
{
    static const float scales[] = {1.0f, 0.5f, 1e-30f, 1e30f, 1.0f / 256, 16.0f / 256, 1.0f / 32768};
    static const int32_t zeros[] = {0, 0, -128, 127, 128, 255, 1};
    const int axis = check_int(c, 0, 3), count = check_chance(c, 50) ? 1 : axis < t->rank ? t->dim[axis] : check_int(c, 0, 3);
    if (check_chance(c, 25) || count > MOST_ELEMENTS || count < 1) {
        t->quant = check_chance(c, 50) ? (struct hby_quant){0} : (struct hby_quant){.unusable = true, .why_unusable = "the test says so"};
        return;
    }
    float *s = check_must(hby_pool_alloc(&g->pool, sizeof(float) * (size_t)count));
    int32_t *z = check_must(hby_pool_alloc(&g->pool, sizeof(int32_t) * (size_t)count));
    for (int i = 0; i < count; i++) {
        s[i] = ANY_OF(c, scales);
        z[i] = count == 1 ? ANY_OF(c, zeros) : check_chance(c, 90) ? 0 : 1;
    }
    t->quant = (struct hby_quant){.count = count, .axis = axis, .scale = s, .zero_point = z};
}

static void damage_tensor(struct check *c, struct hby_graph *g, struct hby_tensor *t)
{
    static const enum hby_type types[] = {HBY_F32, HBY_F16, HBY_I8, HBY_U8, HBY_I16, HBY_I32, HBY_I64, HBY_BOOL, HBY_I4};
    static const int32_t sizes[] = {1, 1, 2, 3, 4, 5, 8, 0, 1 << 16, 1 << 30, INT_MAX};
    static const int64_t values[] = {-1, 0, 1, 2, 3, -2, 5, 9, INT_MAX, INT_MIN, 1 << 16};
    switch (check_int(c, 0, 6)) {
    case 0:
        t->type = ANY_OF(c, types);
        break;
    case 1:
        if (t->rank > 0)
            t->dim[check_int(c, 0, t->rank - 1)] = ANY_OF(c, sizes);
        break;
    case 2:
        if (t->rank < HBY_MAX_RANK && check_chance(c, 50))
            t->dim[t->rank++] = check_int(c, 1, 3);
        else if (t->rank > 0)
            t->rank--;
        break;
    case 3:
    case 5:
        damage_quant(c, g, t);
        return;
    case 4: /* a constant that is computed, or the other way round */
        if (t->data) {
            t->data = NULL;
        } else if (t->bytes <= 4 * MOST_ELEMENTS) {
            void *data = check_must(hby_pool_alloc(&g->pool, t->bytes + 1));
            check_fill(c, t, data, CHECK_RANDOM);
            t->data = data;
        }
        return;
    default: /* contents of shapes, axes, paddings */
        if (t->data && (t->type == HBY_I32 || t->type == HBY_I64) && t->bytes >= hby_type_size(t->type)) {
            unsigned char *data = check_must(hby_pool_alloc(&g->pool, t->bytes));
            const size_t each = hby_type_size(t->type), n = t->bytes / each;
            const int64_t v = ANY_OF(c, values);
            memcpy(data, t->data, t->bytes);
            memcpy(data + each * (size_t)check_int(c, 0, n > 64 ? 63 : (int)n - 1), &v, each); /* little-endian */
            t->data = data;
        }
        return;
    }
    resize(c, g, t);
}

/* Values that import gives: enumerations and bools stay what they are. */
static void damage_params(struct check *c, struct hby_node *n)
{
    static const int32_t strides[] = {1, 2, 3, 4, 7, 11, INT16_MAX}, sizes[] = {0, 1, 2, 3, 4, 7, 1 << 30},
                         axes[] = {-1, 0, 1, 2, 3, -3, 5, 9, INT_MAX, INT_MIN}, masks[] = {0, 1, 2, 3, 4, 7, 255};
    static const float reals[] = {0.0f, -1.0f, 1.0f, 1e30f, 0.5f};
    switch (n->op) {
    case HBY_OP_conv_2d:
    case HBY_OP_depthwise_conv_2d:
    case HBY_OP_transpose_conv:
    case HBY_OP_average_pool_2d:
    case HBY_OP_max_pool_2d:
    case HBY_OP_l2_pool_2d: {
        struct hby_window_params *w = &n->params.window;
        int *const field[] = {&w->stride_h, &w->stride_w, &w->dilation_h, &w->dilation_w, &w->filter_h, &w->filter_w, &w->depth_multiplier};
        *ANY_OF(c, field) = ANY_OF(c, strides);
        w->padding = check_chance(c, 50) ? HBY_PAD_SAME : HBY_PAD_VALID;
        break;
    }
    case HBY_OP_conv_3d:
        n->params.window_3d.stride[check_int(c, 0, 2)] = ANY_OF(c, sizes);
        n->params.window_3d.dilation[check_int(c, 0, 2)] = ANY_OF(c, sizes);
        break;
    case HBY_OP_concatenation:
    case HBY_OP_pack:
    case HBY_OP_unpack:
    case HBY_OP_split:
    case HBY_OP_split_v:
        *(check_chance(c, 50) ? &n->params.axis.axis : &n->params.axis.count) = ANY_OF(c, axes);
        break;
    case HBY_OP_gather:
        *(check_chance(c, 50) ? &n->params.gather.axis : &n->params.gather.batch_dims) = ANY_OF(c, axes);
        break;
    case HBY_OP_one_hot:
        n->params.one_hot.axis = ANY_OF(c, axes);
        break;
    case HBY_OP_space_to_depth:
    case HBY_OP_depth_to_space:
        n->params.block.size = ANY_OF(c, axes);
        break;
    case HBY_OP_mirror_pad:
        n->params.mirror_pad.reflect = check_int(c, 0, 1);
        break;
    case HBY_OP_reshape:
    case HBY_OP_squeeze:
        n->params.reshape.n = check_int(c, 0, HBY_MAX_RANK);
        n->params.reshape.dim[check_int(c, 0, HBY_MAX_RANK - 1)] = ANY_OF(c, axes);
        break;
    case HBY_OP_strided_slice: {
        int *const field[] = {&n->params.strided_slice.begin_mask, &n->params.strided_slice.end_mask, &n->params.strided_slice.ellipsis_mask,
                              &n->params.strided_slice.new_axis_mask, &n->params.strided_slice.shrink_axis_mask};
        *ANY_OF(c, field) = ANY_OF(c, masks);
        break;
    }
    case HBY_OP_softmax:
    case HBY_OP_leaky_relu:
        n->params.softmax.beta = ANY_OF(c, reals);
        break;
    case HBY_OP_fully_connected:
        n->params.fully_connected.keep_num_dims = check_chance(c, 50);
        n->params.fully_connected.weights_format = check_int(c, 0, 2);
        break;
    case HBY_OP_unidirectional_sequence_lstm:
    case HBY_OP_unidirectional_sequence_rnn:
    case HBY_OP_svdf:
        n->params.recurrent.time_major = check_chance(c, 50);
        n->params.recurrent.rank = check_int(c, -1, 5);
        n->params.recurrent.act = (enum hby_act)check_int(c, HBY_ACT_NONE, HBY_ACT_SIGN_BIT);
        if (n->op == HBY_OP_unidirectional_sequence_lstm)
            *(check_chance(c, 50) ? &n->params.recurrent.cell_clip : &n->params.recurrent.proj_clip) = ANY_OF(c, reals);
        break;
    case HBY_OP_resize_bilinear:
    case HBY_OP_resize_nearest_neighbor:
        n->params.resize.align_corners = check_chance(c, 50);
        n->params.resize.half_pixel_centers = check_chance(c, 50);
        break;
    case HBY_OP_local_response_normalization:
        n->params.norm.radius = ANY_OF(c, axes);
        break;
    default:
        break;
    }
}

static void damage_node(struct check *c, struct hby_node *n)
{
    const int i = check_int(c, 0, n->n_in - 1), k = check_int(c, 0, n->n_in - 1), was = n->in[i];
    switch (check_int(c, 0, 4)) {
    case 0:
        n->in[i] = -1;
        break;
    case 1:
        n->in[i] = n->in[k];
        n->in[k] = was;
        break;
    case 2:
        n->in[i] = n->in[k];
        break;
    case 3:
        n->n_in -= n->n_in > 1;
        break;
    default:
        damage_params(c, n);
        break;
    }
}

/* The node as it comes from the runtime, without the next values of its states, which import appends to the outputs; each state is there, and no constant. */
static enum hby_status without_states(const struct hby_graph *g, const struct hby_node *n, struct hby_node *bare, struct hby_reason *why)
{
    *bare = *n;
    for (int k = 0; k < n->n_in; k++) {
        if (!hby_import_is_state(n->op, k))
            continue;
        bare->n_out--;
        if (n->in[k] < 0 || g->tensor[n->in[k]].data)
            return hby_say(HBY_UNSUPPORTED, why, "input %d is its state, and must be a variable tensor", k);
    }
    return HBY_OK;
}

enum hby_status check_import(struct hby_graph *g, bool shapes, struct hby_reason *why)
{
    struct hby_shapes *sh = NULL;
    enum hby_status st = hby_shapes_create(g, &sh);
    for (int i = 0; i < g->n_nodes && !st; i++) {
        const struct hby_node *n = &g->node[i];
        struct hby_node bare;
        st = without_states(g, n, &bare, why);
        if (!st)
            st = hby_import_check_operands(&bare, why);
        for (int k = 0; k < n->n_in && !st; k++)
            st = n->in[k] >= 0 ? hby_import_check_tensor(sh, n->in[k], why) : HBY_OK;
        if (!st && shapes)
            st = hby_shapes_node(sh, n, why);
        for (int k = 0; k < n->n_out && !st; k++) {
            if (g->tensor[n->out[k]].data)
                st = hby_say(HBY_BAD_MODEL, why, "a constant is a result");
            else
                st = hby_import_check_tensor(sh, n->out[k], why);
        }
    }
    hby_shapes_destroy(&sh);
    return st;
}

/* The graph's inputs as they are now. */
static void find_inputs(struct hby_graph *g)
{
    bool *made = check_must(calloc((size_t)g->n_tensors + 1, sizeof *made));
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->node[i].n_out; k++)
            made[g->node[i].out[k]] = true;
    g->input = check_must(hby_pool_alloc(&g->pool, sizeof(int) * ((size_t)g->n_tensors + 1)));
    g->n_inputs = 0;
    for (int t = 0; t < g->n_tensors; t++)
        for (int i = 0; i < g->n_nodes && !g->tensor[t].data && !made[t]; i++) {
            bool read = false;
            for (int k = 0; k < g->node[i].n_in; k++)
                read = read || g->node[i].in[k] == t;
            if (read) {
                g->input[g->n_inputs++] = t;
                break;
            }
        }
    free(made);
}

static bool is_small(const struct hby_graph *g)
{
    for (int t = 0; t < g->n_tensors; t++)
        if (hby_tensor_count(&g->tensor[t]) > MOST_ELEMENTS)
            return false;
    return g->n_inputs <= 16 && g->n_outputs <= 16;
}

/* A tensor like another; a constant where `data` is given. */
static int tensor_like(struct hby_graph *g, const struct hby_tensor *like, enum hby_type type, int rank, const int32_t *dim, const void *data)
{
    struct hby_tensor t = {.type = type, .rank = rank, .runtime_index = -1, .name = "t", .quant = like->quant};
    int id;
    for (int i = 0; i < rank; i++)
        t.dim[i] = dim[i];
    t.bytes = (size_t)hby_tensor_count(&t) * hby_type_size(type);
    if (hby_graph_add_tensor(g, &t, &id))
        check_die("out of memory");
    if (data) {
        void *copy = check_must(hby_pool_alloc(&g->pool, t.bytes + 1));
        memcpy(copy, data, t.bytes);
        g->tensor[id].data = copy;
    }
    return id;
}

/* Room for a node at `at`; it has one output. */
static struct hby_node *insert_node(struct hby_graph *g, int at, enum hby_op op, int n_in, const int *in, int out)
{
    struct hby_node *more = check_must(hby_pool_alloc(&g->pool, sizeof *more * ((size_t)g->n_nodes + 1)));
    memcpy(more, g->node, sizeof *more * (size_t)at);
    memcpy(more + at + 1, g->node + at, sizeof *more * (size_t)(g->n_nodes - at));
    struct hby_node *n = &more[at];
    *n = (struct hby_node){.op = op, .version = 1, .n_in = n_in, .n_out = 1, .fused_into = -1};
    n->in = check_must(hby_pool_alloc(&g->pool, sizeof(int) * (size_t)n_in));
    n->out = check_must(hby_pool_alloc(&g->pool, sizeof(int)));
    memcpy(n->in, in, sizeof(int) * (size_t)n_in);
    n->out[0] = out;
    g->node = more;
    g->n_nodes++;
    for (int i = 0; i < g->n_nodes; i++)
        more[i].runtime_index = i;
    return n;
}

/* PAD or PADV2 in front of the first node, which reads an image. */
static void pad_first(struct check *c, struct hby_graph *g)
{
    static const int64_t zero64 = 0;
    const int data = g->node[0].op == HBY_OP_transpose_conv ? 2 : 0, image = g->node[0].n_in > data ? g->node[0].in[data] : -1;
    const struct hby_tensor t = image >= 0 ? g->tensor[image] : (struct hby_tensor){0};
    if (t.rank != 4 || t.data || t.dim[1] < 3 || t.dim[2] < 3)
        return;
    const int32_t pads[8] = {0, 0, 1, check_int(c, 0, 1), check_int(c, 0, 1), 0, 0, 0};
    const int32_t dim[4] = {t.dim[0], t.dim[1] - 1 - pads[3], t.dim[2] - pads[4], t.dim[3]}, shape[2] = {4, 2}, one = 1;
    int64_t wide[8];
    for (int i = 0; i < 8; i++)
        wide[i] = pads[i];
    const bool is_wide = check_chance(c, 30), has_value = check_chance(c, 50);
    const int from = tensor_like(g, &t, t.type, 4, dim, NULL),
              p = tensor_like(g, &(struct hby_tensor){0}, is_wide ? HBY_I64 : HBY_I32, 2, shape, is_wide ? (const void *)wide : pads);
    const int value = has_value ? tensor_like(g, &t, t.type, 1, &one, &zero64) : -1;
    insert_node(g, 0, has_value ? HBY_OP_padv2 : HBY_OP_pad, has_value ? 3 : 2, (const int[]){from, p, value}, image);
}

/* RELU and the like, or QUANTIZE after DEQUANTIZE, behind the last node. */
static void act_last(struct check *c, struct hby_graph *g)
{
    static const enum hby_op acts[] = {HBY_OP_relu, HBY_OP_relu6, HBY_OP_relu_n1_to_1};
    const struct hby_node *last = &g->node[g->n_nodes - 1];
    const int out = last->out[0];
    const struct hby_tensor t = g->tensor[out];
    int result = -1;
    for (int i = 0; i < g->n_outputs; i++)
        result = g->output[i] == out ? i : result;
    if (result < 0 || (t.type != HBY_F32 && t.type != HBY_I8 && t.type != HBY_U8 && t.type != HBY_I16))
        return;
    const int end = tensor_like(g, &t, t.type, t.rank, t.dim, NULL);
    if (t.type == HBY_F32 || check_chance(c, 50)) {
        insert_node(g, g->n_nodes, ANY_OF(c, acts), 1, &out, end);
    } else {
        const int real = tensor_like(g, &(struct hby_tensor){0}, HBY_F32, t.rank, t.dim, NULL);
        insert_node(g, g->n_nodes, HBY_OP_dequantize, 1, &out, real);
        insert_node(g, g->n_nodes, HBY_OP_quantize, 1, &real, end);
    }
    for (; result + 1 < g->n_outputs; result++) /* outputs are in the order of their numbers, and this is the last */
        g->output[result] = g->output[result + 1];
    g->output[result] = end;
}

void check_damage(struct check *c, int copies)
{
    struct hby_graph *whole = c->g;
    int *all = check_must(malloc(sizeof(int) * (size_t)whole->n_nodes));
    for (int i = 0; i < whole->n_nodes; i++)
        all[i] = i;
    for (int copy = 0; copy < copies; copy++) {
        struct hby_reason why = {""};
        struct hby_graph *g = NULL;
        if (hby_graph_select(whole, all, whole->n_nodes, &g))
            check_die("hby_graph_select failed");
        c->g = g;                /* whose tensors have ranges */
        if (check_chance(c, 25)) /* nodes that fold into it, or it into them */
            pad_first(c, g);
        if (check_chance(c, 25))
            act_last(c, g);
        for (int k = check_int(c, 1, 3); k > 0; k--) {
            struct hby_node *n = &g->node[check_int(c, 0, g->n_nodes - 1)];
            const int t = check_int(c, -n->n_in, 2 * n->n_in);
            if (t < 0 || n->n_in == 0)
                damage_node(c, n);
            else
                damage_tensor(c, g,
                              &g->tensor[n->n_mid && check_chance(c, 20) ? n->mid[check_int(c, 0, n->n_mid - 1)]
                                         : t < n->n_in && n->in[t] >= 0  ? n->in[t]
                                         : t % 2 && n->in[0] >= 0        ? n->in[0]
                                                                         : n->out[0]]);
        }
        find_inputs(g);
        c->cases++;
        enum hby_status st = check_import(g, check_chance(c, 50), &why);
        if (!st && is_small(g))
            st = check_run_host(c, &why); /* takes a copy */
        c->refused += st == HBY_UNSUPPORTED || st == HBY_BAD_MODEL;
        c->host_only += !st;
        if ((st && !why.text[0]) || st == HBY_DEVICE) {
            fprintf(stderr, "FAIL %s:%s case %ld: %s\n", hby_ops[c->op].name, hby_scheme_names[c->scheme], c->cases,
                    st == HBY_DEVICE ? why.text : "refused without a reason");
            c->failures++;
        }
        hby_graph_destroy(&g);
    }
    c->g = whole;
    free(all);
}
