/* Programs and kernels. A program's binary is its PTX, as with NVIDIA's driver. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/driver.h"

static void say(cl_int *err, cl_int value)
{
    if (err)
        *err = value;
}

/* --- programs --- */

static cl_program create(cl_context c, char *source, char *ptx, cl_int *err)
{
    cl_program p = c && (source || ptx) ? calloc(1, sizeof *p) : NULL;
    say(err, p ? CL_SUCCESS : c ? CL_OUT_OF_HOST_MEMORY : CL_INVALID_CONTEXT);
    if (!p) {
        free(source);
        free(ptx);
        return NULL;
    }
    *p = (struct _cl_program){.context = c, .source = source, .ptx = ptx, .users = 1};
    return p;
}

HBY_PTX_API cl_program clCreateProgramWithSource(cl_context c, cl_uint n, const char **text, const size_t *length, cl_int *err)
{
    size_t used = 0;
    char *all = NULL;
    for (cl_uint k = 0; k < n; k++) {
        const size_t more = length && length[k] ? length[k] : strlen(text[k]);
        char *grown = realloc(all, used + more + 1);
        if (!grown) {
            free(all);
            say(err, CL_OUT_OF_HOST_MEMORY);
            return NULL;
        }
        all = grown;
        memcpy(all + used, text[k], more);
        used += more;
        all[used] = 0;
    }
    return create(c, all, NULL, err);
}

HBY_PTX_API cl_program clCreateProgramWithBinary(cl_context c, cl_uint n, const cl_device_id *devices, const size_t *lengths, const unsigned char **binaries,
                                                 cl_int *status, cl_int *err)
{
    (void)devices;
    char *ptx = n == 1 ? strndup((const char *)binaries[0], lengths[0]) : NULL;
    const bool is_ptx = ptx && strlen(ptx) == lengths[0] && strstr(ptx, ".version");
    if (status)
        *status = is_ptx ? CL_SUCCESS : CL_INVALID_BINARY;
    if (!is_ptx) {
        free(ptx);
        say(err, CL_INVALID_BINARY);
        return NULL;
    }
    return create(c, NULL, ptx, err);
}

/* HBY_PTX_DUMP=FOLDER: where programs are left to be read, under the names of their first kernels. */
static void dump(const struct hby_ptx_module *m, const char *ptx)
{
    static int number;
    const char *folder = getenv("HBY_PTX_DUMP");
    char *path = NULL;
    if (!folder || !*folder || asprintf(&path, "%s/%03d-%s.ptx", folder, number++, m->n_kernels ? m->kernel[0].name : "none") < 0)
        return;
    FILE *f = fopen(path, "w");
    if (f) {
        fputs(ptx, f);
        fclose(f);
    }
    free(path);
}

HBY_PTX_API cl_int clBuildProgram(cl_program p, cl_uint n, const cl_device_id *devices, const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                                  void *data)
{
    (void)n;
    (void)devices;
    (void)notify;
    (void)data;
    if (p->users > 1)
        return CL_INVALID_OPERATION;
    if (p->source) {
        free(p->ptx);
        free(p->log);
        p->ptx = hby_ptx_compile(p->source, options ? options : "", hby_ptx_capability(), &p->log);
    }
    if (!p->ptx)
        return CL_BUILD_PROGRAM_FAILURE;
    char *why = NULL;
    if (p->module)
        hby_ptx_free(p->module);
    p->module = hby_ptx_parse(p->ptx, &why);
    if (p->module) {
        dump(p->module, p->ptx);
        return CL_SUCCESS;
    }
    fprintf(stderr, "ptx: %s\n", why ? why : "out of memory");
    free(p->log);
    p->log = why;
    return CL_BUILD_PROGRAM_FAILURE;
}

HBY_PTX_API cl_int clGetProgramInfo(cl_program p, cl_program_info what, size_t room, void *out, size_t *needed)
{
    const size_t bytes = p->ptx ? strlen(p->ptx) : 0;
    if (what == CL_PROGRAM_BINARY_SIZES)
        return hby_ptx_answer(&bytes, sizeof bytes, room, out, needed);
    if (what != CL_PROGRAM_BINARIES || room < sizeof(char *) || !out)
        return CL_INVALID_VALUE;
    memcpy(*(unsigned char **)out, p->ptx ? p->ptx : "", bytes);
    return CL_SUCCESS;
}

