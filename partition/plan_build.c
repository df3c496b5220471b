/* Nodes -> steps, each node in its mode, with the conversions that modes need between them. */
#include "partition/plan_build.h"

enum { MAX_INPUTS = 8 }; /* of a node in mode DEQUANTIZED */

static bool is_integer(enum hby_type t)
{
    return t == HBY_I8 || t == HBY_U8 || t == HBY_I16;
}

bool hby_build_is_hybrid(const struct hby_graph *g, const struct hby_node *n)
{
    int data = n->op == HBY_OP_transpose_conv ? 2 : 0;
    return n->n_in > data && !n->weight_only && hby_fold_is_weights(n, 1) && n->in[1] >= 0 && n->in[data] >= 0 && g->tensor[n->in[data]].type == HBY_F32 &&
           (g->tensor[n->in[1]].type == HBY_I8 || g->tensor[n->in[1]].type == HBY_U8 || g->tensor[n->in[1]].type == HBY_I4);
}

/* May input i be read in half by a node in mode HALF? Weights, biases and the value of PADV2 stay as they are. */
static bool input_in_half(const struct hby_graph *g, const struct hby_node *n, int i)
{
    if (n->in[i] < 0 || g->tensor[n->in[i]].type != HBY_F32)
        return false;
    bool weighted = hby_fold_is_weights(n, 1), is_data = i == (n->op == HBY_OP_transpose_conv ? 2 : 0);
    if (g->tensor[n->in[i]].data && (weighted ? !is_data : n->op == HBY_OP_padv2 && i > 0))
        return false;
    return true;
}

/* Is half storage anything for this node? */
static bool wants_half(const struct hby_graph *g, const struct hby_node *n)
{
    bool floats = false;
    if (n->op == HBY_OP_quantize || n->op == HBY_OP_dequantize || hby_build_is_hybrid(g, n) || hby_fold_is_recurrent(n))
        return false;
    for (int i = 0; i < n->n_out; i++)
        floats = floats || g->tensor[n->out[i]].type == HBY_F32;
    for (int i = 0; i < n->n_in; i++)
        if (input_in_half(g, n, i) && g->tensor[n->in[i]].data && !hby_form_fits_half(&g->tensor[n->in[i]]))
            return false;
    return floats;
}

/* Does it take integers as they are stored, whatever their scales? */
static bool minds_no_scale(enum hby_op op)
{
    return op == HBY_OP_cast || op == HBY_OP_floor_div || op == HBY_OP_floor_mod;
}

bool hby_build_can_dequantize(const struct hby_builder *b, int node)
{
    const struct hby_graph *g = b->plan->graph;
    const struct hby_node *n = &g->node[node];
    if (n->op == HBY_OP_quantize || n->op == HBY_OP_dequantize || minds_no_scale(n->op) || n->n_out != 1 || n->n_in > MAX_INPUTS || b->was_dequantized[node] ||
        b->mode[node] != HBY_MODE_NATIVE)
        return false;
    const struct hby_step *s = b->count[node] ? &b->plan->step[b->first[node]] : NULL;
    return s && s->nest != HBY_NEST_move && s->nest != HBY_NEST_pad && is_integer(g->tensor[n->out[0]].type);
}

static struct hby_lowering lowering(struct hby_builder *b, int node, enum hby_scheme float_scheme)
{
    return (struct hby_lowering){
        .plan = b->plan, .graph = b->plan->graph, .node_id = node, .why = &b->plan->verdict[node].reason, .float_scheme = float_scheme};
}

