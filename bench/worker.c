/* The process that runs one model in one place. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/inputs.h"
#include "bench/litert.h"
#include "bench/protocol.h"

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* CPU time of this process, all threads, and of its children, for drivers start compilers and linkers. */
static double cpu_us(void)
{
    const int who[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double us = 0;
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        struct rusage u = {0};
        getrusage(who[i], &u);
        us += ((double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec) * 1e6 + (double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec;
    }
    return us;
}

static bool send_all(const void *data, size_t bytes)
{
    const char *p = data;
    while (bytes) {
        ssize_t n = write(BENCH_REPLY_FD, p, bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool receive(uint32_t *runs)
{
    ssize_t n;
    do {
        n = read(BENCH_COMMAND_FD, runs, sizeof *runs);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *runs;
}

static bool fill_inputs(struct litert_model *m, char *why, size_t size)
{
    for (int i = 0; i < litert_num_inputs(m); i++) {
        void *data;
        size_t bytes;
        uint32_t type;
        if (!litert_lock_input(m, i, &data, &bytes, &type, why, size)) {
            return false;
        }
        bool filled = bench_fill(i, type, data, bytes);
        litert_unlock_input(m, i);
        if (!filled) {
            snprintf(why, size, "input %d has element type %u, which the bench cannot feed", i, type);
            return false;
        }
    }
    return true;
}

/* LiteRT's GPU accelerator leaves tensors on the GPU, and does not wait for it. So that an inference is there what it is elsewhere, its inputs are written
 * first, and its outputs asked for. */
struct carried {
    void *input[LITERT_MAX_IO]; /* owned; NULL: this place carries its own */
    size_t bytes[LITERT_MAX_IO];
};

static bool carry(struct litert_model *m, struct carried *c, char *why, size_t size)
{
    for (int i = 0; i < litert_num_inputs(m); i++) {
        void *data;
        uint32_t type;
        if (!litert_lock_input(m, i, &data, &c->bytes[i], &type, why, size)) {
            return false;
        }
        litert_unlock_input(m, i);
        c->input[i] = malloc(c->bytes[i] ? c->bytes[i] : 1);
        if (!c->input[i] || !bench_fill(i, type, c->input[i], c->bytes[i])) {
            snprintf(why, size, "input %d cannot be fed", i);
            return false;
        }
    }
    return true;
}

static void drop(struct carried *c)
{
    for (int i = 0; i < LITERT_MAX_IO; i++) {
        free(c->input[i]);
    }
}

static bool infer(struct litert_model *m, const struct carried *c, char *why, size_t size)
{
    void *data;
    size_t bytes;
    uint32_t type;
    for (int i = 0; i < LITERT_MAX_IO && c->input[i]; i++) {
        if (!litert_lock_input(m, i, &data, &bytes, &type, why, size)) {
            return false;
        }
        memcpy(data, c->input[i], c->bytes[i]);
        litert_unlock_input(m, i);
    }
    if (!litert_run(m, why, size)) {
        return false;
    }
    for (int i = 0; c->input[0] && i < litert_num_outputs(m); i++) {
        if (!litert_lock_output(m, i, &data, &bytes, &type, why, size)) {
            return false;
        }
        litert_unlock_output(m, i);
    }
    return true;
}

static bool send_outputs(struct litert_model *m, char *why, size_t size)
{
    for (int i = 0; i < litert_num_outputs(m); i++) {
        void *data;
        size_t bytes;
        uint32_t type;
        if (!litert_lock_output(m, i, &data, &bytes, &type, why, size)) {
            return false;
        }
        struct bench_output_head head = {type, (uint32_t)bytes};
        bool sent = send_all(&head, sizeof head) && send_all(data, bytes);
        litert_unlock_output(m, i);
        if (!sent) {
            snprintf(why, size, "the bench went away");
            return false;
        }
    }
    return true;
}

/* The accelerator's description out of a library, or NULL with the reason. */
static const void *find_accelerator(const char *path, char *why, size_t size)
{
    void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const void *accelerator = lib ? dlsym(lib, "LiteRtAcceleratorImpl") : NULL;
    if (!accelerator) {
        snprintf(why, size, "%s", dlerror());
    }
    return accelerator;
}

static void print_like_benchmark_model(double setup_us, double first_us, double sum_us, uint32_t runs)
{
    double average = runs ? sum_us / runs : 0;
    fprintf(stderr, "Inference timings in us: Init: %.0f, First inference: %.0f, Warmup (avg): %.0f, Inference (avg): %.0f\n", setup_us, first_us, first_us,
            average);
}

/* The model that comes before the measured one: loaded, run, unloaded, without leaving a word in the report or the log. */
static bool run_before(struct litert *lib, const char *path, char *why, size_t size)
{
    const char *options = getenv("HALFBYTE_OPTIONS");
    char *kept = strdup(options ? options : ""), silent[8300];
    if (!kept) {
        snprintf(why, size, "out of memory");
        return false;
    }
    snprintf(silent, sizeof silent, "%s;verbose:0;report_path:/dev/null", kept);
    setenv("HALFBYTE_OPTIONS", silent, 1);
    struct litert_model *m = NULL;
    bool ok = litert_load(lib, path, &m, why, size) && fill_inputs(m, why, size) && litert_run(m, why, size);
    litert_unload(&m);
    setenv("HALFBYTE_OPTIONS", kept, 1);
    free(kept);
    return ok;
}

static bool feed(const struct bench_options *o, struct litert_model *m, char *why, size_t size)
{
    char in[4200], out[4200];
    snprintf(in, sizeof in, "%s.in", o->models[0]);
    snprintf(out, sizeof out, "%s.%s.out", o->models[0], bench_where_key[o->worker]);
    return bench_feed(m, in, out, why, size);
}

/* What a place's share of the CPU runs on. */
static const char *const kernels_of[BENCH_WHERE_COUNT] = {
    [BENCH_DEVICE] = "xnnpack", [BENCH_LITERT_GPU] = "xnnpack", [BENCH_CPU] = "xnnpack", [BENCH_OPT] = "builtin", [BENCH_HOST_REF] = "reference"};

int bench_worker(const struct bench_options *o)
{
    struct bench_ready ready = {0};
    struct litert *lib = NULL;
    struct litert_model *model = NULL;
    struct carried carried = {0};
    const bool halfbyte = o->worker == BENCH_DEVICE || o->worker == BENCH_HOST_REF;
    const char *accelerator = halfbyte ? o->delegate : o->worker == BENCH_LITERT_GPU ? o->litert_gpu : NULL;
    struct litert_config config = {.library = o->runtime, .threads = o->threads, .kernels = kernels_of[o->worker], .shape = o->shape, .verbose = o->verbose};
    double start = now_us(), start_cpu = cpu_us();
    if (accelerator && !(config.accelerator = find_accelerator(accelerator, ready.why, sizeof ready.why))) {
        goto failed;
    }
    if (!litert_open(&config, &lib, ready.why, sizeof ready.why)) {
        goto failed;
    }
    if (o->before) {
        if (!run_before(lib, o->before, ready.why, sizeof ready.why)) {
            goto failed;
        }
        start = now_us();
        start_cpu = cpu_us();
    }
    struct bench_memory memory = bench_memory_read();
    bench_memory_reset_peak();
    if (!litert_load(lib, o->models[0], &model, ready.why, sizeof ready.why)) {
        goto failed;
    }
    ready.setup_us = now_us() - start;
    snprintf(ready.width, sizeof ready.width, "%s", litert_width(model));
    if (!fill_inputs(model, ready.why, sizeof ready.why) || (o->worker == BENCH_LITERT_GPU && !carry(model, &carried, ready.why, sizeof ready.why))) {
        goto failed;
    }
    start = now_us();
    if (!infer(model, &carried, ready.why, sizeof ready.why)) {
        goto failed;
    }
    ready.first_us = now_us() - start;
    ready.setup_cpu_us = cpu_us() - start_cpu;
    uint64_t peak = bench_memory_read().peak;
    ready.memory_bytes = peak > memory.now ? peak - memory.now : 0;
    if (o->feed && !feed(o, model, ready.why, sizeof ready.why)) {
        goto failed;
    }
    ready.ok = 1;
    ready.outputs = (uint32_t)litert_num_outputs(model);
    if (!send_all(&ready, sizeof ready) || !send_outputs(model, ready.why, sizeof ready.why)) {
        goto done;
    }
    uint32_t runs, all = 0;
    double sum = 0;
    while (receive(&runs) && runs) {
        for (uint32_t i = 0; i < runs; i++) {
            start = now_us();
            if (!infer(model, &carried, ready.why, sizeof ready.why)) {
                fprintf(stderr, "%s\n", ready.why);
                goto done;
            }
            double us = now_us() - start;
            sum += us;
            all++;
            if (!send_all(&us, sizeof us)) {
                goto done;
            }
        }
    }
    if (o->verbose) {
        print_like_benchmark_model(ready.setup_us, ready.first_us, sum, all);
    }
done:
    drop(&carried);
    litert_unload(&model);
    litert_close(&lib);
    return 0;
failed:
    ready.ok = 0;
    send_all(&ready, sizeof ready);
    drop(&carried);
    litert_unload(&model);
    litert_close(&lib);
    return 1;
}
