/* Launches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/driver.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long launches, insns, products;

/* HBY_PTX_CHECK=count: what was executed. */
static void __attribute__((destructor)) tell(void)
{
    if (hby_ptx_checks("count"))
        fprintf(stderr, "PTX interpreter: %lld launches, %lld instructions of warps, %lld products of matrices\n", launches, insns, products);
}

/* The grid in groups; how large they are is the caller's choice, the kernel's, or ours. */
static cl_int shape(const struct hby_ptx_kernel *k, cl_uint dims, const size_t *global, const size_t *local, struct hby_ptx_launch *l)
{
    size_t all = 1;
    if (dims < 1 || dims > 3 || !global)
        return CL_INVALID_WORK_DIMENSION;
    for (cl_uint d = 0; d < 3; d++) {
        const size_t items = d < dims ? global[d] : 1;
        size_t size = d < dims && local ? local[d] : 1;
        if (!local && d == 0)
            for (size = 64; items % size; size--) /* what divides the grid */
                ;
        if (items == 0 || items > UINT32_MAX)
            return CL_INVALID_GLOBAL_WORK_SIZE;
        if (size == 0 || items % size || size > (d == 2 ? 64u : 1024u) || (k->group[0] && size != k->group[d]))
            return CL_INVALID_WORK_GROUP_SIZE;
        all *= size;
        l->items[d] = (unsigned)size;
        l->groups[d] = (unsigned)(items / size);
    }
    return all > (k->group[0] ? HBY_PTX_DEVICE_GROUP : hby_ptx_max_group()) ? CL_INVALID_WORK_GROUP_SIZE
           : k->shared_bytes - HBY_PTX_WINDOW > HBY_PTX_LOCAL_BYTES         ? CL_OUT_OF_RESOURCES
                                                                            : CL_SUCCESS;
}

/* Where the kernel may go: its buffers, and its program's variables. */
static cl_int ranges(cl_kernel k, struct hby_ptx_launch *l, struct hby_ptx_range *range)
{
    const struct hby_ptx_module *m = k->program->module;
    for (int p = 0; p < k->code->n_params; p++) {
        cl_mem mem = k->buffer[p];
        if (!k->is_set[p])
            return CL_INVALID_KERNEL_ARGS;
        if (!k->code->param[p].is_buffer)
            continue;
        if (mem && !hby_ptx_is_alive(mem))
            return CL_INVALID_MEM_OBJECT;
        const uint64_t address = mem ? (uint64_t)(uintptr_t)mem->data : 0;
        memcpy(k->params + k->code->param[p].offset, &address, sizeof address);
        if (mem)
            range[l->n_ranges++] = (struct hby_ptx_range){address, address + mem->bytes, l->watch ? hby_ptx_shadow_of(mem) : NULL};
    }
    for (int v = 0; v < m->n_variables; v++) {
        const uint64_t address = (uint64_t)(uintptr_t)m->variable[v];
        range[l->n_ranges++] = (struct hby_ptx_range){address, address + m->variable_bytes[v], NULL};
    }
    return CL_SUCCESS;
}

HBY_PTX_API cl_int clEnqueueNDRangeKernel(cl_command_queue q, cl_kernel k, cl_uint dims, const size_t *offset, const size_t *global, const size_t *local,
                                          cl_uint n_wait, const cl_event *wait, cl_event *event)
{
    struct hby_ptx_launch l = {.kernel = k->code, .params = k->params, .watch = hby_ptx_checks("races")};
    const cl_ulong start = hby_ptx_now();
    if (offset)
        return CL_INVALID_GLOBAL_OFFSET; /* nobody asks for one */
    cl_int err = hby_ptx_wait(q, n_wait, wait);
    err = err ? err : shape(k->code, dims, global, local, &l);
    struct hby_ptx_range *range = err ? NULL : calloc((size_t)k->code->n_params + (size_t)k->program->module->n_variables + 1, sizeof *range);
    if (err || !range)
        return err ? err : CL_OUT_OF_HOST_MEMORY;
    pthread_mutex_lock(&lock);
    l.range = range;
    err = ranges(k, &l, range);
    if (!err && !q->stuck && !hby_ptx_run(&l)) {
        fprintf(stderr, "ptx: %s\n", l.fault);
        q->context->status = CL_OUT_OF_RESOURCES; /* what waits for it is told */
    }
    if (l.warning[0])
        fprintf(stderr, "ptx: %s\n", l.warning);
    launches++;
    insns += l.insns;
    products += l.products;
    pthread_mutex_unlock(&lock);
    free(range);
    return err ? err : hby_ptx_done(q, event, start, q->context->status);
}
