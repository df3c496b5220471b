/* Constants that the model computes from constants: DEQUANTIZE of weights, DENSIFY, and the SHAPE, STRIDED_SLICE, PACK chains in front of RESHAPE. */
#include "partition/fold.h"

#include <stdlib.h>
#include <string.h>

#include "partition/lower.h"

/* A plan of one node over the graph's own tensors, in their own types. */
static enum hby_status plan_node(const struct hby_folder *f, const struct hby_node *node, struct hby_graph *view, struct hby_plan *plan)
{
    struct hby_graph *g = f->graph;
    *plan = (struct hby_plan){0};
    *view = *g;
    if (hby_fold_check(g, node, NULL))
        return HBY_UNSUPPORTED;
    view->n_inputs = 0;
    view->n_outputs = node->n_out;
    view->output = node->out;
    *plan = (struct hby_plan){.graph = view, .opt = *f->opt};
    size_t n = (size_t)g->n_tensors + 1;
    plan->storage = hby_pool_alloc(&plan->pool, n * sizeof *plan->storage);
    plan->alias = hby_pool_alloc(&plan->pool, n * sizeof *plan->alias);
    if (!plan->storage || !plan->alias)
        return HBY_NO_MEMORY;
    plan->tensor_room = (int)n;
    for (int t = 0; t < g->n_tensors; t++) {
        plan->storage[t] = g->tensor[t].type;
        plan->alias[t] = t;
    }
    struct hby_reason why;
    struct hby_lowering lo = {.plan = plan, .graph = view, .node_id = 0, .why = &why, .float_scheme = HBY_SCHEME_f32};
    enum hby_status st = hby_lower[node->op](&lo, node);
    if (plan->no_memory)
        return HBY_NO_MEMORY;
    if (st)
        return HBY_UNSUPPORTED;
    plan->where = hby_pool_alloc(&plan->pool, ((size_t)plan->n_steps + 1) * sizeof *plan->where);
    for (int s = 0; plan->where && s < plan->n_steps; s++)
        plan->where[s] = HBY_ON_HOST_REF;
    return plan->where ? HBY_OK : HBY_NO_MEMORY;
}

/* What a lowering added to the view belongs to the graph: its pool's head and nothing else. */
static void close_view(const struct hby_folder *f, struct hby_graph *view, struct hby_plan *plan)
{
    f->graph->pool = view->pool;
    hby_pool_destroy(&plan->pool);
}

bool hby_fold_lowers(const struct hby_folder *f, const struct hby_node *node)
{
    struct hby_graph view;
    struct hby_plan plan;
    enum hby_status st = plan_node(f, node, &view, &plan);
    close_view(f, &view, &plan);
    return st == HBY_OK;
}

enum hby_status hby_fold_evaluate(const struct hby_folder *f, const struct hby_node *node, int index, void **data)
{
    struct hby_graph view;
    struct hby_plan plan;
    struct hby_session *s = NULL;
    *data = NULL;
    if (!f->host)
        return HBY_UNSUPPORTED;
    enum hby_status st = plan_node(f, node, &view, &plan);
    size_t bytes = st ? 0 : hby_plan_bytes(&plan, node->out[index]);
    if (!st && !(*data = hby_pool_alloc(&view.pool, bytes)))
        st = HBY_NO_MEMORY;
    if (!st)
        st = f->host->ops->create(f->host, &plan, &s, NULL);
    if (!st)
        st = s->ops->run(s, 0, plan.n_steps);
    if (!st)
        st = s->ops->download(s, node->out[index], *data, bytes);
    if (!st)
        st = s->ops->finish(s);
    if (s)
        s->ops->destroy(&s);
    close_view(f, &view, &plan);
    return st;
}

static bool has_shape(const struct hby_tensor *t)
{
    if (t->rank < 0 || t->rank > HBY_MAX_RANK || hby_tensor_count(t) > INT32_MAX)
        return false;
    for (int i = 0; i < t->rank; i++)
        if (t->dim[i] < 0)
            return false;
    return true;
}

static bool reads_constants_only(const struct hby_graph *g, const struct hby_node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] >= 0 && (!g->tensor[n->in[i]].data || !has_shape(&g->tensor[n->in[i]])))
            return false;
    return n->n_in > 0;
}

static void set_constant(struct hby_tensor *t, void *data, size_t bytes)
{
    t->data = data;
    t->bytes = bytes;
    t->data_owned = true;
    t->is_variable = t->is_sparse = false;
    t->sparsity = NULL;
}

enum { MOST_FOLDED = 1 << 24 }; /* elements of what ZEROS_LIKE and RANGE make */

