/* Invoke: enqueue everything, wait once, and only then touch the caller's outputs. */
#include <string.h>

#include "kernels_cl/cl_session.h"

static struct hby_cl_session *session_of(struct hby_session *s)
{
    return (struct hby_cl_session *)s;
}

/* Any failure makes the session useless: what the device did of the work is unknown. */
static enum hby_status lost(struct hby_cl_session *s, enum hby_status st, const struct hby_reason *why)
{
    s->dead = true;
    if (st == HBY_DEVICE && !hby_cl_check_fork(s->st, NULL))
        hby_cl_note_failure(s->st, s->hung, why);
    return st == HBY_NO_MEMORY ? HBY_NO_MEMORY : HBY_DEVICE;
}

static enum hby_status usable(struct hby_cl_session *s)
{
    struct hby_reason why;
    if (s->dead)
        return HBY_DEVICE;
    const enum hby_status st = hby_cl_check_fork(s->st, &why);
    return st ? lost(s, st, &why) : HBY_OK;
}

static void set_last(struct hby_cl_session *s, cl_event event)
{
    if (s->last)
        s->st->cl->clReleaseEvent(s->last);
    s->last = event;
}

enum hby_status hby_cl_upload(struct hby_session *session, int tensor, const void *host, size_t bytes)
{
    struct hby_cl_session *s = session_of(session);
    struct hby_reason why;
    enum hby_status st = usable(s);
    if (st || bytes == 0)
        return st;
    const int root = hby_plan_root(s->plan, tensor);
    unsigned char *stage = hby_cl_memory_stage(s, root);
    if (!stage || !s->tensor[root] || bytes > hby_plan_bytes(s->plan, root))
        return HBY_NO_MEMORY;
    if (s->address && s->address[root] && !s->busy) { /* fine-grained memory: the next launch sees it */
        memcpy(s->address[root], host, bytes);
        return HBY_OK;
    }
    if (!s->st->zero_copy)
        memcpy(stage, host, bytes);
    cl_event done = NULL;
    st = hby_cl_fail(s->st->cl->clEnqueueWriteBuffer(s->queue, s->tensor[root], CL_FALSE, 0, bytes, s->st->zero_copy ? host : stage, 0, NULL, &done),
                     "clEnqueueWriteBuffer", &why);
    if (st)
        return lost(s, st, &why);
    set_last(s, done);
    s->busy = true;
    return HBY_OK;
}

enum hby_status hby_cl_run(struct hby_session *session, int first, int count)
{
    struct hby_cl_session *s = session_of(session);
    const struct hby_cl_api *cl = s->st->cl;
    enum hby_status st = usable(s);
    if (st)
        return st;
    const int end = s->op_first[first + count];
    if (s->n_downloads && (st = hby_cl_finish(session)) != HBY_OK) /* what is to be read may lie where these steps write */
        return st;
    s->busy = true;
    for (int i = s->op_first[first]; i < end; i++) {
        struct hby_cl_op *op = &s->op[i];
        if (op->empty)
            continue;
        const int last = hby_cl_chain_end(s, i, end);
        if (last > i) {
            cl_event all = NULL;
            const cl_int failed = hby_cl_chain_run(s, i, last, last == end ? &all : NULL);
            if (failed) {
                struct hby_reason why;
                hby_say(HBY_DEVICE, &why, "clEnqueueNDRangeKernel of a chain of %d: %s (%d)", last - i, hby_cl_error_name(failed), (int)failed);
                return lost(s, HBY_DEVICE, &why);
            }
            if (all)
                set_last(s, all);
            i = last - 1;
            continue;
        }
        const bool tell = s->st->profile || i == end - 1;
        cl_event done = NULL;
        const cl_int err = op->gemm.used
                               ? hby_clblast_run(&op->gemm, s->queue, tell ? &done : NULL)
                               : cl->clEnqueueNDRangeKernel(s->queue, op->kernel, op->dims, NULL, op->global, op->local, 0, NULL, tell ? &done : NULL);
        if (err) {
            struct hby_reason why;
            hby_say(HBY_DEVICE, &why, "%s of %s: %s (%d)", op->gemm.used ? "CLBlast" : "clEnqueueNDRangeKernel", op->name, hby_cl_error_name(err), (int)err);
            return lost(s, HBY_DEVICE, &why);
        }
        if (s->st->profile) {
            if (op->event)
                cl->clReleaseEvent(op->event);
            op->event = done;
            done = NULL;
        } else if (tell) {
            set_last(s, done);
        }
    }
    return HBY_OK;
}

