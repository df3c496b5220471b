/* Buffers and their parts, and what moves between them and the host. */
#include <stdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/driver.h"

/* --- buffers --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cl_mem alive;

bool hby_ptx_is_alive(cl_mem mem)
{
    pthread_mutex_lock(&lock);
    cl_mem m = alive;
    while (m && m != mem)
        m = m->next;
    pthread_mutex_unlock(&lock);
    return m != NULL;
}

static cl_mem add(struct _cl_mem of)
{
    cl_mem m = malloc(sizeof *m);
    if (!m)
        return NULL;
    *m = of;
    m->users = 1;
    pthread_mutex_lock(&lock);
    m->next = alive;
    alive = m;
    pthread_mutex_unlock(&lock);
    return m;
}

struct hby_ptx_shadow *hby_ptx_shadow_of(cl_mem mem)
{
    cl_mem whole = mem->whole ? mem->whole : mem;
    if (!whole->shadow)
        whole->shadow = calloc(whole->bytes, sizeof *whole->shadow);
    return whole->shadow ? whole->shadow + mem->offset : NULL;
}

HBY_PTX_API cl_mem clCreateBuffer(cl_context c, cl_mem_flags flags, size_t bytes, void *host, cl_int *err)
{
    const bool wants_host = (flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) != 0;
    cl_int status = !c                                      ? CL_INVALID_CONTEXT
                    : bytes == 0 || bytes > (size_t)4 << 30 ? CL_INVALID_BUFFER_SIZE
                    : wants_host != (host != NULL)          ? CL_INVALID_HOST_PTR
                                                            : c->status;
    unsigned char *block = status ? NULL : aligned_alloc(2 * HBY_PTX_BASE_ALIGN, (bytes + 4 * HBY_PTX_BASE_ALIGN) & ~(size_t)(2 * HBY_PTX_BASE_ALIGN - 1));
    cl_mem m = NULL;
    if (block) {
        unsigned char *data = block + HBY_PTX_BASE_ALIGN;
        m = add(
            (struct _cl_mem){.context = c, .flags = flags, .bytes = bytes, .block = block, .data = data, .host = flags & CL_MEM_USE_HOST_PTR ? host : NULL});
        if (m && host)
            memcpy(data, host, bytes);
        else
            memset(data, 0xa5, bytes);
    }
    if (!status && !m) {
        free(block);
        status = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    }
    if (err)
        *err = status;
    return m;
}

HBY_PTX_API cl_mem clCreateSubBuffer(cl_mem whole, cl_mem_flags flags, cl_buffer_create_type type, const void *info, cl_int *err)
{
    const cl_buffer_region *r = info;
    cl_int status = CL_SUCCESS;
    cl_mem m = NULL;
    if (!hby_ptx_is_alive(whole) || whole->whole)
        status = CL_INVALID_MEM_OBJECT;
    else if (type != CL_BUFFER_CREATE_TYPE_REGION || !r || r->origin > whole->bytes || r->size > whole->bytes - r->origin)
        status = CL_INVALID_VALUE;
    else if (r->size == 0)
        status = CL_INVALID_BUFFER_SIZE;
    else if (r->origin % HBY_PTX_BASE_ALIGN)
        status = CL_MISALIGNED_SUB_BUFFER_OFFSET;
    else if (!(m = add((struct _cl_mem){.context = whole->context,
                                        .flags = flags,
                                        .whole = whole,
                                        .offset = r->origin,
                                        .bytes = r->size,
                                        .data = whole->data + r->origin,
                                        .host = whole->host ? (char *)whole->host + r->origin : NULL})))
        status = CL_OUT_OF_HOST_MEMORY;
    else
        whole->users++;
    if (err)
        *err = status;
    return m;
}

HBY_PTX_API cl_int clReleaseMemObject(cl_mem m)
{
    if (!hby_ptx_is_alive(m))
        return CL_INVALID_MEM_OBJECT;
    if (--m->users)
        return CL_SUCCESS;
    pthread_mutex_lock(&lock);
    cl_mem *at = &alive;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    pthread_mutex_unlock(&lock);
    if (m->whole)
        clReleaseMemObject(m->whole);
    free(m->block);
    free(m->shadow);
    free(m);
    return CL_SUCCESS;
}

/* --- between them and the host --- */