/* SHAPE of a tensor whose shape is known. */
static enum hby_status fold_shape(struct hby_graph *g, struct hby_node *n)
{
    const struct hby_tensor *in = &g->tensor[n->in[0]];
    struct hby_tensor *out = &g->tensor[n->out[0]];
    size_t size = hby_type_size(out->type);
    if (!has_shape(in) || !has_shape(out) || (out->type != HBY_I32 && out->type != HBY_I64) || hby_tensor_count(out) != in->rank)
        return HBY_UNSUPPORTED;
    char *data = hby_pool_alloc(&g->pool, (size_t)in->rank * size);
    if (!data)
        return HBY_NO_MEMORY;
    for (int i = 0; i < in->rank; i++) {
        int64_t wide = in->dim[i];
        memcpy(data + (size_t)i * size, size == 8 ? (const void *)&wide : (const void *)&in->dim[i], size);
    }
    set_constant(out, data, (size_t)in->rank * size);
    n->folded = true;
    return HBY_OK;
}

/* RANK, likewise. */
static enum hby_status fold_rank(struct hby_graph *g, struct hby_node *n)
{
    struct hby_tensor *out = &g->tensor[n->out[0]];
    if (out->type != HBY_I32 || hby_tensor_count(out) != 1)
        return HBY_UNSUPPORTED;
    int32_t *data = hby_pool_alloc(&g->pool, sizeof *data);
    if (!data)
        return HBY_NO_MEMORY;
    *data = g->tensor[n->in[0]].rank;
    set_constant(out, data, sizeof *data);
    n->folded = true;
    return HBY_OK;
}

static enum hby_status fold_zeros(struct hby_graph *g, struct hby_node *n)
{
    struct hby_tensor *out = &g->tensor[n->out[0]];
    if (!has_shape(out) || !hby_tensor_count(out) || hby_tensor_count(out) > MOST_FOLDED ||
        (out->type != HBY_I32 && out->type != HBY_I64 && out->type != HBY_F32))
        return HBY_UNSUPPORTED;
    const size_t bytes = (size_t)hby_tensor_count(out) * hby_type_size(out->type);
    void *data = hby_pool_alloc(&g->pool, bytes);
    if (!data)
        return HBY_NO_MEMORY;
    set_constant(out, data, bytes);
    n->folded = true;
    return HBY_OK;
}

/* RANGE of constants; shape inference has found how many there are. A float is the sum of the steps so far, as in the reference. */
static enum hby_status fold_range(struct hby_graph *g, struct hby_node *n)
{
    struct hby_tensor *out = &g->tensor[n->out[0]];
    const enum hby_type type = g->tensor[n->in[0]].type;
    const size_t size = hby_type_size(type);
    if (!has_shape(out) || !hby_tensor_count(out) || hby_tensor_count(out) > MOST_FOLDED || (type != HBY_I32 && type != HBY_I64 && type != HBY_F32))
        return HBY_UNSUPPORTED;
    for (int i = 0; i < 3; i++)
        if (g->tensor[n->in[i]].type != type || out->type != type || g->tensor[n->in[i]].bytes < size)
            return HBY_UNSUPPORTED;
    const size_t count = (size_t)hby_tensor_count(out);
    char *data = hby_pool_alloc(&g->pool, count * size);
    if (!data)
        return HBY_NO_MEMORY;
    const void *start = g->tensor[n->in[0]].data, *step = g->tensor[n->in[2]].data;
    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            memcpy(data, start, size);
        else if (type == HBY_F32)
            ((float *)(void *)data)[i] = ((float *)(void *)data)[i - 1] + *(const float *)step;
        else if (type == HBY_I32)
            ((uint32_t *)(void *)data)[i] = ((uint32_t *)(void *)data)[i - 1] + *(const uint32_t *)step;
        else
            ((uint64_t *)(void *)data)[i] = ((uint64_t *)(void *)data)[i - 1] + *(const uint64_t *)step;
    }
    set_constant(out, data, count * size);
    n->folded = true;
    return HBY_OK;
}

static enum hby_status fold_densify(struct hby_graph *g, struct hby_node *n)
{
    void *data;
    struct hby_tensor *out = &g->tensor[n->out[0]];
    if (!has_shape(out))
        return HBY_UNSUPPORTED;
    enum hby_status st = hby_fold_densify(g, &g->tensor[n->in[0]], out, &data);
    if (st)
        return st;
    set_constant(out, data, (size_t)hby_tensor_count(out) * hby_type_size(out->type));
    n->folded = true;
    return HBY_OK;
}

/* DEQUANTIZE of a float16, int8 or int4 constant: readers that take it as weights read the constant itself. */
static void read_stored_weights(struct hby_graph *g, const struct hby_node *dequantize)
{
    for (int k = 0; k < g->n_nodes; k++)
        for (int i = 0; !g->node[k].folded && i < g->node[k].n_in; i++)
            if (g->node[k].in[i] == dequantize->out[0] && hby_fold_is_weights(&g->node[k], i)) {
                g->node[k].in[i] = dequantize->in[0];
                g->node[k].weight_only = g->tensor[dequantize->in[0]].type != HBY_F16;
            }
}

