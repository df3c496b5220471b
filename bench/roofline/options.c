/* The command line of halfbyte-kernels. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/roofline/roofline.h"
#include "bench/threads.h"
#include "kernels_cl/kernel.h"

enum { KEY_JSON = 256, KEY_LIST, KEY_ONLY, KEY_ROUNDS, KEY_SCHEME, KEY_DENY, KEY_TFLITE, KEY_TUNE };

__attribute__((visibility("default"))) const char *argp_program_version = "halfbyte-kernels " HBY_VERSION;

static const struct argp_option rows[] = {
    {"device", 'd', "DEVICE", 0, "an index (bench/run --list-devices), gpu, cpu, accelerator, or a part of a device's name", 0},
    {"only", KEY_ONLY, "TEXT", 0, "layers whose name contains TEXT (see --list)", 0},
    {"scheme", 's', "LIST", 0, "of f32,f16,i8,u8,i16,f32w8 (default: all)", 0},
    {"rounds", KEY_ROUNDS, "N", 0, "timed rounds of each (default: 9)", 0},
    {"threads", 't', "N", 0, "CPU threads, for a device that is the CPU and for TFLite (default: all)", 0},
    {"deny-kernels", KEY_DENY, "LIST", 0, "kernels not to be used, as the delegate's option deny_kernels: shows the next in line", 0},
    {"tune", KEY_TUNE, NULL, 0, "measure the tiles of the convolutions first, use the fastest, and print what they won", 0},
    {"tflite", KEY_TFLITE, "COMMAND", 0, "a program that times the same operators in TFLite; bench/kernels --tflite names its own", 0},
    {"json", KEY_JSON, "FILE", 0, "write all results to FILE too", 0},
    {"list", KEY_LIST, NULL, 0, "list the layers, and end", 0},
    {0},
};

static int number(const char *arg, const char *name, int most, struct argp_state *state)
{
    char *end;
    const long n = strtol(arg, &end, 10);
    if (*end || end == arg || n < 1 || n > most)
        argp_error(state, "--%s is '%s': a number from 1 to %d is needed", name, arg, most);
    return (int)n;
}

static unsigned schemes(const char *arg, struct argp_state *state)
{
    unsigned bits = 0;
    for (const char *p = arg;; p++) {
        const size_t n = strcspn(p, ",");
        int s = 0;
        while (s < HBY_SCHEME_i32 && (strlen(hby_scheme_names[s]) != n || memcmp(hby_scheme_names[s], p, n)))
            s++;
        if (s == HBY_SCHEME_i32)
            argp_error(state, "--scheme: '%.*s' is none of f32, f16, i8, u8, i16, f32w8", (int)n, p);
        bits |= 1u << s;
        p += n;
        if (!*p)
            return bits;
    }
}

static const char *kernels(const char *arg, struct argp_state *state)
{
    for (const char *p = arg;; p++) {
        const size_t n = strcspn(p, ",");
        const struct hby_cl_kernel *k = hby_cl_kernels;
        while (k->name && (strlen(k->name) != n || memcmp(k->name, p, n)))
            k++;
        if (!k->name)
            argp_error(state, "--deny-kernels: '%.*s' is no row of kernels_cl/kernels.def", (int)n, p);
        p += n;
        if (!*p)
            return arg;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct roof_options *o = state->input;
    switch (key) {
    case 'd':
        o->device = arg;
        return 0;
    case 's':
        o->schemes = schemes(arg, state);
        return 0;
    case 't':
        o->threads = number(arg, "threads", 1024, state);
        return 0;
    case KEY_ROUNDS:
        o->rounds = number(arg, "rounds", ROOF_MAX_ROUNDS, state);
        return 0;
    case KEY_ONLY:
        o->only = arg;
        return 0;
    case KEY_DENY:
        o->deny_kernels = kernels(arg, state);
        return 0;
    case KEY_TFLITE:
        o->tflite = arg;
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case KEY_TUNE:
        o->tune = true;
        return 0;
    case KEY_LIST:
        o->list = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s': options are all that is taken", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void roof_parse(int argc, char **argv, struct roof_options *o)
{
    static const struct argp argp = {
        rows,
        parse,
        NULL,
        "Times each OpenCL kernel of Halfbyte on the layers of well-known networks, and sets it against what the device can do at most.\v"
        "The table goes to stdout, progress to stderr. Exit status 77: there is no device.",
        NULL,
        NULL,
        NULL};
    *o = (struct roof_options){.rounds = 9, .threads = bench_threads_available()};
    argp_parse(&argp, argc, argv, 0, NULL, o);
    if (!o->schemes)
        o->schemes = (1u << HBY_SCHEME_i32) - 1;
}
