/* oclgrind's look for uninitialised values takes each write of the host's for the whole buffer, and knows no buffers within buffers. For the checks that run
 * inside it (tests/oclgrind.sh), writes become writes of whole buffers, and parts of a buffer become buffers of their own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_api.h"
#include "tests/checks.h"

static struct hby_cl_api real;

/* `n` bytes at `offset`, copies of a pattern of `each` bytes. */
static cl_int write_whole(cl_command_queue q, cl_mem m, size_t offset, size_t n, const void *pattern, size_t each, cl_event *e)
{
    size_t size = 0;
    cl_int err = real.clGetMemObjectInfo(m, CL_MEM_SIZE, sizeof size, &size, NULL);
    unsigned char *all = err ? NULL : check_must(malloc(size));
    if (!err)
        err = real.clEnqueueReadBuffer(q, m, CL_TRUE, 0, size, all, 0, NULL, NULL);
    for (size_t i = 0; i < n && !err; i += each)
        memcpy(all + offset + i, pattern, each);
    if (!err)
        err = real.clEnqueueWriteBuffer(q, m, CL_TRUE, 0, size, all, 0, NULL, e);
    free(all);
    return err;
}

static cl_int CL_API_CALL write_buffer(cl_command_queue q, cl_mem m, cl_bool b, size_t offset, size_t n, const void *host, cl_uint w, const cl_event *l,
                                       cl_event *e)
{
    (void)b;
    (void)w;
    (void)l;
    return write_whole(q, m, offset, n, host, n, e);
}

static cl_int CL_API_CALL fill_buffer(cl_command_queue q, cl_mem m, const void *pattern, size_t each, size_t offset, size_t n, cl_uint w, const cl_event *l,
                                      cl_event *e)
{
    (void)w;
    (void)l;
    return write_whole(q, m, offset, n, pattern, each, e);
}

/* Zeros, as the arena that the library would have it in. */
static cl_mem CL_API_CALL part_of_buffer(cl_mem m, cl_mem_flags flags, cl_buffer_create_type type, const void *info, cl_int *err)
{
    const size_t bytes = ((const cl_buffer_region *)info)->size;
    cl_context ctx;
    (void)type;
    *err = real.clGetMemObjectInfo(m, CL_MEM_CONTEXT, sizeof(cl_context), &ctx, NULL);
    void *zeros = check_must(calloc(1, bytes));
    cl_mem made = *err ? NULL : real.clCreateBuffer(ctx, flags | CL_MEM_COPY_HOST_PTR, bytes, zeros, err);
    free(zeros);
    return made;
}

void check_suit_oclgrind(void)
{
    struct hby_reason why;
    struct hby_cl_api *api = (struct hby_cl_api *)(uintptr_t)hby_cl_api(&why); /* the table itself is not const */
    if (!api)
        check_die(why.text);
    real = *api;
    api->clEnqueueWriteBuffer = write_buffer;
    api->clEnqueueFillBuffer = fill_buffer;
    api->clCreateSubBuffer = part_of_buffer;
}
