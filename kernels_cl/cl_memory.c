/* Buffers of a session: the arena and its parts, constants, scratch, staging. */
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_session.h"
#include "kernels_cl/hash.h"

bool hby_cl_grow(void **array, int used, int *room, size_t size)
{
    if (used < *room)
        return true;
    const int more = *room ? 2 * *room : 32;
    void *grown = realloc(*array, (size_t)more * size);
    if (!grown)
        return false;
    *array = grown;
    *room = more;
    return true;
}

/* A buffer over memory that has the same address for host and device. NULL where the driver refuses. */
static cl_mem shared_buffer(struct hby_cl_session *s, size_t bytes)
{
    const struct hby_cl_api *cl = s->st->cl;
    cl_int err;
    if (!hby_cl_grow((void **)&s->share, s->n_shares, &s->share_room, sizeof *s->share))
        return NULL;
    struct hby_cl_shared new = {.address = cl->clSVMAlloc(s->st->ctx, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER, bytes, 0)};
    if (!new.address)
        return NULL;
    new.mem = cl->clCreateBuffer(s->st->ctx, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes, new.address, &err);
    if (!new.mem)
        cl->clSVMFree(s->st->ctx, new.address);
    else
        s->share[s->n_shares++] = new;
    return new.mem;
}

void *hby_cl_memory_address(const struct hby_cl_session *s, cl_mem mem)
{
    cl_mem whole = NULL;
    size_t offset = 0;
    if (!mem || s->st->cl->clGetMemObjectInfo(mem, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof whole, &whole, NULL) ||
        s->st->cl->clGetMemObjectInfo(mem, CL_MEM_OFFSET, sizeof offset, &offset, NULL))
        return NULL;
    for (int i = 0; i < s->n_shares; i++)
        if (s->share[i].mem == (whole ? whole : mem))
            return (char *)s->share[i].address + (whole ? offset : 0);
    return NULL;
}

enum hby_status hby_cl_memory_buffer(struct hby_cl_session *s, size_t bytes, cl_mem *mem, struct hby_reason *why)
{
    cl_int err = CL_SUCCESS;
    struct hby_cl_state *st = s->st;
    const size_t used = atomic_fetch_add(&st->memory_used, bytes);
    s->allocated += bytes;
    *mem = NULL;
    if (st->memory_limit && (used > st->memory_limit || bytes > st->memory_limit - used))
        return hby_say(HBY_NO_MEMORY, why, "memory_limit_mb: %zu bytes beside the %zu in use are more than %zu", bytes, used, st->memory_limit);
    if (s->shares && (*mem = shared_buffer(s, bytes)))
        return HBY_OK;
    s->shares = false; /* one buffer without an address, and there is no chain */
    *mem = st->cl->clCreateBuffer(st->ctx, CL_MEM_READ_WRITE, bytes, NULL, &err);
    if (*mem)
        return HBY_OK;
    hby_say(HBY_NO_MEMORY, why, "clCreateBuffer of %zu bytes: %s (%d)", bytes, hby_cl_error_name(err), (int)err);
    return HBY_NO_MEMORY;
}

/* Nothing of what a kernel may read is ever undefined. */
enum hby_status hby_cl_memory_zero(struct hby_cl_session *s, cl_mem mem, size_t offset, size_t bytes, struct hby_reason *why)
{
    const cl_uchar nothing = 0;
    return hby_cl_fail(s->st->cl->clEnqueueFillBuffer(s->queue, mem, &nothing, 1, offset, bytes, 0, NULL, NULL), "clEnqueueFillBuffer", why);
}

/* A buffer of zeros, and slack behind them. */
static enum hby_status zeros(struct hby_cl_session *s, size_t bytes, const char *what, int number, cl_mem *mem, struct hby_reason *why)
{
    if (s->st->guard)
        return hby_cl_guard_buffer(s, bytes, what, number, mem, why);
    const enum hby_status st = hby_cl_memory_buffer(s, bytes + HBY_CL_SLACK, mem, why);
    return st ? st : hby_cl_memory_zero(s, *mem, 0, bytes + HBY_CL_SLACK, why);
}

