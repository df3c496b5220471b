/* Models in several places in turns, so that all meet the same machine, then on host_ref. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/process.h"
#include "bench/protocol.h"

enum { READY_SECONDS = 300, FEED_SECONDS = 7200, RUN_SECONDS = 120 };
/* Without --runs: 50 runs, but not more than this long in one place, and 3 at least. host_ref is slow and only an oracle: a few. */
static const double budget_us[BENCH_WHERE_COUNT] = {10e6, 10e6, 10e6, 10e6, 10e6, 3e6};
static const int default_runs[BENCH_WHERE_COUNT] = {50, 50, 50, 50, 50, 5}, least_runs[BENCH_WHERE_COUNT] = {3, 3, 3, 3, 3, 1};
/* Rounds of turns: what cannot take part in all of them within this time takes part in some, 3 at least. A turn has so many runs at most. */
enum { COMPARE_ROUNDS = 15, COMPARE_LEAST = 3, COMPARE_RUNS = 1000 };
static const double compare_us = 6e6;
/* All models together: more of the short runs, for they are compared with each other. A turn takes a twentieth of them at most. */
enum { TOGETHER_RUNS = 1000, TOGETHER_TURNS = 20 };
static const double together_us = 3e6;
/* One turn takes about this long, and starts with a run that is not counted: the other place has had the caches meanwhile. */
static const double turn_us = 150e3;
/* XNNPACK's threads look for work for some milliseconds before they sleep. */
static const struct timespec settle = {.tv_nsec = 20000000};

const char *const bench_where_name[BENCH_WHERE_COUNT] = {"device", "LiteRT GPU", "CPU (XNNPACK)", "CPU (OPT)", "CPU (REF)", "host_ref"};
const char *const bench_where_key[BENCH_WHERE_COUNT] = {"device", "litert_gpu", "cpu", "opt", "ref", "host_ref"};

/* One model in one place. */
struct seat {
    struct bench_process process;
    struct bench_result *row;
    const char *folder; /* for its log and report */
    int wanted;         /* timed runs; with o->compare: rounds */
    double one_us;      /* what the last one took */
    bool alive;
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
    const char *const widths[] = {".float16", ".int8", ".float32", ".int16x8", ".dynamic_range"};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        size_t n = strlen(name), w = strlen(widths[i]);
        if (n > w && strcmp(name + n - w, widths[i]) == 0) {
            name[n - w] = 0;
        }
    }
}

static bool read_outputs(struct seat *p, struct bench_result *r, uint32_t n)
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
static bool get_ready(const struct bench_options *o, struct seat *p)
{
    struct bench_result *r = p->row;
    struct bench_ready ready;
    char report[512];
    snprintf(report, sizeof report, "%s/%s.json", p->folder, bench_where_key[r->where]);
    bench_progress("%s on %s: setting up", r->network, bench_where_name[r->where]);
    if (!bench_process_start(o, r->model, r->where, p->folder, report, &p->process, r->failure, sizeof r->failure) ||
        !bench_process_read(&p->process, &ready, sizeof ready, o->feed ? FEED_SECONDS : READY_SECONDS, r->failure, sizeof r->failure)) {
        return false;
    }
    if (!ready.ok) {
        char words[160] = "";
        if (r->where == BENCH_LITERT_GPU) { /* its first warning is the reason, what comes later follows from it */
            bench_process_find(&p->process, "Warning: ", words, sizeof words);
        }
        if (!*words) {
            bench_process_last_words(&p->process, words, sizeof words);
        }
        snprintf(r->failure, sizeof r->failure, "%s%s%s", ready.why, *words ? ": " : "", words);
        return false;
    }
    snprintf(r->width, sizeof r->width, "%s", ready.width);
    r->setup_us = ready.setup_us;
    r->first_us = p->one_us = ready.first_us;
    r->setup_cpu_us = ready.setup_cpu_us;
    r->memory_bytes = ready.memory_bytes;
    if (r->where == BENCH_DEVICE || r->where == BENCH_HOST_REF) {
        bench_report_read(report, &r->report);
        r->buffers = bench_report_buffers(p->process.log);
    }
    if (r->where == BENCH_DEVICE && o->device && !strncmp(r->report.device_name, "none: ", 6)) { /* the CPU's times are not asked for */
        snprintf(r->failure, sizeof r->failure, "--device is '%s': %s", o->device, r->report.device_name + 6);
        return false;
    }
    if (r->where == BENCH_LITERT_GPU) {
        bench_process_find(&p->process, "Selected adapter: ", r->adapter, sizeof r->adapter);
    }
    p->wanted = o->runs ? o->runs : o->compare ? COMPARE_ROUNDS : o->together ? TOGETHER_RUNS : default_runs[r->where];
    if (r->where == BENCH_HOST_REF && p->wanted > default_runs[BENCH_HOST_REF]) {
        p->wanted = default_runs[BENCH_HOST_REF];
    }
    r->us = calloc((size_t)p->wanted * (o->compare ? COMPARE_RUNS : 1), sizeof *r->us);
    r->round_us = o->compare ? calloc((size_t)p->wanted, sizeof *r->round_us) : NULL;
    if (!r->us || (o->compare && !r->round_us)) {
        snprintf(r->failure, sizeof r->failure, "out of memory");
        return false;
    }
    return read_outputs(p, r, ready.outputs);
}