enum hby_status hby_cl_download(struct hby_session *session, int tensor, void *host, size_t bytes)
{
    struct hby_cl_session *s = session_of(session);
    struct hby_reason why;
    enum hby_status st = usable(s);
    if (st || bytes == 0)
        return st;
    const int root = hby_plan_root(s->plan, tensor);
    unsigned char *stage = hby_cl_memory_stage(s, root);
    if (!stage || !s->tensor[root] || bytes > hby_plan_bytes(s->plan, root) ||
        !hby_cl_grow((void **)&s->download, s->n_downloads, &s->download_room, sizeof *s->download))
        return HBY_NO_MEMORY;
    if (s->address && s->address[root]) { /* read where it lies, once all is done */
        s->download[s->n_downloads++] = (struct hby_cl_download){s->address[root], host, bytes};
        return HBY_OK;
    }
    cl_event done = NULL;
    st = hby_cl_fail(s->st->cl->clEnqueueReadBuffer(s->queue, s->tensor[root], CL_FALSE, 0, bytes, s->st->zero_copy ? host : stage, 0, NULL, &done),
                     "clEnqueueReadBuffer", &why);
    if (st)
        return lost(s, st, &why);
    set_last(s, done);
    if (!s->st->zero_copy)
        s->download[s->n_downloads++] = (struct hby_cl_download){stage, host, bytes};
    return HBY_OK;
}

/* Times of the launches just done. */
static void read_times(struct hby_cl_session *s)
{
    for (int i = 0; i < s->n_ops; i++) {
        struct hby_cl_op *op = &s->op[i];
        cl_ulong from, to;
        if (!op->event)
            continue;
        if (!s->st->cl->clGetEventProfilingInfo(op->event, CL_PROFILING_COMMAND_START, sizeof from, &from, NULL) &&
            !s->st->cl->clGetEventProfilingInfo(op->event, CL_PROFILING_COMMAND_END, sizeof to, &to, NULL))
            op->us = (double)(to - from) * 1e-3;
        op->total_us += op->us;
        op->least_us = op->runs == 0 || op->us < op->least_us ? op->us : op->least_us;
        op->runs++;
        s->st->cl->clReleaseEvent(op->event);
        op->event = NULL;
    }
}

/* Asks, behind everything enqueued, whether a kernel met bad data; and makes the answer ready for the next run. */
static enum hby_status ask_bad_data(struct hby_cl_session *s, struct hby_reason *why)
{
    const cl_int none = 0;
    cl_event done = NULL;
    if (!s->bad_data)
        return HBY_OK;
    enum hby_status st = hby_cl_fail(s->st->cl->clEnqueueReadBuffer(s->queue, s->bad_data, CL_FALSE, 0, sizeof none, &s->found_bad_data, 0, NULL, NULL),
                                     "clEnqueueReadBuffer", why);
    if (!st)
        st = hby_cl_fail(s->st->cl->clEnqueueFillBuffer(s->queue, s->bad_data, &none, sizeof none, 0, sizeof none, 0, NULL, &done), "clEnqueueFillBuffer", why);
    if (!st)
        set_last(s, done);
    return st;
}

enum hby_status hby_cl_finish(struct hby_session *session)
{
    struct hby_cl_session *s = session_of(session);
    struct hby_reason why;
    enum hby_status st = usable(s);
    if (!st && (st = ask_bad_data(s, &why)))
        return lost(s, st, &why);
    if (st)
        return st;
    if (s->st->profile && !s->last) { /* launches alone: their events are kept apart */
        st = hby_cl_fail(s->st->cl->clEnqueueMarkerWithWaitList(s->queue, 0, NULL, &s->last), "clEnqueueMarkerWithWaitList", &why);
        if (st)
            return lost(s, st, &why);
    }
    if (s->last) {
        st = hby_cl_wait(s, s->last, s->st->wait_limit_ms, &why);
        if (st)
            return lost(s, st, &why);
        set_last(s, NULL);
    }
    if (s->st->profile)
        read_times(s);
    hby_cl_note_success(s->st);
    if (s->st->guard && (st = hby_cl_guard_check(s, &why)) != HBY_OK)
        return lost(s, st, &why);
    if (s->bad_data && s->found_bad_data) {
        s->n_downloads = 0;
        return HBY_BAD_DATA;
    }
    s->busy = false;
    for (int i = 0; i < s->n_downloads; i++)
        memcpy(s->download[i].to, s->download[i].from, s->download[i].bytes);
    s->n_downloads = 0;
    return HBY_OK;
}

int hby_cl_session_times(const struct hby_session *session, struct hby_cl_time *time, int room)
{
    const struct hby_cl_session *s = (const struct hby_cl_session *)session;
    if (session->ops != &hby_cl_session_ops || !s->st->profile)
        return 0;
    for (int i = 0; i < s->n_ops && i < room; i++)
        time[i] = (struct hby_cl_time){s->op[i].step, s->op[i].name, s->op[i].us};
    return s->n_ops;
}