/* The node with the ids of its tensors' other forms in place of its own. */
static enum hby_status lower_dequantized(struct hby_builder *b, int k)
{
    struct hby_graph *g = b->plan->graph;
    struct hby_node n = g->node[k];
    struct hby_form result = {-1, -1};
    int in[MAX_INPUTS], out[1], data = n.op == HBY_OP_transpose_conv ? 2 : 0;
    enum hby_status st = HBY_OK;
    const int n_steps = b->plan->n_steps;
    for (int i = 0; i < n.n_in && !st; i++) {
        in[i] = n.in[i];
        if (in[i] < 0)
            continue;
        if (is_integer(g->tensor[in[i]].type))
            st = hby_form_real(b, n.in[i], &in[i]);
        else if (hby_fold_is_weights(&n, 1) && i == data + (data ? 1 : 2))
            st = hby_form_real_bias(b, n.in[i], n.in[data], n.in[1], &in[i]);
    }
    if (!st)
        st = hby_form_new(b, &result, n.out[0], HBY_F32, &out[0]);
    if (st)
        return st;
    n.in = in;
    n.out = out;
    struct hby_lowering lo = lowering(b, k, HBY_SCHEME_f32);
    st = hby_lower[n.op](&lo, &n);
    if (!st)
        st = hby_form_step(b, HBY_OP_quantize, out[0], g->node[k].out[0]);
    for (int s = n_steps; !st && s < b->plan->n_steps; s++)
        b->plan->step[s].node = k;
    return st;
}

/* The node with its float tensors in the storage that it wants: `in` and `out` replace its arrays. */
static enum hby_status lower_stored(struct hby_builder *b, int k, enum hby_type storage)
{
    struct hby_plan *p = b->plan;
    struct hby_node n = p->graph->node[k];
    int *in = hby_pool_alloc(&p->pool, (size_t)(n.n_in + n.n_out) * sizeof *in), *out = in + n.n_in, n_in = 0;
    enum hby_status st = in ? HBY_OK : HBY_NO_MEMORY;
    for (int i = 0; i < n.n_in && !st; i++) {
        const struct hby_tensor *t = n.in[i] >= 0 ? &p->graph->tensor[n.in[i]] : NULL;
        if (n.op == HBY_OP_concatenation && t && !hby_tensor_count(t))
            continue; /* an empty piece */
        in[n_in] = n.in[i];
        if (t && t->type == HBY_F32 && (storage == HBY_F32 || input_in_half(p->graph, &n, i)))
            st = hby_form_float(b, n.in[i], storage, &in[n_in]);
        n_in++;
    }
    for (int i = 0; i < n.n_out && !st; i++) {
        out[i] = n.out[i];
        if (p->graph->tensor[out[i]].type != HBY_F32 || storage == HBY_F32)
            continue;
        if (hby_plan_is_border(p, out[i]))
            st = hby_form_new(b, &b->other[n.out[i]], n.out[i], HBY_F16, &out[i]);
        else
            p->storage[out[i]] = HBY_F16;
    }
    if (st)
        return st;
    n.in = in;
    n.n_in = n_in;
    n.out = out;
    struct hby_lowering lo = lowering(b, k, storage == HBY_F16 ? HBY_SCHEME_f16 : HBY_SCHEME_f32);
    st = hby_lower[n.op](&lo, &n);
    for (int i = 0; i < n.n_out && !st; i++) {
        if (out[i] == p->graph->node[k].out[i])
            continue;
        b->other[p->graph->node[k].out[i]].step = p->n_steps - 1;
        st = hby_form_step(b, HBY_OP_convert, out[i], p->graph->node[k].out[i]);
    }
    return st;
}

/* Takes back what a failed lowering appended. */
static void take_back(struct hby_builder *b, int k, int n_steps)
{
    const struct hby_node *n = &b->plan->graph->node[k];
    b->plan->n_steps = n_steps;
    for (int t = 0; t < b->n_tensors; t++) {
        if (b->other[t].step >= n_steps)
            b->other[t].step = -1;
        if (b->real[t].step >= n_steps)
            b->real[t].step = -1;
    }
    for (int i = 0; i < n->n_out; i++)
        if (b->plan->graph->tensor[n->out[i]].type == HBY_F32)
            b->plan->storage[n->out[i]] = HBY_F32;
}

static bool makes_nothing(const struct hby_graph *g, const struct hby_node *n)
{
    for (int i = 0; i < n->n_out; i++)
        if (hby_tensor_count(&g->tensor[n->out[i]]))
            return false;
    return true;
}