/* One turn: an uncounted run, then as many as fit the turn's time. */
static bool take_turn(const struct bench_options *o, struct seat *p)
{
    struct bench_result *r = p->row;
    int left = o->compare ? COMPARE_RUNS : p->wanted - r->runs, share = o->together && !o->compare ? p->wanted / TOGETHER_TURNS : left;
    int fit = p->one_us > 0 ? (int)fmin(turn_us / p->one_us, COMPARE_RUNS) : 1;
    int most = share < 1 ? 1 : share < left ? share : left, timed = fit < 1 ? 1 : fit > most ? most : fit;
    bool warm = r->where < BENCH_REF || p->one_us < turn_us; /* the references' times may be too long to be worth it */
    double us, budget = o->together ? together_us : budget_us[r->where];
    bench_process_ask(&p->process, (uint32_t)(timed + warm));
    for (int i = 0; i < timed + warm; i++) {
        if (!bench_process_read(&p->process, &us, sizeof us, RUN_SECONDS, r->failure, sizeof r->failure)) {
            return false;
        }
        if (i >= warm) {
            r->us[r->runs++] = us;
        }
    }
    p->one_us = us;
    nanosleep(&settle, NULL);
    if (o->compare) {
        return true;
    }
    /* Over the budget: what there is must do. */
    if ((!o->runs || r->where == BENCH_HOST_REF) && r->runs >= least_runs[r->where] && us * (r->runs + 1) > budget) {
        p->wanted = r->runs;
    }
    return true;
}

/* Does it take part in this round? What is slow comes every so many rounds. */
static bool takes_part(const struct bench_options *o, const struct seat *p, int round)
{
    if (!p->alive || round >= p->wanted) {
        return false;
    }
    if (o->runs) {
        return true;
    }
    const double turn = fmax(turn_us, p->one_us * (p->row->where < BENCH_REF || p->one_us < turn_us ? 2 : 1)), fit = compare_us / turn;
    const int rounds = fit > p->wanted ? p->wanted : fit < COMPARE_LEAST ? COMPARE_LEAST : (int)fit;
    return round % (p->wanted / rounds) == 0;
}

/* Every place that takes part has its turn in every round. */
static void measure_rounds(const struct bench_options *o, struct seat *seat, int n)
{
    const int rounds = o->runs ? o->runs : COMPARE_ROUNDS;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < n; i++) {
            struct bench_result *r = seat[i].row;
            if (!takes_part(o, &seat[i], round)) {
                continue;
            }
            bench_progress("%s %s on %s: round %d of %d", r->network, r->width, bench_where_name[r->where], round + 1, rounds);
            const int before = r->runs;
            seat[i].alive = take_turn(o, &seat[i]);
            r->rounds = rounds;
            r->round_us[round] = bench_stats_of(r->us + before, r->runs - before).median;
        }
    }
}

static void measure_turns(const struct bench_options *o, struct seat *seat, int n)
{
    bool more = true;
    while (more) {
        more = false;
        for (int i = 0; i < n; i++) {
            const struct bench_result *r = seat[i].row;
            if (seat[i].alive && r->runs < seat[i].wanted) {
                bench_progress("%s %s on %s: run %d of %d", r->network, r->width, bench_where_name[r->where], r->runs + 1, seat[i].wanted);
                seat[i].alive = take_turn(o, &seat[i]);
                more = true;
            }
        }
    }
}

