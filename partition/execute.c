/* Runs a plan. Which tensor goes where, and when, is settled when the executor is made; a run only walks the list. */
#include "partition/execute.h"

#include <stdlib.h>
#include <string.h>

enum { HBY_STAGE_ALIGN = 64 };

/* Consecutive steps of one backend, and the tensors (roots) that must be brought to it first. */
struct segment {
    enum hby_where where;
    int first, count;
    int n_need;
    int *need;
};

struct hby_executor {
    struct hby_plan *plan;
    struct hby_backend *device, *host;
    struct hby_session *on_device, *on_host; /* on_device: NULL when there is none, or after a fault */
    struct hby_pool *pool;
    struct segment *segment;
    int n_segments;
    int *input_of;          /* per tensor: which graph input it is, or -1 */
    enum hby_where *source; /* per tensor: the side that computes it; HBY_ON_RUNTIME for graph inputs and constants */
    size_t *stage_at;       /* per tensor: its place in `stage`, or SIZE_MAX */
    size_t *out_at;         /* per graph output: the same, for results of the device */
    unsigned char *stage;
    size_t stage_bytes;
    struct hby_executor_stats stats;
};

static struct hby_session *session_of(const struct hby_executor *ex, enum hby_where where)
{
    return where == HBY_ON_DEVICE ? ex->on_device : ex->on_host;
}

/* --- what a run will do --- */

static size_t reserve(struct hby_executor *ex, int tensor)
{
    size_t at = ex->stage_bytes;
    ex->stage_bytes += (hby_plan_bytes(ex->plan, tensor) + HBY_STAGE_ALIGN - 1) / HBY_STAGE_ALIGN * HBY_STAGE_ALIGN;
    return at;
}

/* Adds a root to what the segment needs, if it is not on its side yet. there[side][tensor]. */
static void need(struct hby_executor *ex, struct segment *seg, bool *const there[2], int tensor)
{
    int root = hby_plan_root(ex->plan, tensor), side = seg->where == HBY_ON_DEVICE;
    if (ex->plan->graph->tensor[root].data || there[side][root] || !hby_plan_bytes(ex->plan, root))
        return;
    there[side][root] = true;
    seg->need[seg->n_need++] = root;
    if (ex->source[root] != HBY_ON_RUNTIME && ex->stage_at[root] == SIZE_MAX)
        ex->stage_at[root] = reserve(ex, root);
}

static enum hby_status plan_segment(struct hby_executor *ex, struct segment *seg, bool *const there[2])
{
    const struct hby_plan *p = ex->plan;
    seg->need = hby_pool_alloc(&ex->pool, ((size_t)seg->count * HBY_STEP_INPUTS + 1) * sizeof *seg->need);
    if (!seg->need)
        return HBY_NO_MEMORY;
    for (int s = seg->first; s < seg->first + seg->count; s++) {
        for (int i = 0; i < p->step[s].n_in; i++)
            if (p->step[s].in[i] >= 0)
                need(ex, seg, there, p->step[s].in[i]);
        for (int i = 0; i < p->step[s].n_out; i++) {
            int out = hby_plan_root(p, p->step[s].out[i]);
            ex->source[out] = seg->where;
            there[seg->where == HBY_ON_DEVICE][out] = true;
        }
    }
    return HBY_OK;
}

static enum hby_status plan_segments(struct hby_executor *ex, bool *const there[2])
{
    const struct hby_plan *p = ex->plan;
    enum hby_status st = HBY_OK;
    ex->segment = hby_pool_alloc(&ex->pool, ((size_t)p->n_steps + 1) * sizeof *ex->segment);
    if (!ex->segment)
        return HBY_NO_MEMORY;
    for (int s = 0; s < p->n_steps && !st; s += ex->segment[ex->n_segments++].count) {
        struct segment *seg = &ex->segment[ex->n_segments];
        *seg = (struct segment){.where = p->where[s], .first = s};
        while (s + seg->count < p->n_steps && p->where[s + seg->count] == seg->where)
            seg->count++;
        st = plan_segment(ex, seg, there);
    }
    return st;
}

static enum hby_status plan_outputs(struct hby_executor *ex, struct hby_reason *why)
{
    const struct hby_graph *g = ex->plan->graph;
    for (int k = 0; k < g->n_outputs; k++) {
        int t = g->output[k], root = hby_plan_root(ex->plan, t);
        ex->out_at[k] = SIZE_MAX;
        if (g->tensor[t].data || ex->input_of[t] >= 0 || !hby_plan_bytes(ex->plan, t))
            continue;
        if (ex->source[root] == HBY_ON_RUNTIME)
            return hby_say(HBY_UNSUPPORTED, why, "nothing in the partition computes tensor '%.60s'", g->tensor[t].name ? g->tensor[t].name : "");
        if (ex->source[root] == HBY_ON_DEVICE)
            ex->out_at[k] = reserve(ex, t);
    }
    return HBY_OK;
}

