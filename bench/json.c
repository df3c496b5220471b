/* All results, for programs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

static void text(FILE *f, const char *key, const char *value)
{
    fprintf(f, "\"%s\": \"", key);
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (c == '"' || c == '\\') {
            fprintf(f, "\\%c", c);
        } else if (c < 0x20) {
            fprintf(f, "\\u%04x", c);
        } else {
            fputc(c, f);
        }
    }
    fputc('"', f);
}

static void result(FILE *f, const struct bench_result *r)
{
    fputs("    {", f);
    text(f, "model", r->model);
    fputs(", ", f);
    text(f, "network", r->network);
    fputs(", ", f);
    text(f, "width", r->width);
    fputs(", ", f);
    text(f, "where", bench_where_key[r->where]);
    fprintf(f, ", \"model_bytes\": %llu", (unsigned long long)r->model_bytes);
    if (*r->failure) {
        fputs(", ", f);
        text(f, bench_result_is_failure(r) ? "failure" : "skipped", r->failure);
    } else {
        fprintf(f,
                ", \"runs\": %d, \"median_us\": %.1f, \"min_us\": %.1f, \"p90_us\": %.1f, \"mean_us\": %.1f, \"first_us\": %.1f, \"setup_us\": %.1f, "
                "\"setup_cpu_us\": %.1f",
                r->runs, r->stats.median, r->stats.min, r->stats.p90, r->stats.mean, r->first_us, r->setup_us, r->setup_cpu_us);
        if (*r->adapter) {
            fputs(", ", f);
            text(f, "adapter", r->adapter);
        }
        if (r->memory_bytes) {
            fprintf(f, ", \"memory_bytes\": %llu", (unsigned long long)r->memory_bytes);
        }
        const unsigned long long activations = r->buffers.activations, weights = r->buffers.weights, scratch = r->buffers.scratch;
        if (activations + weights + scratch) {
            fprintf(f, ", \"buffer_bytes\": %llu, \"activation_bytes\": %llu, \"weight_bytes\": %llu", activations + weights + scratch, activations, weights);
        }
        if (r->ratio.n) {
            fprintf(f, ", \"device_ratio\": {\"median\": %.4f, \"low\": %.4f, \"high\": %.4f, \"rounds\": %d}", r->ratio.median, r->ratio.low, r->ratio.high,
                    r->ratio.n);
        }
        for (int i = 0; i < r->rounds; i++) {
            fputs(i ? ", " : ", \"rounds_us\": [", f);
            if (r->round_us[i] > 0) {
                fprintf(f, "%.2f", r->round_us[i]);
            } else {
                fputs("null", f);
            }
        }
        fputs(r->rounds ? "]" : "", f);
        if (r->report.known) {
            fprintf(f, ", \"nodes\": {\"device\": %d, \"host_ref\": %d, \"runtime\": %d}, \"partitions\": %d", r->report.device, r->report.host_ref,
                    r->report.runtime, r->report.partitions);
        }
        if (r->diff.known && !r->diff.not_finite && r->diff.has_int) {
            fprintf(f, ", \"difference_lsb\": %.0f", r->diff.steps);
        }
        if (r->diff.known && !r->diff.not_finite && r->diff.has_float) {
            fprintf(f, ", \"difference_fraction\": %.3g", r->diff.fraction);
        }
        if (r->diff.not_finite) {
            fputs(", \"not_finite\": true", f);
        }
    }
    fputc('}', f);
}

bool bench_json_writable(const char *path)
{
    FILE *f = fopen(path, "a");
    if (!f) {
        fprintf(stderr, "error: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    return fclose(f) == 0;
}

bool bench_json_write(const char *path, const struct bench_options *o, const struct bench_result *all, int n, const struct bench_noise *noise)
{
    char version[32] = "", why[256];
    FILE *f = fopen(path, "w");
    if (!f) {
        return bench_json_writable(path); /* says why */
    }
    bench_runtime_version(o->runtime, version, sizeof version, why, sizeof why);
    fputs("{\"schema_version\": 1, ", f);
    text(f, "runtime", version);
    for (int i = 0; i < n; i++) {
        if (all[i].where == BENCH_DEVICE && *all[i].report.device_name) {
            fputs(", ", f);
            text(f, "device", all[i].report.device_name);
            break;
        }
    }
    fprintf(f, ", \"threads\": %d", o->threads);
    if (noise->others >= 0) {
        fprintf(f, ", \"others\": %.4f", noise->others);
    }
    fprintf(f, ", \"slowdown\": %.4f, \"results\": [\n", noise->slowdown);
    const char *comma = "";
    for (int i = 0; i < n; i++) {
        if (all[i].runs || *all[i].failure) {
            fputs(comma, f);
            result(f, &all[i]);
            comma = ",\n";
        }
    }
    fputs("\n", f);
    fputs("]}\n", f);
    bool failed = ferror(f) != 0;
    if (fclose(f) || failed) {
        fprintf(stderr, "error: cannot write %s\n", path);
        return false;
    }
    return true;
}
