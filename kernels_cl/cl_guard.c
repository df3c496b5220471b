/* The testing aid guard_arena: every buffer between two bands of a pattern, so that a write past its ends is seen. Constants, and inputs that no step writes,
 * must hold what was put there. */
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_session.h"
#include "kernels_cl/hash.h"

enum { BAND = 256, PATTERN = 0xA5 };

static size_t front(const struct hby_cl_session *s)
{
    const size_t align = s->st->dev.info.align_bytes;
    return align > BAND ? align : BAND; /* both are powers of two */
}

enum hby_status hby_cl_guard_buffer(struct hby_cl_session *s, size_t bytes, const char *what, int number, cl_mem *part, struct hby_reason *why)
{
    const struct hby_cl_api *cl = s->st->cl;
    const size_t at = front(s), size = at + bytes + BAND;
    const cl_uchar pattern = PATTERN, nothing = 0;
    struct hby_cl_guarded new = {.bytes = bytes, .what = what, .number = number};
    cl_int err = CL_SUCCESS;
    if (!hby_cl_grow((void **)&s->guarded, s->n_guarded, &s->guarded_room, sizeof *s->guarded))
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    const enum hby_status st = hby_cl_memory_buffer(s, size, &new.whole, why);
    if (st)
        return st;
    s->guarded[s->n_guarded++] = new;
    err = cl->clEnqueueFillBuffer(s->queue, new.whole, &pattern, 1, 0, size, 0, NULL, NULL);
    if (!err && bytes > 0)
        err = cl->clEnqueueFillBuffer(s->queue, new.whole, &nothing, 1, at, bytes, 0, NULL, NULL);
    if (err)
        return hby_cl_fail(err, "clEnqueueFillBuffer", why);
    const cl_buffer_region region = {at, bytes + HBY_CL_SLACK};
    *part = cl->clCreateSubBuffer(new.whole, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &err);
    return *part ? HBY_OK : hby_cl_fail(err ? err : CL_OUT_OF_RESOURCES, "clCreateSubBuffer", why);
}

static enum hby_status read_back(struct hby_cl_session *s, cl_mem mem, size_t offset, size_t bytes, void *to, struct hby_reason *why)
{
    return hby_cl_fail(s->st->cl->clEnqueueReadBuffer(s->queue, mem, CL_TRUE, offset, bytes, to, 0, NULL, NULL), "clEnqueueReadBuffer", why);
}

static enum hby_status check_bands(struct hby_cl_session *s, const struct hby_cl_guarded *g, struct hby_reason *why)
{
    for (int side = 0; side < 2; side++) {
        unsigned char band[BAND];
        const enum hby_status st = read_back(s, g->whole, side ? front(s) + g->bytes : front(s) - BAND, BAND, band, why);
        if (st)
            return st;
        for (int i = 0; i < BAND; i++)
            if (band[i] != PATTERN)
                return hby_say(HBY_DEVICE, why, "a kernel wrote outside %s %d, %d bytes %s", g->what, g->number, side ? i : BAND - i,
                               side ? "after its end" : "before its start");
    }
    return HBY_OK;
}

/* The contents, and the zeros behind them. */
static enum hby_status check_constant(struct hby_cl_session *s, int i, struct hby_reason *why)
{
    const struct hby_cl_const *c = &s->constant[i];
    unsigned char *now = malloc(c->bytes + HBY_CL_SLACK);
    enum hby_status st = now ? read_back(s, c->mem, 0, c->bytes + HBY_CL_SLACK, now, why) : hby_say(HBY_NO_MEMORY, why, "out of memory");
    const struct hby_hash h = st ? (struct hby_hash){{0}} : hby_hash_of(now, c->bytes);
    bool same = h.word[0] == c->hash[0] && h.word[1] == c->hash[1];
    for (size_t k = c->bytes; k < c->bytes + HBY_CL_SLACK && !st && same; k++)
        same = now[k] == 0;
    free(now);
    return st || same ? st : hby_say(HBY_DEVICE, why, "a kernel wrote to constant %d", i);
}

static bool is_written(const struct hby_plan *plan, int root)
{
    for (int k = 0; k < plan->n_steps; k++)
        for (int i = 0; i < plan->step[k].n_out; i++)
            if (hby_plan_root(plan, plan->step[k].out[i]) == root)
                return true;
    return false;
}

static enum hby_status check_input(struct hby_cl_session *s, int tensor, struct hby_reason *why)
{
    const int root = hby_plan_root(s->plan, tensor);
    const size_t bytes = hby_plan_bytes(s->plan, root);
    if (bytes == 0 || !s->tensor[root] || !s->staged[root] || s->st->zero_copy || (s->address && s->address[root]) || is_written(s->plan, root))
        return HBY_OK;
    unsigned char *now = malloc(bytes);
    const enum hby_status st = now ? read_back(s, s->tensor[root], 0, bytes, now, why) : hby_say(HBY_NO_MEMORY, why, "out of memory");
    const bool same = !st && !memcmp(now, s->staged[root], bytes);
    free(now);
    return st || same ? st : hby_say(HBY_DEVICE, why, "a kernel wrote to input %d", tensor);
}

enum hby_status hby_cl_guard_check(struct hby_cl_session *s, struct hby_reason *why)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < s->n_guarded && !st; i++)
        st = check_bands(s, &s->guarded[i], why);
    for (int i = 0; i < s->n_constants && !st; i++)
        st = check_constant(s, i, why);
    for (int i = 0; i < s->plan->graph->n_inputs && !st; i++)
        st = check_input(s, s->plan->graph->input[i], why);
    return st;
}

void hby_cl_guard_free(struct hby_cl_session *s)
{
    for (int i = 0; i < s->n_guarded; i++)
        s->st->cl->clReleaseMemObject(s->guarded[i].whole);
    free(s->guarded);
}
