/* kernels_cl/peak.cl and peak_mma.cl on the device: products without memory, a copy without products, and launches of nothing. */
#include <math.h>
#include <stdio.h>

#include "bench/roofline/roofline.h"
#include "kernels_cl/cl_state.h"

const char *const roof_arith_name[ROOF_ARITHS] = {
    [ROOF_F32] = "float32",           [ROOF_F16] = "float16",           [ROOF_I8] = "int8", [ROOF_I16] = "16x8", [ROOF_F16_MATRIX] = "float16 matrix",
    [ROOF_I8_MATRIX] = "int8 matrix", [ROOF_I16_MATRIX] = "16x8 matrix"};

enum { ROUNDS = 15, GROUP = 256, GPU_ITEMS_PER_UNIT = 2048, CPU_ITEMS_PER_UNIT = 4, LANES = 16 /* at most: conv tiles' vectors */, SEED = 5 };
static const double long_enough_us = 4e3; /* of one timed launch */

/* One OpenCL queue, kernel and pair of buffers. */
struct run {
    struct hby_cl_state *s;
    cl_command_queue queue;
    cl_kernel kernel;
    cl_mem mem[2];
    size_t items, group;
};

static cl_int make_buffer(struct run *r, int i, size_t bytes)
{
    cl_int err;
    const cl_int zero = 0;
    if (r->mem[i])
        r->s->cl->clReleaseMemObject(r->mem[i]);
    r->mem[i] = r->s->cl->clCreateBuffer(r->s->ctx, CL_MEM_READ_WRITE, bytes, NULL, &err);
    if (!err) /* touched, so that no page is missing when it is timed */
        err = r->s->cl->clEnqueueFillBuffer(r->queue, r->mem[i], &zero, sizeof zero, 0, bytes, 0, NULL, NULL);
    return err;
}

/* Microseconds per launch, of `n` in a row. */
static cl_int launch(struct run *r, int n, double *us)
{
    cl_int err = r->s->cl->clFinish(r->queue);
    const int64_t start = hby_cl_now_ns();
    for (int i = 0; i < n && !err; i++)
        err = r->s->cl->clEnqueueNDRangeKernel(r->queue, r->kernel, 1, NULL, &r->items, &r->group, 0, NULL, NULL);
    if (!err)
        err = r->s->cl->clFinish(r->queue);
    *us = (double)(hby_cl_now_ns() - start) * 1e-3 / n;
    return err;
}

/* Where the products of each kind are. */
static const char vectors[] = "-DHBY_SCHEME_i8=1 -DHBY_ROUNDING=0";
static const struct kind {
    const char *file, *entry, *options;
} kinds[ROOF_ARITHS] = {
    [ROOF_F32] = {"peak.cl", "hby_peak_f32", vectors},
    [ROOF_F16] = {"peak.cl", "hby_peak_f16", vectors},
    [ROOF_I8] = {"peak.cl", "hby_peak_i8", vectors},
    [ROOF_I16] = {"peak.cl", "hby_peak_i16", vectors},
    [ROOF_F16_MATRIX] = {"peak_mma.cl", "hby_peak_mma", "-DHBY_SCHEME_f16=1"},
    [ROOF_I8_MATRIX] = {"peak_mma.cl", "hby_peak_mma", "-DHBY_SCHEME_i8=1"},
};

static bool has(const struct hby_cl_info *in, enum roof_arith a)
{
    if (a == ROOF_F16_MATRIX || a == ROOF_I8_MATRIX)
        return in->mma != HBY_MMA_NONE && in->kind != HBY_CL_CPU;
    return a == ROOF_F16 ? in->half_math != HBY_HALF_MATH_NONE : a != ROOF_I16_MATRIX; /* which follows from int8's */
}

/* How many independent sums a work-item has. Which is best on a CPU depends on its registers and on the compiler; a GPU has other work-items to go on with. */
static const int sum_counts[] = {8, 4, 12};
enum { SUM_COUNTS = sizeof sum_counts / sizeof *sum_counts };

static enum hby_status use(struct run *r, const struct kind *kind, int sums, struct hby_reason *why)
{
    const struct hby_cl_info *in = &r->s->dev.info;
    char options[96];
    struct hby_cl_program *p;
    struct hby_cl_entry limits;
    if (r->kernel)
        r->s->cl->clReleaseKernel(r->kernel);
    r->kernel = NULL;
    snprintf(options, sizeof options, "%s -DHBY_SUMS=%d -DHBY_MMA=%d -DHBY_HALF_MATH=%d", kind->options, sums, (int)in->mma, (int)in->half_math);
    enum hby_status st = hby_cl_program_get(r->s, kind->file, options, &p, why);
    if (!st)
        st = hby_cl_kernel_get(r->s, p, kind->entry, &limits, &r->kernel, why);
    const bool is_cpu = r->s->dev.info.kind == HBY_CL_CPU;
    if (!st)
        r->group = is_cpu ? 1 : limits.max_group < GROUP ? limits.max_group : GROUP;
    return st;
}

