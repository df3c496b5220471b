#include "delegate/delegate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_ref/ref.h"
#include "kernels_cl/kernel.h"

static atomic_bool exiting;

static void note_exit(void)
{
    atomic_store(&exiting, true);
}

static void watch_exit(void)
{
    atexit(note_exit);
}

bool hby_process_exits(void)
{
    return atomic_load(&exiting);
}

/* deny_kernels is checked here, where the table of kernels is known. */
static enum hby_status check_kernels(const char *list, struct hby_option_error *error)
{
    for (const char *item = list; item && *item;) {
        size_t length = strcspn(item, ",");
        const struct hby_cl_kernel *k = hby_cl_kernels;
        while (k->name && (strlen(k->name) != length || strncmp(k->name, item, length) != 0))
            k++;
        if (!k->name) {
            int used = snprintf(error->text, sizeof error->text,
                                "option deny_kernels: '%.*s' is no kernel; the kernels are:", (int)(length > 200 ? 200 : length), item);
            for (k = hby_cl_kernels; k->name && used > 0 && (size_t)used < sizeof error->text; k++)
                used += snprintf(error->text + used, sizeof error->text - (size_t)used, " %s", k->name);
            return HBY_UNSUPPORTED;
        }
        item += length + (item[length] == ',');
    }
    return HBY_OK;
}

static void log_notes(const struct hby_options *opt)
{
    for (int id = 0; id < HBY_OPTION_COUNT; id++) {
        const char *note = hby_option_note(opt, (enum hby_option_id)id);
        if (note)
            hby_log(opt->verbose, HBY_LOG_WARNING, "option %s: %s", hby_option_rows[id].name, note);
    }
}

enum hby_status hby_delegate_create(const char *const *keys, const char *const *values, size_t n, struct hby_delegate **out, struct hby_option_error *error)
{
    *out = NULL;
    error->text[0] = '\0';
    struct hby_delegate *d = calloc(1, sizeof *d);
    enum hby_status st = d ? hby_options_create(keys, values, n, getenv("HALFBYTE_OPTIONS"), &d->opt, error) : HBY_NO_MEMORY;
    if (!st)
        st = check_kernels(d->opt->deny_kernels, error);
    if (!st)
        st = hby_report_create(&d->report);
    if (!st && pthread_mutex_init(&d->lock, NULL) != 0)
        st = HBY_NO_MEMORY;
    if (st) {
        if (!error->text[0])
            snprintf(error->text, sizeof error->text, "out of memory");
        if (d) {
            hby_report_destroy(&d->report);
            hby_options_destroy(&d->opt);
        }
        free(d);
        return st;
    }
    atomic_init(&d->refs, 1);
    atomic_init(&d->quarantine_logged, false);
    d->pid = getpid();
    d->tfl.data_ = d;
    d->tfl.Prepare = hby_delegate_prepare;
    /* Without it models that compute a shape (SHAPE, PACK, RESHAPE) are rejected as a whole, and LiteRT refuses those with an open batch dimension. */
    d->tfl.flags = HBY_TFL_FLAG_ALLOW_DYNAMIC;
    log_notes(d->opt);
    *out = d;
    return HBY_OK;
}

struct hby_delegate *hby_delegate_ref(struct hby_delegate *d)
{
    atomic_fetch_add(&d->refs, 1);
    return d;
}

