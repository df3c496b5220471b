/* A graph -> its plan, and what others may ask of one. */
#include "partition/plan.h"

#include <stdlib.h>
#include <string.h>

#include "partition/plan_build.h"

int hby_plan_root(const struct hby_plan *plan, int tensor)
{
    while (plan->alias[tensor] != tensor)
        tensor = plan->alias[tensor];
    return tensor;
}

size_t hby_plan_bytes(const struct hby_plan *plan, int tensor)
{
    const struct hby_tensor *t = &plan->graph->tensor[tensor];
    size_t size = hby_type_size(plan->storage[tensor]);
    return size ? (size_t)hby_tensor_count(t) * size : t->bytes;
}

bool hby_plan_is_border(const struct hby_plan *plan, int tensor)
{
    for (int i = 0; i < plan->graph->n_inputs; i++)
        if (plan->graph->input[i] == tensor)
            return true;
    return hby_fold_is_output(plan->graph, tensor);
}

enum hby_status hby_plan_add_tensor(struct hby_plan *plan, const struct hby_tensor *like, enum hby_type storage, int *id)
{
    enum hby_status st = hby_graph_add_tensor(plan->graph, like, id);
    if (!st && *id >= plan->tensor_room) {
        int room = *id + *id / 2 + 16;
        enum hby_type *types = hby_pool_alloc(&plan->pool, (size_t)room * sizeof *types);
        int *alias = hby_pool_alloc(&plan->pool, (size_t)room * sizeof *alias);
        if (!types || !alias)
            st = HBY_NO_MEMORY;
        if (!st && *id > 0) {
            memcpy(types, plan->storage, (size_t)*id * sizeof *types);
            memcpy(alias, plan->alias, (size_t)*id * sizeof *alias);
        }
        if (!st) {
            plan->storage = types;
            plan->alias = alias;
            plan->tensor_room = room;
        }
    }
    if (st) {
        plan->no_memory = true;
        return st;
    }
    plan->storage[*id] = storage;
    plan->alias[*id] = *id;
    return HBY_OK;
}

enum hby_status hby_step_tensor(struct hby_lowering *lo, const struct hby_tensor *like, enum hby_type storage, int *id)
{
    return hby_plan_add_tensor(lo->plan, like, storage, id);
}

void hby_plan_destroy(struct hby_plan **plan)
{
    if (!plan || !*plan)
        return;
    hby_graph_destroy(&(*plan)->graph);
    hby_pool_destroy(&(*plan)->pool);
    free(*plan);
    *plan = NULL;
}

static bool ids_ok(const struct hby_graph *g, const int *id, int n, int least)
{
    for (int i = 0; i < n; i++)
        if (id[i] < least || id[i] >= g->n_tensors)
            return false;
    return n >= 0;
}

/* Ids in range; tensors that cross the border have the bytes that their shape says. */
static enum hby_status check_graph(const struct hby_graph *g, struct hby_reason *why)
{
    for (int k = 0; k < g->n_nodes; k++)
        if (!ids_ok(g, g->node[k].in, g->node[k].n_in, -1) || !ids_ok(g, g->node[k].out, g->node[k].n_out, -1) || g->node[k].op >= HBY_OP_convert)
            return hby_say(HBY_BAD_MODEL, why, "node %d names a tensor or an operator that is not there", k);
    if (!ids_ok(g, g->input, g->n_inputs, 0) || !ids_ok(g, g->output, g->n_outputs, 0))
        return hby_say(HBY_BAD_MODEL, why, "the graph's inputs or outputs name a tensor that is not there");
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < (side ? g->n_outputs : g->n_inputs); i++) {
            const struct hby_tensor *t = &g->tensor[side ? g->output[i] : g->input[i]];
            size_t size = hby_type_size(t->type);
            bool known = size && t->bytes && t->rank <= HBY_MAX_RANK;
            for (int d = 0; known && d < t->rank; d++)
                known = t->dim[d] >= 0;
            if (known && (size_t)hby_tensor_count(t) * size != t->bytes)
                return hby_say(HBY_BAD_MODEL, why, "tensor '%.60s' has %zu bytes, which its shape contradicts", t->name ? t->name : "", t->bytes);
        }
    return HBY_OK;
}

/* Float models whose user wants speed store their activations in half. Not by default, even where the weights are half: values beyond 65504 become infinite,
 * and a softmax behind 30 layers of rounded activations was seen to move by a tenth. Where all products are those of dynamic range, which take and leave
 * float32, what lies between them would only be converted there and back. */
static bool wants_half_storage(const struct hby_graph *g, const struct hby_plan_options *opt)
{
    if (opt->half != HBY_HALF_DECIDE)
        return opt->half == HBY_HALF_ON;
    if (opt->precision != HBY_PRECISION_FAST)
        return false;
    bool hybrid = false, products = false;
    for (int k = 0; k < g->n_nodes; k++) {
        const struct hby_node *n = &g->node[k];
        for (int i = 0; i < n->n_in + n->n_out; i++) {
            int id = i < n->n_in ? n->in[i] : n->out[i - n->n_in];
            if (id < 0)
                continue;
            const struct hby_tensor *t = &g->tensor[id];
            if (!t->data && (t->type == HBY_I8 || t->type == HBY_U8 || t->type == HBY_I16) && n->op != HBY_OP_densify)
                return false;
        }
        const bool is_hybrid = hby_build_is_hybrid(g, n);
        hybrid = hybrid || is_hybrid;
        products = products || (!is_hybrid && hby_fold_is_weights(n, 1));
    }
    return products || !hybrid;
}

