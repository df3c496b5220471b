/* One partition, as the runtime's node: init plans it, invoke runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "delegate/kernel.h"
#include "kernels_cl/device.h"

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
    free(k->time);
    hby_delegate_unref(&k->delegate);
    free(k);
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
        hby_kernel_build(k, d->current, params);
        d->current_partitions++;
        return k;
    }
    struct hby_import *im = NULL;
    if (hby_import_create(ctx, params->nodes_to_replace->data, params->nodes_to_replace->size, &im, &k->why) == HBY_OK)
        hby_kernel_build(k, im, params);
    hby_import_destroy(&im);
    return k;
}

static void log_times(const struct hby_kernel *k)
{
    const struct hby_options *o = k->delegate->opt;
    if (!o->profile || !k->runs)
        return;
    double rest = k->runs > 1 ? (k->total_us - k->first_us) / (double)(k->runs - 1) : k->total_us;
    hby_log(o->verbose, HBY_LOG_WARNING, "partition of %d nodes: %ld invokes, first %.1f us, then %.1f us on average", k->graph ? k->graph->n_nodes : 0,
            k->runs, k->first_us, rest);
}

static void kernel_free(struct hby_tfl_context *ctx, void *user_data)
{
    (void)ctx;
    struct hby_kernel *k = user_data;
    if (k)
        log_times(k);
    destroy_kernel(&k);
}

static int size_output(struct hby_tfl_context *ctx, const struct hby_border *b)
{
    struct hby_tfl_ints *dims = malloc(sizeof *dims + (size_t)b->rank * sizeof dims->data[0]);
    if (!dims)
        return HBY_TFL_ERROR;
    dims->size = b->rank;
    memcpy(dims->data, b->dim, (size_t)b->rank * sizeof dims->data[0]);
    return ctx->ResizeTensor(ctx, &ctx->tensors[b->tensor], dims);
}

/* A shape that only invoke knows makes the outputs dynamic, as the runtime's own RESHAPE does. */
static int size_outputs(struct hby_kernel *k, struct hby_tfl_context *ctx)
{
    for (int i = 0; i < k->n_out; i++) {
        struct hby_tfl_tensor *t = &ctx->tensors[k->out[i].tensor];
        if (k->out[i].is_state)
            continue;
        if (k->shaped_by_input && t->allocation_type != HBY_TFL_MEM_DYNAMIC) {
            t->allocation_type = HBY_TFL_MEM_DYNAMIC;
            t->data = NULL; /* arena memory: not owned by the tensor */
        }
        if (t->allocation_type != HBY_TFL_MEM_DYNAMIC && hby_border_fits(&k->out[i], t))
            continue;
        if (size_output(ctx, &k->out[i]) != HBY_TFL_OK)
            return HBY_TFL_ERROR;
    }
    return HBY_TFL_OK;
}

static int cannot_set_up(struct hby_tfl_context *ctx, const struct hby_kernel *k)
{
    ctx->ReportError(ctx, "halfbyte: a partition cannot be set up: %s", k && k->why.text[0] ? k->why.text : "out of memory");
    return HBY_TFL_ERROR;
}

/* Also where the last plan failed: what was wrong then need not be wrong now. */
static void plan_if_need_be(struct hby_kernel *k, const struct hby_tfl_context *ctx, bool values)
{
    if (k && k->in && (!k->executor || !hby_kernel_fits(k, ctx, values)))
        hby_kernel_plan_again(k, ctx, values);
}

static int kernel_prepare(struct hby_tfl_context *ctx, struct hby_tfl_node *node)
{
    struct hby_kernel *k = node->user_data;
    plan_if_need_be(k, ctx, false);
    /* A shape that comes with the data need not fit before they are there: invoke plans for it, or complains. */
    return k && (k->executor || k->shaped_by_input) ? size_outputs(k, ctx) : cannot_set_up(ctx, k);
}

/* In a forked child the parent's OpenCL must not be touched: the CPU takes over, once for all. */
static void leave_device_behind(struct hby_kernel *k)
{
    if (k->on_host)
        return;
    hby_log(k->delegate->opt->verbose, HBY_LOG_WARNING, "the process was forked after the device was opened: the child computes on the CPU");
    k->executor = NULL; /* leaked: destroying it would call into the parent's OpenCL */
    hby_kernel_build_on_host(k);
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
        if (hby_cl_backend_in_quarantine(k->delegate->device) && atomic_exchange(&k->delegate->quarantine_logged, true))
            return; /* known */
        hby_log(k->delegate->opt->verbose, HBY_LOG_WARNING, "the device failed (%s): the CPU computed the result%s", s->last_failure.text,
                s->device_lost ? ", and does so from here on" : "");
    }
}

/* The pointers of this call; false, and the runtime is told, where one is missing or too small. */
static bool take_pointers(struct hby_kernel *k, struct hby_tfl_context *ctx)
{
    for (int i = 0; i < k->n_in + k->n_out; i++) {
        const struct hby_border *b = i < k->n_in ? &k->in[i] : &k->out[i - k->n_in];
        const struct hby_tfl_tensor *t = &ctx->tensors[b->tensor];
        if ((!t->data && b->bytes) || t->bytes < b->bytes) {
            ctx->ReportError(ctx, "halfbyte: tensor %d has %zu bytes of memory; %zu are needed", b->tensor, t->data ? t->bytes : (size_t)0, b->bytes);
            return false;
        }
        if (i < k->n_in)
            k->in_data[i] = t->data;
        else
            k->out_data[i - k->n_in] = t->data;
    }
    return true;
}

static int kernel_invoke(struct hby_tfl_context *ctx, struct hby_tfl_node *node)
{
    struct hby_kernel *k = node->user_data;
    struct hby_reason why = {""};
    if (hby_delegate_forked(k->delegate))
        leave_device_behind(k);
    if (k->shaped_by_input) {
        plan_if_need_be(k, ctx, true);
        if (k->executor && size_outputs(k, ctx) != HBY_TFL_OK)
            return HBY_TFL_ERROR;
    }
    if (!k->executor)
        return cannot_set_up(ctx, k);
    if (!take_pointers(k, ctx))
        return HBY_TFL_ERROR;
    double start = now_us();
    if (hby_executor_run(k->executor, k->in_data, k->out_data, &why)) {
        ctx->ReportError(ctx, "halfbyte: %s", why.text[0] ? why.text : "the partition cannot be run");
        return HBY_TFL_ERROR;
    }
    note_run(k, now_us() - start);
    hby_kernel_tell_profiler(k, ctx->profiler);
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