/* All outputs are computed before the first becomes a constant: what runs must not find constants where it writes. */
static enum hby_status fold_values(const struct hby_folder *f, struct hby_node *n)
{
    struct hby_graph *g = f->graph;
    void **data = hby_pool_alloc(&g->pool, (size_t)n->n_out * sizeof *data);
    if (!data)
        return HBY_NO_MEMORY;
    for (int i = 0; i < n->n_out; i++) {
        if (!has_shape(&g->tensor[n->out[i]]))
            return HBY_UNSUPPORTED;
        enum hby_status st = hby_fold_evaluate(f, n, i, &data[i]);
        if (st)
            return st;
    }
    for (int i = 0; i < n->n_out; i++) {
        struct hby_tensor *out = &g->tensor[n->out[i]];
        set_constant(out, data[i], (size_t)hby_tensor_count(out) * hby_type_size(out->type));
    }
    n->folded = true;
    return HBY_OK;
}

static bool dequantizes_weights(const struct hby_graph *g, const struct hby_node *n)
{
    if (n->op != HBY_OP_dequantize || !g->tensor[n->in[0]].data || g->tensor[n->out[0]].type != HBY_F32)
        return false;
    const enum hby_type type = g->tensor[n->in[0]].type;
    return type == HBY_F16 || type == HBY_I8 || type == HBY_I4;
}

static enum hby_status fold_node(const struct hby_folder *f, struct hby_node *n)
{
    struct hby_graph *g = f->graph;
    if (n->op == HBY_OP_shape)
        return fold_shape(g, n);
    if (n->op == HBY_OP_rank || n->op == HBY_OP_zeros_like)
        return n->op == HBY_OP_rank ? fold_rank(g, n) : fold_zeros(g, n);
    if (!reads_constants_only(g, n))
        return HBY_UNSUPPORTED;
    if (n->op == HBY_OP_densify)
        return fold_densify(g, n);
    if (n->op == HBY_OP_range)
        return fold_range(g, n);
    if (hby_fold_check(g, n, NULL))
        return HBY_UNSUPPORTED;
    if (dequantizes_weights(g, n)) {
        read_stored_weights(g, n);
        if (!hby_fold_readers(g, n->out[0])) {
            n->folded = true;
            return HBY_OK;
        }
    }
    return fold_values(f, n);
}

/* Does the node read weights in place of their DEQUANTIZE's result, and lower so? */
static bool keeps_weights(const struct hby_folder *f, const struct hby_node *n)
{
    if (n->folded || n->n_in < 2 || n->in[1] < 0 || !hby_fold_is_weights(n, 1))
        return true;
    return (!n->weight_only && f->graph->tensor[n->in[1]].type != HBY_F16) || hby_fold_lowers(f, n);
}

/* Gives a node that does not lower with its weights as they are stored the float32 ones back. */
static enum hby_status restore_full_weights(const struct hby_folder *f, struct hby_node *n)
{
    struct hby_graph *g = f->graph;
    if (keeps_weights(f, n))
        return HBY_OK;
    for (int k = 0; k < g->n_nodes; k++) {
        struct hby_node *d = &g->node[k];
        if (!d->folded || hby_fold_check(g, d, NULL) || !dequantizes_weights(g, d) || d->in[0] != n->in[1])
            continue;
        if (!g->tensor[d->out[0]].data && fold_values(f, d) == HBY_NO_MEMORY)
            return HBY_NO_MEMORY;
        if (g->tensor[d->out[0]].data) {
            n->in[1] = d->out[0];
            n->weight_only = false;
        }
        return HBY_OK;
    }
    return HBY_OK;
}

/* int64 constants may lie at addresses of 4 only. */
static enum hby_status align_constants(struct hby_graph *g)
{
    for (int i = 0; i < g->n_tensors; i++) {
        struct hby_tensor *t = &g->tensor[i];
        size_t size = hby_type_size(t->type);
        if (!t->data || size < 2 || (uintptr_t)t->data % size == 0)
            continue;
        void *data = hby_pool_alloc(&g->pool, t->bytes);
        if (!data)
            return HBY_NO_MEMORY;
        memcpy(data, t->data, t->bytes);
        t->data = data;
        t->data_owned = true;
    }
    return HBY_OK;
}

enum hby_status hby_fold_constants(const struct hby_folder *f)
{
    enum hby_status st = align_constants(f->graph);
    for (int k = 0; k < f->graph->n_nodes && !st; k++)
        if (!f->graph->node[k].folded && fold_node(f, &f->graph->node[k]) == HBY_NO_MEMORY)
            st = HBY_NO_MEMORY;
    for (int k = 0; k < f->graph->n_nodes && !st; k++)
        st = restore_full_weights(f, &f->graph->node[k]);
    return st;
}
