/* An OpenCL that fails when it is told to: wrappers around the entry points of the loader's table, which count calls and objects. Used by one file. */
#ifndef HBY_TESTS_FAULTY_CL_H
#define HBY_TESTS_FAULTY_CL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "kernels_cl/cl_api.h"

static struct hby_cl_api real;
static atomic_long calls, fail_at, created, released, shared; /* shared: allocations of memory that host and device share */
static atomic_int code = CL_OUT_OF_RESOURCES;
static atomic_bool sticky, hang;
static _Atomic(const void *) fail_site; /* every call from this place in our code fails */

/* The places in our code that call OpenCL, by the address that the call returns to, and the number of the first call. */
enum { MAX_SITES = 512 };
static struct {
    const void *at;
    long first;
    const char *name;
} site[MAX_SITES];
static atomic_bool recording;
static int n_sites;

static void record(const void *at, long n, const char *name)
{
    for (int i = 0; i < n_sites; i++)
        if (site[i].at == at)
            return;
    if (n_sites < MAX_SITES) {
        site[n_sites].at = at;
        site[n_sites].name = name;
        site[n_sites++].first = n;
    }
}

static bool fails(const void *from, const char *name)
{
    const long n = atomic_fetch_add(&calls, 1) + 1, at = atomic_load(&fail_at);
    if (atomic_load(&recording)) /* a life without faults: one thread at a time calls, but for the one that waits */
        record(from, n, name);
    return atomic_load(&fail_site) == from || (at && (n == at || (atomic_load(&sticky) && n > at)));
}
#define FAILS(name) fails(__builtin_return_address(0), #name)

/* Calls that return a status. */
#define STATUS(name, params, args)                                                                                                                             \
    static cl_int CL_API_CALL w_##name params                                                                                                                  \
    {                                                                                                                                                          \
        return FAILS(name) ? atomic_load(&code) : real.name args;                                                                                              \
    }
/* Calls that return an object; the error goes through the last parameter. */
#define OBJECT(type, name, params, args)                                                                                                                       \
    static type CL_API_CALL w_##name params                                                                                                                    \
    {                                                                                                                                                          \
        if (FAILS(name)) {                                                                                                                                     \
            if (err)                                                                                                                                           \
                *err = atomic_load(&code);                                                                                                                     \
            return NULL;                                                                                                                                       \
        }                                                                                                                                                      \
        type made = real.name args;                                                                                                                            \
        if (made)                                                                                                                                              \
            atomic_fetch_add(&created, 1);                                                                                                                     \
        return made;                                                                                                                                           \
    }
/* Releasing always works: what is tested is that it happens. */
#define RELEASE(name, type)                                                                                                                                    \
    static cl_int CL_API_CALL w_##name(type x)                                                                                                                 \
    {                                                                                                                                                          \
        atomic_fetch_add(&released, 1);                                                                                                                        \
        return real.name(x);                                                                                                                                   \
    }