void hby_delegate_unref(struct hby_delegate **d)
{
    struct hby_delegate *gone = *d;
    *d = NULL;
    if (!gone || atomic_fetch_sub(&gone->refs, 1) != 1)
        return;
    if (!hby_process_exits() && !hby_delegate_forked(gone))
        hby_cl_backend_destroy(&gone->device);
    hby_report_destroy(&gone->report);
    hby_options_destroy(&gone->opt);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

bool hby_delegate_forked(const struct hby_delegate *d)
{
    return getpid() != d->pid;
}

void hby_delegate_plan_options(const struct hby_delegate *d, struct hby_plan_options *po)
{
    *po = (struct hby_plan_options){.rounding = (enum hby_rounding)d->opt->rounding,
                                    .precision = (enum hby_precision)d->opt->precision,
                                    .host_ref = (enum hby_host_ref_use)d->opt->host_ref};
}

static void device_log(void *verbose, int level, const char *text)
{
    hby_log(*(const int *)verbose, (enum hby_log_level)level, "%s", text);
}

/* Opens the device once; why there is none is said once. */
static void open_device(struct hby_delegate *d)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct hby_options *o = d->opt;
    if (d->device_tried)
        return;
    d->device_tried = true;
    if (o->host_ref == HBY_HOST_REF_ONLY) {
        hby_say(HBY_OK, &d->no_device, "host_ref=only: OpenCL is not used");
        return;
    }
    struct hby_cl_options co = {.choice = {.device_id = o->device_id, .device = o->device, .device_type = o->device_type - 1},
                                .serialization_dir = o->serialization_dir,
                                .model_token = o->model_token,
                                .deny_kernels = o->deny_kernels,
                                .gemm = o->gemm,
                                .tune = o->tune,
                                .wait_limit_ms = o->timeout_ms,
                                .memory_limit_mb = o->memory_limit_mb,
                                .profile = o->profile,
                                .zero_copy = o->zero_copy,
                                .chain = o->chain,
                                .log = device_log,
                                .log_ctx = &d->opt->verbose};
    enum hby_status st = hby_cl_backend_create(&co, &d->device, &d->no_device);
    if (st) {
        d->device = NULL;
        if (!d->no_device.text[0])
            hby_say(st, &d->no_device, "the OpenCL device cannot be opened");
        hby_log(o->verbose, HBY_LOG_WARNING, "nothing is delegated: %s", d->no_device.text);
        return;
    }
    pthread_once(&once, watch_exit); /* registered after OpenCL's own handlers, so it runs before them */
    const struct hby_cl_info *info = hby_cl_backend_info(d->device);
    hby_log(o->verbose, HBY_LOG_CLAIMS, "device: %s / %s, %s", info->platform, info->name, info->version);
}

/* The verdict of each node, from a plan of the whole graph; the caller destroys *out. */
static enum hby_status judge(struct hby_delegate *d, struct hby_import *im, int threads, struct hby_plan **out, struct hby_reason *why)
{
    struct hby_graph *copy = NULL;
    struct hby_plan *plan = NULL;
    struct hby_plan_options po;
    hby_delegate_plan_options(d, &po);
    po.runtime_threads = threads;
    po.runtime_cpu = hby_cl_host_cpu();
    int n = im->graph->n_nodes;
    int *all = calloc((size_t)n + 1, sizeof *all);
    if (!all)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < n; i++)
        all[i] = i;
    enum hby_status st = hby_graph_select(im->graph, all, n, &copy);
    free(all);
    if (!st)
        st = hby_plan_create(copy, &po, d->device, hby_host_ref_backend(), &plan, why);
    if (!st) {
        im->apart = hby_plan_makes_integers(plan);
        im->half = plan->half_storage ? HBY_HALF_ON : HBY_HALF_OFF;
        hby_note_verdicts(im, plan, false);
    }
    *out = plan;
    return st;
}

/* The device's programs for the nodes that are claimed. */
static enum hby_status build_claimed(const struct hby_delegate *d, const struct hby_import *im, const struct hby_plan *plan, struct hby_reason *why)
{
    if (!d->device || !d->device->ops->build)
        return HBY_OK;
    bool *taken = calloc((size_t)plan->graph->n_nodes + 1, sizeof *taken);
    if (!taken)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < plan->graph->n_nodes; i++) {
        const struct hby_record *r = hby_import_find(im, plan->graph->node[i].runtime_index);
        taken[i] = r && r->claimed;
    }
    const enum hby_status st = d->device->ops->build(d->device, plan, taken, why);
    free(taken);
    return st;
}

/* What is claimed, by plan and cost. A device that does not build what it said it runs is asked once more, and then says what it has built. */
static enum hby_status choose(struct hby_delegate *d, struct hby_tfl_context *ctx, struct hby_import *im, struct hby_reason *why)
{
    enum hby_status st = HBY_OK;
    bool again = true;
    for (int attempt = 0; attempt < 2 && again; attempt++) {
        struct hby_plan *plan = NULL;
        struct hby_reason failure = {""};
        st = judge(d, im, ctx->recommended_num_threads, &plan, why);
        if (!st)
            st = hby_claim(ctx, d->opt, im);
        again = !st && build_claimed(d, im, plan, &failure) != HBY_OK;
        hby_plan_destroy(&plan);
    }
    return st;
}

static void leave_all(struct hby_import *im, const char *reason)
{
    for (int i = 0; i < im->n_records; i++) {
        im->record[i].claimed = false;
        im->record[i].verdict.where = HBY_ON_RUNTIME;
        if (im->record[i].node >= 0)
            hby_say(HBY_OK, &im->record[i].verdict.reason, "%s", reason);
    }
}

