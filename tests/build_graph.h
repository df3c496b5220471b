/* Graphs written by hand, for the unit tests of partition/. */
#ifndef HBY_TESTS_BUILD_GRAPH_H
#define HBY_TESTS_BUILD_GRAPH_H

#include <stdarg.h>
#include <string.h>

#include "partition/graph.h"

/* Appends a tensor; `rank` sizes follow. NULL data: computed at run time. The pointers are copied. A graph that ran out of memory has n_tensors < 0. */
static inline int add_tensor(struct hby_graph *g, enum hby_type type, const void *data, int rank, ...)
{
    struct hby_tensor t = {.type = type, .rank = rank, .runtime_index = -1, .name = "t"};
    va_list ap;
    va_start(ap, rank);
    for (int i = 0; i < rank; i++)
        t.dim[i] = va_arg(ap, int);
    va_end(ap);
    t.bytes = (size_t)hby_tensor_count(&t) * hby_type_size(type);
    int id;
    if (g->n_tensors < 0 || hby_graph_add_tensor(g, &t, &id)) {
        g->n_tensors = -1;
        return 0;
    }
    g->tensor[id].data = data;
    return id;
}

static inline void set_quant(struct hby_graph *g, int tensor, float scale, int zero_point)
{
    if (g->n_tensors < 0)
        return;
    float *s = hby_pool_alloc(&g->pool, sizeof *s);
    int32_t *z = hby_pool_alloc(&g->pool, sizeof *z);
    if (!s || !z) {
        g->n_tensors = -1;
        return;
    }
    *s = scale;
    *z = zero_point;
    g->tensor[tensor].quant = (struct hby_quant){.count = 1, .scale = s, .zero_point = z};
}

static inline int *copy_ids(struct hby_graph *g, const int *id, int n)
{
    int *copy = hby_pool_alloc(&g->pool, ((size_t)n + 1) * sizeof *copy);
    if (!copy)
        g->n_tensors = -1;
    else if (n)
        memcpy(copy, id, (size_t)n * sizeof *copy);
    return copy;
}

enum { MAX_TEST_NODES = 16 };

/* Appends a node with one output. */
static inline struct hby_node *add_node(struct hby_graph *g, enum hby_op op, int out, int n_in, ...)
{
    static struct hby_node nowhere;
    int in[8];
    va_list ap;
    va_start(ap, n_in);
    for (int i = 0; i < n_in; i++)
        in[i] = va_arg(ap, int);
    va_end(ap);
    if (!g->node)
        g->node = hby_pool_alloc(&g->pool, MAX_TEST_NODES * sizeof *g->node);
    if (!g->node || g->n_nodes >= MAX_TEST_NODES) {
        g->n_tensors = -1;
        return &nowhere;
    }
    struct hby_node *n = &g->node[g->n_nodes];
    *n = (struct hby_node){.op = op, .version = 1, .n_in = n_in, .n_out = 1, .runtime_index = g->n_nodes, .fused_into = -1};
    n->in = copy_ids(g, in, n_in);
    n->out = copy_ids(g, &out, 1);
    g->n_nodes++;
    return n;
}

static inline void set_border(struct hby_graph *g, int input, int output)
{
    g->input = copy_ids(g, &input, 1);
    g->output = copy_ids(g, &output, 1);
    g->n_inputs = g->n_outputs = 1;
}

#endif
