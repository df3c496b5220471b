/* Rescaling against arithmetic wide enough to say each rule in its own words: partition/fixedpoint.h, and on the device kernels_cl/fixedpoint.clh, scalar and
 * in lanes, in the forms for CPUs and for GPUs; every rounding and shift, extreme and random values. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernels_cl/cl_state.h"
#include "partition/fixedpoint.h"
#include "tests/need_device.h"

enum { COUNT = 1 << 16, SEEDS = 5, WIDE_FACTOR = 4099 };

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

/* ---- the rules ---- */

__extension__ typedef __int128 wide;
enum tie { UP, AWAY, EVEN };

/* v / 2^e to the nearest integer; e in [0, 120]. */
static wide halved(wide v, int e, enum tie tie)
{
    const wide unit = (wide)1 << e;
    wide q = v / unit, rest = v % unit;
    if (rest < 0) { /* to the floor */
        q--;
        rest += unit;
    }
    const bool up = 2 * rest > unit || (2 * rest == unit && (tie == UP || (tie == AWAY && v > 0) || (tie == EVEN && q % 2 != 0)));
    return e && up ? q + 1 : q;
}

/* *v * 2^*e to float32's 24 bits. */
static void to_float(wide *v, int *e)
{
    int bits = 0;
    for (wide most = *v < 0 ? -*v : *v; most >> bits != 0; bits++) {
    }
    if (bits > 24) {
        *v = halved(*v, bits - 24, EVEN);
        *e += bits - 24;
    }
}

static wide by_float(wide v, float factor)
{
    const wide bound = 1 << 30;
    int e = 0, factor_e;
    to_float(&v, &e);
    v *= (wide)ldexpf(frexpf(factor, &factor_e), 24);
    e += factor_e - 24;
    to_float(&v, &e);
    v = e >= 0 ? v * ((wide)1 << e) : halved(v, -e, EVEN);
    return v < -bound ? -bound : v > bound ? bound : v;
}

/* What `rounding` makes of `v`; m in [0, 2^31), or a float's bits. */
static int32_t expected(int64_t v, int32_t m, int s, int rounding)
{
    const int left = s > 0 ? s : 0, right = s > 0 ? 0 : -s;
    const bool away = rounding == HBY_ROUND_DOUBLE || (rounding == HBY_ROUND_RUY && m < 0);
    float factor;
    switch (rounding) {
    case HBY_ROUND_FLOAT:
        memcpy(&factor, &m, sizeof factor);
        return (int32_t)by_float(v, factor);
    case HBY_ROUND_SINGLE:
        return (int32_t)halved((wide)v * m, 31 - s, UP);
    case HBY_ROUND_WIDE16:
        return (int32_t)halved(v * (m >= 0x7FFF0000 ? 0x7FFF : halved(m, 16, UP)), 15 - s, UP);
    default: /* the left shift loses what leaves the 32 bits */
        return (int32_t)halved(halved((wide)(int32_t)((wide)v * ((wide)1 << left)) * (m < 0 ? -m : m), 31, UP), right, away ? AWAY : UP);
    }
}

/* ---- values ---- */

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed ^ *seed >> 15;
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

/* What HBY_NARROW takes: |x| < 2^29, shift in [-20, -1], no negated multiplier. */
static void fill_narrow(void)
{
    for (int i = 0; i < COUNT; i++) {
        x[i] = x[i] / 8 + (x[i] == INT_MIN);
        shift[i] = -1 - (shift[i] + 31) % 20;
    }
}

/* ---- the C side ---- */

static int wrong(int rounding, const char *name)
{
    int n = 0;
    for (int i = 0; i < COUNT; i++) {
        const bool wide16 = rounding == HBY_ROUND_WIDE16;
        const int s = wide16 && shift[i] > 7 ? 7 : shift[i];
        const int32_t want = expected(wide16 ? (int64_t)x[i] * WIDE_FACTOR : x[i], mult[i], s, rounding);
        if (got[i] != want && n++ < 3)
            print_error("rounding %d, %s: x %d mult %d shift %d: %d, not %d\n", rounding, name, x[i], mult[i], s, got[i], want);
    }
    return n;
}

