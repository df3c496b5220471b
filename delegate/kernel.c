/* One partition, as the runtime's node: init plans it, invoke runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "delegate/delegate.h"
#include "host_ref/ref.h"
#include "partition/execute.h"

/* A tensor that crosses the partition's border, as it was planned. */
struct border {
    int tensor; /* the runtime's index */
    size_t bytes;
    int rank;
    int32_t dim[HBY_MAX_RANK];
};

struct hby_kernel {
    struct hby_delegate *delegate;
    struct hby_graph *graph; /* the partition before folding: for a plan without the device */
    struct hby_executor *executor;
    enum hby_half half; /* what was decided for the whole model */
    bool on_host; /* a forked child has replaced the executor */
    int n_in, n_out;
    struct border *in, *out;
    const void **in_data;
    void **out_data;
    long failures_logged;
    double total_us, first_us;
    long runs;
    struct hby_reason why; /* of a failed init */
};

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
            take[r->node] = take[r->node] || (n->out[k] >= 0 && wanted[n->out[k]]);
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

/* The outputs are what the runtime says they are: it knows the subgraph's outputs. */
static enum hby_status set_outputs(struct hby_graph *g, const struct hby_tfl_ints *outputs)
{
    int *list = hby_pool_alloc(&g->pool, ((size_t)outputs->size + 1) * sizeof *list);
    bool *made = calloc((size_t)g->n_tensors + 1, sizeof *made);
    if (!list || !made) {
        free(made);
        return HBY_NO_MEMORY;
    }
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->node[i].n_out; k++)
            if (g->node[i].out[k] >= 0)
                made[g->node[i].out[k]] = true;
    g->output = list;
    g->n_outputs = 0;
    for (int i = 0; i < outputs->size; i++) {
        int t = outputs->data[i];
        if (t >= 0 && t < g->n_tensors && made[t])
            list[g->n_outputs++] = t;
    }
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

static void describe_border(const struct hby_graph *g, const int *list, int n, struct border *to)
{
    for (int i = 0; i < n; i++) {
        const struct hby_tensor *t = &g->tensor[list[i]];
        to[i] = (struct border){.tensor = t->runtime_index, .bytes = t->bytes, .rank = t->rank};
        memcpy(to[i].dim, t->dim, sizeof to[i].dim);
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
    if (!k->in || !k->out || !k->in_data || !k->out_data)
        return HBY_NO_MEMORY;
    describe_border(k->graph, k->graph->input, k->n_in, k->in);
    describe_border(k->graph, k->graph->output, k->n_out, k->out);
    return HBY_OK;
}

static void destroy_kernel(struct hby_kernel **kernel)
{
    struct hby_kernel *k = *kernel;
    *kernel = NULL;
    if (!k)
        return;
    if (!hby_process_exits() && (!hby_delegate_forked(k->delegate) || k->on_host))
        hby_executor_destroy(&k->executor);
    hby_graph_destroy(&k->graph);
    free(k->in);
    free(k->out);
    free(k->in_data);
    free(k->out_data);
    hby_delegate_unref(&k->delegate);
    free(k);
}

/* On the device, else on the CPU: what was claimed must run. */
static enum hby_status build_somewhere(struct hby_kernel *k, struct hby_import *im)
{
    struct hby_delegate *d = k->delegate;
    enum hby_status st = build(k, d->device, im);
    if (st && d->device) {
        hby_log(d->opt->verbose, HBY_LOG_WARNING, "a partition of %d nodes cannot be set up on the device (%s): it runs on the CPU", k->graph->n_nodes, k->why.text);
        st = build(k, NULL, im);
    }
    return st;
}

static void build_partition(struct hby_kernel *k, struct hby_import *im, const struct hby_tfl_delegate_params *params)
{
    k->half = im->half;
    enum hby_status st = cut_partition(k, im, params);
    if (!st)
        st = make_borders(k);
    if (!st)
        st = build_somewhere(k, im);
    if (st && !k->why.text[0])
        hby_say(st, &k->why, "out of memory");
}

static void *kernel_init(struct hby_tfl_context *ctx, const char *buffer, size_t length)
{
    (void)length; /* always 0 */
    const struct hby_tfl_delegate_params *params = (const void *)buffer;
    struct hby_delegate *d = params->delegate->data_;
    struct hby_kernel *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->delegate = hby_delegate_ref(d);
    /* Within Prepare this thread holds the lock, and the whole graph is there. */
    bool within = d->current && d->current_ctx == ctx && pthread_equal(d->current_thread, pthread_self());
    if (within) {
        build_partition(k, d->current, params);
        d->current_partitions++;
        return k;
    }
    struct hby_import *im = NULL;
    if (hby_import_create(ctx, params->nodes_to_replace->data, params->nodes_to_replace->size, &im) == HBY_OK)
        build_partition(k, im, params);
    hby_import_destroy(&im);
    return k;
}

static void log_times(const struct hby_kernel *k)
{
    const struct hby_options *o = k->delegate->opt;
    if (!o->profile || !k->runs)
        return;
    double rest = k->runs > 1 ? (k->total_us - k->first_us) / (double)(k->runs - 1) : k->total_us;
    hby_log(o->verbose, HBY_LOG_WARNING, "partition of %d nodes: %ld invokes, first %.1f us, then %.1f us on average", k->graph ? k->graph->n_nodes : 0, k->runs, k->first_us,
            rest);
}

static void kernel_free(struct hby_tfl_context *ctx, void *user_data)
{
    (void)ctx;
    struct hby_kernel *k = user_data;
    if (k)
        log_times(k);
    destroy_kernel(&k);
}

static bool same_dims(const struct border *b, const struct hby_tfl_tensor *t)
{
    if (!t->dims || t->dims->size != b->rank)
        return false;
    for (int i = 0; i < b->rank; i++)
        if (t->dims->data[i] != b->dim[i])
            return false;
    return true;
}

/* Takes over the inputs' shapes of now, and from them the shapes of everything inside. */
static enum hby_status follow_shapes(struct hby_kernel *k, const struct hby_tfl_context *ctx)
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
    return hby_shapes_graph(k->graph, &k->why);
}

