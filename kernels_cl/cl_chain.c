/* Chains: a session's launches as one, where that is worth it: chain.clh says why, and how the device runs it. cl_function.c makes the program; here are the
 * tables that it walks over. Nothing depends on a chain: where it cannot be made, or is not wanted, ops are launched one by one. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/chain.clh"
#include "kernels_cl/cl_session.h"

enum { CLAIMS = 32 }; /* of a step's tasks by each worker: finer ones balance, and coarser ones ask the counter less often */

struct hby_cl_chain {
    cl_kernel kernel;
    cl_mem count;
    size_t workers;
    int *kind; /* per op of the session: its function, or -1 */
};

/* --- the tables --- */

static bool fits(const struct hby_cl_op *op)
{
    if (!op->function || op->empty || op->local[0] * op->local[1] * op->local[2] != 1)
        return false;
    size_t tasks = 1;
    for (int i = 0; i < 3; i++)
        if (op->global[i] > INT_MAX / 2 / tasks)
            return false;
        else
            tasks *= op->global[i];
    return true;
}

struct tables {
    struct hby_chain_op *op;
    uint64_t *word;
    unsigned char *bytes; /* arguments by value, each at a multiple of 8 */
    size_t n_bytes;
};

/* The bytes of all arguments by value, and what it takes to place them. */
static size_t bytes_room(const struct hby_cl_session *s)
{
    size_t room = 8;
    for (int i = 0; i < s->n_values; i++)
        room += (s->value[i].bytes + 7) & ~(size_t)7;
    return room;
}

static enum hby_status fill(struct hby_cl_session *s, struct tables *t, struct hby_reason *why)
{
    int words = 0;
    for (int i = 0; i < s->n_ops; i++) {
        const struct hby_cl_op *op = &s->op[i];
        if (s->chain->kind[i] < 0)
            continue;
        const size_t tasks = op->global[0] * op->global[1] * op->global[2], share = tasks / (CLAIMS * s->chain->workers);
        t->op[i] =
            (struct hby_chain_op){s->chain->kind[i], (hby_i32)tasks, share > 1 ? (hby_i32)share : 1, (hby_i32)op->global[0], (hby_i32)op->global[1], words};
        for (int k = 0; k < op->n_values; k++) {
            const struct hby_cl_value *v = &s->value[op->first_value + k];
            uint64_t *to = &t->word[words++];
            switch (v->kind) {
            case HBY_CL_WORD:
                *to = (uint32_t)v->word;
                break;
            case HBY_CL_BYTES:
                *to = t->n_bytes;
                memcpy(t->bytes + t->n_bytes, s->value_bytes + v->at, v->bytes);
                t->n_bytes += (v->bytes + 7) & ~(size_t)7;
                break;
            default:
                if (!(*to = (uint64_t)(uintptr_t)hby_cl_memory_address(s, v->mem)))
                    return hby_say(HBY_UNSUPPORTED, why, "a buffer of %s has no address", op->name);
            }
        }
    }
    return HBY_OK;
}

static enum hby_status bind(struct hby_cl_session *s, const struct tables *t, struct hby_reason *why)
{
    const struct hby_cl_api *cl = s->st->cl;
    struct hby_cl_chain *c = s->chain;
    cl_mem op, word, bytes;
    const cl_int n = s->n_ops;
    const size_t shares = c->workers < HBY_CHAIN_SHARES ? c->workers : HBY_CHAIN_SHARES;
    const size_t counters = ((size_t)n * (shares + 1) + 1) * HBY_CHAIN_PITCH * sizeof(cl_int);
    enum hby_status st = hby_cl_memory_constant(s, t->op, (size_t)n * sizeof *t->op, &op, why);
    if (!st)
        st = hby_cl_memory_constant(s, t->word, ((size_t)s->n_values + 1) * sizeof *t->word, &word, why);
    if (!st)
        st = hby_cl_memory_constant(s, t->bytes, t->n_bytes ? t->n_bytes : 1, &bytes, why);
    if (!st)
        st = hby_cl_memory_buffer(s, counters, &c->count, why);
    if (!st)
        st = hby_cl_memory_zero(s, c->count, 0, counters, why);
    const struct {
        cl_uint index;
        size_t bytes;
        const void *value;
    } arg[] = {{0, sizeof op, &op}, {3, sizeof word, &word}, {4, sizeof bytes, &bytes}, {5, sizeof c->count, &c->count}, {6, sizeof n, &n}};
    for (size_t i = 0; i < sizeof arg / sizeof *arg && !st; i++)
        st = hby_cl_fail(cl->clSetKernelArg(c->kernel, arg[i].index, arg[i].bytes, arg[i].value), "clSetKernelArg", why);
    const void **used = calloc((size_t)s->n_shares + 1, sizeof *used);
    if (!st && !used)
        st = hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < s->n_shares && used; i++)
        used[i] = s->share[i].address;
    if (!st)
        st =
            hby_cl_fail(cl->clSetKernelExecInfo(c->kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, (size_t)s->n_shares * sizeof *used, used), "clSetKernelExecInfo", why);
    free(used);
    return st;
}

/* Is there an op that fits? */
static bool wants(const struct hby_cl_session *s)
{
    for (int i = 0; i < s->n_ops; i++)
        if (fits(&s->op[i]))
            return true;
    return false;
}

