/* All that was measured, for programs: peaks, and per row what a roofline plot needs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/roofline/roofline.h"

static void text(FILE *f, const char *key, const char *value)
{
    fprintf(f, "\"%s\": \"", key);
    for (; *value; value++) {
        const unsigned char c = (unsigned char)*value;
        if (c == '"' || c == '\\')
            fputc('\\', f);
        if (c >= 0x20)
            fputc(c, f);
    }
    fputc('"', f);
}

static void times(FILE *f, const char *who, const struct roof_times *t)
{
    if (t->n > 0)
        fprintf(f, ", \"%smin_us\": %.3f, \"%smedian_us\": %.3f", who, t->stats.min, who, t->stats.median);
}

static void row(FILE *f, const struct roof_row *r)
{
    fputs("    {", f);
    text(f, "layer", r->name);
    fputs(", ", f);
    text(f, "op", hby_ops[r->layer->op].name);
    fputs(", ", f);
    text(f, "scheme", hby_scheme_names[r->scheme]);
    fputs(", ", f);
    text(f, "from", r->layer->from);
    if (r->own.n == 0) {
        fputs(", ", f);
        text(f, "skipped", r->reason);
    } else {
        fputs(", ", f);
        text(f, "kernel", r->kernel);
        fputs(", ", f);
        text(f, "arithmetic", r->arithmetic);
        fprintf(f, ", \"multiply_adds\": %.0f, \"bytes\": %.0f, \"rounds\": %d", r->macs, r->bytes, r->own.n);
        times(f, "", &r->own);
        if (r->kernel_us > 0)
            fprintf(f, ", \"kernel_us\": %.3f", r->kernel_us);
        fprintf(f, ", \"gops\": %.3f, \"gbs\": %.3f, \"intensity\": %.4f, ", r->gops, r->gbs, 2 * r->macs / r->bytes);
        text(f, "peak", roof_arith_name[r->arith]);
        fprintf(f, ", \"roof_us\": %.3f, ", r->roof_us);
        text(f, "bound", r->memory_bound ? "memory" : "arithmetic");
        times(f, "tflite_", &r->tflite);
        times(f, "clblast_", &r->blas);
        if (*r->tflite_reason) {
            fputs(", ", f);
            text(f, "tflite_skipped", r->tflite_reason);
        }
    }
    fputc('}', f);
}

bool roof_json_writable(const char *path)
{
    FILE *f = fopen(path, "a");
    if (!f)
        fprintf(stderr, "error: cannot write %s: %s\n", path, strerror(errno));
    return f && fclose(f) == 0;
}

bool roof_json_write(const struct roof_bench *b, const struct roof_row *rows, int n)
{
    const struct hby_cl_info *in = hby_cl_backend_info(b->be);
    FILE *f = fopen(b->o->json, "w");
    if (!f)
        return roof_json_writable(b->o->json); /* says why */
    fputs("{\"schema_version\": 1, \"device\": {", f);
    text(f, "platform", in->platform);
    fputs(", ", f);
    text(f, "name", in->name);
    fputs(", ", f);
    text(f, "driver", in->driver);
    fprintf(f, ", \"compute_units\": %d, \"clock_mhz\": %d}, \"threads\": %d,\n \"peak_gops\": {", in->compute_units, in->clock_mhz, b->o->threads);
    const char *comma = "";
    for (int i = 0; i < ROOF_ARITHS; i++)
        if (b->peaks.gops[i] > 0) {
            fprintf(f, "%s\"%s\": %.2f", comma, roof_arith_name[i], b->peaks.gops[i]);
            comma = ", ";
        }
    fprintf(f, "}, \"peak_gbs\": %.2f, \"launch_us\": %.3f, \"answer_us\": %.3f,\n \"copy\": [",
            b->peaks.n_copies ? b->peaks.copy[b->peaks.n_copies - 1].gbs : 0.0, b->peaks.launch_us, b->peaks.answer_us);
    for (int i = 0; i < b->peaks.n_copies; i++)
        fprintf(f, "%s{\"bytes\": %.0f, \"gbs\": %.2f}", i ? ", " : "", b->peaks.copy[i].bytes, b->peaks.copy[i].gbs);
    fprintf(f, "], \"peak_change\": %.4f,\n \"rows\": [\n", b->peaks.change);
    for (int i = 0; i < n; i++) {
        row(f, &rows[i]);
        fputs(i + 1 < n ? ",\n" : "\n", f);
    }
    fputs("]}\n", f);
    const bool failed = ferror(f) != 0;
    return fclose(f) == 0 && !failed;
}
