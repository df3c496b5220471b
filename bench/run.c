/* One model, everywhere: the device and the CPU in turns, so that both meet the same machine, then host_ref. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/process.h"
#include "bench/protocol.h"

enum { READY_SECONDS = 300, RUN_SECONDS = 120 };
/* Without --runs: 50 runs, but not more than this long in one place, and 3 at least. host_ref is slow and only an oracle: a few. */
static const double budget_us[BENCH_WHERE_COUNT] = {10e6, 10e6, 3e6};
static const int default_runs[BENCH_WHERE_COUNT] = {50, 50, 5}, least_runs[BENCH_WHERE_COUNT] = {3, 3, 1};
/* One turn takes about this long, and starts with a run that is not counted: the other place has had the caches meanwhile. */
static const double turn_us = 150e3;

const char *const bench_where_name[BENCH_WHERE_COUNT] = {"device", "CPU (XNNPACK)", "host_ref"};
const char *const bench_where_key[BENCH_WHERE_COUNT] = {"device", "cpu", "host_ref"};

struct place {
    struct bench_process process;
    int wanted; /* timed runs */
};

/* "dir/mobilenet_v1.float16.tflite" -> "mobilenet_v1" */
static void network_name(const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : path);
    char *end = strstr(name, ".tflite");
    if (end) {
        *end = 0;
    }
    const char *const widths[] = {".float16", ".int8", ".float32"};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        size_t n = strlen(name), w = strlen(widths[i]);
        if (n > w && strcmp(name + n - w, widths[i]) == 0) {
            name[n - w] = 0;
        }
    }
}

static bool read_outputs(struct place *p, struct bench_result *r, uint32_t n)
{
    for (uint32_t i = 0; i < n && i < BENCH_MAX_OUTPUTS; i++) {
        struct bench_output_head head;
        if (!bench_process_read(&p->process, &head, sizeof head, RUN_SECONDS, r->failure, sizeof r->failure)) {
            return false;
        }
        struct bench_output *out = &r->output[r->outputs];
        out->data = malloc(head.bytes ? head.bytes : 1);
        if (!out->data) {
            snprintf(r->failure, sizeof r->failure, "out of memory");
            return false;
        }
        out->type = head.type;
        out->bytes = head.bytes;
        r->outputs++;
        if (!bench_process_read(&p->process, out->data, head.bytes, RUN_SECONDS, r->failure, sizeof r->failure)) {
            return false;
        }
    }
    return true;
}

/* Starts a worker and waits for its first inference. */
static bool get_ready(const struct bench_options *o, const char *model, const char *folder, struct place *p, struct bench_result *r)
{
    struct bench_ready ready;
    char report[512];
    snprintf(report, sizeof report, "%s/%s.json", folder, bench_where_key[r->where]);
    bench_progress("%s on %s: setting up", r->network, bench_where_name[r->where]);
    if (!bench_process_start(o, model, r->where, folder, report, &p->process, r->failure, sizeof r->failure) ||
        !bench_process_read(&p->process, &ready, sizeof ready, READY_SECONDS, r->failure, sizeof r->failure)) {
        return false;
    }
    if (!ready.ok) {
        char words[160];
        bench_process_last_words(&p->process, words, sizeof words);
        snprintf(r->failure, sizeof r->failure, "%s%s%s", ready.why, *words ? ": " : "", words);
        return false;
    }
    snprintf(r->width, sizeof r->width, "%s", ready.width);
    r->setup_us = ready.setup_us;
    r->first_us = ready.first_us;
    if (r->where != BENCH_CPU) {
        bench_report_read(report, &r->report);
    }
    p->wanted =
        o->runs ? (r->where == BENCH_HOST_REF && o->runs > default_runs[BENCH_HOST_REF] ? default_runs[BENCH_HOST_REF] : o->runs) : default_runs[r->where];
    r->us = calloc((size_t)p->wanted, sizeof *r->us);
    if (!r->us) {
        snprintf(r->failure, sizeof r->failure, "out of memory");
        return false;
    }
    return read_outputs(p, r, ready.outputs);
}

