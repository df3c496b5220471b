/* What the parts of halfbyte-bench share. */
#ifndef HBY_BENCH_BENCH_H
#define HBY_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a network runs. All three go through LiteRT; the first and the last have Halfbyte registered as its GPU accelerator. */
enum bench_where { BENCH_DEVICE, BENCH_CPU, BENCH_HOST_REF, BENCH_WHERE_COUNT };
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
    const char *option[BENCH_MAX_OPTIONS]; /* key=value, for the delegate */
    int num_options;
    int runs;    /* timed runs a configuration; 0: as many as fit the default budget */
    int threads; /* of the CPU, for XNNPACK and for a device that is the CPU */
    bool list_devices, verbose;
    bool device_only;   /* neither on the CPU nor on host_ref */
    bool together;      /* all models take turns, on the device and on the CPU, without host_ref; memory is measured */
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

/* stats.c: microseconds. `us` is sorted in place. */
struct bench_stats {
    double min, median, p90, mean;
};
struct bench_stats bench_stats_of(double *us, int n);

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
/* Bytes on the device, of activations, weights and scratch, by the delegate's log of verbose=3; 0 if it says nothing. */
uint64_t bench_report_buffers(const char *log);

/* A row of the table: one network, one width, one place. */
struct bench_result {
    const char *model; /* the path given */
    char network[64], width[16];
    enum bench_where where;
    char failure[400]; /* empty if it ran */
    double setup_us, first_us;
    double *us; /* timed runs, owned */
    int runs;
    struct bench_stats stats;
    struct bench_report report;
    struct bench_diff diff;
    uint64_t model_bytes;
    uint64_t memory_bytes; /* most that the process grew by, at any time, from before the model was read to after its first inference */
    uint64_t buffer_bytes; /* the delegate's buffers on the device; 0: unknown */
    struct bench_output output[BENCH_MAX_OUTPUTS];
    int outputs;
};
void bench_result_free(struct bench_result *r);

/* run.c: measures `n` models, one after the other or all in turns (o->together); `r` has BENCH_WHERE_COUNT rows for each. A row that was left out has neither
 * runs nor a failure. */
void bench_run_models(const struct bench_options *o, char **models, int n, struct bench_result *r);

/* table.c: rows to stdout as they come. */
void bench_table_head(int network_width);
void bench_table_rows(const struct bench_result *r, int n, int network_width);
void bench_table_foot(const struct bench_options *o, const struct bench_result *all, int n);

/* json.c: all rows. False, with a message, if the file cannot be written; asked before the work, too. */
bool bench_json_writable(const char *path);
bool bench_json_write(const char *path, const struct bench_options *o, const struct bench_result *all, int n);

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
