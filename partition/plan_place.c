/* Which backend runs each step, and what each node's verdict is. */
#include <stdio.h>
#include <string.h>

#include "partition/cost.h"
#include "partition/fuse.h"
#include "partition/plan_build.h"

/* Does the step copy its whole input, in order, into the whole of an output stored alike? */
static bool is_plain_copy(const struct hby_plan *p, const struct hby_step *s)
{
    const struct hby_args_move *a = &s->args.move;
    if (s->nest != HBY_NEST_move || a->has_table || a->in_offset || a->out_offset || p->storage[s->in[0]] != p->storage[s->out[0]])
        return false;
    for (int i = 0; i < HBY_MOVE_RANK; i++)
        if (a->dim[i] != 1 && a->in_stride[i] != a->out_stride[i])
            return false;
    return a->count == hby_tensor_count(&p->graph->tensor[s->in[0]]) && a->count == hby_tensor_count(&p->graph->tensor[s->out[0]]);
}

/* Lets output and input of a plain copy share storage; false where both are the partition's border. */
static bool share(struct hby_plan *p, int in, int out)
{
    int root = hby_plan_root(p, in);
    const struct hby_tensor *t = p->graph->tensor;
    if (t[root].data || t[root].is_variable || t[out].is_variable || root == out)
        return false;
    if (!hby_plan_is_border(p, out))
        p->alias[out] = root;
    else if (!hby_plan_is_border(p, root))
        p->alias[root] = out;
    else
        return false;
    return true;
}

static void elide_copies(struct hby_plan *p)
{
    int kept = 0;
    for (int s = 0; s < p->n_steps; s++) {
        if (is_plain_copy(p, &p->step[s]) && share(p, p->step[s].in[0], p->step[s].out[0]))
            continue;
        if (kept != s)
            p->step[kept] = p->step[s];
        kept++;
    }
    p->n_steps = kept;
}

/* The steps of each node, now that they stand in their order. */
static void count_steps(struct hby_builder *b)
{
    const struct hby_plan *p = b->plan;
    for (int k = 0; k < p->graph->n_nodes; k++)
        b->count[k] = 0;
    for (int s = 0; s < p->n_steps; s++) {
        const int node = p->step[s].node;
        if (node >= 0 && !b->count[node]++)
            b->first[node] = s;
    }
}

static void note_answer(struct hby_plan *p, int s, const struct hby_answer *a)
{
    for (int i = s; i < s + a->count; i++) {
        int node = p->step[i].node;
        p->where[i] = HBY_ON_DEVICE;
        p->span[i] = i == s ? a->count : 0;
        if (node < 0)
            continue;
        struct hby_verdict *v = &p->verdict[node];
        if (!v->arithmetic[0] || p->step[i].op == p->graph->node[node].op)
            snprintf(v->arithmetic, sizeof v->arithmetic, "%s", a->arithmetic);
        if (i == s) {
            v->launches += a->launches;
            v->device_us += a->us > 0 ? a->us : hby_cost_device_us(hby_cost_of_step(p, &p->step[s]));
        }
    }
}

/* Asks the device about every step, first to last; a span that it fuses is skipped over. */
static enum hby_status ask_device(struct hby_plan *p, struct hby_backend *device)
{
    for (int s = 0; s < p->n_steps;) {
        struct hby_answer a = {.count = 1};
        struct hby_reason why = {""};
        enum hby_status st = device->ops->query(device, p, s, p->n_steps - s, &a, &why);
        if (st == HBY_NO_MEMORY)
            return st;
        if (!st && a.count >= 1 && a.count <= p->n_steps - s) {
            note_answer(p, s, &a);
            s += a.count;
            continue;
        }
        int node = p->step[s].node;
        if (node >= 0 && !p->verdict[node].reason.text[0])
            hby_say(st, &p->verdict[node].reason, "%s", why.text[0] ? why.text : "the device has no kernel for it");
        s++;
    }
    return HBY_OK;
}

static void prepare_answers(struct hby_plan *p)
{
    for (int s = 0; s < p->n_steps; s++) {
        const struct hby_step *step = &p->step[s];
        p->where[s] = HBY_ON_HOST_REF;
        p->span[s] = 1;
        if (step->node < 0)
            continue;
        struct hby_verdict *v = &p->verdict[step->node];
        struct hby_cost c = hby_cost_of_step(p, step);
        if (!v->host_us || step->op == p->graph->node[step->node].op)
            v->scheme = step->scheme;
        v->host_us += hby_cost_host_us(c);
        v->runtime_us += hby_cost_runtime_us(c, step->scheme, p->opt.runtime_threads, p->opt.runtime_cpu);
    }
}

static bool all_on_device(const struct hby_builder *b, int node)
{
    int left = b->count[node]; /* conversions may lie between a node's steps */
    for (int s = b->first[node]; left > 0; s++) {
        if (b->plan->step[s].node != node)
            continue;
        if (b->plan->where[s] != HBY_ON_DEVICE)
            return false;
        left--;
    }
    return true;
}