/* A resized input: new shapes, a new plan. Programs do not depend on shapes and are found again. */
static enum hby_status plan_again(struct hby_kernel *k, const struct hby_tfl_context *ctx)
{
    struct hby_delegate *d = k->delegate;
    if (!hby_delegate_forked(d) || k->on_host)
        hby_executor_destroy(&k->executor);
    k->executor = NULL;
    k->why.text[0] = '\0';
    enum hby_status st = follow_shapes(k, ctx);
    if (st)
        return st;
    describe_border(k->graph, k->graph->input, k->n_in, k->in);
    describe_border(k->graph, k->graph->output, k->n_out, k->out);
    if (hby_delegate_forked(d)) {
        k->on_host = true;
        return build(k, NULL, NULL);
    }
    pthread_mutex_lock(&d->lock);
    st = build_somewhere(k, NULL);
    pthread_mutex_unlock(&d->lock);
    return st;
}

static int size_outputs(struct hby_kernel *k, struct hby_tfl_context *ctx)
{
    for (int i = 0; i < k->n_out; i++) {
        const struct border *b = &k->out[i];
        struct hby_tfl_tensor *t = &ctx->tensors[b->tensor];
        if (same_dims(b, t) && t->allocation_type != HBY_TFL_MEM_DYNAMIC)
            continue;
        struct hby_tfl_ints *dims = malloc(sizeof *dims + (size_t)b->rank * sizeof dims->data[0]);
        if (!dims)
            return HBY_TFL_ERROR;
        dims->size = b->rank;
        memcpy(dims->data, b->dim, (size_t)b->rank * sizeof dims->data[0]);
        if (ctx->ResizeTensor(ctx, t, dims) != HBY_TFL_OK)
            return HBY_TFL_ERROR;
    }
    return HBY_TFL_OK;
}

