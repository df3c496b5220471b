/* Which of the nodes that could run are taken. Rules in order: the user's lists and indices, constants that others read, then whole partitions:
 * too small, not worth it, too many. Dropping a partition can change the others, so the rules run until nothing changes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delegate/delegate.h"

/* What a partition costs besides its kernels, in microseconds: enqueues, one wait, and the copies across its border. */
static const double partition_us = 12.0;
static const double border_bytes_per_us = 8000.0;

struct claim {
    struct hby_tfl_context *ctx;
    const struct hby_options *opt;
    struct hby_import *im;
};

static void __attribute__((format(printf, 2, 3))) leave(struct hby_record *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->verdict.reason.text, sizeof r->verdict.reason.text, fmt, ap);
    va_end(ap);
    r->claimed = false;
}

static double border_bytes(const struct hby_graph *g, const struct hby_node *n)
{
    double bytes = 0;
    for (int k = 0; k < n->n_in + n->n_out; k++) {
        int t = k < n->n_in ? n->in[k] : n->out[k - n->n_in];
        bytes += t >= 0 && !g->tensor[t].data ? (double)g->tensor[t].bytes : 0;
    }
    return bytes;
}

/* host_ref inside a partition is plain code: it is worth its time only where leaving the node to the runtime, and splitting the partition there, costs more. */
static void leave_slow_nodes(const struct claim *c)
{
    if (c->opt->claim != 0 || c->opt->host_ref == HBY_HOST_REF_ONLY)
        return;
    for (int i = 0; i < c->im->n_records; i++) {
        struct hby_record *r = &c->im->record[i];
        if (!r->claimed || r->verdict.where != HBY_ON_HOST_REF || r->verdict.runtime_us <= 0)
            continue;
        const double split = partition_us + border_bytes(c->im->graph, &c->im->graph->node[r->node]) / border_bytes_per_us;
        if (r->verdict.host_us > r->verdict.runtime_us + split)
            leave(r, "the device has no kernel for it, and the CPU reference path would take %.0f us where the runtime takes %.0f us", r->verdict.host_us,
                  r->verdict.runtime_us);
    }
}

static void apply_filters(const struct claim *c)
{
    const struct hby_options *o = c->opt;
    for (int i = 0; i < c->im->n_records; i++) {
        struct hby_record *r = &c->im->record[i];
        r->claimed = r->node >= 0 && r->verdict.where != HBY_ON_RUNTIME;
        if (!r->claimed)
            continue;
        if (o->allow_ops && !hby_list_has(o->allow_ops, r->op))
            leave(r, "%s is not in allow_ops", r->op);
        else if (hby_list_has(o->deny_ops, r->op))
            leave(r, "%s is in deny_ops", r->op);
        else if (r->index < o->first_delegate_node_index || r->index > o->last_delegate_node_index)
            leave(r, "index %d is outside first_delegate_node_index..last_delegate_node_index, %d..%d", r->index, o->first_delegate_node_index,
                  o->last_delegate_node_index);
        else if (o->host_ref == HBY_HOST_REF_OFF && r->verdict.where == HBY_ON_HOST_REF)
            leave(r, "only the CPU reference path could run it here, and host_ref=off");
    }
}

/* Marks the tensors that somebody but a taken node reads. */
static void mark_read_outside(const struct claim *c, bool *outside)
{
    const struct hby_graph *g = c->im->graph;
    const bool all = c->opt->claim == 1; /* then a constant that is just an output of the model is taken, too */
    for (int i = 0; i < g->n_outputs && !all; i++)
        outside[g->output[i]] = true; /* also what nodes read that are not in the graph */
    for (int i = 0; i < c->im->n_records; i++) {
        const struct hby_record *r = &c->im->record[i];
        struct hby_tfl_node *node;
        struct hby_tfl_registration *reg;
        if (r->node < 0 && all && c->ctx->GetNodeAndRegistration(c->ctx, r->index, &node, &reg) == HBY_TFL_OK)
            for (int k = 0; node->inputs && k < node->inputs->size; k++)
                if (node->inputs->data[k] >= 0 && node->inputs->data[k] < g->n_tensors)
                    outside[node->inputs->data[k]] = true;
        if (r->claimed || r->node < 0)
            continue;
        const struct hby_node *n = &g->node[r->node];
        for (int k = 0; k < n->n_in; k++)
            if (n->in[k] >= 0)
                outside[n->in[k]] = true;
    }
}