/* Parts of one arena; buffers of their own where the device cannot allocate it in one piece. */
static enum hby_status place_tensors(struct hby_cl_session *s, const size_t *offset, size_t total, struct hby_reason *why)
{
    const bool in_one = total <= s->st->dev.info.max_alloc_bytes && !s->st->guard;
    enum hby_status st = HBY_OK;
    if (in_one && total > 0 && !(st = hby_cl_memory_buffer(s, total, &s->arena, why)))
        st = hby_cl_memory_zero(s, s->arena, 0, total, why);
    for (int t = 0; t < s->plan->graph->n_tensors && !st; t++) {
        if (offset[t] == SIZE_MAX)
            continue;
        if (!in_one) {
            st = zeros(s, hby_plan_bytes(s->plan, t), "tensor", t, &s->tensor[t], why);
            continue;
        }
        const cl_buffer_region region = {offset[t], hby_plan_bytes(s->plan, t) + HBY_CL_SLACK};
        cl_int err = CL_SUCCESS;
        s->tensor[t] = s->st->cl->clCreateSubBuffer(s->arena, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &err);
        if (!s->tensor[t])
            st = hby_cl_fail(err ? err : CL_OUT_OF_RESOURCES, "clCreateSubBuffer", why);
    }
    return st;
}

/* Tensors that the host reads or writes: the graph's border, and what passes between backends. */
static enum hby_status stage_borders(struct hby_cl_session *s, struct hby_reason *why)
{
    const struct hby_plan *plan = s->plan;
    for (int t = 0; t < plan->graph->n_tensors; t++)
        if (hby_plan_is_border(plan, t) && s->tensor[hby_plan_root(plan, t)] && !hby_cl_memory_stage(s, hby_plan_root(plan, t)))
            return hby_say(HBY_NO_MEMORY, why, "out of memory staging inputs and outputs");
    for (int k = 0; k < plan->n_steps; k++) {
        if (plan->where[k] == HBY_ON_DEVICE)
            continue;
        for (int i = 0; i < plan->step[k].n_in + plan->step[k].n_out; i++) {
            const int t = i < plan->step[k].n_in ? plan->step[k].in[i] : plan->step[k].out[i - plan->step[k].n_in];
            if (t >= 0 && s->tensor[hby_plan_root(plan, t)] && !hby_cl_memory_stage(s, hby_plan_root(plan, t)))
                return hby_say(HBY_NO_MEMORY, why, "out of memory staging tensors between backends");
        }
    }
    return HBY_OK;
}

enum hby_status hby_cl_memory_create(struct hby_cl_session *s, struct hby_reason *why)
{
    const size_t n = (size_t)s->plan->graph->n_tensors + 1;
    size_t *offset = calloc(n, sizeof *offset), total = 0;
    s->tensor = calloc(n, sizeof *s->tensor);
    s->staged = calloc(n, sizeof *s->staged);
    s->pinned = calloc(n, sizeof *s->pinned);
    enum hby_status st = offset && s->tensor && s->staged && s->pinned ? HBY_OK : hby_say(HBY_NO_MEMORY, why, "out of memory");
    if (!st && (st = hby_arena_plan(s->plan, s->st->dev.info.align_bytes, HBY_CL_SLACK, true, offset, &total)))
        hby_say(st, why, "out of memory planning the arena");
    s->arena_bytes = total;
    if (!st)
        st = hby_cl_memory_buffer(s, 256, &s->dummy, why);
    if (!st)
        st = hby_cl_memory_zero(s, s->dummy, 0, 256, why);
    if (!st)
        st = place_tensors(s, offset, total, why);
    if (!st)
        st = stage_borders(s, why);
    free(offset);
    return st;
}

