/* halfbyte-bench: float16 against int8, on a device, on the CPU and on host_ref, through the real runtime. */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

static int list_devices(const char *delegate)
{
    char text[8192];
    void *lib = dlopen(delegate, RTLD_NOW | RTLD_LOCAL);
    int (*list)(char *, size_t) = NULL;
    if (lib) {
        *(void **)&list = dlsym(lib, "HalfbyteListDevices");
    }
    if (!list) {
        fprintf(stderr, "error: %s\n", dlerror());
        return 1;
    }
    int n = list(text, sizeof text);
    size_t length = strlen(text);
    fputs(text, stdout);
    fputs(length && text[length - 1] != '\n' ? "\n" : "", stdout);
    return n > 0 ? 0 : 1;
}

static int longest_name(const struct bench_options *o)
{
    size_t longest = 12;
    for (int i = 0; i < o->num_models; i++) {
        const char *slash = strrchr(o->models[i], '/');
        size_t n = strlen(slash ? slash + 1 : o->models[i]);
        n = n > 28 ? 28 : n;
        longest = n > longest ? n : longest;
    }
    return (int)longest;
}

int main(int argc, char **argv)
{
    struct bench_options o;
    char version[32], why[4400];
    bench_parse(argc, argv, &o);
    signal(SIGPIPE, SIG_IGN);
    if (o.worker >= 0) {
        return bench_worker(&o);
    }
    if (o.list_devices) {
        return list_devices(o.delegate);
    }
    if (!bench_runtime_version(o.runtime, version, sizeof version, why, sizeof why)) {
        fprintf(stderr, "error: %s\n", why);
        return 2;
    }
    if (o.json && !bench_json_writable(o.json)) {
        return 2;
    }
    struct bench_result *all = calloc((size_t)o.num_models * BENCH_WHERE_COUNT, sizeof *all);
    if (!all) {
        fprintf(stderr, "error: out of memory\n");
        return 2;
    }
    int n = o.num_models * BENCH_WHERE_COUNT, width = longest_name(&o), failed = 0;
    bench_noise_start();
    bench_table_head(&o, width);
    for (int i = 0; i < o.num_models; i++) {
        struct bench_result *r = all + i * BENCH_WHERE_COUNT;
        if (!o.together || i == 0) {
            bench_run_models(&o, o.models + i, o.together ? o.num_models : 1, r);
        }
        bench_table_rows(&o, r, BENCH_WHERE_COUNT, width);
        for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
            failed += bench_result_is_failure(&r[w]);
        }
    }
    const struct bench_noise noise = bench_noise_end();
    bench_table_foot(&o, all, n, &noise);
    if (o.json && !bench_json_write(o.json, &o, all, n, &noise)) {
        failed++;
    }
    for (int i = 0; i < n; i++) {
        bench_result_free(&all[i]);
    }
    free(all);
    return failed ? 1 : 0;
}
