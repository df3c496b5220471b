/* The runtime's execution plan -> graph and records. */
#include "delegate/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delegate/builtin_names.h"

static void name_node(struct hby_record *r, const struct hby_tfl_registration *reg)
{
    const char *name = hby_builtin_name(reg->builtin_code);
    r->builtin = reg->builtin_code;
    if (reg->builtin_code == HBY_TFL_OP_CUSTOM && reg->custom_name)
        snprintf(r->op, sizeof r->op, "%s", reg->custom_name);
    else if (name)
        snprintf(r->op, sizeof r->op, "%s", name);
    else
        snprintf(r->op, sizeof r->op, "BUILTIN_%d", reg->builtin_code);
}

static enum hby_status copy_list(const struct hby_tfl_context *ctx, struct hby_graph *g, const struct hby_tfl_ints *from, int *n, int **to,
                                 struct hby_reason *why)
{
    int size = from && from->size > 0 ? from->size : 0;
    int *list = hby_pool_alloc(&g->pool, (size_t)size * sizeof *list);
    if (!list)
        return HBY_NO_MEMORY;
    for (int i = 0; i < size; i++) {
        int id = from->data[i];
        if (id >= 0 && (size_t)id >= ctx->tensors_size)
            return hby_say(HBY_BAD_MODEL, why, "it names tensor %d; the model has %zu", id, ctx->tensors_size);
        list[i] = id < 0 ? -1 : id;
    }
    *n = size;
    *to = list;
    return HBY_OK;
}

static enum hby_status check_list(const struct hby_shapes *in, const int *list, int n, struct hby_reason *why)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < n && !st; i++)
        if (list[i] >= 0)
            st = hby_import_check_tensor(in, list[i], why);
    return st;
}

static enum hby_status check_variables(const struct hby_graph *g, const struct hby_node *node, struct hby_reason *why)
{
    for (int i = 0; i < node->n_in + node->n_out; i++) {
        int id = i < node->n_in ? node->in[i] : node->out[i - node->n_in];
        if (id >= 0 && g->tensor[id].is_variable && (i >= node->n_in || !hby_import_is_state(node->op, i)))
            return hby_say(HBY_UNSUPPORTED, why, "tensor %d '%.40s' is a variable: it keeps its value between calls", id,
                           g->tensor[id].name ? g->tensor[id].name : "");
    }
    return HBY_OK;
}

static bool is_made_inside(const struct hby_graph *g, int tensor)
{
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->node[i].n_out; k++)
            if (g->node[i].out[k] == tensor)
                return true;
    return false;
}

/* RESHAPE to a shape that comes from outside: planned for the shape in the file, and checked by the kernel against the values of each call. */
static enum hby_status expect_shape(const struct hby_tfl_context *ctx, struct hby_shapes *in, const struct hby_node *node, struct hby_reason *why)
{
    const struct hby_graph *g = in->graph;
    if (node->op != HBY_OP_reshape || node->n_in != 2 || node->n_out != 1 || node->in[1] < 0 || hby_shapes_is_static(in, node->in[1]) ||
        in->unknown[node->in[1]])
        return HBY_UNSUPPORTED;
    const struct hby_tfl_tensor *out = &ctx->tensors[node->out[0]];
    const struct hby_tensor *shape = &g->tensor[node->in[1]];
    if (!hby_import_shape_is_fixed(out) || shape->type != HBY_I32 || shape->rank != 1 || shape->dim[0] != out->dims->size || is_made_inside(g, node->in[1]))
        return HBY_UNSUPPORTED;
    struct hby_known want = {.n = out->dims->size};
    for (int i = 0; i < want.n; i++)
        want.value[i] = out->dims->data[i];
    enum hby_status st = hby_shapes_set_values(in, node->in[1], &want);
    return st ? st : hby_shapes_node(in, node, why);
}

/* The shapes of the outputs, by the operator's rule. Where that needs data the node stays with the runtime, but what follows can rely on the file's
 * shape if the file leaves no choice. */