/* A node that only depends on constants stays with the runtime when the runtime needs its result: a partition would copy the same bytes out
 * on every call. Its other readers still see the constant. In a chain the reader leaves first, so the walk goes backwards. */
static enum hby_status leave_shared_constants(const struct claim *c)
{
    const struct hby_graph *g = c->im->graph;
    bool *outside = calloc((size_t)g->n_tensors + 1, sizeof *outside);
    if (!outside)
        return HBY_NO_MEMORY;
    mark_read_outside(c, outside);
    for (int i = c->im->n_records; i-- > 0;) {
        struct hby_record *r = &c->im->record[i];
        if (!r->claimed || !r->is_constant)
            continue;
        const struct hby_node *n = &g->node[r->node];
        for (int k = 0; k < n->n_out && r->claimed; k++)
            if (outside[n->out[k]])
                leave(r, "its constant result is read by a node that stays with the runtime; the nodes on the device use the constant itself");
        for (int k = 0; k < n->n_in && !r->claimed; k++)
            if (n->in[k] >= 0)
                outside[n->in[k]] = true;
    }
    free(outside);
    return HBY_OK;
}

/* Multiply-adds, or elements where there are no weights: a measure of worth where no time is estimated. */
static double node_work(const struct hby_graph *g, const struct hby_node *n)
{
    double out = 0;
    for (int k = 0; k < n->n_out; k++)
        out += (double)hby_tensor_count(&g->tensor[n->out[k]]);
    bool weighted = n->op == HBY_OP_conv_2d || n->op == HBY_OP_depthwise_conv_2d || n->op == HBY_OP_fully_connected || n->op == HBY_OP_transpose_conv;
    if (!weighted)
        return out;
    const struct hby_tensor *o = &g->tensor[n->out[0]];
    int channels = o->rank ? o->dim[o->rank - 1] : 1;
    return out * (double)hby_tensor_count(&g->tensor[n->in[1]]) / (channels > 0 ? channels : 1);
}

/* One partition in the making. */
struct part {
    int n_working, n_device;
    double saved_us; /* what the CPU would take, less what we take */
    double ours_us, cpu_us;
    double work;
    bool estimated; /* every node has times */
};

static void weigh(const struct claim *c, const struct hby_tfl_delegate_params *p, struct part *part)
{
    const struct hby_graph *g = c->im->graph;
    *part = (struct part){.estimated = true};
    for (int i = 0; i < p->nodes_to_replace->size; i++) {
        const struct hby_record *r = hby_import_find(c->im, p->nodes_to_replace->data[i]);
        if (!r || r->node < 0)
            continue;
        const struct hby_verdict *v = &r->verdict;
        double cpu = v->runtime_us > 0 ? v->runtime_us : v->host_us, ours = v->where == HBY_ON_DEVICE ? v->device_us : v->host_us;
        part->n_working += !r->is_constant;
        part->n_device += v->where == HBY_ON_DEVICE && !r->is_constant;
        part->work += node_work(g, &g->node[r->node]);
        part->cpu_us += cpu;
        part->ours_us += ours;
        if (v->fused_into < 0 && !r->is_constant && (cpu <= 0 || ours <= 0))
            part->estimated = false;
    }
    double bytes = 0;
    for (int i = 0; i < p->input_tensors->size; i++) {
        int t = p->input_tensors->data[i];
        bytes += t >= 0 && t < g->n_tensors && !g->tensor[t].data ? (double)g->tensor[t].bytes : 0;
    }
    for (int i = 0; i < p->output_tensors->size; i++) {
        int t = p->output_tensors->data[i];
        bytes += t >= 0 && t < g->n_tensors ? (double)g->tensor[t].bytes : 0;
    }
    if (part->n_device)
        part->ours_us += partition_us + bytes / border_bytes_per_us;
    part->saved_us = part->estimated ? part->cpu_us - part->ours_us : part->work * 1e-3;
}