static void log_nodes(const struct hby_delegate *d, const struct hby_import *im, int partitions)
{
    static const char *const where[] = {[HBY_ON_RUNTIME] = "runtime", [HBY_ON_DEVICE] = "device", [HBY_ON_HOST_REF] = "host_ref"};
    int count[3] = {0}, verbose = d->opt->verbose;
    for (int i = 0; i < im->n_records; i++) {
        const struct hby_record *r = &im->record[i];
        enum hby_where w = r->claimed ? r->verdict.where : HBY_ON_RUNTIME;
        count[w]++;
        hby_log(verbose, HBY_LOG_NODES, "node %d %s: %s%s%s%s%s", r->index, r->op, where[w], w != HBY_ON_RUNTIME ? ", " : "",
                w != HBY_ON_RUNTIME ? r->verdict.arithmetic : "", r->verdict.reason.text[0] ? ": " : "", r->verdict.reason.text);
    }
    hby_log(verbose, HBY_LOG_CLAIMS, "%s model: %d nodes on the device, %d on host_ref, %d left to the runtime, %d partitions", hby_model_mode(im),
            count[HBY_ON_DEVICE], count[HBY_ON_HOST_REF], count[HBY_ON_RUNTIME], partitions);
}

static void report(struct hby_delegate *d, struct hby_tfl_context *ctx, struct hby_import *im, int partitions)
{
    if (!d->opt->report_path)
        return;
    /* Subgraphs of one interpreter share its CPU backend context. */
    const void *interpreter = ctx->GetExternalContext ? ctx->GetExternalContext(ctx, HBY_TFL_CPU_BACKEND_CONTEXT) : NULL;
    struct hby_report_context rc = {
        .opt = d->opt, .device = d->device ? hby_cl_backend_info(d->device) : NULL, .no_device = d->no_device.text[0] ? d->no_device.text : NULL};
    struct hby_reason why = {""};
    if (hby_report_write(d->report, &rc, interpreter ? interpreter : (const void *)ctx, ctx, im, partitions, &why))
        hby_log(d->opt->verbose, HBY_LOG_WARNING, "%s", why.text);
}

/* Replaces the claimed nodes by kernels: one per partition, made by the runtime's calls of our init. */
static int replace(struct hby_delegate *d, struct hby_tfl_context *ctx, struct hby_import *im)
{
    struct hby_tfl_ints *claimed = malloc(sizeof *claimed + ((size_t)im->n_records + 1) * sizeof claimed->data[0]);
    if (!claimed)
        return HBY_TFL_OK; /* nothing is taken, nothing is broken */
    claimed->size = 0;
    for (int i = 0; i < im->n_records; i++)
        if (im->record[i].claimed)
            claimed->data[claimed->size++] = im->record[i].index;
    int st = HBY_TFL_OK;
    d->current_partitions = 0;
    if (claimed->size > 0) {
        struct hby_tfl_registration reg;
        hby_kernel_registration(&reg);
        d->current = im;
        d->current_ctx = ctx;
        d->current_thread = pthread_self();
        st = ctx->ReplaceNodeSubsetsWithDelegateKernels(ctx, reg, claimed, &d->tfl);
        d->current = NULL;
        d->current_ctx = NULL;
    }
    free(claimed);
    return st;
}

static int prepare_locked(struct hby_delegate *d, struct hby_tfl_context *ctx)
{
    struct hby_import *im = NULL;
    struct hby_reason why = {""};
    enum hby_status st = hby_import_create(ctx, NULL, -1, &im, &why);
    if (st) {
        hby_log(d->opt->verbose, HBY_LOG_WARNING, "nothing is delegated: %s",
                st == HBY_NO_MEMORY ? "out of memory"
                : why.text[0]       ? why.text
                                    : "the runtime does not show its nodes");
        return HBY_TFL_OK;
    }
    open_device(d);
    bool host_only = d->opt->host_ref == HBY_HOST_REF_ONLY;
    if (!d->device && !host_only) {
        leave_all(im, d->no_device.text);
    } else {
        st = choose(d, ctx, im, &why);
        if (st) {
            leave_all(im, why.text[0] ? why.text : "out of memory");
            hby_log(d->opt->verbose, HBY_LOG_WARNING, "nothing is delegated: %s", why.text[0] ? why.text : "out of memory");
        }
    }
    int status = replace(d, ctx, im);
    log_nodes(d, im, d->current_partitions);
    report(d, ctx, im, d->current_partitions);
    hby_import_destroy(&im);
    return status;
}

int hby_delegate_prepare(struct hby_tfl_context *ctx, struct TfLiteDelegate *tfl)
{
    struct hby_delegate *d = tfl->data_;
    if (hby_delegate_forked(d)) {
        hby_log(d->opt->verbose, HBY_LOG_WARNING, "nothing is delegated: the delegate was created before this process was forked; create it in the child");
        return HBY_TFL_OK;
    }
    pthread_mutex_lock(&d->lock);
    int status = prepare_locked(d, ctx);
    pthread_mutex_unlock(&d->lock);
    return status;
}