static enum hby_status make(struct hby_cl_session *s, struct hby_reason *why)
{
    struct hby_cl_chain *c = s->chain;
    const struct hby_cl_functions *set = NULL;
    const struct hby_cl_function **function = calloc((size_t)s->n_ops, sizeof *function);
    struct tables t = {
        .op = calloc((size_t)s->n_ops, sizeof *t.op), .word = calloc((size_t)s->n_values + 1, sizeof *t.word), .bytes = calloc(bytes_room(s), 1)};
    struct hby_cl_entry limits;
    int chained = 0;
    c->kind = calloc((size_t)s->n_ops, sizeof *c->kind);
    c->workers = s->st->dev.info.compute_units > 0 ? (size_t)s->st->dev.info.compute_units : 1;
    enum hby_status st = function && t.op && t.word && t.bytes && c->kind ? HBY_OK : hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < s->n_ops && !st; i++) {
        function[i] = fits(&s->op[i]) ? s->op[i].function : NULL;
        c->kind[i] = function[i] ? 0 : -1;
        chained += function[i] != NULL;
    }
    if (!st) /* before the program, which takes longer */
        st = fill(s, &t, why);
    if (!st)
        st = hby_cl_functions_get(s->st, function, s->n_ops, &set, why);
    for (int i = 0; i < s->n_ops && !st; i++)
        if (function[i])
            c->kind[i] = t.op[i].kind = hby_cl_function_find(set, function[i]);
    if (!st)
        st = hby_cl_kernel_get(s->st, set->program, "hby_chain", &limits, &c->kernel, why);
    if (!st)
        st = bind(s, &t, why);
    if (!st)
        hby_cl_log(s->st, HBY_CL_LOG_BUILD, "chain: %d of %d launches, %d functions", chained, s->n_ops, set->n);
    free(function);
    free(t.op);
    free(t.word);
    free(t.bytes);
    return st;
}

/* Is a buffer over shared memory known for what it is? Where the driver puts an object of its own between, addresses are not to be found. */
static bool shows_addresses(const struct hby_cl_state *st)
{
    enum { BYTES = 4096 };
    const struct hby_cl_api *cl = st->cl;
    cl_int err;
    cl_mem behind = NULL;
    void *address = cl->clSVMAlloc(st->ctx, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER, BYTES, 0);
    cl_mem mem = address ? cl->clCreateBuffer(st->ctx, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, BYTES, address, &err) : NULL;
    const bool shows = mem && !cl->clGetMemObjectInfo(mem, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof behind, &behind, NULL) && !behind;
    if (mem)
        cl->clReleaseMemObject(mem);
    if (address)
        cl->clSVMFree(st->ctx, address);
    return shows;
}

bool hby_cl_chain_is_wanted(const struct hby_cl_state *st)
{
    const struct hby_cl_api *cl = st->cl;
    cl_device_svm_capabilities can = 0;
    return st->dev.info.kind == HBY_CL_CPU && st->dev.info.version_major >= 3 && st->chain != HBY_CL_CHAIN_OFF && !st->profile && cl->clGetMemObjectInfo &&
           cl->clSVMAlloc && cl->clSVMFree && cl->clSetKernelExecInfo && !cl->clGetDeviceInfo(st->id, CL_DEVICE_SVM_CAPABILITIES, sizeof can, &can, NULL) &&
           can & CL_DEVICE_SVM_FINE_GRAIN_BUFFER && shows_addresses(st);
}

enum hby_status hby_cl_chain_create(struct hby_cl_session *s, struct hby_reason *why)
{
    struct hby_reason failure = {""};
    const int n = s->plan->graph->n_tensors;
    if (!s->shares || !(s->address = calloc((size_t)n + 1, sizeof *s->address)))
        return HBY_OK;
    for (int t = 0; t < n; t++)
        s->address[t] = hby_cl_memory_address(s, s->tensor[t]);
    if (!wants(s) || !(s->chain = calloc(1, sizeof *s->chain)))
        return HBY_OK;
    const enum hby_status st = make(s, &failure);
    if (!st)
        return HBY_OK;
    hby_cl_log(s->st, HBY_CL_LOG_BUILD, "no chain: %s", failure.text);
    hby_cl_chain_free(s);
    return s->st->chain == HBY_CL_CHAIN_ALWAYS ? hby_say(st, why, "no chain: %s", failure.text) : HBY_OK;
}

int hby_cl_chain_end(const struct hby_cl_session *s, int first, int end)
{
    int last = first;
    while (s->chain && last < end && (s->chain->kind[last] >= 0 || s->op[last].empty))
        last++;
    return last;
}

cl_int hby_cl_chain_run(struct hby_cl_session *s, int first, int last, cl_event *done)
{
    const struct hby_cl_api *cl = s->st->cl;
    const size_t global[1] = {s->chain->workers}, local[1] = {1};
    const cl_int from = first, to = last;
    cl_int err = cl->clSetKernelArg(s->chain->kernel, 1, sizeof from, &from);
    if (!err)
        err = cl->clSetKernelArg(s->chain->kernel, 2, sizeof to, &to);
    return err ? err : cl->clEnqueueNDRangeKernel(s->queue, s->chain->kernel, 1, NULL, global, local, 0, NULL, done);
}

void hby_cl_chain_free(struct hby_cl_session *s)
{
    struct hby_cl_chain *c = s->chain;
    if (!c)
        return;
    if (c->kernel)
        s->st->cl->clReleaseKernel(c->kernel);
    if (c->count)
        s->st->cl->clReleaseMemObject(c->count);
    free(c->kind);
    free(c);
    s->chain = NULL;
}