/* A node's steps may write one tensor together, so one backend runs them all: takes nodes that are on the device in part off it, with the spans they are in. */
static void unify_nodes(struct hby_builder *b)
{
    struct hby_plan *p = b->plan;
    for (bool changed = true; changed;) {
        changed = false;
        for (int s = 0; s < p->n_steps; s++) {
            int node = p->step[s].node, first = s;
            if (p->where[s] != HBY_ON_DEVICE || node < 0 || all_on_device(b, node))
                continue;
            while (!p->span[first])
                first--;
            for (int i = first, n = p->span[first]; i < first + n; i++) {
                p->where[i] = HBY_ON_HOST_REF;
                p->span[i] = 1;
            }
            changed = true;
        }
    }
}

/* Gives nodes that the device refused another mode; true if one was found. */
static bool change_modes(struct hby_builder *b)
{
    bool changed = false;
    for (int k = 0; k < b->plan->graph->n_nodes; k++) {
        if (b->plan->graph->node[k].folded || !b->count[k] || all_on_device(b, k))
            continue;
        if (b->plan->opt.precision == HBY_PRECISION_FAST && hby_build_can_dequantize(b, k)) {
            b->mode[k] = HBY_MODE_DEQUANTIZED;
            b->was_dequantized[k] = true;
        } else if (b->mode[k] != HBY_MODE_NATIVE) {
            b->mode[k] = HBY_MODE_NATIVE;
        } else {
            continue;
        }
        changed = true;
    }
    return changed;
}

enum hby_status hby_place(struct hby_builder *b, struct hby_backend *device, bool *again)
{
    struct hby_plan *p = b->plan;
    *again = false;
    elide_copies(p);
    hby_fuse_order(p);
    count_steps(b);
    p->where = hby_pool_alloc(&p->pool, ((size_t)p->n_steps + 1) * sizeof *p->where);
    p->span = hby_pool_alloc(&p->pool, ((size_t)p->n_steps + 1) * sizeof *p->span);
    if (!p->where || !p->span)
        return HBY_NO_MEMORY;
    prepare_answers(p);
    if (!device || p->opt.host_ref == HBY_HOST_REF_ONLY)
        return HBY_OK;
    enum hby_status st = ask_device(p, device);
    if (!st)
        unify_nodes(b);
    if (!st)
        *again = change_modes(b);
    return st;
}

/* --- verdicts --- */

static enum hby_where elsewhere(const struct hby_plan *p)
{
    return p->opt.host_ref == HBY_HOST_REF_OFF ? HBY_ON_RUNTIME : HBY_ON_HOST_REF;
}

/* The node whose step leads the spans that all steps of node k are in; -1 where it is its own. */
static int leader_of(const struct hby_builder *b, int k)
{
    const struct hby_plan *p = b->plan;
    int leader = -1, left = b->count[k];
    for (int s = b->first[k]; left > 0; s++) {
        if (p->step[s].node != k)
            continue;
        int first = s;
        while (!p->span[first])
            first--;
        leader = p->step[first].node;
        if (leader == k)
            return -1;
        left--;
    }
    return leader;
}

/* A node with steps. */
static void judge(struct hby_builder *b, int k, bool has_device)
{
    struct hby_plan *p = b->plan;
    struct hby_verdict *v = &p->verdict[k];
    bool only = p->opt.host_ref == HBY_HOST_REF_ONLY;
    if (!has_device && !only) {
        v->where = HBY_ON_RUNTIME;
        hby_say(HBY_UNSUPPORTED, &v->reason, "there is no OpenCL device to run it on");
    } else if (!only && all_on_device(b, k)) {
        v->where = HBY_ON_DEVICE;
        v->reason.text[0] = 0;
        v->fused_into = leader_of(b, k);
        if (b->mode[k] == HBY_MODE_DEQUANTIZED) {
            char text[sizeof v->arithmetic];
            snprintf(text, sizeof text, "dequantized: %.34s", v->arithmetic);
            memcpy(v->arithmetic, text, sizeof text);
        }
    } else {
        v->where = only ? HBY_ON_HOST_REF : elsewhere(p);
        snprintf(v->arithmetic, sizeof v->arithmetic, "reference");
        if (only)
            hby_say(HBY_OK, &v->reason, "the option host_ref=only was given");
    }
}

static bool reads(const struct hby_node *reader, const struct hby_node *writer)
{
    for (int i = 0; i < reader->n_in; i++)
        for (int o = 0; o < writer->n_out; o++)
            if (reader->in[i] >= 0 && reader->in[i] == writer->out[o])
                return true;
    return false;
}