static enum hby_status plan_run(struct hby_executor *ex, struct hby_reason *why)
{
    const struct hby_graph *g = ex->plan->graph;
    size_t n = (size_t)g->n_tensors + 1;
    bool *there[2] = {hby_pool_alloc(&ex->pool, n), hby_pool_alloc(&ex->pool, n)};
    ex->input_of = hby_pool_alloc(&ex->pool, n * sizeof *ex->input_of);
    ex->source = hby_pool_alloc(&ex->pool, n * sizeof *ex->source);
    ex->stage_at = hby_pool_alloc(&ex->pool, n * sizeof *ex->stage_at);
    ex->out_at = hby_pool_alloc(&ex->pool, ((size_t)g->n_outputs + 1) * sizeof *ex->out_at);
    if (!there[0] || !there[1] || !ex->input_of || !ex->source || !ex->stage_at || !ex->out_at)
        return HBY_NO_MEMORY;
    for (int t = 0; t < g->n_tensors; t++) {
        ex->stage_at[t] = SIZE_MAX;
        ex->input_of[t] = -1;
    }
    for (int k = g->n_inputs; k-- > 0;)
        ex->input_of[g->input[k]] = k;
    enum hby_status st = plan_segments(ex, there);
    if (!st)
        st = plan_outputs(ex, why);
    if (!st && ex->stage_bytes) {
        ex->stage = hby_pool_alloc(&ex->pool, ex->stage_bytes);
        if (!ex->stage)
            st = HBY_NO_MEMORY;
    }
    return st;
}

static bool uses_device(const struct hby_executor *ex)
{
    for (int i = 0; i < ex->n_segments; i++)
        if (ex->segment[i].where == HBY_ON_DEVICE)
            return true;
    return false;
}

static void open_device(struct hby_executor *ex)
{
    struct hby_reason why = {""};
    if (!ex->device || ex->stats.device_lost || ex->on_device || !uses_device(ex))
        return;
    enum hby_status st = ex->device->ops->create(ex->device, ex->plan, &ex->on_device, &why);
    if (!st)
        return;
    ex->on_device = NULL;
    ex->stats.device_lost = true;
    ex->stats.device_failures++;
    hby_say(st, &ex->stats.last_failure, "%s", why.text[0] ? why.text : "the device could not be set up");
}

enum hby_status hby_executor_create(struct hby_plan *plan, struct hby_backend *device, struct hby_backend *host, struct hby_executor **out,
                                    struct hby_reason *why)
{
    *out = NULL;
    struct hby_executor *ex = calloc(1, sizeof *ex);
    if (!ex) {
        hby_plan_destroy(&plan);
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    }
    ex->plan = plan;
    ex->device = device;
    ex->host = host;
    enum hby_status st = plan_run(ex, why);
    if (!st)
        st = host->ops->create(host, plan, &ex->on_host, why);
    if (st) {
        hby_executor_destroy(&ex);
        return st == HBY_NO_MEMORY ? hby_say(st, why, "out of memory") : st;
    }
    open_device(ex);
    *out = ex;
    return HBY_OK;
}

void hby_executor_destroy(struct hby_executor **ex)
{
    if (!ex || !*ex)
        return;
    if ((*ex)->on_device)
        (*ex)->on_device->ops->destroy(&(*ex)->on_device);
    if ((*ex)->on_host)
        (*ex)->on_host->ops->destroy(&(*ex)->on_host);
    hby_plan_destroy(&(*ex)->plan);
    hby_pool_destroy(&(*ex)->pool);
    free(*ex);
    *ex = NULL;
}

/* --- a run --- */

/* Brings what the segment needs to its session: graph inputs from the caller, the rest from the other side through the stage. */
static enum hby_status bring(struct hby_executor *ex, const struct segment *seg, const void *const *inputs)
{
    struct hby_session *to = session_of(ex, seg->where), *from = session_of(ex, seg->where == HBY_ON_DEVICE ? HBY_ON_HOST_REF : HBY_ON_DEVICE);
    enum hby_status st = HBY_OK;
    bool carried = false;
    for (int i = 0; i < seg->n_need && !st; i++) {
        int t = seg->need[i];
        if (ex->source[t] == HBY_ON_RUNTIME)
            continue;
        st = from->ops->download(from, t, ex->stage + ex->stage_at[t], hby_plan_bytes(ex->plan, t));
        carried = true;
    }
    if (!st && carried)
        st = from->ops->finish(from);
    for (int i = 0; i < seg->n_need && !st; i++) {
        int t = seg->need[i];
        const void *bytes = ex->source[t] == HBY_ON_RUNTIME ? inputs[ex->input_of[t]] : ex->stage + ex->stage_at[t];
        st = to->ops->upload(to, t, bytes, hby_plan_bytes(ex->plan, t));
    }
    return st;
}

/* The results that need no computing: constants, and inputs handed through. */
static bool copy_idle_output(const struct hby_executor *ex, int k, const void *const *inputs, void *out)
{
    const struct hby_graph *g = ex->plan->graph;
    int t = g->output[k];
    const void *from = g->tensor[t].data ? g->tensor[t].data : ex->input_of[t] >= 0 ? inputs[ex->input_of[t]] : NULL;
    size_t bytes = hby_plan_bytes(ex->plan, t);
    if (from && bytes && from != out)
        memcpy(out, from, bytes);
    return from || !bytes;
}

