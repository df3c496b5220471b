/* Making, extending and cutting the IR. */
#include "partition/graph.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    size_t bytes;
    const char *name;
} types[] = {
    [HBY_F32] = {4, "float32"}, [HBY_F16] = {2, "float16"}, [HBY_I8] = {1, "int8"},   [HBY_U8] = {1, "uint8"}, [HBY_I16] = {2, "int16"},
    [HBY_I32] = {4, "int32"},   [HBY_I64] = {8, "int64"},   [HBY_BOOL] = {1, "bool"}, [HBY_I4] = {0, "int4"},  [HBY_OTHER_TYPE] = {0, "another type"},
};

size_t hby_type_size(enum hby_type t)
{
    return (unsigned)t < sizeof types / sizeof *types ? types[t].bytes : 0;
}

const char *hby_type_name(enum hby_type t)
{
    return (unsigned)t < sizeof types / sizeof *types ? types[t].name : "another type";
}

const char *hby_tensor_name(const struct hby_tensor *t)
{
    return t->name && *t->name ? t->name : "(unnamed)";
}

int64_t hby_tensor_count(const struct hby_tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->rank && i < HBY_MAX_RANK; i++)
        if (__builtin_mul_overflow(n, (int64_t)t->dim[i], &n))
            return INT64_MAX;
    return n;
}

bool hby_same_shape(const struct hby_tensor *a, const struct hby_tensor *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

bool hby_same_quant(const struct hby_quant *a, const struct hby_quant *b)
{
    if (a->unusable || b->unusable || a->count != b->count || (a->count > 1 && a->axis != b->axis))
        return false;
    for (int i = 0; i < a->count; i++)
        if (a->scale[i] != b->scale[i] || a->zero_point[i] != b->zero_point[i])
            return false;
    return true;
}

enum hby_status hby_graph_create(struct hby_graph **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? HBY_OK : HBY_NO_MEMORY;
}

void hby_graph_destroy(struct hby_graph **g)
{
    if (!g || !*g)
        return;
    hby_pool_destroy(&(*g)->pool);
    free(*g);
    *g = NULL;
}

enum hby_status hby_graph_add_tensor(struct hby_graph *g, const struct hby_tensor *like, int *id)
{
    struct hby_tensor made = *like; /* `like` may lie in the array that moves */
    int room = g->tensor_capacity > g->n_tensors ? g->tensor_capacity : g->n_tensors;
    if (g->n_tensors >= room) {
        room = room + room / 2 + 16;
        struct hby_tensor *t = hby_pool_alloc(&g->pool, (size_t)room * sizeof *t);
        if (!t)
            return HBY_NO_MEMORY;
        if (g->n_tensors)
            memcpy(t, g->tensor, (size_t)g->n_tensors * sizeof *t);
        g->tensor = t;
        g->tensor_capacity = room;
    }
    made.data = NULL;
    made.data_owned = made.is_variable = made.is_sparse = false;
    made.sparsity = NULL;
    made.runtime_index = -1;
    *id = g->n_tensors++;
    g->tensor[*id] = made;
    return HBY_OK;
}

/* A copy of `bytes` in the graph's pool; NULL for nothing or when out of memory (then *st says so). */
static void *keep(struct hby_graph *g, const void *data, size_t bytes, enum hby_status *st)
{
    if (!data || *st)
        return NULL;
    void *copy = hby_pool_alloc(&g->pool, bytes);
    if (!copy)
        *st = HBY_NO_MEMORY;
    else if (bytes)
        memcpy(copy, data, bytes);
    return copy;
}

static const struct hby_sparsity *keep_sparsity(struct hby_graph *g, const struct hby_sparsity *from, enum hby_status *st)
{
    struct hby_sparsity *s = keep(g, from, sizeof *from, st);
    if (!s)
        return NULL;
    s->traversal = keep(g, from->traversal, (size_t)from->n_traversal * sizeof *from->traversal, st);
    s->block_map = keep(g, from->block_map, (size_t)from->n_block_map * sizeof *from->block_map, st);
    struct hby_sparse_dim *dim = keep(g, from->dim, (size_t)from->n_dims * sizeof *from->dim, st);
    s->dim = dim;
    for (int i = 0; dim && i < from->n_dims; i++) {
        dim[i].segments = keep(g, from->dim[i].segments, (size_t)from->dim[i].n_segments * sizeof(int32_t), st);
        dim[i].indices = keep(g, from->dim[i].indices, (size_t)from->dim[i].n_indices * sizeof(int32_t), st);
    }
    return s;
}

/* Everything that `t` points to and that another graph's pool owns. */
static enum hby_status own_tensor(struct hby_graph *g, struct hby_tensor *t)
{
    enum hby_status st = HBY_OK;
    size_t n = t->quant.count > 0 ? (size_t)t->quant.count : 0;
    t->quant.scale = keep(g, t->quant.scale, n * sizeof *t->quant.scale, &st);
    t->quant.zero_point = keep(g, t->quant.zero_point, n * sizeof *t->quant.zero_point, &st);
    if (t->quant.block > 0)
        t->quant.block_scale = keep(g, t->quant.block_scale, (size_t)(hby_tensor_count(t) / t->quant.block) * sizeof *t->quant.block_scale, &st);
    if (t->sparsity)
        t->sparsity = keep_sparsity(g, t->sparsity, &st);
    if (t->data_owned)
        t->data = keep(g, t->data, t->bytes, &st);
    return st;
}

static enum hby_status own_node(struct hby_graph *g, struct hby_node *n)
{
    enum hby_status st = HBY_OK;
    n->in = keep(g, n->in, (size_t)n->n_in * sizeof *n->in, &st);
    n->out = keep(g, n->out, (size_t)n->n_out * sizeof *n->out, &st);
    n->mid = keep(g, n->mid, (size_t)n->n_mid * sizeof *n->mid, &st);
    n->fused_into = -1;
    n->folded = false;
    return st;
}

static bool constants_only(const struct hby_graph *g, const struct hby_node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] >= 0 && !g->tensor[n->in[i]].data)
            return false;
    return !n->stays;
}