/* A neighbour that does the work of a node without steps: its producers and readers as the model has them, the device before host_ref. */
static int neighbour(const struct hby_builder *b, int k, bool readers_only)
{
    const struct hby_plan *p = b->plan;
    int best = -1;
    for (int j = p->graph->n_nodes; j-- > 0;) {
        const struct hby_verdict *v = &p->verdict[j];
        bool near = j > k ? reads(&b->before[j], &b->before[k]) : !readers_only && j < k && reads(&b->before[k], &b->before[j]);
        if (near && v->where != HBY_ON_RUNTIME && (best < 0 || v->where == p->verdict[best].where || v->where == HBY_ON_DEVICE))
            best = j;
    }
    return best >= 0 && p->verdict[best].fused_into >= 0 ? p->verdict[best].fused_into : best;
}

static bool feeds_output(const struct hby_builder *b, int k)
{
    for (int i = 0; i < b->before[k].n_out; i++)
        if (hby_fold_is_output(b->plan->graph, b->before[k].out[i]))
            return true;
    return false;
}

static bool is_read(const struct hby_builder *b, int k)
{
    for (int j = k + 1; j < b->plan->graph->n_nodes; j++)
        if (reads(&b->before[j], &b->before[k]))
            return true;
    return false;
}

/* Where nothing to do is done when no neighbour says. */
static enum hby_where idle_place(const struct hby_plan *p, bool has_device)
{
    return p->opt.host_ref == HBY_HOST_REF_ONLY ? HBY_ON_HOST_REF : has_device ? HBY_ON_DEVICE : HBY_ON_RUNTIME;
}

/* What became of a node with nothing to run, for the report. */
static const char *idle_text(const struct hby_graph *g, const struct hby_node *n)
{
    if (!n->folded)
        return "none";
    if (g->tensor[n->out[0]].data_owned)
        return "constant, computed once";
    if (n->op != HBY_OP_dequantize || !g->tensor[n->in[0]].data)
        return "none";
    switch (g->tensor[n->in[0]].type) {
    case HBY_F16:
        return "none: float16 weights are read as they are";
    case HBY_I8:
        return "none: int8 weights are read as they are";
    case HBY_I4:
        return "none: int4 weights are read as they are";
    default:
        return "none";
    }
}

/* A node with nothing to run. */
static void judge_idle(struct hby_builder *b, int k, bool has_device)
{
    struct hby_plan *p = b->plan;
    const struct hby_node *n = &p->graph->node[k];
    struct hby_verdict *v = &p->verdict[k];
    enum hby_where own = idle_place(p, has_device);
    int by = n->fused_into >= 0 ? n->fused_into : neighbour(b, k, n->folded);
    *v = (struct hby_verdict){.where = own, .fused_into = by};
    const bool fused = by >= 0 && n->fused_into >= 0;
    if (fused)
        memmove(v->arithmetic, p->verdict[by].arithmetic, sizeof v->arithmetic);
    else
        snprintf(v->arithmetic, sizeof v->arithmetic, "%s", idle_text(p->graph, n));
    if (by >= 0) {
        v->where = p->verdict[by].where;
        v->scheme = p->verdict[by].scheme;
    } else if (n->folded && is_read(b, k) && !feeds_output(b, k)) {
        v->where = HBY_ON_RUNTIME; /* computing it here would serve nobody here */
    }
    if (v->where == HBY_ON_RUNTIME)
        hby_say(HBY_UNSUPPORTED, &v->reason,
                own == HBY_ON_RUNTIME ? "there is no OpenCL device to run it on" : "the nodes that read its result stay with the runtime");
}

enum idle { NAMED, ELIDED, FOLDED, NOT_IDLE };

static enum idle idle_kind(const struct hby_builder *b, int k)
{
    const struct hby_node *n = &b->plan->graph->node[k];
    if (n->folded)
        return n->fused_into >= 0 ? NAMED : FOLDED;
    return b->count[k] || b->plan->verdict[k].reason.text[0] ? NOT_IDLE : ELIDED;
}

void hby_judge(struct hby_builder *b, bool has_device)
{
    struct hby_plan *p = b->plan;
    for (int k = 0; k < p->graph->n_nodes; k++) {
        if (idle_kind(b, k) == ELIDED)
            p->verdict[k].where = idle_place(p, has_device);
        else if (!p->graph->node[k].folded && b->count[k])
            judge(b, k, has_device);
    }
    /* Idle nodes ask their neighbours, so in this order: those that name the node that does their work; copies that were elided; then, later nodes first,
     * folded ones, whose readers' verdicts stand by then. */
    for (int pass = NAMED; pass < NOT_IDLE; pass++)
        for (int k = p->graph->n_nodes; k-- > 0;)
            if ((int)idle_kind(b, k) == pass)
                judge_idle(b, k, has_device);
    p->n_nodes_runnable = 0;
    for (int k = 0; k < p->graph->n_nodes; k++)
        p->n_nodes_runnable += p->verdict[k].where != HBY_ON_RUNTIME;
}