/* The results of one side; from the device into the stage, unless it stages by itself. */
static enum hby_status fetch(struct hby_executor *ex, enum hby_where where, void *const *outputs)
{
    const struct hby_graph *g = ex->plan->graph;
    struct hby_session *s = session_of(ex, where);
    enum hby_status st = HBY_OK;
    for (int k = 0; k < g->n_outputs && !st; k++) {
        int t = g->output[k];
        size_t bytes = hby_plan_bytes(ex->plan, t);
        if (ex->source[hby_plan_root(ex->plan, t)] != where || g->tensor[t].data || ex->input_of[t] >= 0 || !bytes)
            continue;
        st = s->ops->download(s, t, where == HBY_ON_DEVICE && !s->ops->stages ? ex->stage + ex->out_at[k] : outputs[k], bytes);
    }
    return st;
}

static enum hby_status run_mixed(struct hby_executor *ex, const void *const *inputs, void *const *outputs)
{
    const struct hby_graph *g = ex->plan->graph;
    enum hby_status st = HBY_OK;
    for (int i = 0; i < ex->n_segments && !st; i++) {
        const struct segment *seg = &ex->segment[i];
        struct hby_session *s = session_of(ex, seg->where);
        st = bring(ex, seg, inputs);
        if (!st)
            st = s->ops->run(s, seg->first, seg->count);
    }
    if (!st && ex->on_device)
        st = fetch(ex, HBY_ON_DEVICE, outputs);
    if (!st && ex->on_device)
        st = ex->on_device->ops->finish(ex->on_device);
    if (!st)
        st = fetch(ex, HBY_ON_HOST_REF, outputs);
    for (int k = 0; k < g->n_outputs && !st; k++)
        if (!copy_idle_output(ex, k, inputs, outputs[k]) && ex->out_at[k] != SIZE_MAX && ex->on_device && !ex->on_device->ops->stages)
            memcpy(outputs[k], ex->stage + ex->out_at[k], hby_plan_bytes(ex->plan, g->output[k]));
    return st;
}

/* Everything on host_ref, from the inputs: what no device can take away. */
static enum hby_status run_host(struct hby_executor *ex, const void *const *inputs, void *const *outputs)
{
    const struct hby_graph *g = ex->plan->graph;
    struct hby_session *s = ex->on_host;
    enum hby_status st = HBY_OK;
    for (int k = 0; k < g->n_inputs && !st; k++)
        st = s->ops->upload(s, g->input[k], inputs[k], hby_plan_bytes(ex->plan, g->input[k]));
    if (!st)
        st = s->ops->run(s, 0, ex->plan->n_steps);
    for (int k = 0; k < g->n_outputs && !st; k++)
        if (!copy_idle_output(ex, k, inputs, outputs[k]))
            st = s->ops->download(s, g->output[k], outputs[k], hby_plan_bytes(ex->plan, g->output[k]));
    return st;
}

/* The first fault costs a new session in the next run, the second one the device. */
static void device_failed(struct hby_executor *ex, enum hby_status st)
{
    ex->on_device->ops->destroy(&ex->on_device);
    ex->on_device = NULL;
    ex->stats.device_lost = ++ex->stats.device_failures >= 2;
    hby_say(st, &ex->stats.last_failure, "%s in run %ld; %s", st == HBY_NO_MEMORY ? "memory ran out" : "the device failed or did not answer in time",
            ex->stats.runs, ex->stats.device_lost ? "everything runs on the CPU from here on" : "this run was repeated on the CPU");
}

enum hby_status hby_executor_run(struct hby_executor *ex, const void *const *inputs, void *const *outputs, struct hby_reason *why)
{
    ex->stats.runs++;
    open_device(ex);
    bool all_host = !ex->on_device && uses_device(ex);
    enum hby_status st = all_host ? run_host(ex, inputs, outputs) : run_mixed(ex, inputs, outputs);
    if (st == HBY_BAD_DATA && ex->on_device) { /* host_ref found it: let the device end what it was given */
        const enum hby_status rest = ex->on_device->ops->finish(ex->on_device);
        st = rest ? rest : st;
    }
    if (st && st != HBY_BAD_DATA && ex->on_device) {
        device_failed(ex, st);
        st = run_host(ex, inputs, outputs);
    }
    if (st == HBY_BAD_DATA)
        return hby_say(st, why, "the data hold an index outside its tensor, a divisor of 0 or a negative number under a root");
    return st ? hby_say(st, why, "the CPU path ran out of memory") : HBY_OK;
}

const struct hby_plan *hby_executor_plan(const struct hby_executor *ex)
{
    return ex->plan;
}

const struct hby_session *hby_executor_device_session(const struct hby_executor *ex)
{
    return ex->on_device;
}

const struct hby_executor_stats *hby_executor_stats(const struct hby_executor *ex)
{
    return &ex->stats;
}
