/* What the parts of halfbyte-kernels share: it times each kernel on the layers of layers.def and sets it against what the device can do at most. */
#ifndef HBY_BENCH_ROOFLINE_ROOFLINE_H
#define HBY_BENCH_ROOFLINE_ROOFLINE_H

#include <stdio.h>

#include "bench/bench.h"
#include "kernels_cl/device.h"

/* A row of layers.def. */
struct roof_layer {
    enum hby_op op;
    int size, channels, outputs, k, stride;
    const char *from;
};
extern const struct roof_layer roof_layers[]; /* ends with a size of 0 */

/* "conv 3x3/2 224x224x3 -> 32" */
void roof_layer_name(const struct roof_layer *l, char *text, size_t size);
/* Is the operator defined for this scheme (dynamic range: layers with weights only)? */
bool roof_layer_has(const struct roof_layer *l, enum hby_scheme scheme);
/* Multiply-adds; 0 where the operator is not made of them. */
double roof_layer_macs(const struct roof_layer *l);
int roof_layer_out(const struct roof_layer *l); /* height and width of the output */
/* The layer as a graph of one node, with seeded weights. */
enum hby_status roof_layer_graph(const struct roof_layer *l, enum hby_scheme scheme, struct hby_graph **out, struct hby_reason *why);

struct roof_options {
    const char *device, *json, *only, *deny_kernels, *tflite; /* NULL where not given */
    unsigned schemes;                                         /* bits */
    int rounds, threads;
    bool list, tune;
};
/* options.c: fills `o` from the command line, or says what is wrong and exits. */
void roof_parse(int argc, char **argv, struct roof_options *o);

/* --- peak.c: what the device can do at most --- */

enum roof_arith { ROOF_F32, ROOF_F16, ROOF_I8, ROOF_I16, ROOF_F16_MATRIX, ROOF_I8_MATRIX, ROOF_I16_MATRIX, ROOF_ARITHS }; /* MATRIX: on matrix units */
extern const char *const roof_arith_name[ROOF_ARITHS];
enum { ROOF_COPIES = 7 };

struct roof_peaks {
    double gops[ROOF_ARITHS]; /* 0 where the device has none */
    struct {
        double bytes, gbs; /* read and written together */
    } copy[ROOF_COPIES];
    int n_copies;
    double launch_us; /* of a kernel that does nothing, launched many times */
    double answer_us; /* of one such launch and the wait for it */
    double change;    /* the largest difference between before and after the kernels, as a fraction */
};
enum hby_status roof_peaks_measure(struct hby_backend *be, struct roof_peaks *p, struct hby_reason *why);
/* Once more, for machines that others use too: the better of both is kept, and p->change filled in. */
enum hby_status roof_peaks_again(struct hby_backend *be, struct roof_peaks *p, struct hby_reason *why);
/* GB/s that a copy reaches where the buffers have `bytes` together. */
double roof_bandwidth(const struct roof_peaks *p, double bytes);

/* --- subject.c: one layer on the device, ready to be launched --- */

struct roof_subject {
    struct hby_plan *plan;
    struct hby_session *session;
    int first, count; /* the layer's own steps; conversions at the border are left out */
    double bytes;     /* of its tensors, as stored */
    char kernel[48], arithmetic[48];
};
/* HBY_UNSUPPORTED with the reason where the device has no kernel for it. */
enum hby_status roof_subject_open(struct hby_backend *be, const struct roof_layer *l, enum hby_scheme scheme, struct roof_subject *s, struct hby_reason *why);
/* Launches it `calls` times and waits once: microseconds per call. */
enum hby_status roof_subject_run(struct roof_subject *s, int calls, double *us, struct hby_reason *why);
/* What the device says that its kernels took in one run, without what lies between them; 0 where the backend does not profile. */
enum hby_status roof_subject_kernels(struct roof_subject *s, double *us, struct hby_reason *why);
void roof_subject_close(struct roof_subject *s);

/* --- peer.c: the same operator in TFLite, in a process of its own --- */

struct roof_peer {
    int pid;
    FILE *to, *from;
};
/* Starts `command` by the shell. False, with a message, when that fails. */
bool roof_peer_start(const char *command, struct roof_peer *p);
/* Prepares a layer there. False with the reason when it cannot be run. */
bool roof_peer_open(struct roof_peer *p, const struct roof_layer *l, enum hby_scheme scheme, int threads, char *why, size_t size);
/* Runs it for `slice_us`: microseconds per call, or 0 when the process is gone. */
double roof_peer_run(struct roof_peer *p, double slice_us);
void roof_peer_stop(struct roof_peer *p);

/* --- measure.c --- */

enum { ROOF_MAX_ROUNDS = 100 };
/* One measured thing; n = 0: not measured. */
struct roof_times {
    double us[ROOF_MAX_ROUNDS]; /* per call, one value a round */
    int n;
    struct bench_stats stats;
};
struct roof_row {
    const struct roof_layer *layer;
    char name[64];
    enum hby_scheme scheme;
    char reason[192]; /* why it was not measured; empty if it was */
    bool failed;      /* it should have run, and did not */
    char kernel[48], arithmetic[48];
    double macs, bytes;
    struct roof_times own, tflite, blas;
    double kernel_us; /* by the device's own clock, the median; 0: not known (CPUs, where launches cost little) */
    double gops, gbs; /* of that, or else of the best round */
    enum roof_arith arith;
    double peak, roof_us; /* peak: Gop/s of its arithmetic; roof_us: the time that the peaks would allow */
    bool memory_bound;    /* by that */
    char tflite_reason[96];
};
struct roof_bench {
    const struct roof_options *o;
    struct hby_backend *be, *profiled, *blas; /* profiled: one whose launches are timed by the device, NULL on a CPU; blas: one that takes CLBlast wherever it
                                                 fits; NULL without the library */
    struct roof_peer *peer;                   /* NULL: none */
    struct roof_peaks peaks;
};
void roof_measure(const struct roof_bench *b, struct roof_row *row);
/* The time that rates are taken from. */
double roof_row_us(const struct roof_row *r);
/* Fills in what follows from the times and the peaks. */
void roof_conclude(const struct roof_bench *b, struct roof_row *row);

/* --- table.c, json.c --- */

void roof_table_head(const struct roof_bench *b);
void roof_table_row(const struct roof_bench *b, const struct roof_row *r);
void roof_table_foot(const struct roof_bench *b);
/* --tune: the tile of each class of shapes, and what it won. */
void roof_table_tunings(const struct roof_bench *b);
/* Can the file be written? Says why not. Asked before the work. */
bool roof_json_writable(const char *path);
bool roof_json_write(const struct roof_bench *b, const struct roof_row *row, int n);

#endif
