/* One row: our kernel, CLBlast and TFLite in turns, so that all meet the same machine. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "bench/roofline/roofline.h"

static const double slice_us = 10e3; /* one turn */
enum { MAX_CALLS = 2000, BLAS_ROUNDS = 3, KERNEL_RUNS = 21 };
/* The threads of TFLite's pool look for work for some milliseconds before they sleep. */
static const struct timespec settle = {.tv_nsec = 15000000};

/* How many calls make a slice. */
static enum hby_status calibrate(struct roof_subject *s, int *calls, struct hby_reason *why)
{
    double us = 0;
    enum hby_status st = roof_subject_run(s, 1, &us, why);
    if (!st && us < slice_us) /* not so long as one call and the wait for it */
        st = roof_subject_run(s, (int)fmin(1 + slice_us / 4 / fmax(us, 1), MAX_CALLS), &us, why);
    *calls = (int)fmax(1, fmin(slice_us / fmax(us, 0.1), MAX_CALLS));
    return st;
}

static enum hby_status turn(struct roof_subject *s, int calls, struct roof_times *t, struct hby_reason *why)
{
    double us;
    const enum hby_status st = roof_subject_run(s, calls, &us, why);
    if (!st)
        t->us[t->n++] = us;
    return st;
}

/* Which of the measured peaks bounds it. */
static enum roof_arith arithmetic_of(const struct roof_bench *b, const struct roof_row *r)
{
    static const enum roof_arith of[HBY_SCHEME_COUNT] = {
        [HBY_SCHEME_f32] = ROOF_F32, [HBY_SCHEME_f16] = ROOF_F32,  [HBY_SCHEME_i8] = ROOF_I8,  [HBY_SCHEME_u8] = ROOF_I8,
        [HBY_SCHEME_i16] = ROOF_I16, [HBY_SCHEME_f32w8] = ROOF_I8, [HBY_SCHEME_i32] = ROOF_I8,
    };
    if (strncmp(r->kernel, "conv_mma", 8) == 0)
        return r->scheme == HBY_SCHEME_f16 ? ROOF_F16_MATRIX : r->scheme == HBY_SCHEME_i16 ? ROOF_I16_MATRIX : ROOF_I8_MATRIX;
    const bool half_products = r->scheme == HBY_SCHEME_f16 && strncmp(r->arithmetic, "half,", 5) == 0 && b->peaks.gops[ROOF_F16] > 0;
    return half_products ? ROOF_F16 : of[r->scheme];
}

double roof_row_us(const struct roof_row *r)
{
    return r->kernel_us > 0 ? fmin(r->kernel_us, r->own.stats.min) : r->own.stats.min;
}

void roof_conclude(const struct roof_bench *b, struct roof_row *r)
{
    r->own.stats = bench_stats_of(r->own.us, r->own.n);
    r->tflite.stats = bench_stats_of(r->tflite.us, r->tflite.n);
    r->blas.stats = bench_stats_of(r->blas.us, r->blas.n);
    if (r->own.n == 0)
        return;
    const double copy_gbs = roof_bandwidth(&b->peaks, r->bytes);
    r->arith = arithmetic_of(b, r);
    r->peak = b->peaks.gops[r->arith];
    r->gops = 2 * r->macs / roof_row_us(r) * 1e-3;
    r->gbs = r->bytes / roof_row_us(r) * 1e-3;
    const double by_memory = copy_gbs > 0 ? r->bytes / copy_gbs * 1e-3 : 0, by_products = r->peak > 0 ? 2 * r->macs / r->peak * 1e-3 : 0;
    r->memory_bound = by_memory > by_products;
    r->roof_us = fmax(by_memory, by_products);
}

static bool wants_blas(const struct roof_bench *b, const struct roof_row *r)
{
    const struct roof_layer *l = r->layer;
    return b->blas && r->scheme == HBY_SCHEME_f32 && (l->op == HBY_OP_conv_2d || l->op == HBY_OP_fully_connected) && l->k == 1 && l->stride == 1;
}

/* By the device's own clock: launches in a row take no less than the host takes to ask for them. */
static void measure_kernel(const struct roof_bench *b, struct roof_row *r)
{
    double us[KERNEL_RUNS], first;
    struct roof_subject s;
    struct hby_reason why;
    int n = 0;
    if (!b->profiled || roof_subject_open(b->profiled, r->layer, r->scheme, &s, &why))
        return;
    if (!roof_subject_kernels(&s, &first, &why))
        while (n < KERNEL_RUNS && !roof_subject_kernels(&s, &us[n], &why))
            n++;
    r->kernel_us = n == KERNEL_RUNS ? bench_stats_of(us, n).median : 0;
    roof_subject_close(&s);
}

void roof_measure(const struct roof_bench *b, struct roof_row *r)
{
    struct roof_subject own, blas = {0};
    struct hby_reason why = {""}, ignored;
    int calls = 1, blas_calls = 1;
    r->macs = roof_layer_macs(r->layer);
    enum hby_status st = roof_subject_open(b->be, r->layer, r->scheme, &own, &why);
    bool has_blas = false, has_peer = false;
    if (!st) {
        memcpy(r->kernel, own.kernel, sizeof r->kernel);
        memcpy(r->arithmetic, own.arithmetic, sizeof r->arithmetic);
        r->bytes = own.bytes;
        st = calibrate(&own, &calls, &why);
        has_blas = !st && wants_blas(b, r) && !roof_subject_open(b->blas, r->layer, r->scheme, &blas, &ignored) && strcmp(blas.kernel, "gemm") == 0;
        if (has_blas)
            has_blas = !calibrate(&blas, &blas_calls, &ignored);
        has_peer = !st && b->peer && roof_peer_open(b->peer, r->layer, r->scheme, b->o->threads, r->tflite_reason, sizeof r->tflite_reason);
    }
    for (int i = 0; i < b->o->rounds && !st; i++) {
        double us;
        roof_subject_run(&own, 1, &us, &why); /* not counted: the others have had the caches meanwhile */
        st = turn(&own, calls, &r->own, &why);
        if (!st && has_blas && i < BLAS_ROUNDS)
            has_blas = !turn(&blas, blas_calls, &r->blas, &ignored);
        if (!st && has_peer && (us = roof_peer_run(b->peer, slice_us)) > 0) {
            r->tflite.us[r->tflite.n++] = us;
            nanosleep(&settle, NULL);
        }
    }
    r->failed = st != HBY_OK && st != HBY_UNSUPPORTED;
    if (st)
        memcpy(r->reason, why.text, sizeof r->reason);
    roof_subject_close(&own);
    roof_subject_close(&blas);
    if (r->own.n > 0)
        measure_kernel(b, r);
    roof_conclude(b, r);
}
