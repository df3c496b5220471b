/* Runs a self-test's kernel once, on a queue of its own. */
#include "kernels_cl/cl_state.h"

enum { MAX_ARGS = 8 };

static cl_int run(const struct hby_cl_state *s, cl_kernel k, size_t items, size_t group, const struct hby_cl_trial *arg, cl_uint n)
{
    const struct hby_cl_api *cl = s->cl;
    cl_mem mem[MAX_ARGS] = {NULL};
    cl_int err = n > MAX_ARGS ? CL_INVALID_ARG_INDEX : CL_SUCCESS;
    cl_command_queue q = err ? NULL : cl->clCreateCommandQueue(s->ctx, s->id, 0, &err);
    for (cl_uint i = 0; i < n && !err; i++) {
        if (arg[i].use == HBY_CL_TRIAL_VALUE) {
            err = cl->clSetKernelArg(k, i, arg[i].bytes, arg[i].data);
            continue;
        }
        mem[i] = cl->clCreateBuffer(s->ctx, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, arg[i].bytes, arg[i].data, &err);
        if (!err)
            err = cl->clSetKernelArg(k, i, sizeof mem[i], &mem[i]);
    }
    if (!err)
        err = cl->clEnqueueNDRangeKernel(q, k, 1, NULL, &items, &group, 0, NULL, NULL);
    for (cl_uint i = 0; i < n && !err; i++)
        if (arg[i].use == HBY_CL_TRIAL_OUT)
            err = cl->clEnqueueReadBuffer(q, mem[i], CL_TRUE, 0, arg[i].bytes, arg[i].data, 0, NULL, NULL);
    if (q)
        cl->clFinish(q);
    for (cl_uint i = 0; i < MAX_ARGS; i++)
        if (mem[i])
            cl->clReleaseMemObject(mem[i]);
    if (q)
        cl->clReleaseCommandQueue(q);
    return err;
}

enum hby_status hby_cl_try(struct hby_cl_state *s, const char *file, const char *options, const char *entry, size_t items, size_t group,
                           const struct hby_cl_trial *arg, cl_uint n, struct hby_reason *why)
{
    struct hby_cl_program *p;
    struct hby_cl_entry limits;
    cl_kernel k = NULL;
    enum hby_status st = hby_cl_program_get(s, file, options, &p, why);
    if (!st)
        st = hby_cl_kernel_get(s, p, entry, &limits, &k, why);
    if (!st && limits.max_group < group)
        st = hby_say(HBY_UNSUPPORTED, why, "work-groups of %zu are too small", limits.max_group);
    if (!st)
        st = hby_cl_fail(run(s, k, items, group, arg, n), "self-test", why);
    if (k)
        s->cl->clReleaseKernel(k);
    return st;
}
