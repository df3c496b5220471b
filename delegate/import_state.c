/* Variable tensors: the runtime's memory stays the only truth between calls, so that resetting it there is all that a reset takes. A node that updates one
 * reads it as an input and leaves the new value in an output of its own, which the kernel writes back after success. */
#include "delegate/import.h"

/* The inputs in which an operator keeps its state. */
static const struct {
    enum hby_op op;
    int n, input[2];
} states[] = {
    {HBY_OP_unidirectional_sequence_lstm, 2, {18, 19}},
    {HBY_OP_unidirectional_sequence_rnn, 1, {4, 0}},
    {HBY_OP_svdf, 1, {4, 0}},
};

bool hby_import_is_state(enum hby_op op, int input)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        for (int k = 0; states[i].op == op && k < states[i].n; k++)
            if (states[i].input[k] == input)
                return true;
    return false;
}

int hby_import_count_variables(const struct hby_tfl_context *ctx)
{
    int n = 0;
    for (size_t t = 0; t < ctx->tensors_size; t++)
        n += ctx->tensors[t].is_variable;
    return n;
}

void hby_import_add_states(struct hby_graph *g, const struct hby_tfl_context *ctx)
{
    int id = (int)ctx->tensors_size;
    for (int t = 0; t < (int)ctx->tensors_size; t++) {
        if (!g->tensor[t].is_variable)
            continue;
        g->tensor[id] = g->tensor[t];
        g->tensor[id++].is_variable = false;
    }
}

static int state_after(const struct hby_graph *g, const struct hby_tfl_context *ctx, int variable)
{
    int id = (int)ctx->tensors_size;
    while (id < g->n_tensors && g->tensor[id].runtime_index != variable)
        id++;
    return id < g->n_tensors ? id : -1;
}

/* How many node inputs of the whole subgraph are this tensor. */
static int count_readers(struct hby_tfl_context *ctx, const struct hby_import *im, int tensor)
{
    int readers = 0;
    for (int i = 0; i < im->n_records; i++) {
        struct hby_tfl_node *node;
        struct hby_tfl_registration *reg;
        if (ctx->GetNodeAndRegistration(ctx, im->record[i].index, &node, &reg) != HBY_TFL_OK || !node->inputs)
            continue;
        for (int k = 0; k < node->inputs->size; k++)
            readers += node->inputs->data[k] == tensor;
    }
    return readers;
}

static enum hby_status check_state(struct hby_tfl_context *ctx, const struct hby_import *im, int input, int tensor, struct hby_reason *why)
{
    if (tensor < 0 || !im->graph->tensor[tensor].is_variable)
        return hby_say(HBY_UNSUPPORTED, why, "input %d is its state, and must be a variable tensor", input);
    if (count_readers(ctx, im, tensor) != 1)
        return hby_say(HBY_UNSUPPORTED, why, "its state, tensor %d '%.40s', is read by other nodes, too", tensor,
                       im->graph->tensor[tensor].name ? im->graph->tensor[tensor].name : "");
    return HBY_OK;
}

enum hby_status hby_import_states(struct hby_tfl_context *ctx, const struct hby_import *im, struct hby_node *node, struct hby_reason *why)
{
    struct hby_graph *g = im->graph;
    int after[sizeof states[0].input / sizeof states[0].input[0]], n = 0;
    enum hby_status st = HBY_OK;
    for (int i = 0; i < node->n_in && !st; i++) {
        if (!hby_import_is_state(node->op, i))
            continue;
        st = check_state(ctx, im, i, node->in[i], why);
        if (!st)
            after[n++] = state_after(g, ctx, node->in[i]);
    }
    int *out = st || !n ? NULL : hby_pool_alloc(&g->pool, (size_t)(node->n_out + n) * sizeof *out);
    if (st || !n)
        return st;
    if (!out)
        return HBY_NO_MEMORY;
    for (int i = 0; i < node->n_out + n; i++)
        out[i] = i < node->n_out ? node->out[i] : after[i - node->n_out];
    node->out = out;
    node->n_out += n;
    return HBY_OK;
}
