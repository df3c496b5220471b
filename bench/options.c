/* The command line. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/litert.h"
#include "bench/threads.h"

__attribute__((visibility("default"))) const char *argp_program_version = "halfbyte-bench " HBY_VERSION;

enum {
    KEY_JSON = 256,
    KEY_LIST,
    KEY_OPTION,
    KEY_RUNTIME,
    KEY_DELEGATE,
    KEY_LITERT_GPU,
    KEY_WORKER,
    KEY_TOGETHER,
    KEY_COMPARE,
    KEY_PLACES,
    KEY_SHAPE,
    KEY_REFERENCE,
    KEY_DEVICE_ONLY,
    KEY_FEED,
    KEY_BEFORE
};

static const struct argp_option rows[] = {
    {"device", 'd', "DEVICE", 0, "an index of --list-devices, gpu, cpu, accelerator, or a part of a device's name", 0},
    {"runs", 'r', "N", 0, "timed runs in each place (default: 50, or as many as fit 10 s; host_ref at most 5); with --compare: rounds (default: 15)", 0},
    {"threads", 't', "N", 0, "CPU threads, for XNNPACK and for a device that is the CPU (default: all)", 0},
    {"option", KEY_OPTION, "KEY=VALUE", 0, "an option of the delegate, for example precision=exact; may be repeated", 0},
    {"json", KEY_JSON, "FILE", 0, "write all results to FILE too", 0},
    {"compare", KEY_COMPARE, NULL, 0,
     "against XNNPACK, TFLite's optimized kernels without it, and its reference kernels: in rounds, in each of which every place takes its turn, a block of "
     "runs; prints "
     "the ratio of the device's time to each, the median over the rounds and the quartiles. Blocks with a pause after each, never single runs, because "
     "XNNPACK's "
     "threads go on looking for work for milliseconds after a run, on the processors that the next place needs",
     0},
    {"places", KEY_PLACES, "LIST", 0,
     "these places only, of device,litert_gpu,cpu,opt,ref,host_ref; litert_gpu is LiteRT's own GPU accelerator, on WebGPU: there the "
     "inputs are written and the outputs awaited in each run, as they are elsewhere in any case",
     0},
    {"shape", KEY_SHAPE, "DIMS", 0, "resize the first input through the runtime, for example to 8x192x192x3", 0},
    {"device-only", KEY_DEVICE_ONLY, NULL, 0, "measure on the device only, and compare nothing", 0},
    {"together", KEY_TOGETHER, NULL, 0,
     "all models take turns, device and CPU (or --places), without host_ref: for comparing models with each other; up to 1000 runs, 3 s of each", 0},
    {"list-devices", KEY_LIST, NULL, 0, "list the OpenCL devices, and end", 0},
    {"verbose", 'v', NULL, 0, "the runtime's and the delegate's own messages too, and benchmark_model's timing lines", 0},
    {"runtime", KEY_RUNTIME, "FILE", 0, "libLiteRt.so of an installed ai-edge-litert (default: that in .venv)", 1},
    {"delegate", KEY_DELEGATE, "FILE", 0, "libhalfbyte.so (default: that beside this program)", 1},
    {"litert-gpu", KEY_LITERT_GPU, "FILE", 0, "LiteRT's GPU accelerator (default: libLiteRtWebGpuAccelerator.so beside the runtime)", 1},
    {"reference", KEY_REFERENCE, "COMMAND", 0,
     "runs a model on TFLite's reference kernels (bench/reference.py): for --compare, or the place ref; bench/run names its own", 1},
    {"feed", KEY_FEED, NULL, 0, "run the samples in MODEL.in first, each the bytes of all inputs; their outputs go to MODEL.device.out, MODEL.cpu.out, ...", 1},
    {"before", KEY_BEFORE, "FILE", 0, "a small model that each process runs first: what that takes does not count as a model's memory", 1},
    {"worker", KEY_WORKER, "PLACE", OPTION_HIDDEN, NULL, 0},
    {0},
};

static int positive(const char *arg, const char *name, struct argp_state *state)
{
    char *end;
    long n = strtol(arg, &end, 10);
    if (*end || end == arg || n < 1 || n > 1000000) {
        argp_error(state, "--%s is '%s': a number from 1 to 1000000 is needed", name, arg);
    }
    return (int)n;
}

static void add_option(const char *arg, struct bench_options *o, struct argp_state *state)
{
    const char *eq = strchr(arg, '=');
    if (!eq || eq == arg) {
        argp_error(state, "--option is '%s': KEY=VALUE is needed", arg);
    } else if (strpbrk(arg, ":;")) {
        argp_error(state, "--option %s: a ':' or ';' cannot be passed on through LiteRT", arg);
    } else if (o->num_options == BENCH_MAX_OPTIONS) {
        argp_error(state, "at most %d options", BENCH_MAX_OPTIONS);
    } else {
        o->option[o->num_options++] = arg;
    }
}

static int find_place(const char *arg, size_t n, struct argp_state *state)
{
    for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
        if (strlen(bench_where_key[w]) == n && memcmp(arg, bench_where_key[w], n) == 0) {
            return w;
        }
    }
    argp_error(state, "--places: '%.*s' is none of device, litert_gpu, cpu, opt, ref, host_ref", (int)n, arg);
    return -1;
}

static unsigned find_places(const char *arg, struct argp_state *state)
{
    unsigned places = 0;
    for (const char *p = arg;; p++) {
        const size_t n = strcspn(p, ",");
        places |= 1u << find_place(p, n, state);
        p += n;
        if (!*p) {
            return places;
        }
    }
}

static const char *dimensions(const char *arg, struct argp_state *state)
{
    for (const char *p = arg;; p++) {
        const size_t digits = strspn(p, "0123456789");
        const long n = digits && digits < 9 ? strtol(p, NULL, 10) : 0;
        if (n < 1 || n > LITERT_MAX_DIM || (p[digits] && p[digits] != 'x')) {
            argp_error(state, "--shape is '%s': numbers from 1 to %d with x between are needed, for example 8x192x192x3", arg, LITERT_MAX_DIM);
        }
        p += digits;
        if (!*p) {
            return arg;
        }
    }
}

/* Where models run, unless --places or --device-only says it. */
static unsigned usual_places(const struct bench_options *o)
{
    const unsigned both = 1u << BENCH_DEVICE | 1u << BENCH_CPU;
    return o->compare ? both | 1u << BENCH_OPT | (o->reference ? 1u << BENCH_REF : 0) : o->together ? both : both | 1u << BENCH_HOST_REF;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct bench_options *o = state->input;
    switch (key) {
    case 'd':
        if (!*arg || strpbrk(arg, ":;")) {
            argp_error(state, "--device is '%s': an index, a type or a part of a name is needed, without ':' and ';'", arg);
        }
        o->device = arg;
        return 0;
    case 'r':
        o->runs = positive(arg, "runs", state);
        return 0;
    case 't':
        o->threads = positive(arg, "threads", state);
        return 0;
    case 'v':
        o->verbose = true;
        return 0;
    case KEY_OPTION:
        add_option(arg, o, state);
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case KEY_LIST:
        o->list_devices = true;
        return 0;
    case KEY_RUNTIME:
        o->runtime = arg;
        return 0;
    case KEY_DELEGATE:
        o->delegate = arg;
        return 0;
    case KEY_LITERT_GPU:
        o->litert_gpu = arg;
        return 0;
    case KEY_TOGETHER:
        o->together = true;
        return 0;
    case KEY_COMPARE:
        o->compare = true;
        return 0;
    case KEY_REFERENCE:
        o->reference = arg;
        return 0;
    case KEY_SHAPE:
        o->shape = dimensions(arg, state);
        return 0;
    case KEY_PLACES:
        o->places = find_places(arg, state);
        return 0;
    case KEY_DEVICE_ONLY:
        o->places = 1u << BENCH_DEVICE;
        return 0;
    case KEY_FEED:
        o->feed = true;
        return 0;
    case KEY_BEFORE:
        o->before = arg;
        return 0;
    case KEY_WORKER:
        o->worker = find_place(arg, strlen(arg), state);
        return 0;
    case ARGP_KEY_ARGS:
        o->models = state->argv + state->next;
        o->num_models = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (!o->list_devices && o->num_models == 0) {
            argp_error(state, "name at least one model");
        }
        if (o->places >> BENCH_REF & 1 && !o->reference && o->worker < 0) {
            argp_error(state, "--places has ref, and --reference names no program for it");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* `name` in the folder of this program, or one above it. */
static const char *beside_program(const char *name, char *path, size_t size)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n < 0 ? 0 : n] = 0;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');
        if (slash) {
            *slash = 0;
        }
        snprintf(path, size, "%.*s/%s", 4000, self, name);
        if (access(path, R_OK) == 0) {
            break;
        }
    }
    return path;
}