static void measure(const struct bench_options *o, struct seat *seat, int n)
{
    for (int i = 0; i < n; i++) {
        seat[i].alive = get_ready(o, &seat[i]);
    }
    if (o->compare) {
        measure_rounds(o, seat, n);
    } else {
        measure_turns(o, seat, n);
    }
    for (int i = 0; i < n; i++) {
        bench_process_stop(&seat[i].process);
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

enum { FOLDER_SIZE = 256 };

/* Fills in what is known of a model before it runs, and makes its folder. The rows say so if it cannot be run. */
static bool prepare(const char *model, unsigned places, char *folder, struct bench_result *r)
{
    struct stat st = {0};
    /* The folder's name must not hold a ':' or ';', which separate options. */
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, FOLDER_SIZE, "%s/halfbyte-bench.XXXXXX", tmp && *tmp == '/' && !strpbrk(tmp, ":;") && strlen(tmp) < 200 ? tmp : "/tmp");
    const char *failure = stat(model, &st) ? "no such file" : !mkdtemp(folder) ? "no folder for temporary files" : NULL;
    for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
        memset(&r[w], 0, sizeof r[w]);
        r[w].model = model;
        r[w].where = (enum bench_where)w;
        r[w].model_bytes = (uint64_t)st.st_size;
        network_name(model, r[w].network, sizeof r[w].network);
        snprintf(r[w].failure, sizeof r[w].failure, "%s", failure && places >> w & 1 ? failure : "");
    }
    return !failure;
}

/* What follows from all runs of a model. */
static void conclude(struct bench_result *r)
{
    const struct bench_result *oracle = &r[r[BENCH_HOST_REF].outputs ? BENCH_HOST_REF : BENCH_REF];
    for (int w = 0; w < BENCH_WHERE_COUNT; w++) {
        r[w].stats = bench_stats_of(r[w].us, r[w].runs);
        for (int k = 0; k < BENCH_WHERE_COUNT && !*r[w].width; k++) {
            memcpy(r[w].width, r[k].width, sizeof r[w].width);
        }
        if (w != BENCH_DEVICE && r[w].rounds == r[BENCH_DEVICE].rounds) {
            r[w].ratio = bench_ratio_of(r[BENCH_DEVICE].round_us, r[w].round_us, r[w].rounds);
        }
        if (oracle->outputs > 0 && oracle->outputs == r[w].outputs && !*oracle->failure) {
            r[w].diff = bench_diff_of(oracle->output, r[w].output, r[w].outputs);
        }
    }
}

void bench_run_models(const struct bench_options *o, char **models, int n, struct bench_result *r)
{
    static const enum bench_where in_turns[] = {BENCH_CPU, BENCH_DEVICE, BENCH_LITERT_GPU, BENCH_OPT, BENCH_REF};
    enum { IN_TURNS = sizeof in_turns / sizeof *in_turns };
    struct seat *seat = calloc((size_t)n * IN_TURNS, sizeof *seat);
    char(*folder)[FOLDER_SIZE] = calloc((size_t)n, sizeof *folder);
    int seats = 0;
    for (int i = 0; i < n; i++) {
        struct bench_result *rows = r + i * BENCH_WHERE_COUNT;
        char none[FOLDER_SIZE];
        bool runs = prepare(models[i], o->places, folder ? folder[i] : none, rows);
        if (!seat || !folder) {
            snprintf(rows[0].failure, sizeof rows[0].failure, "out of memory");
            continue;
        }
        for (int k = 0; k < IN_TURNS && runs; k++) {
            if (o->places >> in_turns[k] & 1) {
                seat[seats++] = (struct seat){.row = &rows[in_turns[k]], .folder = folder[i]};
            }
        }
    }
    measure(o, seat, seats);
    for (int i = 0; i < n && seat && folder; i++) {
        struct bench_result *rows = r + i * BENCH_WHERE_COUNT;
        if (o->places >> BENCH_HOST_REF & 1 && !*rows[BENCH_HOST_REF].failure) {
            struct seat alone = {.row = &rows[BENCH_HOST_REF], .folder = folder[i]};
            measure(o, &alone, 1);
        }
        remove_folder(folder[i]);
        conclude(rows);
    }
    free(seat);
    free(folder);
}