static enum hby_status infer_shapes(const struct hby_tfl_context *ctx, struct hby_shapes *in, const struct hby_node *node, struct hby_reason *why)
{
    enum hby_status st = hby_shapes_node(in, node, why);
    if (st == HBY_UNSUPPORTED)
        st = expect_shape(ctx, in, node, why);
    for (int i = 0; st == HBY_UNSUPPORTED && i < node->n_out; i++)
        if ((size_t)node->out[i] < ctx->tensors_size && hby_import_shape_is_fixed(&ctx->tensors[node->out[i]]))
            in->unknown[node->out[i]] = false;
    return st;
}

static enum hby_status describe_node(struct hby_tfl_context *ctx, struct hby_import *im, struct hby_shapes *in, const struct hby_tfl_node *from,
                                     const struct hby_tfl_registration *reg, struct hby_node *node, struct hby_reason *why)
{
    struct hby_graph *g = in->graph;
    enum hby_status st = copy_list(ctx, g, from->inputs, &node->n_in, &node->in, why);
    if (!st)
        st = copy_list(ctx, g, from->outputs, &node->n_out, &node->out, why);
    if (!st && node->op == HBY_OP_unidirectional_sequence_lstm)
        st = copy_list(ctx, g, from->intermediates, &node->n_mid, &node->mid, why);
    struct hby_builtin b = {.data = from->builtin_data, .version = reg->version, .why = why};
    if (!st)
        st = hby_import_check_operands(node, why);
    if (!st)
        st = hby_import_check_types(ctx, node, from->builtin_data, why);
    if (!st)
        st = hby_import_params(node->op, &b, node);
    if (!st)
        st = check_list(in, node->in, node->n_in, why);
    if (!st)
        st = check_variables(g, node, why);
    if (!st)
        st = hby_import_states(ctx, im, node, why);
    if (!st)
        st = infer_shapes(ctx, in, node, why);
    return st ? st : check_list(in, node->out, node->n_out, why);
}

static enum hby_status check_operator(const struct hby_tfl_node *node, const struct hby_tfl_registration *reg, enum hby_op op, struct hby_reason *why)
{
    if (node->delegate || reg->builtin_code == HBY_TFL_OP_DELEGATE)
        return hby_say(HBY_UNSUPPORTED, why, "another delegate has taken it already");
    if (reg->builtin_code == HBY_TFL_OP_CUSTOM)
        return hby_say(HBY_UNSUPPORTED, why, "it is a custom operator; only TFLite's builtin operators can run on the device");
    if (op == HBY_OP_COUNT)
        return hby_say(HBY_UNSUPPORTED, why, "Halfbyte does not have this operator");
    if (reg->version > hby_ops[op].version)
        return hby_say(HBY_UNSUPPORTED, why, "version %d of this operator is newer than the versions that are known here (up to %d)", reg->version,
                       hby_ops[op].version);
    return HBY_OK;
}

/* Appends the node to the graph, or says in the record why not. Only HBY_NO_MEMORY is an error. */
static enum hby_status import_node(struct hby_tfl_context *ctx, struct hby_import *im, struct hby_shapes *in, struct hby_record *r)
{
    struct hby_graph *g = in->graph;
    struct hby_tfl_node *from;
    struct hby_tfl_registration *reg;
    struct hby_reason *why = &r->verdict.reason;
    if (ctx->GetNodeAndRegistration(ctx, r->index, &from, &reg) != HBY_TFL_OK) {
        snprintf(r->op, sizeof r->op, "UNKNOWN");
        hby_say(HBY_BAD_MODEL, why, "the runtime does not show this node");
        return HBY_OK;
    }
    name_node(r, reg);
    enum hby_op op = reg->builtin_code == HBY_TFL_OP_CUSTOM ? HBY_OP_COUNT : hby_op_from_builtin(reg->builtin_code);
    enum hby_status st = check_operator(from, reg, op, why);
    if (!st) {
        g->node[g->n_nodes] = (struct hby_node){.op = op, .version = reg->version, .runtime_index = r->index, .fused_into = -1};
        st = describe_node(ctx, im, in, from, reg, &g->node[g->n_nodes], why);
    }
    if (st)
        hby_import_follow_unknown(in, ctx, from, reg->builtin_code);
    else
        r->node = g->n_nodes++;
    return st == HBY_NO_MEMORY ? st : HBY_OK;
}

