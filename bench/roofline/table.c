/* The table, row by row as they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/roofline/roofline.h"

static const double busy = 0.15; /* the peaks of an idle machine repeat better than this */

void roof_table_head(const struct roof_bench *b)
{
    const struct hby_cl_info *in = hby_cl_backend_info(b->be);
    const struct roof_peaks *p = &b->peaks;
    printf("%s / %s, threads: %d\npeaks, Gop/s:", in->platform, in->name, b->o->threads);
    for (int i = 0; i < ROOF_ARITHS; i++)
        if (p->gops[i] > 0)
            printf(" %s %.0f ", roof_arith_name[i], p->gops[i]);
    printf("\ncopy, GB/s: ");
    for (int i = 0; i < p->n_copies; i++)
        printf(" %.4g %s: %.1f ", p->copy[i].bytes < 1048576 ? p->copy[i].bytes / 1024 : p->copy[i].bytes / 1048576, p->copy[i].bytes < 1048576 ? "KB" : "MB",
               p->copy[i].gbs);
    printf("\nempty launch: %.2f us in a row of them, %.1f us with the wait for it\n\n%-36s %-6s %-16s %8s %8s", p->launch_us, p->answer_us, "layer", "scheme",
           "kernel", "min us", "median");
    if (b->profiled)
        printf(" %9s", "device us");
    printf(" %8s %8s %6s %6s", "Gop/s", "GB/s", "peak", "roof");
    if (b->peer)
        printf(" %10s %7s", "TFLite us", "faster");
    if (b->blas)
        printf(" %11s", "CLBlast us");
    printf("\n");
}

static void percent(double part)
{
    if (part > 0)
        printf(" %5.0f%%", 100 * part);
    else
        printf(" %6s", "-");
}

void roof_table_row(const struct roof_bench *b, const struct roof_row *r)
{
    printf("%-36s %-6s ", r->name, hby_scheme_names[r->scheme]);
    if (r->own.n == 0) {
        printf("skipped: %s\n", r->reason);
        return;
    }
    printf("%-16s %8.1f %8.1f ", r->kernel, r->own.stats.min, r->own.stats.median);
    if (b->profiled)
        printf("%9.1f ", r->kernel_us);
    if (r->macs > 0)
        printf("%8.1f", r->gops);
    else
        printf("%8s", "-");
    printf(" %8.1f", r->gbs);
    percent(r->macs > 0 && r->peak > 0 ? r->gops / r->peak : 0);
    percent(r->roof_us / roof_row_us(r));
    if (r->tflite.n > 0)
        printf(" %10.1f %6.2fx", r->tflite.stats.min, r->tflite.stats.min / r->own.stats.min);
    else if (b->peer)
        printf(" %10s %7s", "-", "");
    if (r->blas.n > 0)
        printf(" %11.1f", r->blas.stats.min);
    else if (b->blas)
        printf(" %11s", "");
    printf("%s%s\n", *r->tflite_reason ? "  TFLite: " : "", r->tflite_reason);
    fflush(stdout);
}

void roof_table_foot(const struct roof_bench *b)
{
    printf("\nmin, median: of %d rounds, each the mean of launches in a row and one wait; %sthe other columns are of %s. Gop/s: 2 x multiply-adds.\n"
           "GB/s: inputs, weights and outputs, each once. peak: of the Gop/s above. roof: of what the peak, or a copy of as many bytes, would allow.\n",
           b->o->rounds, b->profiled ? "device us: by the device's own clock, without what a launch costs; " : "",
           b->profiled ? "the lesser" : "the best round");
    if (b->peaks.change > busy)
        printf("The peaks before and after differ by %.0f %%: something else used the device, and these times are too long.\n", 100 * b->peaks.change);
}

void roof_table_tunings(const struct roof_bench *b)
{
    enum { MOST = 1024 };
    struct hby_cl_tuning *t = calloc(MOST, sizeof *t);
    const int n = t ? hby_cl_backend_tunings(b->be, t, MOST) : 0;
    printf("\n%-64s %10s %12s %10s %7s\n", "tiles: class of shapes", "tile", "default us", "us", "won");
    for (int i = 0; i < n && i < MOST; i++) {
        char tile[32] = "default";
        if (t[i].rows)
            snprintf(tile, sizeof tile, "%d x %d", t[i].rows, t[i].vectors);
        printf("%-64s %10s %12.1f %10.1f %6.1f%%\n", t[i].shape, tile, t[i].default_us, t[i].us,
               t[i].default_us > 0 ? 100 * (1 - t[i].us / t[i].default_us) : 0.0);
    }
    free(t);
}