static void in_c(void **state)
{
    (void)state;
    for (int rounding = HBY_ROUND_DOUBLE; rounding <= HBY_ROUND_WIDE16; rounding++)
        for (uint32_t seed = 1; seed <= SEEDS; seed++) {
            const bool wide16 = rounding == HBY_ROUND_WIDE16;
            fill(seed);
            fill_for(rounding);
            for (int i = 0; i < COUNT; i++)
                got[i] = hby_rescale(wide16 ? (int64_t)x[i] * WIDE_FACTOR : x[i], mult[i], wide16 && shift[i] > 7 ? 7 : shift[i], rounding);
            assert_int_equal(wrong(rounding, "C"), 0);
        }
}

/* ---- the device ---- */

static struct hby_backend *device;

static cl_program build(struct hby_cl_state *s, const char *more)
{
    char options[700], *header = NULL;
    struct hby_reason why = {""};
    cl_int err;
    if (hby_cl_source("fixedpoint.clh", &header, &why))
        fail_msg("%s", why.text);
    const char *text[] = {header, kernels};
    cl_program p = s->cl->clCreateProgramWithSource(s->ctx, 2, text, NULL, &err);
    assert_int_equal(err, CL_SUCCESS);
    snprintf(options, sizeof options, "%s %s", s->features, more);
    if (s->cl->clBuildProgram(p, 1, &s->id, options, NULL, NULL))
        fail_msg("fixedpoint.clh does not build with %s", options);
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

static void check(struct hby_cl_state *s, cl_program p, int rounding, const char *name, size_t per_item)
{
    memset(got, 0, sizeof got);
    const cl_int err = run(s, p, name, COUNT / per_item);
    if (err)
        fail_msg("%s: %s", name, hby_cl_error_name(err));
    assert_int_equal(wrong(rounding, name), 0);
}

static void on_device(const char *more)
{
    if (!device)
        skip();
    struct hby_cl_state *s = hby_cl_state_of(device);
    for (int rounding = HBY_ROUND_DOUBLE; rounding <= HBY_ROUND_FLOAT; rounding++) {
        char options[64];
        snprintf(options, sizeof options, "-DHBY_ROUNDING=%d%s", rounding, more);
        cl_program p = build(s, options);
        for (uint32_t seed = 1; seed <= SEEDS; seed++) {
            fill(seed);
            check(s, p, HBY_ROUND_WIDE16, "wide", 1);
            fill_for(rounding);
            check(s, p, rounding, "one", 1);
            check(s, p, rounding, "at_run_time", 1);
            check(s, p, rounding, "lanes8", 8);
            check(s, p, rounding, "lanes16", 16);
        }
        s->cl->clReleaseProgram(p);
    }
}

static void in_kernels(void **state)
{
    (void)state;
    on_device("");
}

/* On a CPU as well; -w: the options define the name a second time. */
static void in_kernels_of_gpus(void **state)
{
    (void)state;
    on_device(" -w -DHBY_DEVICE_CPU=0");
}

static void in_narrow_kernels(void **state)
{
    (void)state;
    if (!device)
        skip();
    struct hby_cl_state *s = hby_cl_state_of(device);
    static const int roundings[] = {HBY_ROUND_DOUBLE, HBY_ROUND_RUY};
    for (int k = 0; k < 2; k++) {
        char options[64];
        snprintf(options, sizeof options, "-DHBY_ROUNDING=%d -DHBY_NARROW=1", roundings[k]);
        cl_program p = build(s, options);
        for (uint32_t seed = 1; seed <= SEEDS; seed++) {
            fill(seed);
            fill_narrow();
            check(s, p, roundings[k], "lanes16", 16);
        }
        s->cl->clReleaseProgram(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_c),
        cmocka_unit_test(in_kernels),
        cmocka_unit_test(in_kernels_of_gpus),
        cmocka_unit_test(in_narrow_kernels),
    };
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}};
    struct hby_reason why = {""};
    const int skip = hby_cl_backend_create(&opt, &device, &why) ? no_device(&why) : 0;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hby_cl_backend_destroy(&device);
    return failed ? 1 : skip;
}
