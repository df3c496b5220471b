/* The objects of the OpenCL driver around the interpreter: one platform, one device, and everything done when it is asked for;
 * but the host sees of it only what it has waited for. */
#ifndef HBY_TESTS_PTX_DRIVER_H
#define HBY_TESTS_PTX_DRIVER_H

#include <CL/cl.h>
#include <pthread.h>

#include "tests/ptx/ptx.h"

#define HBY_PTX_API CL_API_ENTRY __attribute__((visibility("default")))

enum { HBY_PTX_BASE_ALIGN = 512, HBY_PTX_LOCAL_BYTES = 48 << 10, HBY_PTX_DEVICE_GROUP = 1024, HBY_PTX_MAX_PARAMETERS = 4352 };

struct _cl_platform_id {
    int unused;
};
struct _cl_device_id {
    int unused;
};

/* A kernel that failed takes the context with it, as on a GPU. */
struct _cl_context {
    cl_int status;
};
struct _cl_command_queue {
    cl_context context;
    int users;       /* its owner, and its events */
    size_t commands; /* so far */
    struct hby_ptx_transfer *transfer;
    bool profiling, stuck; /* stuck: behind an event that never comes, and nothing is done any more */
};

struct _cl_mem {
    struct _cl_mem *next; /* all that live */
    cl_context context;
    cl_mem whole; /* what this is a part of, or NULL */
    cl_mem_flags flags;
    int users; /* its owner, and its parts */
    size_t offset, bytes;
    unsigned char *block, *data; /* data: aligned to HBY_PTX_BASE_ALIGN, and no better */
    void *host;                  /* CL_MEM_USE_HOST_PTR */
    struct hby_ptx_shadow *shadow;
};

struct _cl_event {
    cl_int status;
    cl_ulong start, end;
    cl_command_queue queue; /* NULL: the user's */
    size_t number;          /* of the command */
};

struct _cl_program {
    cl_context context;
    char *source, *ptx, *log;
    struct hby_ptx_module *module;
    int users; /* its owner, and its kernels */
};

struct _cl_kernel {
    cl_program program;
    const struct hby_ptx_kernel *code;
    unsigned char *params;
    cl_mem *buffer; /* of each parameter */
    bool *is_set;
};

/* Answers a query of `bytes` at `value`. */
cl_int hby_ptx_answer(const void *value, size_t bytes, size_t room, void *out, size_t *needed);
/* 10 * major + minor, from HBY_PTX_CAPABILITY; 90. */
int hby_ptx_capability(void);
/* The largest work-group, from HBY_PTX_GROUP: a kernel of many registers may have a smaller one than others. 1024. */
size_t hby_ptx_max_group(void);
/* Is this word in HBY_PTX_CHECK? */
bool hby_ptx_checks(const char *word);
cl_ulong hby_ptx_now(void);
/* An event for what was just done, or stands in the queue for ever, where one is wanted. */
cl_int hby_ptx_done(cl_command_queue q, cl_event *event, cl_ulong start, cl_int status);
/* Bytes that the next command moves, to the host or (`to` NULL) from it. */
cl_int hby_ptx_transfer(cl_command_queue q, void *to, const void *from, size_t bytes, bool blocking);
/* The host has waited for this command, and all before it. */
void hby_ptx_settle(cl_command_queue q, size_t number);
/* CL_SUCCESS: the queue goes on, and what is to be waited for has happened. */
cl_int hby_ptx_wait(cl_command_queue q, cl_uint n, const cl_event *events);
bool hby_ptx_is_alive(cl_mem mem);
/* Who touched which byte of the buffer that this is (part of). NULL: out of memory. */
struct hby_ptx_shadow *hby_ptx_shadow_of(cl_mem mem);

#endif