STATUS(clGetPlatformIDs, (cl_uint n, cl_platform_id *p, cl_uint *m), (n, p, m))
STATUS(clGetPlatformInfo, (cl_platform_id p, cl_platform_info i, size_t n, void *v, size_t *r), (p, i, n, v, r))
STATUS(clGetDeviceIDs, (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id *d, cl_uint *m), (p, t, n, d, m))
STATUS(clGetDeviceInfo, (cl_device_id d, cl_device_info i, size_t n, void *v, size_t *r), (d, i, n, v, r))
STATUS(clBuildProgram, (cl_program p, cl_uint n, const cl_device_id *d, const char *o, void(CL_CALLBACK *f)(cl_program, void *), void *u), (p, n, d, o, f, u))
STATUS(clGetMemObjectInfo, (cl_mem m, cl_mem_info i, size_t n, void *v, size_t *r), (m, i, n, v, r))
STATUS(clSetKernelExecInfo, (cl_kernel k, cl_kernel_exec_info i, size_t n, const void *v), (k, i, n, v))
STATUS(clGetProgramInfo, (cl_program p, cl_program_info i, size_t n, void *v, size_t *r), (p, i, n, v, r))
STATUS(clGetProgramBuildInfo, (cl_program p, cl_device_id d, cl_program_build_info i, size_t n, void *v, size_t *r), (p, d, i, n, v, r))
STATUS(clSetKernelArg, (cl_kernel k, cl_uint i, size_t n, const void *v), (k, i, n, v))
STATUS(clGetKernelWorkGroupInfo, (cl_kernel k, cl_device_id d, cl_kernel_work_group_info i, size_t n, void *v, size_t *r), (k, d, i, n, v, r))
STATUS(clGetKernelInfo, (cl_kernel k, cl_kernel_info i, size_t n, void *v, size_t *r), (k, i, n, v, r))
STATUS(clGetEventProfilingInfo, (cl_event e, cl_profiling_info i, size_t n, void *v, size_t *r), (e, i, n, v, r))
STATUS(clFlush, (cl_command_queue q), (q))
STATUS(clFinish, (cl_command_queue q), (q))
OBJECT(cl_context, clCreateContext,
       (const cl_context_properties *p, cl_uint n, const cl_device_id *d, void(CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *u,
        cl_int *err),
       (p, n, d, f, u, err))
OBJECT(cl_command_queue, clCreateCommandQueue, (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *err), (c, d, p, err))
OBJECT(cl_mem, clCreateBuffer, (cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *err), (c, f, n, h, err))
OBJECT(cl_mem, clCreateSubBuffer, (cl_mem m, cl_mem_flags f, cl_buffer_create_type t, const void *i, cl_int *err), (m, f, t, i, err))
OBJECT(cl_program, clCreateProgramWithSource, (cl_context c, cl_uint n, const char **s, const size_t *l, cl_int *err), (c, n, s, l, err))
OBJECT(cl_kernel, clCreateKernel, (cl_program p, const char *n, cl_int *err), (p, n, err))
OBJECT(cl_program, clCreateProgramWithBinary,
       (cl_context c, cl_uint n, const cl_device_id *d, const size_t *l, const unsigned char **b, cl_int *s, cl_int *err), (c, n, d, l, b, s, err))
static void *CL_API_CALL w_clEnqueueMapBuffer(cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t n, cl_uint w, const cl_event *l,
                                              cl_event *e, cl_int *err)
{
    if (!FAILS(clEnqueueMapBuffer))
        return real.clEnqueueMapBuffer(q, m, b, f, o, n, w, l, e, err);
    *err = atomic_load(&code);
    return NULL;
}
static void *CL_API_CALL w_clSVMAlloc(cl_context c, cl_svm_mem_flags f, size_t n, cl_uint a)
{
    void *made = FAILS(clSVMAlloc) ? NULL : real.clSVMAlloc(c, f, n, a);
    if (made)
        atomic_fetch_add(&shared, 1);
    return made;
}
static void CL_API_CALL w_clSVMFree(cl_context c, void *p)
{
    atomic_fetch_sub(&shared, 1);
    real.clSVMFree(c, p);
}
RELEASE(clReleaseContext, cl_context)
RELEASE(clReleaseCommandQueue, cl_command_queue)
RELEASE(clReleaseMemObject, cl_mem)
RELEASE(clReleaseProgram, cl_program)
RELEASE(clReleaseKernel, cl_kernel)
RELEASE(clReleaseEvent, cl_event)

/* Calls that may hand out an event. */
static cl_int with_event(cl_int status, cl_event *e)
{
    if (status == CL_SUCCESS && e && *e)
        atomic_fetch_add(&created, 1);
    return status;
}
#define ENQUEUE(name, params, args)                                                                                                                            \
    static cl_int CL_API_CALL w_##name params                                                                                                                  \
    {                                                                                                                                                          \
        return FAILS(name) ? atomic_load(&code) : with_event(real.name args, e);                                                                               \
    }
ENQUEUE(clEnqueueWriteBuffer, (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, const void *h, cl_uint w, const cl_event *l, cl_event *e),
        (q, m, b, o, n, h, w, l, e))
static atomic_long spoil; /* the so many-th read from now on gives something else */
static cl_int CL_API_CALL w_clEnqueueReadBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, void *h, cl_uint w, const cl_event *l, cl_event *e)
{
    if (FAILS(clEnqueueReadBuffer))
        return atomic_load(&code);
    const bool spoilt = atomic_load(&spoil) > 0 && atomic_fetch_sub(&spoil, 1) == 1;
    const cl_int st = with_event(real.clEnqueueReadBuffer(q, m, spoilt ? CL_TRUE : b, o, n, h, w, l, e), e);
    for (size_t i = 0; spoilt && !st && i < n; i++)
        ((unsigned char *)h)[i] ^= 0x11;
    return st;
}
ENQUEUE(clEnqueueFillBuffer, (cl_command_queue q, cl_mem m, const void *p, size_t s, size_t o, size_t n, cl_uint w, const cl_event *l, cl_event *e),
        (q, m, p, s, o, n, w, l, e))