/* Marks, walking backwards, the unlisted constant-only nodes whose results a taken node reads. */
static void bring_constant_nodes(const struct hby_graph *whole, bool *taken, bool *wanted)
{
    for (int k = whole->n_nodes; k-- > 0;) {
        const struct hby_node *n = &whole->node[k];
        bool needed = false;
        for (int i = 0; i < n->n_out; i++)
            needed = needed || wanted[n->out[i]];
        if (!taken[k] && needed && constants_only(whole, n))
            taken[k] = true;
        for (int i = 0; taken[k] && i < n->n_in; i++)
            if (n->in[i] >= 0)
                wanted[n->in[i]] = true;
    }
}

/* Fills g->input and g->output. role: per tensor, bits below. */
enum { MADE = 1, READ = 2, READ_OUTSIDE = 4, LISTED = 8 };

static enum hby_status find_border(struct hby_graph *g, unsigned char *role)
{
    g->input = hby_pool_alloc(&g->pool, (size_t)g->n_tensors * sizeof *g->input);
    g->output = hby_pool_alloc(&g->pool, (size_t)g->n_tensors * sizeof *g->output);
    if (!g->input || !g->output)
        return HBY_NO_MEMORY;
    for (int t = 0; t < g->n_tensors; t++) {
        if ((role[t] & READ) && !(role[t] & MADE) && !g->tensor[t].data)
            g->input[g->n_inputs++] = t;
        if ((role[t] & LISTED) && (role[t] & READ_OUTSIDE))
            g->output[g->n_outputs++] = t;
    }
    return HBY_OK;
}

static enum hby_status select_nodes(const struct hby_graph *whole, const int *node, int n, struct hby_graph *g, bool *taken, bool *wanted, unsigned char *role)
{
    for (int i = 0; i < n; i++) {
        const struct hby_node *from = &whole->node[node[i]];
        taken[node[i]] = true;
        for (int k = 0; k < from->n_out; k++)
            role[from->out[k]] |= LISTED;
    }
    bring_constant_nodes(whole, taken, wanted);
    g->tensor = hby_pool_alloc(&g->pool, (size_t)whole->n_tensors * sizeof *g->tensor);
    g->node = hby_pool_alloc(&g->pool, (size_t)whole->n_nodes * sizeof *g->node);
    if (!g->tensor || !g->node)
        return HBY_NO_MEMORY;
    g->n_tensors = g->tensor_capacity = whole->n_tensors;
    if (whole->n_tensors)
        memcpy(g->tensor, whole->tensor, (size_t)whole->n_tensors * sizeof *g->tensor);
    enum hby_status st = HBY_OK;
    for (int t = 0; t < g->n_tensors && !st; t++)
        st = own_tensor(g, &g->tensor[t]);
    for (int k = 0; k < whole->n_nodes && !st; k++) {
        const struct hby_node *from = &whole->node[k];
        for (int i = 0; i < from->n_in; i++)
            if (from->in[i] >= 0)
                role[from->in[i]] |= taken[k] ? READ : READ_OUTSIDE;
        for (int i = 0; i < from->n_out; i++)
            if (taken[k])
                role[from->out[i]] |= MADE;
        if (!taken[k])
            continue;
        g->node[g->n_nodes] = *from;
        st = own_node(g, &g->node[g->n_nodes++]);
    }
    for (int i = 0; i < whole->n_outputs; i++)
        role[whole->output[i]] |= READ_OUTSIDE;
    return st ? st : find_border(g, role);
}

enum hby_status hby_graph_select(const struct hby_graph *whole, const int *node, int n, struct hby_graph **out)
{
    struct hby_graph *g = NULL;
    size_t n_tensors = (size_t)whole->n_tensors, n_nodes = (size_t)whole->n_nodes;
    bool *taken = calloc(n_nodes + 1, sizeof *taken), *wanted = calloc(n_tensors + 1, sizeof *wanted);
    unsigned char *role = calloc(n_tensors + 1, 1);
    enum hby_status st = taken && wanted && role ? hby_graph_create(&g) : HBY_NO_MEMORY;
    if (!st)
        st = select_nodes(whole, node, n, g, taken, wanted, role);
    free(taken);
    free(wanted);
    free(role);
    if (st)
        hby_graph_destroy(&g);
    *out = g;
    return st;
}