/* One turn: an uncounted run, then as many as fit the turn's time. */
static bool take_turn(const struct bench_options *o, struct place *p, struct bench_result *r, double *one_us)
{
    int left = p->wanted - r->runs, fit = *one_us > 0 ? (int)(turn_us / *one_us) : 1;
    int timed = fit < 1 ? 1 : fit > left ? left : fit;
    bool warm = r->where != BENCH_HOST_REF; /* the oracle's times are too long to be worth it */
    double us;
    bench_process_ask(&p->process, (uint32_t)(timed + warm));
    for (int i = 0; i < timed + warm; i++) {
        if (!bench_process_read(&p->process, &us, sizeof us, RUN_SECONDS, r->failure, sizeof r->failure)) {
            return false;
        }
        if (i >= warm) {
            r->us[r->runs++] = us;
        }
    }
    *one_us = us;
    /* Over the budget: what there is must do. */
    if ((!o->runs || r->where == BENCH_HOST_REF) && r->runs >= least_runs[r->where] && us * (r->runs + 1) > budget_us[r->where]) {
        p->wanted = r->runs;
    }
    return true;
}

static void measure(const struct bench_options *o, const char *model, const char *folder, const enum bench_where *which, int n, struct bench_result *rows)
{
    struct place place[BENCH_WHERE_COUNT] = {0};
    bool alive[BENCH_WHERE_COUNT] = {0}, more = true;
    double one_us[BENCH_WHERE_COUNT] = {0};
    for (int i = 0; i < n; i++) {
        enum bench_where w = which[i];
        alive[w] = get_ready(o, model, folder, &place[w], &rows[w]);
        one_us[w] = rows[w].first_us;
    }
    for (int turn = 0; more; turn++) {
        more = false;
        for (int i = 0; i < n; i++) {
            enum bench_where w = which[i];
            if (!alive[w] || rows[w].runs >= place[w].wanted) {
                continue;
            }
            bench_progress("%s %s on %s: run %d of %d", rows[w].network, rows[w].width, bench_where_name[w], rows[w].runs + 1, place[w].wanted);
            alive[w] = take_turn(o, &place[w], &rows[w], &one_us[w]);
            more = true;
        }
    }
    for (int i = 0; i < n; i++) {
        bench_process_stop(&place[which[i]].process);
    }
}

static void remove_folder(const char *folder)
{
    static const char *const ending[] = {"log", "json", "json.2", "json.3"};
    char path[512];
    for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
        for (size_t e = 0; e < sizeof ending / sizeof *ending; e++) {
            snprintf(path, sizeof path, "%s/%s.%s", folder, bench_where_key[w], ending[e]);
            unlink(path);
        }
    }
    rmdir(folder);
}

void bench_run_model(const struct bench_options *o, const char *model, struct bench_result *r)
{
    static const enum bench_where in_turns[] = {BENCH_CPU, BENCH_DEVICE}, alone[] = {BENCH_HOST_REF};
    char folder[256];
    struct stat st;
    for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
        memset(&r[w], 0, sizeof r[w]);
        r[w].where = (enum bench_where)w;
        network_name(model, r[w].network, sizeof r[w].network);
    }
    /* The folder's name must not hold a ':' or ';', which separate options. */
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/halfbyte-bench.XXXXXX", tmp && *tmp == '/' && !strpbrk(tmp, ":;") && strlen(tmp) < 200 ? tmp : "/tmp");
    const char *failure = stat(model, &st) ? "no such file" : !mkdtemp(folder) ? "no folder for temporary files" : NULL;
    if (failure) {
        for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
            snprintf(r[w].failure, sizeof r[w].failure, "%s", failure);
        }
        return;
    }
    measure(o, model, folder, in_turns, 2, r);
    measure(o, model, folder, alone, 1, r);
    remove_folder(folder);
    const struct bench_result *oracle = &r[BENCH_HOST_REF];
    for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
        r[w].model_bytes = (uint64_t)st.st_size;
        r[w].stats = bench_stats_of(r[w].us, r[w].runs);
        for (int k = 0; k < BENCH_WHERE_COUNT && !*r[w].width; k++) {
            memcpy(r[w].width, r[k].width, sizeof r[w].width);
        }
        if (oracle->outputs > 0 && oracle->outputs == r[w].outputs && !*oracle->failure) {
            r[w].diff = bench_diff_of(oracle->output, r[w].output, r[w].outputs);
        }
    }
}
