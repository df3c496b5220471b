/* The vtable of partition/backend.h on a device: which kernel takes a step, and a session made of kernels with their arguments bound. */
#include "kernels_cl/cl_session.h"
#include "partition/cost.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WARM_UP_FACTOR = 10 }; /* of the time limit of a run */

/* Is the row's name in the comma-separated option deny_kernels? '-' equals '_'. */
static bool denied(const char *list, const char *name)
{
    while (list && *list) {
        const size_t n = strcspn(list, ",");
        size_t i = 0;
        while (i < n && name[i] && (list[i] == '-' ? '_' : list[i]) == name[i])
            i++;
        if (i == n && !name[n])
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

/* The first row that takes plan->step[first], with at most `limit` steps: its launches, bound where there is a session. */
static enum hby_status pick(struct hby_cl_state *st, struct hby_cl_session *session, struct hby_cl_wanted *wanted, const struct hby_plan *plan, int first,
                            int limit, struct hby_cl_launch *l, struct hby_reason *why)
{
    const struct hby_step *step = &plan->step[first];
    const struct hby_cl_site site = {&st->dev, plan, step, first, limit};
    struct hby_reason refusal = {""};
    for (const struct hby_cl_kernel *row = hby_cl_kernels; row->name; row++) {
        if (row->nest != step->nest || !(row->schemes & 1u << step->scheme) || denied(st->deny, row->name))
            continue;
        const int n = row->match(&site, &refusal);
        if (n <= 0 || n > limit)
            continue;
        *l = (struct hby_cl_launch){.st = st,
                                    .session = session,
                                    .wanted = wanted,
                                    .plan = plan,
                                    .step = step,
                                    .step_index = first,
                                    .row = row,
                                    .count = n,
                                    .force = session ? session->force : (struct hby_cl_force){st->gemm, HBY_CL_TILE_TUNED}};
        struct hby_reason failure = {""};
        const enum hby_status status = hby_cl_launch_run(l, row, &site, &failure);
        if (!status)
            return HBY_OK;
        if (failure.text[0]) /* else the row stands back for the next, for reasons of speed */
            hby_cl_log(st, HBY_CL_LOG_BUILD, "step %d: %s", first, failure.text);
        if (!refusal.text[0])
            refusal = failure;
        if (status == HBY_NO_MEMORY && session)
            return hby_say(status, why, "%s", failure.text);
    }
    if (!refusal.text[0])
        hby_say(HBY_UNSUPPORTED, &refusal, "no kernel for %s in scheme %s on this device%s", hby_ops[step->op].name, hby_scheme_names[step->scheme],
                st->deny ? " (deny_kernels is set)" : "");
    return hby_say(HBY_UNSUPPORTED, why, "%s", refusal.text);
}

/* Products per cycle and compute unit on CPUs, fitted to the times of 75 networks under PoCL on AVX-512 with VNNI; other instruction sets in proportion. */
static double cpu_rate(const struct hby_cl_info *in, enum hby_work work, enum hby_scheme scheme)
{
    static const double rate[HBY_WORK_MATH][4] = {/* float, int8 and uint8, int16, dynamic range */
                                                  [HBY_WORK_CONV] = {35, 119, 57, 29},
                                                  [HBY_WORK_DEPTHWISE] = {4.7, 6, 6, 1.9},
                                                  [HBY_WORK_DENSE] = {20, 60, 30, 20},
                                                  [HBY_WORK_MATMUL] = {5, 5, 5, 5},
                                                  [HBY_WORK_RECURRENT] = {2.8, 7, 7, 2.8}};
    const bool is_float = scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16;
    const int column = is_float ? 0 : scheme == HBY_SCHEME_i16 ? 2 : scheme == HBY_SCHEME_f32w8 ? 3 : 1;
    const bool products = work == HBY_WORK_CONV || work == HBY_WORK_DENSE;
    const struct hby_cost_cpu cpu = hby_cl_cpu_parts(in->dot, in->x86_avx512 ? 16 : in->is_host_cpu ? 8 : in->native_floats);
    return rate[work][column] * (products && !is_float ? cpu.integers : cpu.floats);
}

/* Estimate: products at the device's rate or bytes at its bandwidth, whichever takes longer, and the launches. Coarse: it decides between device and CPU. */
static double estimate_us(const struct hby_cl_state *st, const struct hby_cl_launch *l, int first)
{
    const struct hby_cl_info *in = &st->dev.info;
    const struct hby_cost c = hby_cost_of_step(l->plan, &l->plan->step[first]);
    const enum hby_scheme scheme = l->step->scheme;
    const double macs = l->macs > 0 ? l->macs : c.macs, bytes = l->bytes > 0 ? l->bytes : c.bytes;
    const double units = in->compute_units > 0 ? in->compute_units : 1;
    const bool is_float = scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16;
    double compute = 0, memory = 0;
    if (in->kind != HBY_CL_CPU) {
        compute = macs / ((is_float || in->dot == HBY_DOT_PORTABLE ? 24 : 96) * (in->clock_mhz > 0 ? in->clock_mhz : 1000) * units);
        memory = bytes / 100e3;
    } else if (c.work < HBY_WORK_MATH) {
        const struct hby_args_conv *conv = c.work == HBY_WORK_CONV ? &l->step->args.conv : NULL;
        const double lanes = conv && conv->out_c > 0 ? 1 + 16.0 / conv->out_c : 1; /* few channels leave lanes idle */
        compute = macs * lanes / (cpu_rate(in, c.work, scheme) * (in->clock_mhz > 0 ? in->clock_mhz : 2500) * units);
        memory = bytes / 12e3;
    } else {
        memory = bytes / (c.work == HBY_WORK_MOVE ? 12e3 : is_float ? 3500 * units : 850 * units);
    }
    return (compute > memory ? compute : memory) + l->n_launches * (in->kind != HBY_CL_CPU ? 4.0 : st->chains ? 0.65 : 4.0);
}

static enum hby_status query(struct hby_backend *be, const struct hby_plan *plan, int first, int limit, struct hby_answer *answer, struct hby_reason *why)
{
    struct hby_cl_state *st = hby_cl_state_of(be);
    struct hby_cl_launch l;
    enum hby_status status = hby_cl_check_fork(st, why);
    if (!status)
        status = hby_cl_check_quarantine(st, why);
    if (!status)
        status = pick(st, NULL, NULL, plan, first, limit, &l, why);
    if (status)
        return status;
    *answer = (struct hby_answer){.count = l.count, .us = estimate_us(st, &l, first), .launches = l.n_launches};
    memcpy(answer->arithmetic, l.arithmetic, sizeof answer->arithmetic);
    strncpy(answer->kernel, l.row->name, sizeof answer->kernel - 1);
    return HBY_OK;
}

/* The functions of all launches of `taken` nodes, as their steps were answered for. */
static enum hby_status collect(struct hby_cl_state *st, const struct hby_plan *plan, const bool *taken, struct hby_cl_wanted *wanted, struct hby_reason *why)
{
    for (int s = 0; s < plan->n_steps; s++) {
        struct hby_cl_launch l;
        if (plan->where[s] != HBY_ON_DEVICE || plan->span[s] == 0 || (plan->step[s].node >= 0 && !taken[plan->step[s].node]))
            continue;
        const enum hby_status status = pick(st, NULL, wanted, plan, s, plan->span[s], &l, why);
        if (status)
            return status;
    }
    return HBY_OK;
}

static enum hby_status build(struct hby_backend *be, const struct hby_plan *plan, const bool *taken, struct hby_reason *why)
{
    struct hby_cl_state *st = hby_cl_state_of(be);
    struct hby_cl_wanted w = {0};
    struct hby_cl_program *alone;
    const struct hby_cl_functions *set;
    if (!st->chains)
        return HBY_OK;
    enum hby_status status = hby_cl_check_fork(st, why);
    if (!status)
        status = hby_cl_check_quarantine(st, why);
    if (!status)
        status = collect(st, plan, taken, &w, why);
    if (!status && w.n_chained)
        status = hby_cl_functions_get(st, w.chained, w.n_chained, &set, why);
    for (int i = 0; i < w.n_alone && !status; i++)
        status = hby_cl_program_of_key(st, w.alone[i]->key, &alone, why);
    free(w.chained);
    free(w.alone);
    if (status) {
        hby_cl_log(st, HBY_CL_LOG_FAULT, "launches stay single: %s", why->text);
        st->chains = false;
    }
    return status;
}

/* Where the time went: the option `profile`. */
static void log_profile(const struct hby_cl_session *s)
{
    double total = 0, least = 0;
    for (int i = 0; i < s->n_ops; i++) {
        const struct hby_cl_op *op = &s->op[i];
        const struct hby_step *step = &s->plan->step[op->step];
        if (op->runs == 0)
            continue;
        hby_cl_log(s->st, HBY_CL_LOG_FAULT, "profile: step %d %s %s, node %d: %s %zu x %zu x %zu: %.1f us, least %.1f us", op->step, hby_ops[step->op].name,
                   hby_scheme_names[step->scheme], step->node, op->name, op->global[0], op->global[1], op->global[2], op->total_us / (double)op->runs,
                   op->least_us);
        total += op->total_us / (double)op->runs;
        least += op->least_us;
    }
    hby_cl_log(s->st, HBY_CL_LOG_FAULT, "profile: %.1f us in %d launches, least %.1f us", total, s->n_ops, least);
}

/* Frees what the device cannot touch any more; the rest of a hung session is leaked on purpose. */
static void destroy(struct hby_session **session)
{
    if (!session || !*session)
        return;
    struct hby_cl_session *s = (struct hby_cl_session *)*session;
    struct hby_cl_state *st = s->st;
    *session = NULL;
    if (hby_cl_check_fork(st, NULL)) /* a child has no driver threads: nothing can be released */
        return;
    if (s->queue && !s->hung) { /* a session that failed half-way may still have commands running */
        cl_event last = NULL;
        s->lost = st->cl->clEnqueueMarkerWithWaitList(s->queue, 0, NULL, &last) || !last;
        if (!s->lost) {
            s->lost = hby_cl_wait(s, last, st->wait_limit_ms, NULL) != HBY_OK;
            if (!s->hung)
                st->cl->clReleaseEvent(last);
        }
    }
    hby_cl_waiter_drop(s);
    if (s->hung) {
        hby_cl_log(st, HBY_CL_LOG_FAULT, "a hung session is left in memory");
        return; /* and the state with it: st->users stays above 0 */
    }
    if (st->profile)
        log_profile(s);
    for (int i = 0; i < s->n_ops; i++) {
        if (s->op[i].event)
            st->cl->clReleaseEvent(s->op[i].event);
        if (s->op[i].kernel)
            st->cl->clReleaseKernel(s->op[i].kernel);
    }
    if (s->last)
        st->cl->clReleaseEvent(s->last);
    hby_cl_chain_free(s);
    hby_cl_memory_free(s);
    if (s->queue)
        st->cl->clReleaseCommandQueue(s->queue);
    free(s->op);
    free(s->op_first);
    free(s->scratch_arg);
    free(s->download);
    free(s);
    hby_cl_state_drop(st);
}

/* Launches of every span that is ours, in order. */
static enum hby_status bind_steps(struct hby_cl_session *s, struct hby_reason *why)
{
    const struct hby_plan *plan = s->plan;
    enum hby_status st = HBY_OK;
    for (int k = 0; k < plan->n_steps && !st; k++) {
        s->op_first[k] = s->n_ops;
        const int span = plan->span ? plan->span[k] : 1;
        if (plan->where[k] != HBY_ON_DEVICE || span == 0)
            continue;
        struct hby_cl_launch l;
        st = pick(s->st, s, NULL, plan, k, span, &l, why);
        if (!st && l.count != span)
            st = hby_say(HBY_DEVICE, why, "step %d: %s covers %d steps, and the plan says %d", k, l.row->name, l.count, span);
    }
    s->op_first[plan->n_steps] = s->n_ops;
    return st;
}

/* The chain, and kernels for what is no part of it. */
static enum hby_status make_kernels(struct hby_cl_session *s, struct hby_reason *why)
{
    enum hby_status st = hby_cl_chain_create(s, why);
    for (int i = 0; i < s->n_ops && !st; i++)
        if (s->op[i].function && !s->op[i].empty && hby_cl_chain_end(s, i, i + 1) == i)
            st = hby_cl_launch_alone(s, &s->op[i], why);
    return st;
}

/* One run on zeros. Some drivers compile a kernel when it is first launched: that belongs to the set-up, and may take longer than any run. */
static enum hby_status warm_up(struct hby_cl_session *s, struct hby_reason *why)
{
    cl_event done = NULL;
    const int limit = s->st->wait_limit_ms;
    enum hby_status st = hby_cl_run(&s->base, 0, s->plan->n_steps);
    if (st)
        return hby_say(st, why, "the first launch of the kernels fails");
    if ((st = hby_cl_memory_forget_bad_data(s, why))) /* zeros may be bad data */
        return st;
    st = hby_cl_fail(s->st->cl->clEnqueueMarkerWithWaitList(s->queue, 0, NULL, &done), "clEnqueueMarkerWithWaitList", why);
    if (!st)
        st = hby_cl_wait(s, done, limit < INT_MAX / WARM_UP_FACTOR ? limit * WARM_UP_FACTOR : INT_MAX, why);
    if (done && !s->hung)
        s->st->cl->clReleaseEvent(done);
    return st;
}

/* Of the device; staging on the host and what the driver takes come on top. */
static void log_memory(const struct hby_cl_session *s)
{
    size_t constants = 0, scratch = 0;
    for (int i = 0; i < s->n_constants; i++)
        constants += s->constant[i].bytes;
    for (int i = 0; i < HBY_CL_SCRATCH; i++)
        scratch += s->scratch_bytes[i];
    hby_cl_log(s->st, HBY_CL_LOG_BUILD, "memory: %zu bytes of activations, %zu of weights and tables in %d buffers, %zu of scratch", s->arena_bytes, constants,
               s->n_constants, scratch);
}

enum hby_status hby_cl_session_create(struct hby_cl_state *st, const struct hby_plan *plan, const struct hby_cl_force *force, struct hby_session **out,
                                      struct hby_reason *why)
{
    *out = NULL;
    enum hby_status status = hby_cl_check_fork(st, why);
    if (!status)
        status = hby_cl_check_quarantine(st, why);
    if (status)
        return status;
    struct hby_cl_session *s = calloc(1, sizeof *s);
    if (!s)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    s->base.ops = &hby_cl_session_ops;
    s->st = st;
    s->plan = plan;
    s->force = *force;
    s->shares = st->chains;
    hby_cl_state_keep(st);
    s->op_first = calloc((size_t)plan->n_steps + 1, sizeof *s->op_first);
    cl_int err = CL_SUCCESS;
    if (!s->op_first)
        status = hby_say(HBY_NO_MEMORY, why, "out of memory");
    else if (!(s->queue = st->cl->clCreateCommandQueue(st->ctx, st->id, st->profile ? CL_QUEUE_PROFILING_ENABLE : 0, &err)))
        status = hby_cl_fail(err ? err : CL_OUT_OF_RESOURCES, "clCreateCommandQueue", why);
    if (!status)
        status = hby_cl_memory_create(s, why);
    if (!status)
        status = bind_steps(s, why);
    if (!status)
        status = hby_cl_memory_scratch(s, why);
    if (!status)
        status = make_kernels(s, why);
    if (!status)
        status = warm_up(s, why);
    if (!status)
        log_memory(s);
    struct hby_session *base = &s->base;
    if (status == HBY_DEVICE)
        hby_cl_note_failure(st, s->hung, why);
    if (status)
        destroy(&base);
    else
        *out = base;
    return status;
}

static enum hby_status create(struct hby_backend *be, const struct hby_plan *plan, struct hby_session **out, struct hby_reason *why)
{
    struct hby_cl_state *st = hby_cl_state_of(be);
    const struct hby_cl_force none = {st->gemm, HBY_CL_TILE_TUNED};
    return hby_cl_session_create(st, plan, &none, out, why);
}

const struct hby_backend_ops hby_cl_session_ops = {
    .name = "opencl",
    .stages = true,
    .query = query,
    .build = build,
    .create = create,
    .upload = hby_cl_upload,
    .run = hby_cl_run,
    .download = hby_cl_download,
    .finish = hby_cl_finish,
    .destroy = destroy,
};
