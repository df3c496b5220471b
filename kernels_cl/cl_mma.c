/* Has the device the matrix unit of mma.clh? Found out by building mma_test.cl and comparing what it computes. */
#include <stdio.h>
#include <string.h>

#include "kernels_cl/cl_state.h"
#include "partition/half.h"

enum { ROWS = 16, COLUMNS = 8, BYTES = 32 };

struct test {
    unsigned char a[ROWS][2 * BYTES], b[COLUMNS][BYTES]; /* a: of bytes and halves the first half, rows of BYTES one behind the other */
    union {
        int32_t i[ROWS][COLUMNS];
        float f[ROWS][COLUMNS];
    } c;
};

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* Extremes first, then anything; halves are multiples of 1/8 below 16, so that every sum is exact. */
static void fill(struct test *t, enum hby_scheme scheme)
{
    uint32_t seed = 7;
    unsigned char *bytes[2] = {&t->a[0][0], &t->b[0][0]};
    const int count[2] = {sizeof t->a, sizeof t->b};
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < count[s]; i++)
            bytes[s][i] = i < 40 ? (const unsigned char[]){128, 127, 255, 0, 129}[i % 5] : (unsigned char)(next(&seed) >> 24);
    for (int s = 0; s < 2 && scheme == HBY_SCHEME_f16; s++)
        for (int i = 0; i < count[s]; i += 2) {
            const uint16_t h = hby_float_to_half((float)((int)(next(&seed) >> 24) - 128) / 8.0f);
            memcpy(bytes[s] + i, &h, sizeof h);
        }
    for (int r = 0; r < ROWS; r++)
        for (int n = 0; n < COLUMNS; n++)
            if (scheme == HBY_SCHEME_f16)
                t->c.f[r][n] = (float)(r - n);
            else
                t->c.i[r][n] = 1000 * r - n;
}

static float half_at(const unsigned char *p)
{
    uint16_t h;
    memcpy(&h, p, sizeof h);
    return hby_half_to_float(h);
}

static int int_at(const unsigned char *row, int k, enum hby_scheme scheme)
{
    if (scheme == HBY_SCHEME_i16)
        return row[2 * k] + 256 * (int8_t)row[2 * k + 1];
    return scheme == HBY_SCHEME_u8 ? row[k] : (int8_t)row[k];
}

static void multiply(struct test *t, enum hby_scheme scheme)
{
    for (int r = 0; r < ROWS; r++)
        for (int n = 0; n < COLUMNS; n++)
            for (int k = 0; k < BYTES; k++) {
                const unsigned char *row = &t->a[0][0] + (size_t)r * (scheme == HBY_SCHEME_i16 ? 2 * BYTES : BYTES);
                if (scheme != HBY_SCHEME_f16)
                    t->c.i[r][n] += int_at(row, k, scheme) * (int8_t)t->b[n][k];
                else if (k % 2 == 0)
                    t->c.f[r][n] += half_at(&row[k]) * half_at(&t->b[n][k]);
            }
}

static cl_int run(struct hby_cl_state *s, cl_kernel k, struct test *t)
{
    const struct hby_cl_api *cl = s->cl;
    void *const host[] = {t->a, t->b, &t->c};
    const size_t bytes[] = {sizeof t->a, sizeof t->b, sizeof t->c}, items[1] = {32};
    cl_mem mem[3] = {NULL};
    cl_int err;
    cl_command_queue q = cl->clCreateCommandQueue(s->ctx, s->id, 0, &err);
    for (cl_uint i = 0; i < 3 && !err; i++) {
        mem[i] = cl->clCreateBuffer(s->ctx, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes[i], host[i], &err);
        if (!err)
            err = cl->clSetKernelArg(k, i, sizeof mem[i], &mem[i]);
    }
    if (!err)
        err = cl->clEnqueueNDRangeKernel(q, k, 1, NULL, items, items, 0, NULL, NULL);
    if (!err)
        err = cl->clEnqueueReadBuffer(q, mem[2], CL_TRUE, 0, bytes[2], host[2], 0, NULL, NULL);
    if (q)
        cl->clFinish(q);
    for (int i = 0; i < 3; i++)
        if (mem[i])
            cl->clReleaseMemObject(mem[i]);
    if (q)
        cl->clReleaseCommandQueue(q);
    return err;
}

static enum hby_status try_scheme(struct hby_cl_state *s, enum hby_scheme scheme, bool emulated, struct hby_reason *why)
{
    char options[80];
    struct test want, got;
    struct hby_cl_program *p;
    struct hby_cl_entry limits;
    cl_kernel k = NULL;
    fill(&want, scheme);
    got = want;
    multiply(&want, scheme);
    snprintf(options, sizeof options, "-DHBY_SCHEME_%s=1 -DHBY_MMA_EMULATED=%d", hby_scheme_names[scheme], emulated);
    enum hby_status st = hby_cl_program_get(s, "mma_test.cl", options, &p, why);
    if (!st)
        st = hby_cl_kernel_get(s, p, "mma_test", &limits, &k, why);
    if (!st && limits.max_group < 32)
        st = hby_say(HBY_UNSUPPORTED, why, "work-groups of %zu are too small", limits.max_group);
    if (!st)
        st = hby_cl_fail(run(s, k, &got), "self-test", why);
    if (k)
        s->cl->clReleaseKernel(k);
    if (!st && memcmp(&want.c, &got.c, sizeof want.c) != 0)
        st = hby_say(HBY_DEVICE, why, "self-test: the product of matrices is wrong");
    return st;
}

enum hby_cl_mma hby_cl_find_mma(struct hby_cl_state *s, bool emulated)
{
    static const enum hby_scheme schemes[] = {HBY_SCHEME_i8, HBY_SCHEME_u8, HBY_SCHEME_f16, HBY_SCHEME_i16};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct hby_reason why = {""};
        const enum hby_status st = try_scheme(s, schemes[i], emulated, &why);
        hby_cl_log(s, HBY_CL_LOG_BUILD, "%s: matrix units in scheme %s: %s", s->dev.info.name, hby_scheme_names[schemes[i]], st ? why.text : "right");
        if (st)
            return HBY_MMA_NONE;
    }
    return emulated ? HBY_MMA_EMULATED : HBY_MMA_NV;
}