static cl_int set_rounds(struct run *r, int rounds)
{
    return r->s->cl->clSetKernelArg(r->kernel, 1, sizeof(cl_int), &rounds);
}

/* A kernel of products, its buffers, and as many work-items as fill the device. */
static enum hby_status set_up(struct run *r, enum roof_arith a, int sums, struct hby_reason *why)
{
    const struct hby_cl_api *cl = r->s->cl;
    const cl_int seed = SEED;
    const enum hby_status st = use(r, &kinds[a], sums, why);
    if (st)
        return st;
    const size_t units = (size_t)(r->s->dev.info.compute_units > 0 ? r->s->dev.info.compute_units : 1);
    r->items = r->group == 1 ? units * CPU_ITEMS_PER_UNIT : units * GPU_ITEMS_PER_UNIT / r->group * r->group;
    cl_int err = make_buffer(r, 0, r->items * LANES * sizeof(cl_int));
    err = err ? err : make_buffer(r, 1, sizeof(cl_int));
    err = err ? err : cl->clSetKernelArg(r->kernel, 0, sizeof seed, &seed);
    err = err ? err : cl->clSetKernelArg(r->kernel, 2, sizeof r->mem[0], &r->mem[0]);
    err = err ? err : cl->clSetKernelArg(r->kernel, 3, sizeof r->mem[1], &r->mem[1]);
    return hby_cl_fail(err, kinds[a].entry, why);
}

/* Products of one kind: rounds are doubled until a launch takes long enough, then the best of some. *gops becomes the larger of itself and what was seen. */
static enum hby_status products(struct run *r, enum roof_arith a, int sums, double *gops, struct hby_reason *why)
{
    const enum hby_status st = set_up(r, a, sums, why);
    if (st)
        return st;
    cl_int err = CL_SUCCESS, macs = 0, rounds = 8;
    double us = 0, best = INFINITY;
    for (; !err && us < long_enough_us && rounds < 1 << 29; rounds *= 2) {
        err = set_rounds(r, 2 * rounds);
        err = err ? err : launch(r, 1, &us);
    }
    for (int i = 0; i < ROUNDS && !err; i++) {
        err = launch(r, 1, &us);
        best = us < best ? us : best;
    }
    err = err ? err : r->s->cl->clEnqueueReadBuffer(r->queue, r->mem[1], CL_TRUE, 0, sizeof macs, &macs, 0, NULL, NULL);
    *gops = fmax(*gops, 2.0 * macs * rounds * (double)r->items / best * 1e-3);
    return hby_cl_fail(err, kinds[a].entry, why);
}

/* A kernel that does nothing: one work-group of no rounds. */
static enum hby_status empty_launches(struct run *r, struct roof_peaks *p, struct hby_reason *why)
{
    const enum hby_status st = set_up(r, ROOF_I8, sum_counts[0], why);
    if (st)
        return st;
    double one;
    cl_int err = set_rounds(r, 0);
    r->items = r->group;
    p->launch_us = p->answer_us = INFINITY;
    for (int i = 0; i < ROUNDS && !err; i++) {
        err = launch(r, 500, &one);
        p->launch_us = fmin(p->launch_us, one);
        err = err ? err : launch(r, 1, &one);
        p->answer_us = fmin(p->answer_us, one);
    }
    return hby_cl_fail(err, "empty launches", why);
}

/* `bytes` in all, half of them read and half written. */
static enum hby_status copy(struct run *r, double bytes, double *gbs, struct hby_reason *why)
{
    const struct hby_cl_api *cl = r->s->cl;
    const bool is_cpu = r->group == 1;
    const size_t vector = is_cpu ? 64 : 16, vectors = (size_t)bytes / 2 / vector;
    const size_t units = (size_t)(r->s->dev.info.compute_units > 0 ? r->s->dev.info.compute_units : 1);
    size_t per_item = is_cpu ? vectors / (units * CPU_ITEMS_PER_UNIT) : 1;
    per_item = per_item > 1024 ? 1024 : per_item < 1 ? 1 : per_item;
    r->items = vectors / per_item / r->group * r->group;
    const double moved = 2.0 * (double)(r->items * per_item * vector);
    const cl_int per = (cl_int)per_item;
    cl_int err = make_buffer(r, 0, vectors * vector);
    err = err ? err : make_buffer(r, 1, vectors * vector);
    err = err ? err : cl->clSetKernelArg(r->kernel, 0, sizeof r->mem[0], &r->mem[0]);
    err = err ? err : cl->clSetKernelArg(r->kernel, 1, sizeof r->mem[1], &r->mem[1]);
    err = err ? err : cl->clSetKernelArg(r->kernel, 2, sizeof per, &per);
    double us = 0, best = INFINITY;
    err = err ? err : launch(r, 2, &us);
    const int n = us > long_enough_us ? 1 : (int)fmin(long_enough_us / fmax(us, 0.1) + 1, 1000);
    for (int i = 0; i < ROUNDS && !err; i++) {
        err = launch(r, n, &us);
        best = us < best ? us : best;
    }
    *gbs = moved / best * 1e-3;
    return hby_cl_fail(err, "hby_copy", why);
}

