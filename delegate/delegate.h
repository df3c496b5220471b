/* The delegate: its options, its device, and what Prepare leaves for the kernels. */
#ifndef HBY_DELEGATE_DELEGATE_H
#define HBY_DELEGATE_DELEGATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "delegate/import.h"
#include "delegate/log.h"
#include "delegate/options.h"
#include "delegate/report.h"
#include "delegate/tflite_abi.h"
#include "kernels_cl/device.h"

/* All other symbols are hidden (CMakeLists.txt). */
#define HBY_EXPORT __attribute__((visibility("default")))

struct hby_delegate {
    struct TfLiteDelegate tfl; /* first: the runtime's pointer is ours */
    struct hby_options *opt;
    atomic_int refs;      /* one for the creator, one per live kernel: destroy may come before the kernels' free */
    pid_t pid;            /* a forked child must not touch the parent's OpenCL */
    pthread_mutex_t lock; /* held during Prepare; guards everything below */
    bool device_tried;
    struct hby_backend *device; /* NULL: none; made at the first Prepare, shared by all interpreters */
    struct hby_reason no_device;
    atomic_bool quarantine_logged; /* said once, however many partitions the device had */
    struct hby_report *report;
    /* While Prepare replaces nodes, for the kernels' init, which the runtime calls from within. */
    struct hby_import *current;
    struct hby_tfl_context *current_ctx;
    pthread_t current_thread;
    int current_partitions;
};

/* On failure *error is the message for the user. */
enum hby_status hby_delegate_create(const char *const *keys, const char *const *values, size_t n, struct hby_delegate **out, struct hby_option_error *error);
struct hby_delegate *hby_delegate_ref(struct hby_delegate *d);
void hby_delegate_unref(struct hby_delegate **d); /* NULL-safe */

bool hby_delegate_forked(const struct hby_delegate *d);
/* Is the process on its way out? Then OpenCL's own state may be gone, and is left alone. */
bool hby_process_exits(void);
void hby_delegate_plan_options(const struct hby_delegate *d, struct hby_plan_options *po);

/* The delegate's Prepare. */
int hby_delegate_prepare(struct hby_tfl_context *ctx, struct TfLiteDelegate *tfl);

/* claim.c: sets record->claimed, and for the others the reason, from the verdicts that the whole graph got. */
enum hby_status hby_claim(struct hby_tfl_context *ctx, const struct hby_options *opt, struct hby_import *im);

/* kernel.c: the kernel that stands for one partition. */
void hby_kernel_registration(struct hby_tfl_registration *reg);
/* Copies what a plan says of its nodes into the records: all, or those that were claimed. */
void hby_note_verdicts(struct hby_import *im, const struct hby_plan *plan, bool claimed_only);

#endif
