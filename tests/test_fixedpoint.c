/* kernels_cl/fixedpoint.clh against its C twin: every mode, scalar and in lanes, every shift, extreme and random values. Exits 77 without a device. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_state.h"
#include "partition/fixedpoint.h"

enum { COUNT = 1 << 16 };

static const char kernels[] = "\n__kernel void one(__global const int *x, __global const int *m, __global const int *s, __global int *out)\n"
                              "{ const int i = (int)get_global_id(0); out[i] = hby_rescale(x[i], m[i], s[i]); }\n"
                              "__kernel void at_run_time(__global const int *x, __global const int *m, __global const int *s, __global int *out)\n"
                              "{ const int i = (int)get_global_id(0); out[i] = hby_rescale_any(x[i], m[i], s[i], HBY_ROUNDING); }\n"
                              "__kernel void lanes8(__global const int *x, __global const int *m, __global const int *s, __global int *out)\n"
                              "{ const int i = (int)get_global_id(0); vstore8(hby_rescale8(vload8(i, x), vload8(i, m), vload8(i, s)), i, out); }\n"
                              "__kernel void lanes16(__global const int *x, __global const int *m, __global const int *s, __global int *out)\n"
                              "{ const int i = (int)get_global_id(0); vstore16(hby_rescale16(vload16(i, x), vload16(i, m), vload16(i, s)), i, out); }\n"
                              "__kernel void wide(__global const int *x, __global const int *m, __global const int *s, __global int *out)\n"
                              "{ const int i = (int)get_global_id(0); out[i] = hby_rescale_wide16((long)x[i] * 4099, m[i], min(s[i], 7)); }\n";

static int32_t x[COUNT], mult[COUNT], shift[COUNT], got[COUNT];

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed ^ *seed >> 15;
}

/* RUY: some lanes with a negated multiplier, whose ties go away from zero. FLOAT: factors as bits. */
static void fill_for(int rounding)
{
    for (int i = 0; i < COUNT; i++) {
        if (rounding == HBY_ROUND_RUY && i % 3 == 1)
            mult[i] = -mult[i];
        if (rounding == HBY_ROUND_FLOAT) {
            mult[i] = hby_float_bits(ldexpf((float)mult[i], shift[i] - 31));
            shift[i] = 0;
        }
    }
}

static void fill(uint32_t seed)
{
    static const int32_t edges[] = {0, 1, -1, INT_MAX, INT_MIN, INT_MIN + 1, 1 << 30, -(1 << 30), (1 << 30) + 1, 3, -3};
    for (int i = 0; i < COUNT; i++) {
        const uint32_t kind = next(&seed) % 4;
        x[i] = kind == 0 ? edges[next(&seed) % 11] : (int32_t)next(&seed) >> (next(&seed) % 31);
        mult[i] = kind == 1 ? 1 << 30 : kind == 2 && i % 64 == 0 ? 0 : i % 128 == 1 ? INT_MAX : (int32_t)(next(&seed) >> 2 | 1u << 30);
        shift[i] = (int32_t)(next(&seed) % 62) - 31; /* [-31, 30] */
        if (i % 3 == 0 && shift[i] > 0)
            shift[i] = -shift[i];
    }
}

static cl_program build(struct hby_cl_state *s, int rounding, bool as_gpu)
{
    char options[700], *header;
    struct hby_reason why = {""};
    if (hby_cl_source("fixedpoint.clh", &header, &why)) {
        printf("%s\n", why.text);
        return NULL;
    }
    const char *text[] = {header, kernels};
    cl_int err;
    cl_program p = s->cl->clCreateProgramWithSource(s->ctx, 2, text, NULL, &err);
    snprintf(options, sizeof options, "%s -DHBY_ROUNDING=%d%s", s->features, rounding, as_gpu ? " -DHBY_DEVICE_CPU=0" : "");
    if (!p || s->cl->clBuildProgram(p, 1, &s->id, options, NULL, NULL)) {
        printf("fixedpoint.clh does not build\n");
        p = NULL;
    }
    free(header);
    return p;
}

static cl_int run(struct hby_cl_state *s, cl_program p, const char *name, size_t items)
{
    int32_t *const host[] = {x, mult, shift, got};
    cl_mem mem[4] = {NULL};
    cl_int err;
    cl_kernel k = s->cl->clCreateKernel(p, name, &err);
    cl_command_queue q = s->cl->clCreateCommandQueue(s->ctx, s->id, 0, &err);
    for (cl_uint i = 0; i < 4 && !err; i++) {
        mem[i] = s->cl->clCreateBuffer(s->ctx, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof x, host[i], &err);
        if (!err)
            err = s->cl->clSetKernelArg(k, i, sizeof mem[i], &mem[i]);
    }
    const size_t one = 1;
    if (!err)
        err = s->cl->clEnqueueNDRangeKernel(q, k, 1, NULL, &items, &one, 0, NULL, NULL);
    if (!err)
        err = s->cl->clEnqueueReadBuffer(q, mem[3], CL_TRUE, 0, sizeof got, got, 0, NULL, NULL);
    for (int i = 0; i < 4; i++)
        if (mem[i])
            s->cl->clReleaseMemObject(mem[i]);
    s->cl->clReleaseKernel(k);
    s->cl->clReleaseCommandQueue(q);
    return err;
}

static int check(struct hby_cl_state *s, cl_program p, int rounding, const char *name, int per_item)
{
    memset(got, 0, sizeof got);
    const cl_int err = run(s, p, name, COUNT / (size_t)per_item);
    if (err) {
        printf("%s: %s\n", name, hby_cl_error_name(err));
        return 1;
    }
    const bool wide = !strcmp(name, "wide");
    int wrong = 0;
    for (int i = 0; i < COUNT; i++) {
        const int32_t want =
            wide ? hby_rescale_wide16((int64_t)x[i] * 4099, mult[i], shift[i] < 7 ? shift[i] : 7) : hby_rescale(x[i], mult[i], shift[i], rounding);
        if (got[i] != want && wrong++ < 3)
            printf("rounding %d, %s: x %d mult %d shift %d: %d, not %d\n", rounding, name, x[i], mult[i], shift[i], got[i], want);
    }
    return wrong > 0;
}

int main(void)
{
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}};
    struct hby_backend *be;
    struct hby_reason why = {""};
    const char *required = getenv("HBY_REQUIRE_DEVICE");
    if (hby_cl_backend_create(&opt, &be, &why)) {
        printf("no device: %s\n", why.text);
        return required && *required == '1' ? 1 : 77;
    }
    struct hby_cl_state *s = hby_cl_state_of(be);
    int failed = 0;
    for (int form = 0; form < 8; form++) { /* on a CPU, the forms for both kinds of device */
        const int rounding = form % 4;
        cl_program p = build(s, rounding, form >= 4);
        for (uint32_t seed = 1; p && seed <= 5; seed++) {
            fill(seed);
            failed += check(s, p, rounding, "wide", 1);
            fill_for(rounding);
            failed += check(s, p, rounding, "one", 1) + check(s, p, rounding, "at_run_time", 1) + check(s, p, rounding, "lanes8", 8) +
                      check(s, p, rounding, "lanes16", 16);
        }
        failed += !p;
        if (p)
            s->cl->clReleaseProgram(p);
    }
    hby_cl_backend_destroy(&be);
    printf(failed ? "FAILED\n" : "passed: 4 roundings, 2 x 5 forms, 5 x %d values\n", COUNT);
    return failed > 0;
}
