/* What the parts of halfbyte-bench share. */
#ifndef HBY_BENCH_BENCH_H
#define HBY_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a network runs. All go through LiteRT; the first and the last have Halfbyte registered as its GPU accelerator, the second one LiteRT's own; the others
 * are TFLite's own: XNNPACK, its optimized kernels without XNNPACK, and its reference kernels. */
enum bench_where { BENCH_DEVICE, BENCH_LITERT_GPU, BENCH_CPU, BENCH_OPT, BENCH_REF, BENCH_HOST_REF, BENCH_WHERE_COUNT };
extern const char *const bench_where_name[BENCH_WHERE_COUNT]; /* for people */
extern const char *const bench_where_key[BENCH_WHERE_COUNT];  /* for JSON and the worker's command line */

enum { BENCH_MAX_OPTIONS = 32, BENCH_MAX_OUTPUTS = 64 };

struct bench_options {
    char **models; /* argv's */
    int num_models;
    const char *device;                    /* index, type or part of a name; NULL: the default device */
    const char *json;                      /* NULL: none */
    const char *runtime;                   /* path of libLiteRt.so */
    const char *delegate;                  /* path of libhalfbyte.so */
    const char *litert_gpu;                /* path of LiteRT's GPU accelerator */
    const char *reference;                 /* command that runs a model on TFLite's reference kernels (reference.py); NULL: none */
    const char *shape;                     /* of the first input, "1x224x224x3"; NULL: the model's */
    const char *option[BENCH_MAX_OPTIONS]; /* key=value, for the delegate */
    int num_options;
    int runs;    /* timed runs a configuration; 0: as many as fit the default budget */
    int threads; /* of the CPU, for XNNPACK and for a device that is the CPU */
    bool list_devices, verbose;
    unsigned places;    /* bits of enum bench_where */
    bool compare;       /* in rounds, with the ratio of the device's time to each other place's; `runs` counts rounds */
    bool together;      /* all models take turns; memory is measured */
    bool feed;          /* run what lies in MODEL.in, sample after sample, into MODEL.PLACE.out, before any run is timed */
    const char *before; /* a model that each process runs first, so that only what comes on top counts as the models' memory; NULL: none */
    int worker;         /* enum bench_where of this worker process, or -1 */
};

/* options.c: fills `o` from the command line, or says what is wrong and exits. */
void bench_parse(int argc, char **argv, struct bench_options *o);

/* One output tensor of the first inference. */
struct bench_output {
    uint32_t type; /* LiteRT's element type */
    uint32_t bytes;
    void *data; /* owned */
};

/* noise.c: what else the machine did between start and end. A machine that was not ours has longer times than the models take. */
struct bench_noise {
    double others;   /* part of our processors' time that other processes used, and the hypervisor took; below 0: unknown */
    double slowdown; /* how much longer the same arithmetic took at one end than at the other: 0.1 is a tenth */
};
void bench_noise_start(void);
struct bench_noise bench_noise_end(void);                                    /* after all workers have ended */
bool bench_noise_text(const struct bench_noise *n, char *text, size_t size); /* false: nothing to warn of */

/* stats.c: microseconds. `us` is sorted in place. */
struct bench_stats {
    double min, median, p90, mean;
};
struct bench_stats bench_stats_of(double *us, int n);

/* Median and quartiles of a[i] / b[i], of the rounds in which both took part (neither is 0). n: of how many rounds; 0 leaves the rest 0. */
struct bench_ratio {
    int n;
    double low, median, high;
};
struct bench_ratio bench_ratio_of(const double *a, const double *b, int rounds);

/* The difference between two sets of outputs: integers in steps, floats as a fraction of the reference's largest magnitude. */
struct bench_diff {
    bool known, has_int, has_float, not_finite; /* not_finite: infinity or NaN where the reference has none, or the reverse */
    double steps, fraction;
};
struct bench_diff bench_diff_of(const struct bench_output *ref, const struct bench_output *got, int n);
/* "0 LSB", "2.1e-05", "1 LSB, 3.0e-06", "-". */
void bench_diff_text(const struct bench_diff *d, char *text, size_t size);

/* report.c: what the delegate wrote to report_path. */
struct bench_report {
    bool known;
    int device, host_ref, runtime; /* nodes */
    int partitions;
    char device_name[160]; /* or "none: " and the reason */
};
void bench_report_read(const char *path, struct bench_report *out);
/* Bytes on the device by the delegate's log of verbose=3; zeros if it says nothing. */
struct bench_buffers {
    uint64_t activations, weights, scratch;
};
struct bench_buffers bench_report_buffers(const char *log);

/* A row of the table: one network, one width, one place. */
struct bench_result {
    const char *model; /* the path given */
    char network[64], width[16];
    enum bench_where where;
    char failure[400]; /* empty if it ran */
    char adapter[160]; /* what LiteRT's GPU accelerator says it runs on */
    double setup_us, first_us;
    double setup_cpu_us; /* CPU time of set-up and first inference, of all threads and of what the driver started */
    double *us;          /* timed runs, owned */
    int runs;
    double *round_us; /* with o->compare: the median of each round, 0 where this place did not take part; owned */
    int rounds;
    struct bench_stats stats;
    struct bench_ratio ratio; /* of the device's time to this place's */
    struct bench_report report;
    struct bench_diff diff;
    uint64_t model_bytes;
    uint64_t memory_bytes; /* most that the process grew by, at any time, from before the model was read to after its first inference */
    struct bench_buffers buffers;
    struct bench_output output[BENCH_MAX_OUTPUTS];
    int outputs;
};
void bench_result_free(struct bench_result *r);
/* Did it fail that should run? LiteRT's GPU accelerator needs what the machine may lack, and not all models run there: its row says why, and counts as skipped.
 */
bool bench_result_is_failure(const struct bench_result *r);

/* run.c: measures `n` models, one after the other or all in turns (o->together); `r` has BENCH_WHERE_COUNT rows for each. A row that was left out has neither
 * runs nor a failure. */
void bench_run_models(const struct bench_options *o, char **models, int n, struct bench_result *r);

/* table.c: rows to stdout as they come. */
void bench_table_head(const struct bench_options *o, int network_width);
void bench_table_rows(const struct bench_options *o, const struct bench_result *r, int n, int network_width);
void bench_table_foot(const struct bench_options *o, const struct bench_result *all, int n, const struct bench_noise *noise);

/* json.c: all rows. False, with a message, if the file cannot be written; asked before the work, too. */
bool bench_json_writable(const char *path);
bool bench_json_write(const char *path, const struct bench_options *o, const struct bench_result *all, int n, const struct bench_noise *noise);

/* memory.c: of this process, in bytes; 0 where the system does not say. */
struct bench_memory {
    uint64_t now, peak;
};
struct bench_memory bench_memory_read(void);
/* The peak counts from here on, where the system allows that. */
void bench_memory_reset_peak(void);

/* feed.c: runs all samples of `in`, each the bytes of all inputs, and writes each one's outputs to `out`. False, with the reason in `why`. */
struct litert_model;
bool bench_feed(struct litert_model *m, const char *in, const char *out, char *why, size_t size);

/* worker.c: the process that runs one model in one place. Returns its exit status. */
int bench_worker(const struct bench_options *o);

/* progress.c: to stderr. A short-lived line on a terminal, plain lines elsewhere. */
void bench_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void bench_progress_clear(void);

/* litert.c and paths: the runtime version that the library at `path` belongs to, or false with the reason in `why`. */
bool bench_runtime_version(const char *path, char *version, size_t size, char *why, size_t why_size);

#endif
