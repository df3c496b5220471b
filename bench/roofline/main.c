/* halfbyte-kernels: each kernel on real layers, against the device's peaks, TFLite's time for the same operator, and CLBlast's. */
#include <stdlib.h>
#include <string.h>

#include "bench/roofline/roofline.h"
#include "bench/threads.h"
#include "kernels_cl/clblast.h"

enum { NO_DEVICE = 77, GEMM_OWN = 1, GEMM_CLBLAST = 2, TUNE_FORCE = 2 };

static struct hby_cl_choice choice(const char *device)
{
    struct hby_cl_choice c = {.device_id = -1, .device_type = -1};
    if (!device)
        return c;
    if (*device && strspn(device, "0123456789") == strlen(device))
        c.device_id = atoi(device);
    else if (!strcasecmp(device, "gpu"))
        c.device_type = HBY_CL_GPU;
    else if (!strcasecmp(device, "cpu"))
        c.device_type = HBY_CL_CPU;
    else if (!strcasecmp(device, "accelerator"))
        c.device_type = HBY_CL_ACCELERATOR;
    else
        c.device = device;
    return c;
}

/* The rows that the options ask for; NULL when out of memory. */
static struct roof_row *make_rows(const struct roof_options *o, int *n)
{
    int most = 0;
    while (roof_layers[most].size)
        most++;
    struct roof_row *row = calloc((size_t)most * HBY_SCHEME_COUNT + 1, sizeof *row);
    *n = 0;
    for (const struct roof_layer *l = roof_layers; l->size && row; l++)
        for (int s = 0; s < HBY_SCHEME_COUNT; s++) {
            struct roof_row *r = &row[*n];
            if (!(o->schemes >> s & 1) || !roof_layer_has(l, (enum hby_scheme)s))
                continue;
            roof_layer_name(l, r->name, sizeof r->name);
            if (o->only && !strstr(r->name, o->only))
                continue;
            r->layer = l;
            r->scheme = (enum hby_scheme)s;
            (*n)++;
        }
    return row;
}

static int list(const struct roof_row *row, int n)
{
    printf("%-36s %-6s %14s  %s\n", "layer", "scheme", "multiply-adds", "from");
    for (int i = 0; i < n; i++)
        printf("%-36s %-6s %14.0f  %s\n", row[i].name, hby_scheme_names[row[i].scheme], roof_layer_macs(row[i].layer), row[i].layer->from);
    return 0;
}

/* All rows, once the device is open. */
static enum hby_status measure(struct roof_bench *b, struct roof_row *row, int n, struct hby_reason *why)
{
    bench_progress("peaks");
    const enum hby_status st = roof_peaks_measure(b->be, &b->peaks, why);
    bench_progress_clear();
    if (st)
        return st;
    roof_table_head(b);
    for (int i = 0; i < n; i++) {
        bench_progress("%d of %d: %s %s", i + 1, n, row[i].name, hby_scheme_names[row[i].scheme]);
        roof_measure(b, &row[i]);
        bench_progress_clear();
        roof_table_row(b, &row[i]);
    }
    const enum hby_status again = roof_peaks_again(b->be, &b->peaks, why);
    for (int i = 0; i < n && !again; i++)
        roof_conclude(b, &row[i]);
    roof_table_foot(b);
    if (b->o->tune)
        roof_table_tunings(b);
    return again;
}

static int run(const struct roof_options *o, struct roof_row *row, int n)
{
    struct roof_peer peer = {0};
    struct roof_bench b = {.o = o};
    struct hby_reason why = {""}, ignored;
    if (o->tflite) { /* before the device is opened: drivers do not like forks */
        if (!roof_peer_start(o->tflite, &peer))
            return 1;
        b.peer = &peer;
    }
    struct hby_cl_options opt = {.choice = choice(o->device), .deny_kernels = o->deny_kernels, .gemm = GEMM_OWN, .tune = o->tune ? TUNE_FORCE : 0};
    enum hby_status st = hby_cl_backend_create(&opt, &b.be, &why);
    const bool no_device = st == HBY_UNSUPPORTED && !o->device;
    opt.gemm = GEMM_CLBLAST;
    if (!st && (o->schemes >> HBY_SCHEME_f32 & 1) && hby_clblast_have())
        hby_cl_backend_create(&opt, &b.blas, &ignored);
    opt.gemm = GEMM_OWN;
    opt.profile = true;
    if (!st && hby_cl_backend_info(b.be)->kind != HBY_CL_CPU)
        hby_cl_backend_create(&opt, &b.profiled, &ignored);
    if (!st)
        st = measure(&b, row, n, &why);
    int status = st == HBY_OK ? 0 : 1;
    if (st)
        fprintf(stderr, "error: %s\n", why.text);
    const char *required = getenv("HBY_REQUIRE_DEVICE");
    if (no_device && !(required && *required == '1'))
        status = NO_DEVICE;
    if (!st && o->json && !roof_json_write(&b, row, n))
        status = 1;
    for (int i = 0; i < n; i++) /* a kernel that runs and fails is a fault; one that is not there is said in its row */
        if (row[i].failed)
            status = 1;
    hby_cl_backend_destroy(&b.profiled);
    hby_cl_backend_destroy(&b.blas);
    hby_cl_backend_destroy(&b.be);
    roof_peer_stop(&peer);
    return status;
}

int main(int argc, char **argv)
{
    struct roof_options o;
    int n, status;
    roof_parse(argc, argv, &o);
    struct roof_row *row = make_rows(&o, &n);
    if (!row || n == 0) {
        fprintf(stderr, row ? "error: no layer's name contains '%s', or none has such a scheme; --list shows them\n" : "error: out of memory%s\n",
                row ? o.only : "");
        free(row);
        return 1;
    }
    if (o.list) {
        status = list(row, n);
    } else if (o.json && !roof_json_writable(o.json)) {
        status = 1;
    } else {
        bench_threads_limit(o.threads);
        status = run(&o, row, n);
    }
    free(row);
    return status;
}