enum hby_status hby_cl_memory_constant(struct hby_cl_session *s, const void *data, size_t bytes, cl_mem *mem, struct hby_reason *why)
{
    const struct hby_hash h = hby_hash_of(data, bytes);
    for (int i = 0; i < s->n_constants; i++) {
        const struct hby_cl_const *c = &s->constant[i];
        if (c->bytes == bytes && c->hash[0] == h.word[0] && c->hash[1] == h.word[1]) {
            *mem = c->mem;
            return HBY_OK;
        }
    }
    if (!hby_cl_grow((void **)&s->constant, s->n_constants, &s->constant_room, sizeof *s->constant))
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    struct hby_cl_const c = {{h.word[0], h.word[1]}, bytes, NULL};
    enum hby_status st = s->st->guard ? hby_cl_guard_buffer(s, bytes + HBY_CL_SLACK, "constant", s->n_constants, &c.mem, why)
                                      : hby_cl_memory_buffer(s, bytes + HBY_CL_SLACK, &c.mem, why);
    if (st)
        return st;
    st = hby_cl_memory_zero(s, c.mem, bytes & ~(size_t)3, bytes + HBY_CL_SLACK - (bytes & ~(size_t)3), why);
    if (!st && bytes > 0) /* blocking: `data` need not stay */
        st = hby_cl_fail(s->st->cl->clEnqueueWriteBuffer(s->queue, c.mem, CL_TRUE, 0, bytes, data, 0, NULL, NULL), "clEnqueueWriteBuffer", why);
    if (st) {
        s->st->cl->clReleaseMemObject(c.mem);
        return st;
    }
    s->constant[s->n_constants++] = c;
    *mem = c.mem;
    return HBY_OK;
}

enum hby_status hby_cl_memory_bad_data(struct hby_cl_session *s, struct hby_reason *why)
{
    if (s->bad_data)
        return HBY_OK;
    enum hby_status st = hby_cl_memory_buffer(s, HBY_CL_SLACK, &s->bad_data, why);
    return st ? st : hby_cl_memory_forget_bad_data(s, why);
}

enum hby_status hby_cl_memory_forget_bad_data(struct hby_cl_session *s, struct hby_reason *why)
{
    return s->bad_data ? hby_cl_memory_zero(s, s->bad_data, 0, HBY_CL_SLACK, why) : HBY_OK;
}

enum hby_status hby_cl_memory_scratch(struct hby_cl_session *s, struct hby_reason *why)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < HBY_CL_SCRATCH && !st; i++)
        if (s->scratch_bytes[i] > 0)
            st = zeros(s, s->scratch_bytes[i], "scratch", i, &s->scratch[i], why);
    for (int i = 0; i < s->n_scratch_args && !st; i++) {
        const struct hby_cl_scratch_arg *a = &s->scratch_arg[i];
        const cl_mem *mem = s->scratch[a->slot] ? &s->scratch[a->slot] : &s->dummy;
        const struct hby_cl_op *op = &s->op[a->op];
        if (op->function)
            s->value[op->first_value + (int)a->index].mem = *mem;
        else
            st = hby_cl_fail(s->st->cl->clSetKernelArg(op->kernel, a->index, sizeof *mem, mem), "clSetKernelArg", why);
    }
    return st;
}

void hby_cl_memory_free(struct hby_cl_session *s)
{
    const struct hby_cl_api *cl = s->st->cl;
    const int n = s->plan->graph->n_tensors;
    for (int t = 0; s->tensor && t < n; t++)
        if (s->tensor[t])
            cl->clReleaseMemObject(s->tensor[t]);
    hby_cl_stages_free(s);
    for (int i = 0; i < s->n_constants; i++)
        cl->clReleaseMemObject(s->constant[i].mem);
    for (int i = 0; i < HBY_CL_SCRATCH; i++)
        if (s->scratch[i])
            cl->clReleaseMemObject(s->scratch[i]);
    hby_cl_guard_free(s);
    if (s->arena)
        cl->clReleaseMemObject(s->arena);
    if (s->dummy)
        cl->clReleaseMemObject(s->dummy);
    if (s->bad_data)
        cl->clReleaseMemObject(s->bad_data);
    for (int i = 0; i < s->n_shares && !s->lost; i++) /* after the buffers over it */
        cl->clSVMFree(s->st->ctx, s->share[i].address);
    free(s->share);
    free(s->address);
    free(s->value);
    free(s->value_bytes);
    atomic_fetch_sub(&s->st->memory_used, s->allocated);
    s->allocated = 0;
    free(s->tensor);
    free(s->constant);
}