static void leave_part(const struct claim *c, const struct hby_tfl_delegate_params *p, const char *reason)
{
    for (int i = 0; i < p->nodes_to_replace->size; i++) {
        struct hby_record *r = hby_import_find(c->im, p->nodes_to_replace->data[i]);
        if (r)
            leave(r, "%s", reason);
    }
}

/* true: the partition stays with the runtime, for `reason`. */
static bool is_unwanted(const struct claim *c, const struct part *part, char *reason, size_t size)
{
    const struct hby_options *o = c->opt;
    bool host_only = o->host_ref == HBY_HOST_REF_ONLY;
    if (part->n_working && part->n_working < o->min_nodes_per_partition)
        snprintf(reason, size, "its partition has %d nodes; min_nodes_per_partition is %d", part->n_working, o->min_nodes_per_partition);
    else if (part->n_working == 0 && o->claim == 0)
        snprintf(reason, size, "its partition would hold nothing but constants");
    else if (o->claim == 0 && !host_only && part->n_device == 0)
        snprintf(reason, size, "its partition has no node for the device; claim=all takes it");
    else if (o->claim == 0 && !host_only && part->estimated && part->ours_us > part->cpu_us)
        snprintf(reason, size, "its partition is expected to take %.0f us on the device and %.0f us on the CPU; claim=all takes it", part->ours_us,
                 part->cpu_us);
    else
        return false;
    return true;
}

/* Keeps the `limit` partitions that save most. */
static bool drop_least(const struct claim *c, const struct hby_tfl_delegate_params *preview, const struct part *part, int n, int limit)
{
    if (limit <= 0 || n <= limit)
        return false;
    char reason[160];
    snprintf(reason, sizeof reason, "its partition is not among the %d that save most; max_delegated_partitions is %d", limit, limit);
    for (int i = 0; i < n; i++) {
        int better = 0;
        for (int k = 0; k < n; k++)
            better += part[k].saved_us > part[i].saved_us || (part[k].saved_us == part[i].saved_us && k < i);
        if (better >= limit)
            leave_part(c, &preview[i], reason);
    }
    return true;
}

static enum hby_status preview_claimed(const struct claim *c, struct hby_tfl_delegate_params **preview, int *n)
{
    *preview = NULL;
    *n = 0;
    struct hby_tfl_ints *list = malloc(sizeof *list + ((size_t)c->im->n_records + 1) * sizeof list->data[0]);
    if (!list)
        return HBY_NO_MEMORY;
    list->size = 0;
    for (int i = 0; i < c->im->n_records; i++)
        if (c->im->record[i].claimed)
            list->data[list->size++] = c->im->record[i].index;
    bool ok = list->size == 0 || (c->ctx->PreviewDelegatePartitioning && c->ctx->PreviewDelegatePartitioning(c->ctx, list, preview, n) == HBY_TFL_OK);
    free(list);
    if (!ok)
        *n = 0;
    return HBY_OK;
}

/* One round over the partitions; *changed when nodes were given back. */
static enum hby_status judge_partitions(const struct claim *c, bool *changed)
{
    struct hby_tfl_delegate_params *preview;
    int n;
    *changed = false;
    enum hby_status st = preview_claimed(c, &preview, &n);
    if (st || n == 0)
        return st;
    struct part *part = calloc((size_t)n, sizeof *part);
    if (!part)
        return HBY_NO_MEMORY;
    for (int i = 0; i < n; i++) {
        char reason[160];
        weigh(c, &preview[i], &part[i]);
        if (is_unwanted(c, &part[i], reason, sizeof reason)) {
            leave_part(c, &preview[i], reason);
            *changed = true;
        }
    }
    if (!*changed)
        *changed = drop_least(c, preview, part, n, c->opt->max_delegated_partitions);
    free(part);
    return HBY_OK;
}

enum hby_status hby_claim(struct hby_tfl_context *ctx, const struct hby_options *opt, struct hby_import *im)
{
    const struct claim c = {.ctx = ctx, .opt = opt, .im = im};
    apply_filters(&c);
    leave_slow_nodes(&c);
    bool changed = true;
    enum hby_status st = HBY_OK;
    /* Each round gives back at least one node. */
    while (changed && !st) {
        st = leave_shared_constants(&c);
        if (!st)
            st = judge_partitions(&c, &changed);
    }
    return st;
}
