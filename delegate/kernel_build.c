/* From a partition's nodes to an executor, at first and again when shapes change. */
#include "delegate/kernel.h"

#include <stdlib.h>
#include <string.h>

#include "host_ref/ref.h"

static int runtime_index(const struct hby_graph *g, int node)
{
    return node >= 0 && node < g->n_nodes ? g->node[node].runtime_index : -1;
}

void hby_note_verdicts(struct hby_import *im, const struct hby_plan *plan, bool claimed_only)
{
    for (int i = 0; i < plan->graph->n_nodes; i++) {
        struct hby_record *r = hby_import_find(im, plan->graph->node[i].runtime_index);
        if (!r || r->node < 0 || (claimed_only && !r->claimed))
            continue;
        r->verdict = plan->verdict[i];
        r->verdict.fused_into = runtime_index(plan->graph, plan->verdict[i].fused_into);
        if (!claimed_only && r->verdict.where == HBY_ON_RUNTIME) { /* not even as a constant of a partition */
            im->graph->node[r->node].stays = true;
            r->is_constant = false;
        }
    }
}

/* The nodes to plan: those of the partition, and in front of them constant nodes that stayed with the runtime (it computes them for others too). */
static int collect_nodes(const struct hby_import *im, const struct hby_tfl_ints *nodes, bool *take, int *list)
{
    const struct hby_graph *g = im->graph;
    bool *wanted = calloc((size_t)g->n_tensors + 1, sizeof *wanted);
    if (!wanted)
        return -1;
    for (int i = 0; i < nodes->size; i++) {
        const struct hby_record *r = hby_import_find(im, nodes->data[i]);
        if (!r || r->node < 0) {
            free(wanted);
            return -1;
        }
        take[r->node] = true;
    }
    for (int i = im->n_records; i-- > 0;) {
        const struct hby_record *r = &im->record[i];
        if (r->node < 0)
            continue;
        const struct hby_node *n = &g->node[r->node];
        for (int k = 0; k < n->n_out && r->is_constant; k++)
            take[r->node] = take[r->node] || wanted[n->out[k]];
        for (int k = 0; k < n->n_in && take[r->node]; k++)
            if (n->in[k] >= 0)
                wanted[n->in[k]] = true;
    }
    free(wanted);
    int count = 0;
    for (int i = 0; i < g->n_nodes; i++)
        if (take[i])
            list[count++] = i;
    return count;
}

/* The next value of a variable tensor: no tensor of the runtime's own. */
static bool is_state(const struct hby_graph *g, int tensor)
{
    return g->tensor[tensor].runtime_index >= 0 && g->tensor[tensor].runtime_index != tensor;
}

/* The outputs are what the runtime says they are: it knows the subgraph's outputs; and the state that nodes leave. */
static enum hby_status set_outputs(struct hby_graph *g, const struct hby_tfl_ints *outputs)
{
    int *list = hby_pool_alloc(&g->pool, ((size_t)outputs->size + (size_t)g->n_tensors + 1) * sizeof *list);
    bool *made = calloc((size_t)g->n_tensors + 1, sizeof *made);
    if (!list || !made) {
        free(made);
        return HBY_NO_MEMORY;
    }
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->node[i].n_out; k++)
            made[g->node[i].out[k]] = true;
    g->output = list;
    g->n_outputs = 0;
    for (int i = 0; i < outputs->size; i++) {
        int t = outputs->data[i];
        if (t >= 0 && t < g->n_tensors && made[t])
            list[g->n_outputs++] = t;
    }
    for (int t = 0; t < g->n_tensors; t++)
        if (made[t] && is_state(g, t))
            list[g->n_outputs++] = t;
    free(made);
    return HBY_OK;
}

static enum hby_status cut_partition(struct hby_kernel *k, const struct hby_import *im, const struct hby_tfl_delegate_params *params)
{
    size_t n = (size_t)im->graph->n_nodes + 1;
    bool *take = calloc(n, sizeof *take);
    int *list = calloc(n, sizeof *list);
    int count = take && list ? collect_nodes(im, params->nodes_to_replace, take, list) : -1;
    enum hby_status st = count < 0 ? hby_say(HBY_BAD_MODEL, &k->why, "the runtime asks for nodes that were not claimed") : HBY_OK;
    if (!st)
        st = hby_graph_select(im->graph, list, count, &k->graph);
    if (!st)
        st = set_outputs(k->graph, params->output_tensors);
    free(take);
    free(list);
    return st;
}

static enum hby_status copy_graph(const struct hby_graph *from, struct hby_graph **out)
{
    int *all = calloc((size_t)from->n_nodes + 1, sizeof *all);
    if (!all)
        return HBY_NO_MEMORY;
    for (int i = 0; i < from->n_nodes; i++)
        all[i] = i;
    enum hby_status st = hby_graph_select(from, all, from->n_nodes, out);
    free(all);
    if (st)
        return st;
    /* Selection takes for outputs what is read outside; here they are given. */
    int *list = hby_pool_alloc(&(*out)->pool, ((size_t)from->n_outputs + 1) * sizeof *list);
    if (!list) {
        hby_graph_destroy(out);
        return HBY_NO_MEMORY;
    }
    memcpy(list, from->output, (size_t)from->n_outputs * sizeof *list);
    (*out)->output = list;
    (*out)->n_outputs = from->n_outputs;
    return HBY_OK;
}