HBY_PTX_API cl_int clGetProgramBuildInfo(cl_program p, cl_device_id device, cl_program_build_info what, size_t room, void *out, size_t *needed)
{
    (void)device;
    const char *log = p->log ? p->log : "";
    return what == CL_PROGRAM_BUILD_LOG ? hby_ptx_answer(log, strlen(log) + 1, room, out, needed) : CL_INVALID_VALUE;
}

HBY_PTX_API cl_int clReleaseProgram(cl_program p)
{
    if (--p->users)
        return CL_SUCCESS;
    if (p->module)
        hby_ptx_free(p->module);
    free(p->source);
    free(p->ptx);
    free(p->log);
    free(p);
    return CL_SUCCESS;
}

/* --- kernels --- */

HBY_PTX_API cl_kernel clCreateKernel(cl_program p, const char *name, cl_int *err)
{
    const struct hby_ptx_kernel *code = NULL;
    for (int k = 0; p->module && k < p->module->n_kernels; k++)
        if (!strcmp(p->module->kernel[k].name, name))
            code = &p->module->kernel[k];
    if (!code) {
        say(err, p->module ? CL_INVALID_KERNEL_NAME : CL_INVALID_PROGRAM_EXECUTABLE);
        return NULL;
    }
    cl_kernel k = calloc(1, sizeof *k);
    const size_t n = (size_t)code->n_params + 1;
    if (k)
        *k = (struct _cl_kernel){p, code, calloc(1, code->param_bytes), calloc(n, sizeof *k->buffer), calloc(n, sizeof *k->is_set)};
    p->users++;
    if (!k || !k->params || !k->buffer || !k->is_set || code->param_bytes - HBY_PTX_WINDOW > HBY_PTX_MAX_PARAMETERS) {
        if (k)
            clReleaseKernel(k);
        say(err, CL_OUT_OF_HOST_MEMORY);
        return NULL;
    }
    say(err, CL_SUCCESS);
    return k;
}

HBY_PTX_API cl_int clReleaseKernel(cl_kernel k)
{
    clReleaseProgram(k->program);
    free(k->params);
    free(k->buffer);
    free(k->is_set);
    free(k);
    return CL_SUCCESS;
}

HBY_PTX_API cl_int clSetKernelArg(cl_kernel k, cl_uint index, size_t bytes, const void *value)
{
    if (index >= (cl_uint)k->code->n_params)
        return CL_INVALID_ARG_INDEX;
    const struct hby_ptx_param *param = &k->code->param[index];
    if (bytes != (param->is_buffer ? sizeof(cl_mem) : param->bytes))
        return CL_INVALID_ARG_SIZE;
    if (!param->is_buffer && !value)
        return CL_INVALID_ARG_VALUE;
    if (!param->is_buffer) {
        memcpy(k->params + param->offset, value, bytes);
    } else {
        cl_mem mem = value ? *(const cl_mem *)value : NULL;
        if (mem && !hby_ptx_is_alive(mem))
            return CL_INVALID_MEM_OBJECT;
        k->buffer[index] = mem;
    }
    k->is_set[index] = true;
    return CL_SUCCESS;
}

HBY_PTX_API cl_int clGetKernelInfo(cl_kernel k, cl_kernel_info what, size_t room, void *out, size_t *needed)
{
    const cl_uint n = (cl_uint)k->code->n_params;
    return what == CL_KERNEL_NUM_ARGS ? hby_ptx_answer(&n, sizeof n, room, out, needed) : CL_INVALID_VALUE;
}

HBY_PTX_API cl_int clGetKernelWorkGroupInfo(cl_kernel k, cl_device_id device, cl_kernel_work_group_info what, size_t room, void *out, size_t *needed)
{
    (void)device;
    const unsigned *g = k->code->group;
    const size_t size = g[0] ? (size_t)g[0] * g[1] * g[2] : hby_ptx_max_group();
    return what == CL_KERNEL_WORK_GROUP_SIZE ? hby_ptx_answer(&size, sizeof size, room, out, needed) : CL_INVALID_VALUE;
}