/* The nodes as the model has them: folding moves their inputs. */
static enum hby_status remember(struct hby_builder *b, const struct hby_plan *p, struct hby_pool **pool)
{
    const struct hby_graph *g = p->graph;
    b->before = hby_pool_alloc(pool, ((size_t)g->n_nodes + 1) * sizeof *b->before);
    for (int k = 0; b->before && k < g->n_nodes; k++) {
        struct hby_node *n = &b->before[k];
        *n = g->node[k];
        n->in = hby_pool_alloc(pool, (size_t)n->n_in * sizeof *n->in);
        n->out = hby_pool_alloc(pool, (size_t)n->n_out * sizeof *n->out);
        if (!n->in || !n->out)
            return HBY_NO_MEMORY;
        memcpy(n->in, g->node[k].in, (size_t)n->n_in * sizeof *n->in);
        memcpy(n->out, g->node[k].out, (size_t)n->n_out * sizeof *n->out);
    }
    return b->before ? HBY_OK : HBY_NO_MEMORY;
}

static enum hby_status start_tensors(struct hby_plan *p)
{
    p->tensor_room = p->graph->n_tensors + p->graph->n_tensors / 2 + 16;
    p->storage = hby_pool_alloc(&p->pool, (size_t)p->tensor_room * sizeof *p->storage);
    p->alias = hby_pool_alloc(&p->pool, (size_t)p->tensor_room * sizeof *p->alias);
    p->verdict = hby_pool_alloc(&p->pool, ((size_t)p->graph->n_nodes + 1) * sizeof *p->verdict);
    return p->storage && p->alias && p->verdict ? HBY_OK : HBY_NO_MEMORY;
}

static enum hby_status make_plan(struct hby_plan *p, struct hby_backend *device, struct hby_backend *host, struct hby_reason *why)
{
    struct hby_builder b = {.plan = p};
    bool again = true;
    enum hby_status st = check_graph(p->graph, why);
    if (!st)
        st = remember(&b, p, &p->pool);
    if (st)
        return st;
    p->half_storage = wants_half_storage(p->graph, &p->opt);
    const struct hby_folder folder = {.graph = p->graph, .host = host, .opt = &p->opt};
    st = hby_fold(&folder);
    if (!st)
        st = start_tensors(p);
    if (!st)
        st = hby_builder_create(&b, p, host);
    for (int round = 0; again && round < 8 && !st; round++) { /* every round moves some node to a later mode: three suffice, and the last build is whole */
        st = hby_build(&b);
        if (!st)
            st = hby_place(&b, device, &again);
    }
    if (!st)
        hby_judge(&b, device != NULL);
    return st;
}

enum hby_status hby_plan_create(struct hby_graph *g, const struct hby_plan_options *opt, struct hby_backend *device, struct hby_backend *host,
                                struct hby_plan **out, struct hby_reason *why)
{
    *out = NULL;
    struct hby_plan *p = calloc(1, sizeof *p);
    if (!p) {
        hby_graph_destroy(&g);
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    }
    p->graph = g;
    p->opt = *opt;
    enum hby_status st = make_plan(p, device, host, why);
    if (st) {
        hby_plan_destroy(&p);
        return st == HBY_NO_MEMORY ? hby_say(st, why, "out of memory") : st;
    }
    *out = p;
    return HBY_OK;
}

static bool is_computed(const struct hby_graph *g, int tensor)
{
    for (int i = 0; i < g->n_inputs; i++)
        if (g->input[i] == tensor)
            return false;
    return tensor >= 0 && g->tensor[tensor].type == HBY_F32 && !g->tensor[tensor].data;
}

static bool has_byte_weights(const struct hby_graph *g, const struct hby_node *n)
{
    for (int i = 1; i < n->n_in; i++) {
        const struct hby_tensor *t = n->in[i] >= 0 ? &g->tensor[n->in[i]] : NULL;
        if (t && t->data && (t->type == HBY_I8 || t->type == HBY_I4))
            return true;
    }
    return false;
}

bool hby_plan_makes_integers(const struct hby_plan *p)
{
    const struct hby_graph *g = p->graph;
    if (p->opt.apart)
        return true;
    for (int i = 0; i < g->n_nodes; i++) {
        const struct hby_node *n = &g->node[i];
        if (n->folded)
            continue;
        if (n->op == HBY_OP_quantize && is_computed(g, n->in[0]))
            return true;
        if (!n->weight_only && g->tensor[n->out[0]].type == HBY_F32 && has_byte_weights(g, n))
            return true;
    }
    return false;
}