/* Every node of a claimed partition must have found a place. */
static enum hby_status check_plan(const struct hby_plan *plan, struct hby_reason *why)
{
    for (int i = 0; i < plan->graph->n_nodes; i++)
        if (plan->verdict[i].where == HBY_ON_RUNTIME)
            return hby_say(HBY_UNSUPPORTED, why, "node %d: %.150s", plan->graph->node[i].runtime_index, plan->verdict[i].reason.text);
    return HBY_OK;
}

/* Plans the partition for `device` (NULL: host_ref alone) and makes its executor. `im` takes the verdicts, if given. */
static enum hby_status build(struct hby_kernel *k, struct hby_backend *device, struct hby_import *im)
{
    struct hby_graph *copy = NULL;
    struct hby_plan *plan = NULL;
    struct hby_plan_options po;
    hby_delegate_plan_options(k->delegate, &po);
    po.half = k->half;
    po.apart = k->apart;
    if (!device)
        po.host_ref = HBY_HOST_REF_ONLY;
    enum hby_status st = copy_graph(k->graph, &copy);
    if (!st)
        st = hby_plan_create(copy, &po, device, hby_host_ref_backend(), &plan, &k->why);
    if (!st)
        st = check_plan(plan, &k->why);
    if (st) {
        hby_plan_destroy(&plan);
        return st;
    }
    st = hby_executor_create(plan, device, hby_host_ref_backend(), &k->executor, &k->why);
    if (st)
        hby_executor_destroy(&k->executor);
    if (!st && im)
        hby_note_verdicts(im, hby_executor_plan(k->executor), true);
    return st;
}

static void describe_border(const struct hby_graph *g, const int *list, int n, struct hby_border *to)
{
    for (int i = 0; i < n; i++) {
        const struct hby_tensor *t = &g->tensor[list[i]];
        to[i].tensor = t->runtime_index;
        to[i].bytes = t->bytes;
        to[i].rank = t->rank;
        to[i].is_state = is_state(g, list[i]);
        memcpy(to[i].dim, t->dim, sizeof to[i].dim);
    }
}

static struct hby_border *find_input(struct hby_kernel *k, int tensor)
{
    for (int i = 0; i < k->n_in; i++)
        if (k->in[i].tensor == tensor)
            return &k->in[i];
    return NULL;
}

/* Inputs that tell a RESHAPE its shape, with the values that its output's shape implies. */
static void find_shape_inputs(struct hby_kernel *k)
{
    const struct hby_graph *g = k->graph;
    for (int i = 0; i < g->n_nodes; i++) {
        const struct hby_node *n = &g->node[i];
        struct hby_border *b = n->op == HBY_OP_reshape && n->n_in > 1 && n->in[1] >= 0 ? find_input(k, n->in[1]) : NULL;
        if (!b)
            continue;
        const struct hby_tensor *out = &g->tensor[n->out[0]];
        b->gives_shape = k->shaped_by_input = true;
        b->values.n = out->rank;
        for (int d = 0; d < out->rank; d++)
            b->values.value[d] = out->dim[d];
    }
}

static enum hby_status make_borders(struct hby_kernel *k)
{
    k->n_in = k->graph->n_inputs;
    k->n_out = k->graph->n_outputs;
    k->in = calloc((size_t)k->n_in + 1, sizeof *k->in);
    k->out = calloc((size_t)k->n_out + 1, sizeof *k->out);
    k->in_data = calloc((size_t)k->n_in + 1, sizeof *k->in_data);
    k->out_data = calloc((size_t)k->n_out + 1, sizeof *k->out_data);
    if (!k->in || !k->out || !k->in_data || !k->out_data) {
        free(k->in); /* prepare tells by it whether there is a border */
        k->in = NULL;
        k->n_in = k->n_out = 0;
        return HBY_NO_MEMORY;
    }
    describe_border(k->graph, k->graph->input, k->n_in, k->in);
    describe_border(k->graph, k->graph->output, k->n_out, k->out);
    find_shape_inputs(k);
    return HBY_OK;
}

/* On the device, else on the CPU: what was claimed must run. */
static enum hby_status build_somewhere(struct hby_kernel *k, struct hby_import *im)
{
    struct hby_delegate *d = k->delegate;
    enum hby_status st = build(k, d->device, im);
    if (st && d->device) {
        hby_log(d->opt->verbose, HBY_LOG_WARNING, "a partition of %d nodes cannot be set up on the device (%s): the CPU is tried", k->graph->n_nodes,
                k->why.text);
        st = build(k, NULL, im);
    }
    return st;
}

void hby_kernel_build(struct hby_kernel *k, struct hby_import *im, const struct hby_tfl_delegate_params *params)
{
    k->half = im->half;
    k->apart = im->apart;
    enum hby_status st = cut_partition(k, im, params);
    if (!st)
        st = make_borders(k);
    if (!st)
        st = build_somewhere(k, im);
    if (st && !k->why.text[0])
        hby_say(st, &k->why, "out of memory");
}

