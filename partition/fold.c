/* The order of the passes, and what they share. */
#include "partition/fold.h"

/* What every lowering may rely on: shapes known and of at most 2^31 - 1 elements, constants complete. */
static enum hby_status check_tensor(const struct hby_tensor *t, struct hby_reason *why)
{
    int64_t n = 1;
    if (t->rank < 0 || t->rank > HBY_MAX_RANK)
        return hby_say(HBY_UNSUPPORTED, why, "tensor '%.60s' has rank %d; at most %d is supported", hby_tensor_name(t), t->rank, HBY_MAX_RANK);
    for (int i = 0; i < t->rank; i++) {
        if (t->dim[i] < 0)
            return hby_say(HBY_UNSUPPORTED, why, "tensor '%.60s' has an unknown size in dimension %d; resize the input to a fixed shape", hby_tensor_name(t),
                           i);
        n *= t->dim[i];
        if (n > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, why, "tensor '%.60s' has more than 2^31 - 1 elements", hby_tensor_name(t));
    }
    size_t size = hby_type_size(t->type), need = t->type == HBY_I4 ? ((size_t)n + 1) / 2 : (size_t)n * size;
    if (t->data && !t->is_sparse && t->bytes < need)
        return hby_say(HBY_UNSUPPORTED, why, "constant '%.60s' has %zu bytes; its shape needs %zu", hby_tensor_name(t), t->bytes, need);
    if (t->is_sparse)
        return hby_say(HBY_UNSUPPORTED, why, "constant '%.60s' is sparse; only DENSIFY may read it", hby_tensor_name(t));
    return HBY_OK;
}

enum hby_status hby_fold_check(const struct hby_graph *g, const struct hby_node *n, struct hby_reason *why)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < n->n_in && !st; i++)
        if (n->in[i] >= 0)
            st = check_tensor(&g->tensor[n->in[i]], why);
    for (int i = 0; i < n->n_out && !st; i++)
        st = check_tensor(&g->tensor[n->out[i]], why);
    return st;
}

int hby_fold_readers(const struct hby_graph *g, int tensor)
{
    int n = 0;
    for (int k = 0; k < g->n_nodes; k++)
        for (int i = 0; !g->node[k].folded && i < g->node[k].n_in; i++)
            n += g->node[k].in[i] == tensor;
    return n + hby_fold_is_output(g, tensor);
}

int hby_fold_producer(const struct hby_graph *g, int tensor)
{
    for (int k = 0; k < g->n_nodes; k++)
        for (int i = 0; !g->node[k].folded && i < g->node[k].n_out; i++)
            if (g->node[k].out[i] == tensor)
                return k;
    return -1;
}

bool hby_fold_is_output(const struct hby_graph *g, int tensor)
{
    for (int i = 0; i < g->n_outputs; i++)
        if (g->output[i] == tensor)
            return true;
    return false;
}

bool hby_fold_is_recurrent(const struct hby_node *node)
{
    return node->op == HBY_OP_unidirectional_sequence_lstm || node->op == HBY_OP_unidirectional_sequence_rnn || node->op == HBY_OP_svdf;
}

bool hby_fold_is_weights(const struct hby_node *node, int i)
{
    if (node->op == HBY_OP_unidirectional_sequence_lstm)
        return (i >= 1 && i <= 8) || i == 16;
    if (hby_fold_is_recurrent(node))
        return i == 1 || i == 2;
    return i == 1 && (node->op == HBY_OP_conv_2d || node->op == HBY_OP_depthwise_conv_2d || node->op == HBY_OP_fully_connected ||
                      node->op == HBY_OP_transpose_conv || node->op == HBY_OP_batch_matmul || node->op == HBY_OP_conv_3d);
}

/* Nodes whose every result nobody reads. */
static void fold_dead(struct hby_graph *g)
{
    for (int k = g->n_nodes; k-- > 0;) {
        bool used = false;
        for (int i = 0; i < g->node[k].n_out; i++)
            used = used || hby_fold_readers(g, g->node[k].out[i]) > 0;
        if (!used)
            g->node[k].folded = true;
    }
}

enum hby_status hby_fold(const struct hby_folder *f)
{
    enum hby_status st = hby_fold_constants(f);
    if (!st)
        st = hby_fold_copies(f);
    if (!st) {
        fold_dead(f->graph);
        st = hby_fold_pads(f);
    }
    if (!st)
        st = hby_fold_activations(f);
    return st;
}
