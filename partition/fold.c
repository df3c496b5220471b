/* The order of the passes, and what they share. */
#include "partition/fold.h"

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

bool hby_fold_is_weights(const struct hby_node *node, int i)
{
    return i == 1 && (node->op == HBY_OP_conv_2d || node->op == HBY_OP_depthwise_conv_2d || node->op == HBY_OP_fully_connected || node->op == HBY_OP_transpose_conv);
}

/* Nodes whose every result nobody reads. */
void hby_fold_dead(struct hby_graph *g)
{
    for (int k = g->n_nodes; k-- > 0;) {
        bool used = false;
        for (int i = 0; i < g->node[k].n_out; i++)
            used = used || (g->node[k].out[i] >= 0 && hby_fold_readers(g, g->node[k].out[i]) > 0);
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
        hby_fold_dead(f->graph);
        st = hby_fold_pads(f);
    }
    if (!st)
        st = hby_fold_activations(f);
    return st;
}