enum hby_status hby_kernel_build_on_host(struct hby_kernel *k)
{
    k->on_host = true;
    return build(k, NULL, NULL);
}

bool hby_border_fits(const struct hby_border *b, const struct hby_tfl_tensor *t)
{
    if (!t->dims || t->dims->size != b->rank)
        return false;
    for (int i = 0; i < b->rank; i++)
        if (t->dims->data[i] != b->dim[i])
            return false;
    return true;
}

/* int32 values: import saw to the type. */
static bool same_values(const struct hby_border *b, const struct hby_tfl_tensor *t)
{
    const int32_t *now = t->bytes >= (size_t)b->values.n * sizeof *now ? t->data : NULL;
    for (int i = 0; now && i < b->values.n; i++)
        if (now[i] != b->values.value[i])
            return false;
    return now != NULL;
}

bool hby_kernel_fits(const struct hby_kernel *k, const struct hby_tfl_context *ctx, bool values)
{
    for (int i = 0; i < k->n_in; i++) {
        const struct hby_border *b = &k->in[i];
        const struct hby_tfl_tensor *t = &ctx->tensors[b->tensor];
        if (!hby_border_fits(b, t) || (values && b->gives_shape && !same_values(b, t)))
            return false;
    }
    return true;
}

/* Takes over the shapes that the inputs have now. */
static enum hby_status follow_inputs(struct hby_kernel *k, const struct hby_tfl_context *ctx)
{
    for (int i = 0; i < k->n_in; i++) {
        const struct hby_tfl_tensor *from = &ctx->tensors[k->in[i].tensor];
        struct hby_tensor *to = &k->graph->tensor[k->in[i].tensor];
        if (!from->dims || from->dims->size > HBY_MAX_RANK)
            return hby_say(HBY_UNSUPPORTED, &k->why, "input tensor %d has no shape, or one of more than %d dimensions", k->in[i].tensor, HBY_MAX_RANK);
        to->rank = from->dims->size;
        memcpy(to->dim, from->dims->data, (size_t)to->rank * sizeof to->dim[0]);
        to->bytes = from->bytes;
    }
    return HBY_OK;
}

static enum hby_status follow_values(struct hby_kernel *k, const struct hby_tfl_context *ctx, struct hby_shapes *sh)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < k->n_in && !st; i++) {
        struct hby_border *b = &k->in[i];
        const struct hby_tfl_tensor *t = &ctx->tensors[b->tensor];
        if (!b->gives_shape)
            continue;
        b->values.n = t->dims->size == 1 && t->dims->data[0] <= HBY_MAX_RANK ? t->dims->data[0] : 0;
        if (!t->data || b->values.n < 1 || t->bytes < (size_t)b->values.n * sizeof(int32_t))
            return hby_say(HBY_UNSUPPORTED, &k->why, "input tensor %d is no shape", b->tensor);
        for (int d = 0; d < b->values.n; d++)
            b->values.value[d] = ((const int32_t *)t->data)[d];
        st = hby_shapes_set_values(sh, b->tensor, &b->values);
    }
    return st;
}

/* Without the values of this call, those of the last one stand in: invoke looks again. */
static enum hby_status assume_values(struct hby_kernel *k, struct hby_shapes *sh)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < k->n_in && !st; i++)
        if (k->in[i].gives_shape)
            st = hby_shapes_set_values(sh, k->in[i].tensor, &k->in[i].values);
    return st;
}

static enum hby_status follow_shapes(struct hby_kernel *k, const struct hby_tfl_context *ctx, bool values)
{
    struct hby_shapes *sh = NULL;
    enum hby_status st = follow_inputs(k, ctx);
    if (!st)
        st = hby_shapes_create(k->graph, &sh);
    if (!st)
        st = values ? follow_values(k, ctx, sh) : assume_values(k, sh);
    for (int i = 0; i < k->graph->n_nodes && !st; i++)
        st = hby_shapes_node(sh, &k->graph->node[i], &k->why);
    hby_shapes_destroy(&sh);
    return st;
}

enum hby_status hby_kernel_plan_again(struct hby_kernel *k, const struct hby_tfl_context *ctx, bool values)
{
    struct hby_delegate *d = k->delegate;
    if (!hby_delegate_forked(d) || k->on_host)
        hby_executor_destroy(&k->executor);
    k->executor = NULL; /* in a forked child it is leaked: it belongs to the parent's OpenCL */
    k->why.text[0] = '\0';
    enum hby_status st = follow_shapes(k, ctx, values);
    if (st)
        return st;
    describe_border(k->graph, k->graph->input, k->n_in, k->in);
    describe_border(k->graph, k->graph->output, k->n_out, k->out);
    if (hby_delegate_forked(d))
        return hby_kernel_build_on_host(k);
    pthread_mutex_lock(&d->lock);
    st = build_somewhere(k, NULL);
    pthread_mutex_unlock(&d->lock);
    return st;
}
