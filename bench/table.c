/* The one table, for people. */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

/* What the others' results are compared with. */
static enum bench_where oracle_of(const struct bench_options *o)
{
    return o->places >> BENCH_HOST_REF & 1 ? BENCH_HOST_REF : BENCH_REF;
}

void bench_table_head(const struct bench_options *o, int w)
{
    const char *from = o->places >> BENCH_HOST_REF & 1 ? "from host_ref" : o->places >> BENCH_REF & 1 ? "from REF" : "";
    if (o->compare) {
        printf("%-*s %-12s %-13s %9s %9s %9s %7s  %-13s %6s  %-14s %s\n", w, "network", "width", "runs on", "median", "min", "p90", "device/", "quartiles",
               "rounds", "nodes", "difference");
        printf("%-*s %-12s %-13s %9s %9s %9s %7s  %-13s %6s  %-14s %s\n", w, "", "", "", "ms", "ms", "ms", "this", "", "", "dev+ref+left", from);
    } else {
        printf("%-*s %-12s %-13s %9s %9s %9s %9s %9s  %-14s %5s %7s  %s\n", w, "network", "width", "runs on", "median", "min", "p90", "first", "set-up",
               "nodes", "parts", "size", "difference");
        printf("%-*s %-12s %-13s %9s %9s %9s %9s %9s  %-14s %5s %7s  %s\n", w, "", "", "", "ms", "ms", "ms", "ms", "ms", "dev+ref+left", "", "MB", from);
    }
    fflush(stdout);
}

/* What a comparison in rounds tells of one place. */
static void compared(const struct bench_options *o, const struct bench_result *r, const char *nodes, const char *diff)
{
    char ratio[16] = "-", quartiles[32] = "-";
    if (r->ratio.n) {
        snprintf(ratio, sizeof ratio, "%.3g", r->ratio.median);
        snprintf(quartiles, sizeof quartiles, "%.3g %.3g", r->ratio.low, r->ratio.high);
    }
    int rounds = 0;
    for (int i = 0; i < r->rounds; i++) {
        rounds += r->round_us[i] > 0;
    }
    printf("%9.3f %9.3f %9.3f %7s  %-13s %6d  %-14s %s\n", r->stats.median / 1e3, r->stats.min / 1e3, r->stats.p90 / 1e3, ratio, quartiles, rounds, nodes,
           r->where == oracle_of(o) ? "(the oracle)" : diff);
}

static void row(const struct bench_options *o, const struct bench_result *r, bool first, int w)
{
    char nodes[48] = "-", parts[16] = "-", diff[64];
    printf("%-*.*s %-12s %-13s ", w, w, first ? r->network : "", first ? r->width : "", bench_where_name[r->where]);
    if (*r->failure) {
        printf("%s: %s\n", bench_result_is_failure(r) ? "failed" : "skipped", r->failure);
        return;
    }
    if (r->report.known) {
        snprintf(nodes, sizeof nodes, "%d+%d+%d", r->report.device, r->report.host_ref, r->report.runtime);
        snprintf(parts, sizeof parts, "%d", r->report.partitions);
    }
    bench_diff_text(&r->diff, diff, sizeof diff);
    if (o->compare) {
        compared(o, r, nodes, diff);
        return;
    }
    printf("%9.2f %9.2f %9.2f %9.2f %9.1f  %-14s %5s %7.1f  %s\n", r->stats.median / 1e3, r->stats.min / 1e3, r->stats.p90 / 1e3, r->first_us / 1e3,
           r->setup_us / 1e3, nodes, parts, (double)r->model_bytes / 1e6, r->where == oracle_of(o) ? "(the oracle)" : diff);
}

void bench_table_rows(const struct bench_options *o, const struct bench_result *r, int n, int w)
{
    bench_progress_clear();
    bool first = true;
    for (int i = 0; i < n; i++) {
        if (r[i].runs || *r[i].failure) {
            row(o, &r[i], first, w);
            first = false;
        }
    }
    fflush(stdout);
}

void bench_table_foot(const struct bench_options *o, const struct bench_result *all, int n, const struct bench_noise *noise)
{
    char warning[320];
    bench_progress_clear();
    for (int i = 0; i < n; i++) {
        if (all[i].where == BENCH_DEVICE && *all[i].report.device_name) {
            printf("\ndevice: %s", all[i].report.device_name);
            break;
        }
    }
    for (int i = 0; i < n; i++) {
        if (*all[i].adapter) {
            printf("\n%s: %s", bench_where_name[BENCH_LITERT_GPU], all[i].adapter);
            break;
        }
    }
    printf("\nnodes: on the device, on host_ref inside Halfbyte's partitions, left to the runtime (XNNPACK). CPU threads: %d. All take turns.\n", o->threads);
    if (o->compare) {
        printf(
            "device/this: the device's time as a part of this place's, from the medians of the blocks of each round: median over the rounds, and quartiles.\n"
            "XNNPACK: the runtime's default. OPT: TFLite's optimized kernels, without XNNPACK. REF: its reference kernels. What is slow takes part in fewer "
            "rounds.\n");
    }
    if (bench_noise_text(noise, warning, sizeof warning)) {
        printf("%s\n", warning);
    }
    fflush(stdout);
}
