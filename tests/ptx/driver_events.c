/* Events, and what the host may know of transfers before it has waited for them: a device works while the host goes on. What is read into the host's memory is
 * there only after a wait; what is written from it must stay until then. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/ptx/driver.h"

/* --- transfers that nobody has waited for --- */

struct hby_ptx_transfer {
    struct hby_ptx_transfer *next;
    void *to; /* NULL: from the host */
    const void *from;
    size_t bytes, number;
    unsigned char copy[];
};

cl_int hby_ptx_transfer(cl_command_queue q, void *to, const void *from, size_t bytes, bool blocking)
{
    if (blocking) {
        hby_ptx_settle(q, ULONG_MAX);
        if (to && !q->stuck)
            memcpy(to, from, bytes);
        return CL_SUCCESS;
    }
    struct hby_ptx_transfer *t = malloc(sizeof *t + bytes), **at = &q->transfer;
    if (!t)
        return CL_OUT_OF_HOST_MEMORY;
    *t = (struct hby_ptx_transfer){.to = to, .from = from, .bytes = bytes, .number = q->commands + 1};
    memcpy(t->copy, from, bytes);
    if (to)
        memset(to, 0xa5, bytes);
    while (*at)
        at = &(*at)->next;
    *at = t;
    return CL_SUCCESS;
}

void hby_ptx_settle(cl_command_queue q, size_t number)
{
    while (!q->stuck && q->transfer && q->transfer->number <= number) {
        struct hby_ptx_transfer *t = q->transfer;
        q->transfer = t->next;
        if (t->to)
            memcpy(t->to, t->copy, t->bytes);
        else if (memcmp(t->from, t->copy, t->bytes) != 0)
            fprintf(stderr, "ptx: the host changed what a transfer was still to read\n");
        free(t);
    }
}

HBY_PTX_API cl_int clReleaseCommandQueue(cl_command_queue q)
{
    if (--q->users)
        return CL_SUCCESS;
    while (q->transfer) { /* the memory may be gone */
        struct hby_ptx_transfer *t = q->transfer;
        q->transfer = t->next;
        free(t);
    }
    free(q);
    return CL_SUCCESS;
}

/* --- events --- */

cl_ulong hby_ptx_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (cl_ulong)t.tv_sec * 1000000000u + (cl_ulong)t.tv_nsec;
}

cl_int hby_ptx_done(cl_command_queue q, cl_event *event, cl_ulong start, cl_int status)
{
    q->commands++;
    if (!event)
        return CL_SUCCESS;
    *event = calloc(1, sizeof **event);
    if (!*event)
        return CL_OUT_OF_HOST_MEMORY;
    **event = (struct _cl_event){status ? status : q->stuck ? CL_QUEUED : CL_COMPLETE, start, hby_ptx_now(), q, q->commands};
    q->users++;
    return CL_SUCCESS;
}

HBY_PTX_API cl_int clGetEventInfo(cl_event e, cl_event_info what, size_t room, void *out, size_t *needed)
{
    if (!e)
        return CL_INVALID_EVENT;
    if (e->queue)
        hby_ptx_settle(e->queue, e->number);
    return what == CL_EVENT_COMMAND_EXECUTION_STATUS ? hby_ptx_answer(&e->status, sizeof e->status, room, out, needed) : CL_INVALID_VALUE;
}

HBY_PTX_API cl_int clGetEventProfilingInfo(cl_event e, cl_profiling_info what, size_t room, void *out, size_t *needed)
{
    if (!e)
        return CL_INVALID_EVENT;
    return what == CL_PROFILING_COMMAND_START || what == CL_PROFILING_COMMAND_QUEUED || what == CL_PROFILING_COMMAND_SUBMIT
               ? hby_ptx_answer(&e->start, sizeof e->start, room, out, needed)
           : what == CL_PROFILING_COMMAND_END ? hby_ptx_answer(&e->end, sizeof e->end, room, out, needed)
                                              : CL_INVALID_VALUE;
}

HBY_PTX_API cl_int clWaitForEvents(cl_uint n, const cl_event *events)
{
    for (cl_uint k = 0; k < n; k++) {
        if (events[k]->status < 0)
            return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
        if (events[k]->queue)
            hby_ptx_settle(events[k]->queue, events[k]->number);
    }
    return CL_SUCCESS;
}

cl_int hby_ptx_wait(cl_command_queue q, cl_uint n, const cl_event *events)
{
    if (q->context->status)
        return q->context->status;
    for (cl_uint k = 0; k < n; k++) {
        if (events[k]->status < 0)
            return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
        q->stuck = q->stuck || events[k]->status != CL_COMPLETE;
    }
    return CL_SUCCESS;
}

HBY_PTX_API cl_event clCreateUserEvent(cl_context c, cl_int *err)
{
    cl_event e = c ? calloc(1, sizeof *e) : NULL;
    if (e)
        e->status = CL_SUBMITTED;
    if (err)
        *err = e ? CL_SUCCESS : CL_INVALID_CONTEXT;
    return e;
}

HBY_PTX_API cl_int clReleaseEvent(cl_event e)
{
    if (e && e->queue)
        clReleaseCommandQueue(e->queue);
    free(e);
    return CL_SUCCESS;
}

HBY_PTX_API cl_int clEnqueueMarkerWithWaitList(cl_command_queue q, cl_uint n, const cl_event *wait, cl_event *event)
{
    const cl_int err = hby_ptx_wait(q, n, wait);
    return err ? err : hby_ptx_done(q, event, hby_ptx_now(), CL_SUCCESS);
}