static enum hby_status build_node(struct hby_builder *b, int k)
{
    struct hby_plan *p = b->plan;
    const struct hby_node *n = &p->graph->node[k];
    struct hby_verdict *v = &p->verdict[k];
    int n_steps = p->n_steps;
    *v = (struct hby_verdict){.where = HBY_ON_HOST_REF, .fused_into = -1};
    b->first[k] = n_steps;
    b->count[k] = 0;
    enum hby_status st = hby_fold_check(p->graph, n, &v->reason);
    if (!st && makes_nothing(p->graph, n))
        return HBY_OK;
    for (int i = 0; i < n->n_in && !st; i++)
        if (n->in[i] >= 0 && n->op != HBY_OP_concatenation && !hby_tensor_count(&p->graph->tensor[n->in[i]]))
            st = hby_say(HBY_UNSUPPORTED, &v->reason, "input %d has no elements", i);
    while (!st) {
        enum hby_mode mode = (enum hby_mode)b->mode[k];
        enum hby_status got = mode == HBY_MODE_DEQUANTIZED ? lower_dequantized(b, k) : lower_stored(b, k, mode == HBY_MODE_HALF ? HBY_F16 : HBY_F32);
        if (got == HBY_NO_MEMORY || p->no_memory)
            return HBY_NO_MEMORY;
        if (!got)
            break;
        take_back(b, k, n_steps);
        if (mode == HBY_MODE_NATIVE)
            st = got;
        b->mode[k] = HBY_MODE_NATIVE;
        if (!st)
            v->reason.text[0] = 0;
    }
    b->count[k] = p->n_steps - n_steps;
    if (st) /* an empty reason says that the node is well: hby_judge counts on it */
        v->where = HBY_ON_RUNTIME;
    if (st && !v->reason.text[0])
        hby_say(st, &v->reason, "%s is not supported in this form", hby_ops[n->op].name);
    if (!st)
        v->reason.text[0] = 0;
    return HBY_OK;
}

enum hby_status hby_build(struct hby_builder *b)
{
    struct hby_plan *p = b->plan;
    enum hby_status st = HBY_OK;
    p->n_steps = 0;
    for (int t = 0; t < p->graph->n_tensors; t++) {
        p->alias[t] = t;
        if (t < b->n_tensors) {
            p->storage[t] = p->graph->tensor[t].type;
            b->other[t].step = b->real[t].step = -1;
        }
    }
    for (int k = 0; k < p->graph->n_nodes && !st; k++)
        if (!p->graph->node[k].folded)
            st = build_node(b, k);
    return st;
}

enum hby_status hby_builder_create(struct hby_builder *b, struct hby_plan *plan, struct hby_backend *host)
{
    const struct hby_graph *g = plan->graph;
    size_t n_tensors = (size_t)g->n_tensors + 1, n_nodes = (size_t)g->n_nodes + 1;
    b->plan = plan;
    b->folder = (struct hby_folder){.graph = plan->graph, .host = host, .opt = &plan->opt};
    b->n_tensors = g->n_tensors;
    b->other = hby_pool_alloc(&plan->pool, n_tensors * sizeof *b->other);
    b->real = hby_pool_alloc(&plan->pool, n_tensors * sizeof *b->real);
    b->mode = hby_pool_alloc(&plan->pool, n_nodes);
    b->was_dequantized = hby_pool_alloc(&plan->pool, n_nodes * sizeof *b->was_dequantized);
    b->first = hby_pool_alloc(&plan->pool, n_nodes * sizeof *b->first);
    b->count = hby_pool_alloc(&plan->pool, n_nodes * sizeof *b->count);
    if (!b->other || !b->real || !b->mode || !b->was_dequantized || !b->first || !b->count)
        return HBY_NO_MEMORY;
    for (int t = 0; t < g->n_tensors; t++)
        b->other[t] = b->real[t] = (struct hby_form){-1, -1};
    for (int k = 0; k < g->n_nodes; k++)
        b->mode[k] =
            plan->half_storage && !g->node[k].folded && !hby_fold_check(g, &g->node[k], NULL) && wants_half(g, &g->node[k]) ? HBY_MODE_HALF : HBY_MODE_NATIVE;
    return HBY_OK;
}