static enum hby_status all(struct run *r, struct roof_peaks *p, struct hby_reason *why)
{
    const struct hby_cl_info *in = &r->s->dev.info;
    enum hby_status st = HBY_OK;
    for (int i = 0; i < ROOF_ARITHS && !st; i++)
        for (int j = 0; j < (in->kind == HBY_CL_CPU ? SUM_COUNTS : 1) && has(in, (enum roof_arith)i) && !st; j++)
            st = products(r, (enum roof_arith)i, sum_counts[j], &p->gops[i], why);
    if (!st)
        st = empty_launches(r, p, why);
    if (!st)
        st = use(r, &(struct kind){"peak.cl", "hby_copy", vectors}, sum_counts[0], why);
    p->gops[ROOF_I16_MATRIX] = p->gops[ROOF_I8_MATRIX] / 2; /* a product by the high bytes, and one by the low ones */
    double bytes = 64 * 1024;
    for (int i = 0; i < ROOF_COPIES && !st && bytes / 2 <= (double)in->max_alloc_bytes && bytes <= (double)in->global_bytes / 4; i++, bytes *= 4) {
        p->copy[i].bytes = bytes;
        st = copy(r, bytes, &p->copy[i].gbs, why);
        p->n_copies += !st;
    }
    return st;
}

/* The better of what is there and `value`. */
static void raise(double *best, double value, double *most)
{
    if (*best > 0)
        *most = fmax(*most, fmax(value / *best, *best / value) - 1);
    *best = fmax(*best, value);
}

enum hby_status roof_peaks_again(struct hby_backend *be, struct roof_peaks *p, struct hby_reason *why)
{
    struct roof_peaks second;
    const enum hby_status st = roof_peaks_measure(be, &second, why);
    if (st)
        return st;
    for (int i = 0; i < ROOF_ARITHS; i++)
        if (second.gops[i] > 0)
            raise(&p->gops[i], second.gops[i], &p->change);
    for (int i = 0; i < p->n_copies && i < second.n_copies; i++)
        raise(&p->copy[i].gbs, second.copy[i].gbs, &p->change);
    p->launch_us = fmin(p->launch_us, second.launch_us);
    p->answer_us = fmin(p->answer_us, second.answer_us);
    return HBY_OK;
}

enum hby_status roof_peaks_measure(struct hby_backend *be, struct roof_peaks *p, struct hby_reason *why)
{
    struct run r = {.s = hby_cl_state_of(be)};
    const struct hby_cl_api *cl = r.s->cl;
    cl_int err = CL_SUCCESS;
    *p = (struct roof_peaks){0};
    r.queue = cl->clCreateCommandQueue(r.s->ctx, r.s->id, 0, &err);
    enum hby_status st = hby_cl_fail(err, "clCreateCommandQueue", why);
    if (!st)
        st = all(&r, p, why);
    if (r.queue)
        cl->clFinish(r.queue);
    for (int i = 0; i < 2; i++)
        if (r.mem[i])
            cl->clReleaseMemObject(r.mem[i]);
    if (r.kernel)
        cl->clReleaseKernel(r.kernel);
    if (r.queue)
        cl->clReleaseCommandQueue(r.queue);
    return st;
}

double roof_bandwidth(const struct roof_peaks *p, double bytes)
{
    int i = 1;
    if (p->n_copies == 0)
        return 0;
    if (bytes <= p->copy[0].bytes || p->n_copies == 1)
        return p->copy[0].gbs;
    while (i < p->n_copies - 1 && bytes > p->copy[i].bytes)
        i++;
    if (bytes >= p->copy[i].bytes)
        return p->copy[i].gbs;
    const double at = log(bytes / p->copy[i - 1].bytes) / log(p->copy[i].bytes / p->copy[i - 1].bytes);
    return p->copy[i - 1].gbs * pow(p->copy[i].gbs / p->copy[i - 1].gbs, at);
}
