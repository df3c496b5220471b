/* Times and differences. */
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/litert.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_stats bench_stats_of(double *us, int n)
{
    struct bench_stats s = {0};
    if (n < 1) {
        return s;
    }
    qsort(us, (size_t)n, sizeof *us, ascending);
    s.min = us[0];
    s.median = n % 2 ? us[n / 2] : (us[n / 2 - 1] + us[n / 2]) / 2;
    int nearest = (n * 9 + 9) / 10; /* nearest rank: the smallest that 90 % of the runs do not exceed */
    s.p90 = us[nearest - 1];
    for (int i = 0; i < n; i++) {
        s.mean += us[i] / n;
    }
    return s;
}

/* Between the neighbours of a part of a sorted row. */
static double quantile(const double *sorted, int n, double part)
{
    const double at = part * (n - 1);
    const unsigned below = (unsigned)at;
    return below < (unsigned)n - 1 ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]) : sorted[n - 1];
}

struct bench_ratio bench_ratio_of(const double *a, const double *b, int rounds)
{
    struct bench_ratio r = {0};
    double *ratio = rounds > 0 ? calloc((size_t)rounds, sizeof *ratio) : NULL;
    for (int i = 0; i < rounds && ratio && a && b; i++) {
        if (a[i] > 0 && b[i] > 0) {
            ratio[r.n++] = a[i] / b[i];
        }
    }
    if (r.n > 0) {
        qsort(ratio, (size_t)r.n, sizeof *ratio, ascending);
        r.low = quantile(ratio, r.n, 0.25);
        r.median = quantile(ratio, r.n, 0.5);
        r.high = quantile(ratio, r.n, 0.75);
    }
    free(ratio);
    return r;
}

/* Element i as a double: exact for every integer type up to 32 bits. */
static double element(const struct bench_output *o, size_t i)
{
    switch (o->type) {
    case LITERT_FLOAT32:
        return ((const float *)o->data)[i];
    case LITERT_FLOAT64:
        return ((const double *)o->data)[i];
    case LITERT_INT8:
        return ((const int8_t *)o->data)[i];
    case LITERT_INT16:
        return ((const int16_t *)o->data)[i];
    case LITERT_INT32:
        return ((const int32_t *)o->data)[i];
    case LITERT_INT64:
        return (double)((const int64_t *)o->data)[i];
    case LITERT_UINT16:
        return ((const uint16_t *)o->data)[i];
    case LITERT_UINT32:
        return ((const uint32_t *)o->data)[i];
    default: /* uint8, bool, and types that are only compared byte by byte */
        return ((const uint8_t *)o->data)[i];
    }
}

static void compare(const struct bench_output *ref, const struct bench_output *got, struct bench_diff *d)
{
    size_t size = litert_element_bytes(ref->type);
    size_t n = ref->bytes / size;
    bool is_float = ref->type == LITERT_FLOAT32 || ref->type == LITERT_FLOAT64;
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        double r = element(ref, i), g = element(got, i);
        if (!isfinite(r) || !isfinite(g)) {
            d->not_finite |= !(r == g || (isnan(r) && isnan(g)));
            continue;
        }
        largest = fmax(largest, fabs(r));
        worst = fmax(worst, fabs(r - g));
    }
    if (is_float) {
        d->has_float = true;
        d->fraction = fmax(d->fraction, worst / fmax(largest, 1e-6));
    } else {
        d->has_int = true;
        d->steps = fmax(d->steps, worst);
    }
}

struct bench_diff bench_diff_of(const struct bench_output *ref, const struct bench_output *got, int n)
{
    struct bench_diff d = {.known = true};
    for (int i = 0; i < n; i++) {
        if (ref[i].type != got[i].type || ref[i].bytes != got[i].bytes) {
            return (struct bench_diff){.known = true, .not_finite = true};
        }
        compare(&ref[i], &got[i], &d);
    }
    return d;
}

void bench_diff_text(const struct bench_diff *d, char *text, size_t size)
{
    if (!d->known) {
        snprintf(text, size, "-");
    } else if (d->not_finite) {
        snprintf(text, size, "NaN or infinity");
    } else if (d->has_int && d->has_float) {
        snprintf(text, size, "%.0f LSB, %.1e", d->steps, d->fraction);
    } else if (d->has_int) {
        snprintf(text, size, "%.0f LSB", d->steps);
    } else {
        snprintf(text, size, "%.1e", d->fraction);
    }
}

bool bench_result_is_failure(const struct bench_result *r)
{
    return *r->failure && r->where != BENCH_LITERT_GPU;
}

void bench_result_free(struct bench_result *r)
{
    for (int i = 0; i < r->outputs; i++) {
        free(r->output[i].data);
    }
    r->outputs = 0;
    free(r->us);
    free(r->round_us);
    r->us = r->round_us = NULL;
}