/* The outputs of the subgraph itself: a preview of everything as one partition tells. false: the runtime cannot preview. */
static bool mark_subgraph_outputs(struct hby_tfl_context *ctx, const struct hby_import *im, bool *is_output)
{
    struct hby_tfl_delegate_params *part = NULL;
    int n = 0;
    struct hby_tfl_ints *all = malloc(sizeof *all + (size_t)im->n_records * sizeof all->data[0]);
    if (!all || !ctx->PreviewDelegatePartitioning) {
        free(all);
        return false;
    }
    all->size = im->n_records;
    for (int i = 0; i < im->n_records; i++)
        all->data[i] = im->record[i].index;
    bool ok = ctx->PreviewDelegatePartitioning(ctx, all, &part, &n) == HBY_TFL_OK;
    for (int p = 0; ok && p < n; p++)
        for (int i = 0; i < part[p].output_tensors->size; i++) {
            int t = part[p].output_tensors->data[i];
            if (t >= 0 && (size_t)t < ctx->tensors_size)
                is_output[t] = true;
        }
    free(all);
    return ok;
}

enum { MADE = 1, READ = 2, READ_OUTSIDE = 4 };

static void mark_list(const struct hby_tfl_ints *list, size_t n_tensors, unsigned char *role, unsigned char bit)
{
    for (int i = 0; list && i < list->size; i++)
        if (list->data[i] >= 0 && (size_t)list->data[i] < n_tensors)
            role[list->data[i]] |= bit;
}

static void mark_nodes(struct hby_tfl_context *ctx, const struct hby_import *im, unsigned char *role)
{
    for (int i = 0; i < im->n_records; i++) {
        const struct hby_record *r = &im->record[i];
        struct hby_tfl_node *node;
        struct hby_tfl_registration *reg;
        if (ctx->GetNodeAndRegistration(ctx, r->index, &node, &reg) != HBY_TFL_OK)
            continue;
        mark_list(node->inputs, ctx->tensors_size, role, r->node >= 0 ? READ : READ_OUTSIDE);
        if (r->node >= 0)
            mark_list(node->outputs, ctx->tensors_size, role, MADE);
    }
}

/* The graph's inputs and outputs, seen as one partition of all nodes that are in it. */
static enum hby_status find_border(struct hby_tfl_context *ctx, struct hby_import *im)
{
    struct hby_graph *g = im->graph;
    size_t n = (size_t)g->n_tensors;
    unsigned char *role = calloc(n + 1, 1);
    bool *is_output = calloc(n + 1, sizeof *is_output);
    g->input = hby_pool_alloc(&g->pool, n * sizeof *g->input);
    g->output = hby_pool_alloc(&g->pool, n * sizeof *g->output);
    enum hby_status st = role && is_output && g->input && g->output ? HBY_OK : HBY_NO_MEMORY;
    if (!st) {
        mark_nodes(ctx, im, role);
        for (int i = 0; i < g->n_nodes; i++)
            for (int k = 0; k < g->node[i].n_out; k++)
                if (g->node[i].out[k] >= (int)ctx->tensors_size)
                    role[g->node[i].out[k]] |= MADE | READ_OUTSIDE; /* the next value of a variable */
        bool known = mark_subgraph_outputs(ctx, im, is_output);
        for (int t = 0; t < g->n_tensors; t++) {
            bool leaves = known ? is_output[t] : !(role[t] & READ);
            if ((role[t] & READ) && !(role[t] & MADE) && !g->tensor[t].data)
                g->input[g->n_inputs++] = t;
            if ((role[t] & MADE) && ((role[t] & READ_OUTSIDE) || leaves))
                g->output[g->n_outputs++] = t;
        }
    }
    free(role);
    free(is_output);
    return st;
}