static int kernel_prepare(struct hby_tfl_context *ctx, struct hby_tfl_node *node)
{
    struct hby_kernel *k = node->user_data;
    bool changed = false;
    for (int i = 0; k && k->in && i < k->n_in; i++)
        changed = changed || !same_dims(&k->in[i], &ctx->tensors[k->in[i].tensor]);
    if (changed)
        plan_again(k, ctx);
    if (!k || !k->executor) {
        ctx->ReportError(ctx, "halfbyte: a partition cannot be set up: %s", k && k->why.text[0] ? k->why.text : "out of memory");
        return HBY_TFL_ERROR;
    }
    return size_outputs(k, ctx);
}

/* In a forked child the parent's OpenCL must not be touched: the CPU takes over, once for all. */
static enum hby_status leave_device_behind(struct hby_kernel *k)
{
    if (k->on_host)
        return HBY_OK;
    hby_log(k->delegate->opt->verbose, HBY_LOG_WARNING, "the process was forked after the device was opened: the child computes on the CPU");
    k->executor = NULL; /* leaked: destroying it would call into the parent's OpenCL */
    k->on_host = true;
    return build(k, NULL, NULL);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void note_run(struct hby_kernel *k, double us)
{
    if (k->runs++ == 0)
        k->first_us = us;
    k->total_us += us;
    const struct hby_executor_stats *s = hby_executor_stats(k->executor);
    if (s && s->device_failures > k->failures_logged) {
        k->failures_logged = s->device_failures;
        hby_log(k->delegate->opt->verbose, HBY_LOG_WARNING, "the device failed (%s): the CPU computed the result%s", s->last_failure.text,
                s->device_lost ? ", and does so from here on" : "");
    }
}

static int kernel_invoke(struct hby_tfl_context *ctx, struct hby_tfl_node *node)
{
    struct hby_kernel *k = node->user_data;
    struct hby_reason why = {""};
    if (hby_delegate_forked(k->delegate) && leave_device_behind(k) != HBY_OK) {
        ctx->ReportError(ctx, "halfbyte: %s", k->why.text[0] ? k->why.text : "out of memory");
        return HBY_TFL_ERROR;
    }
    if (!k->executor)
        return HBY_TFL_ERROR;
    for (int i = 0; i < k->n_in; i++) {
        const struct hby_tfl_tensor *t = &ctx->tensors[k->in[i].tensor];
        if (!t->data || t->bytes < k->in[i].bytes) {
            ctx->ReportError(ctx, "halfbyte: input tensor %d has %zu bytes of data; %zu are needed", k->in[i].tensor, t->data ? t->bytes : (size_t)0, k->in[i].bytes);
            return HBY_TFL_ERROR;
        }
        k->in_data[i] = t->data;
    }
    for (int i = 0; i < k->n_out; i++) {
        const struct hby_tfl_tensor *t = &ctx->tensors[k->out[i].tensor];
        if (!t->data || t->bytes < k->out[i].bytes) {
            ctx->ReportError(ctx, "halfbyte: output tensor %d has room for %zu bytes; %zu are needed", k->out[i].tensor, t->data ? t->bytes : (size_t)0, k->out[i].bytes);
            return HBY_TFL_ERROR;
        }
        k->out_data[i] = t->data;
    }
    double start = now_us();
    enum hby_status st = hby_executor_run(k->executor, k->in_data, k->out_data, &why);
    if (st) {
        ctx->ReportError(ctx, "halfbyte: %s", why.text[0] ? why.text : "the partition cannot be run");
        return HBY_TFL_ERROR;
    }
    note_run(k, now_us() - start);
    return HBY_TFL_OK;
}

static const char *kernel_profiling_string(const struct hby_tfl_context *ctx, const struct hby_tfl_node *node)
{
    (void)ctx;
    (void)node;
    return "Halfbyte";
}

void hby_kernel_registration(struct hby_tfl_registration *reg)
{
    memset(reg, 0, sizeof *reg);
    reg->init = kernel_init;
    reg->free = kernel_free;
    reg->prepare = kernel_prepare;
    reg->invoke = kernel_invoke;
    reg->profiling_string = kernel_profiling_string;
    reg->builtin_code = HBY_TFL_OP_DELEGATE;
    reg->custom_name = "Halfbyte";
    reg->version = 1;
}
