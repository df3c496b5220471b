/* The testing aid guard_arena: every tensor in a buffer of its own between two bands of a pattern, so that a write past its ends is seen. */
#include <string.h>

#include "kernels_cl/cl_session.h"

enum { BAND = 256, PATTERN = 0xA5 };

static size_t front(const struct hby_cl_session *s)
{
    const size_t align = s->st->dev.info.align_bytes;
    return align > BAND ? align : BAND; /* both are powers of two */
}

enum hby_status hby_cl_guard_place(struct hby_cl_session *s, int root, struct hby_reason *why)
{
    const struct hby_cl_api *cl = s->st->cl;
    const size_t bytes = hby_plan_bytes(s->plan, root), at = front(s), size = at + bytes + BAND;
    const cl_uchar pattern = PATTERN, nothing = 0;
    cl_int err = CL_SUCCESS;
    const enum hby_status st = hby_cl_memory_buffer(s, size, &s->guard[root], why);
    if (st)
        return st;
    err = cl->clEnqueueFillBuffer(s->queue, s->guard[root], &pattern, 1, 0, size, 0, NULL, NULL);
    if (!err && bytes > 0)
        err = cl->clEnqueueFillBuffer(s->queue, s->guard[root], &nothing, 1, at, bytes, 0, NULL, NULL);
    if (err)
        return hby_cl_fail(err, "clEnqueueFillBuffer", why);
    const cl_buffer_region region = {at, bytes + HBY_CL_SLACK};
    s->tensor[root] = cl->clCreateSubBuffer(s->guard[root], CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &err);
    return s->tensor[root] ? HBY_OK : hby_cl_fail(err ? err : CL_OUT_OF_RESOURCES, "clCreateSubBuffer", why);
}

enum hby_status hby_cl_guard_check(struct hby_cl_session *s, struct hby_reason *why)
{
    for (int t = 0; t < s->plan->graph->n_tensors; t++) {
        if (!s->guard[t])
            continue;
        const size_t bytes = hby_plan_bytes(s->plan, t), at = front(s);
        for (int side = 0; side < 2; side++) {
            unsigned char band[BAND];
            const size_t offset = side ? at + bytes : at - BAND;
            const enum hby_status st =
                hby_cl_fail(s->st->cl->clEnqueueReadBuffer(s->queue, s->guard[t], CL_TRUE, offset, BAND, band, 0, NULL, NULL), "clEnqueueReadBuffer", why);
            if (st)
                return st;
            for (int i = 0; i < BAND; i++)
                if (band[i] != PATTERN)
                    return hby_say(HBY_DEVICE, why, "a kernel wrote outside tensor %d, %d bytes %s", t, side ? i : BAND - i,
                                   side ? "after its end" : "before its start");
        }
    }
    return HBY_OK;
}