ENQUEUE(clEnqueueNDRangeKernel,
        (cl_command_queue q, cl_kernel k, cl_uint d, const size_t *o, const size_t *g, const size_t *s, cl_uint w, const cl_event *l, cl_event *e),
        (q, k, d, o, g, s, w, l, e))
ENQUEUE(clEnqueueMarkerWithWaitList, (cl_command_queue q, cl_uint w, const cl_event *l, cl_event *e), (q, w, l, e))

/* A device that hangs: no event is ever complete, and waiting for one takes for ever (long enough here). */
static cl_int CL_API_CALL w_clGetEventInfo(cl_event ev, cl_event_info i, size_t n, void *v, size_t *r)
{
    if (FAILS(clGetEventInfo))
        return atomic_load(&code);
    const cl_int st = real.clGetEventInfo(ev, i, n, v, r);
    if (atomic_load(&hang) && i == CL_EVENT_COMMAND_EXECUTION_STATUS && v)
        *(cl_int *)v = CL_RUNNING;
    return st;
}
static cl_int CL_API_CALL w_clWaitForEvents(cl_uint n, const cl_event *l)
{
    if (FAILS(clWaitForEvents))
        return atomic_load(&code);
    const cl_int st = real.clWaitForEvents(n, l);
    if (atomic_load(&hang)) {
        const struct timespec nap = {.tv_sec = 1};
        nanosleep(&nap, NULL);
    }
    return st;
}

static void install(struct hby_cl_api *api)
{
    real = *api;
#define W(name) api->name = w_##name
    W(clGetPlatformIDs);
    W(clGetPlatformInfo);
    W(clGetDeviceIDs);
    W(clGetDeviceInfo);
    W(clBuildProgram);
    W(clGetProgramInfo);
    W(clGetProgramBuildInfo);
    W(clSetKernelArg);
    W(clGetKernelWorkGroupInfo);
    W(clGetKernelInfo);
    W(clGetEventProfilingInfo);
    W(clCreateProgramWithBinary);
    W(clEnqueueMapBuffer);
    W(clFlush);
    W(clFinish);
    W(clCreateContext);
    W(clCreateCommandQueue);
    W(clCreateBuffer);
    W(clCreateSubBuffer);
    W(clCreateProgramWithSource);
    W(clCreateKernel);
    W(clReleaseContext);
    W(clReleaseCommandQueue);
    W(clReleaseMemObject);
    W(clReleaseProgram);
    W(clReleaseKernel);
    W(clGetMemObjectInfo);
    W(clSetKernelExecInfo);
    W(clSVMAlloc);
    W(clSVMFree);
    W(clReleaseEvent);
    W(clEnqueueWriteBuffer);
    W(clEnqueueReadBuffer);
    W(clEnqueueFillBuffer);
    W(clEnqueueNDRangeKernel);
    W(clEnqueueMarkerWithWaitList);
    W(clGetEventInfo);
    W(clWaitForEvents);
#undef W
}

#endif