/* May these bytes be touched? */
static cl_int check(cl_command_queue q, cl_mem m, size_t offset, size_t bytes, cl_uint n_wait, const cl_event *wait)
{
    if (!hby_ptx_is_alive(m))
        return CL_INVALID_MEM_OBJECT;
    if (bytes == 0 || offset > m->bytes || bytes > m->bytes - offset)
        return CL_INVALID_VALUE;
    return hby_ptx_wait(q, n_wait, wait);
}

HBY_PTX_API cl_int clEnqueueWriteBuffer(cl_command_queue q, cl_mem m, cl_bool blocking, size_t offset, size_t bytes, const void *from, cl_uint n_wait,
                                        const cl_event *wait, cl_event *event)
{
    const cl_ulong start = hby_ptx_now();
    cl_int err = from ? check(q, m, offset, bytes, n_wait, wait) : CL_INVALID_VALUE;
    if (err)
        return err;
    if (!q->stuck)
        memcpy(m->data + offset, from, bytes);
    err = hby_ptx_transfer(q, NULL, from, bytes, blocking);
    return err ? err : hby_ptx_done(q, event, start, CL_SUCCESS);
}

HBY_PTX_API cl_int clEnqueueReadBuffer(cl_command_queue q, cl_mem m, cl_bool blocking, size_t offset, size_t bytes, void *to, cl_uint n_wait,
                                       const cl_event *wait, cl_event *event)
{
    const cl_ulong start = hby_ptx_now();
    cl_int err = to ? check(q, m, offset, bytes, n_wait, wait) : CL_INVALID_VALUE;
    if (err)
        return err;
    err = hby_ptx_transfer(q, to, m->data + offset, bytes, blocking);
    return err ? err : hby_ptx_done(q, event, start, CL_SUCCESS);
}

HBY_PTX_API cl_int clEnqueueFillBuffer(cl_command_queue q, cl_mem m, const void *pattern, size_t size, size_t offset, size_t bytes, cl_uint n_wait,
                                       const cl_event *wait, cl_event *event)
{
    const cl_ulong start = hby_ptx_now();
    if (!pattern || size == 0 || size > 128 || size & (size - 1) || offset % size || bytes % size)
        return CL_INVALID_VALUE;
    const cl_int err = check(q, m, offset, bytes, n_wait, wait);
    if (err)
        return err;
    for (size_t at = 0; at < bytes && !q->stuck; at += size)
        memcpy(m->data + offset + at, pattern, size);
    return hby_ptx_done(q, event, start, CL_SUCCESS);
}

HBY_PTX_API void *clEnqueueMapBuffer(cl_command_queue q, cl_mem m, cl_bool blocking, cl_map_flags flags, size_t offset, size_t bytes, cl_uint n_wait,
                                     const cl_event *wait, cl_event *event, cl_int *err)
{
    (void)flags;
    const cl_ulong start = hby_ptx_now();
    cl_int status = blocking ? check(q, m, offset, bytes, n_wait, wait) : CL_INVALID_OPERATION; /* nobody maps otherwise */
    hby_ptx_settle(q, ULONG_MAX);
    if (!status && m->host)
        memcpy((char *)m->host + offset, m->data + offset, bytes);
    if (!status)
        status = hby_ptx_done(q, event, start, CL_SUCCESS);
    if (err)
        *err = status;
    return status ? NULL : m->host ? (char *)m->host + offset : (char *)m->data + offset;
}

HBY_PTX_API cl_int clEnqueueUnmapMemObject(cl_command_queue q, cl_mem m, void *at, cl_uint n_wait, const cl_event *wait, cl_event *event)
{
    const cl_ulong start = hby_ptx_now();
    const cl_int err = check(q, m, 0, 1, n_wait, wait);
    const unsigned char *from = m->host ? m->host : m->data;
    if (err)
        return err;
    if ((unsigned char *)at < from || (unsigned char *)at >= from + m->bytes)
        return CL_INVALID_VALUE;
    if (m->host)
        memcpy(m->data, m->host, m->bytes);
    return hby_ptx_done(q, event, start, CL_SUCCESS);
}