void bench_parse(int argc, char **argv, struct bench_options *o)
{
    static const struct argp argp = {
        rows,
        parse,
        "MODEL.tflite...",
        "Times .tflite models through LiteRT on an OpenCL device (Halfbyte), on the CPU (XNNPACK) and on host_ref, Halfbyte's own reference.\v"
        "The table goes to stdout, progress to stderr. A model that crashes somewhere is a row that says so.",
        NULL,
        NULL,
        NULL};
    static char delegate[4200], litert_gpu[4200];
    memset(o, 0, sizeof *o);
    o->worker = -1;
    o->threads = bench_threads_available();
    o->runtime = getenv("HALFBYTE_BENCH_RUNTIME");
    argp_parse(&argp, argc, argv, 0, NULL, o);
    if (!o->places) {
        o->places = usual_places(o);
    }
    if (!o->delegate) {
        o->delegate = beside_program("libhalfbyte.so", delegate, sizeof delegate);
    }
    if (!o->runtime) {
        o->runtime = HBY_DEFAULT_RUNTIME;
    }
    if (!o->litert_gpu) {
        const char *slash = strrchr(o->runtime, '/');
        snprintf(litert_gpu, sizeof litert_gpu, "%.*slibLiteRtWebGpuAccelerator.so", slash ? (int)(slash + 1 - o->runtime) : 0, o->runtime);
        o->litert_gpu = litert_gpu;
    }
}