/* A node whose inputs are constants, or results of such nodes; SHAPE, RANK and ZEROS_LIKE look at no values at all. */
static enum hby_status find_constant_nodes(struct hby_import *im)
{
    const struct hby_graph *g = im->graph;
    bool *is_static = calloc((size_t)g->n_tensors + 1, sizeof *is_static);
    if (!is_static)
        return HBY_NO_MEMORY;
    for (int t = 0; t < g->n_tensors; t++)
        is_static[t] = g->tensor[t].data != NULL;
    for (int i = 0; i < im->n_records; i++) {
        struct hby_record *r = &im->record[i];
        if (r->node < 0)
            continue;
        const struct hby_node *node = &g->node[r->node];
        r->is_constant = node->n_in > 0;
        for (int k = 0; k < node->n_in && node->op != HBY_OP_shape && node->op != HBY_OP_rank && node->op != HBY_OP_zeros_like; k++)
            r->is_constant = r->is_constant && (node->in[k] < 0 || is_static[node->in[k]]);
        for (int k = 0; k < node->n_out && r->is_constant; k++)
            is_static[node->out[k]] = true;
    }
    free(is_static);
    return HBY_OK;
}

static enum hby_status list_nodes(struct hby_tfl_context *ctx, const int *nodes, int n_nodes, struct hby_import *im)
{
    struct hby_tfl_ints *plan = NULL;
    if (n_nodes < 0) {
        if (ctx->GetExecutionPlan(ctx, &plan) != HBY_TFL_OK || !plan)
            return HBY_BAD_MODEL;
        nodes = plan->data;
        n_nodes = plan->size;
    }
    im->record = calloc((size_t)n_nodes + 1, sizeof *im->record);
    if (!im->record)
        return HBY_NO_MEMORY;
    im->n_records = n_nodes;
    for (int i = 0; i < n_nodes; i++) {
        im->record[i].index = nodes[i]; /* copied before any other call: the runtime reuses the plan's memory */
        im->record[i].node = -1;
        im->record[i].verdict.fused_into = -1;
        im->record[i].verdict.scheme = HBY_SCHEME_COUNT;
    }
    return HBY_OK;
}

enum hby_status hby_import_create(struct hby_tfl_context *ctx, const int *nodes, int n_nodes, struct hby_import **out, struct hby_reason *why)
{
    *out = NULL;
    struct hby_import *im = calloc(1, sizeof *im);
    if (!im)
        return HBY_NO_MEMORY;
    atomic_init(&im->refs, 1);
    enum hby_status st = list_nodes(ctx, nodes, n_nodes, im);
    if (!st)
        st = hby_import_check_order(ctx, im, why);
    if (!st)
        st = hby_graph_create(&im->graph);
    if (st)
        goto fail;
    struct hby_graph *g = im->graph;
    st = ctx->tensors_size < INT32_MAX / 2 ? HBY_OK : HBY_NO_MEMORY;
    if (st)
        goto fail;
    g->n_tensors = (int)ctx->tensors_size + hby_import_count_variables(ctx);
    g->tensor = hby_pool_alloc(&g->pool, (size_t)g->n_tensors * sizeof *g->tensor);
    g->node = hby_pool_alloc(&g->pool, (size_t)im->n_records * sizeof *g->node);
    struct hby_shapes *in = NULL;
    st = g->tensor && g->node ? hby_shapes_create(g, &in) : HBY_NO_MEMORY;
    if (st)
        goto fail;
    for (int t = 0; t < (int)ctx->tensors_size && !st; t++)
        st = hby_import_tensor(g, t, ctx, &in->unknown[t]);
    hby_import_add_states(g, ctx);
    for (int i = 0; i < im->n_records && !st; i++)
        st = import_node(ctx, im, in, &im->record[i]);
    hby_shapes_destroy(&in);
    if (!st)
        st = find_border(ctx, im);
    if (!st)
        st = find_constant_nodes(im);
    if (st)
        goto fail;
    *out = im;
    return HBY_OK;
fail:
    hby_import_destroy(&im);
    return st;
}

struct hby_import *hby_import_ref(struct hby_import *im)
{
    atomic_fetch_add(&im->refs, 1);
    return im;
}

void hby_import_destroy(struct hby_import **im)
{
    struct hby_import *gone = *im;
    *im = NULL;
    if (!gone || atomic_fetch_sub(&gone->refs, 1) != 1)
        return;
    hby_graph_destroy(&gone->graph);
    free(gone->record);
    free(gone);
}

struct hby_record *hby_import_find(const struct hby_import *im, int index)
{
    for (int i = 0; i < im->n_records; i++)
        if (im->record[i].index == index)
            return &im->record[i];
    return NULL;
}
