/* The one table, for people. */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

void bench_table_head(int w)
{
    printf("%-*s %-12s %-13s %9s %9s %9s %9s %9s  %-14s %5s %7s  %s\n", w, "network", "width", "runs on", "median", "min", "p90", "first", "set-up", "nodes",
           "parts", "size", "difference");
    printf("%-*s %-12s %-13s %9s %9s %9s %9s %9s  %-14s %5s %7s  %s\n", w, "", "", "", "ms", "ms", "ms", "ms", "ms", "dev+ref+left", "", "MB", "from host_ref");
    fflush(stdout);
}

static void row(const struct bench_result *r, bool first, int w)
{
    char nodes[48] = "-", parts[16] = "-", diff[64];
    printf("%-*.*s %-12s %-13s ", w, w, first ? r->network : "", first ? r->width : "", bench_where_name[r->where]);
    if (*r->failure) {
        printf("failed: %s\n", r->failure);
        return;
    }
    if (r->report.known) {
        snprintf(nodes, sizeof nodes, "%d+%d+%d", r->report.device, r->report.host_ref, r->report.runtime);
        snprintf(parts, sizeof parts, "%d", r->report.partitions);
    }
    bench_diff_text(&r->diff, diff, sizeof diff);
    printf("%9.2f %9.2f %9.2f %9.2f %9.1f  %-14s %5s %7.1f  %s\n", r->stats.median / 1e3, r->stats.min / 1e3, r->stats.p90 / 1e3, r->first_us / 1e3,
           r->setup_us / 1e3, nodes, parts, (double)r->model_bytes / 1e6, r->where == BENCH_HOST_REF ? "(the oracle)" : diff);
}

void bench_table_rows(const struct bench_result *r, int n, int w)
{
    bench_progress_clear();
    bool first = true;
    for (int i = 0; i < n; i++) {
        if (r[i].runs || *r[i].failure) {
            row(&r[i], first, w);
            first = false;
        }
    }
    fflush(stdout);
}

void bench_table_foot(const struct bench_options *o, const struct bench_result *all, int n)
{
    bench_progress_clear();
    for (int i = 0; i < n; i++) {
        if (all[i].where == BENCH_DEVICE && *all[i].report.device_name) {
            printf("\ndevice: %s", all[i].report.device_name);
            break;
        }
    }
    printf("\nnodes: on the device, on host_ref inside Halfbyte's partitions, left to the runtime (XNNPACK). CPU threads: %d. Device and CPU take turns.\n",
           o->threads);
    fflush(stdout);
}
