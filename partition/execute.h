/* Runs a plan: each step on the backend that the plan chose, tensors carried across where backends meet, and the whole on host_ref
 * when the device fails. */
#ifndef HBY_PARTITION_EXECUTE_H
#define HBY_PARTITION_EXECUTE_H

#include "partition/backend.h"

struct hby_executor;

/* What a caller may want to know about the last run or the whole life. */
struct hby_executor_stats {
    long runs, device_failures;
    bool device_lost; /* everything runs on host_ref from here on */
    struct hby_reason last_failure;
};

/* Takes the plan (also on failure). `device` may be NULL: everything runs on host_ref. Backends outlive the executor. */
enum hby_status hby_executor_create(struct hby_plan *plan, struct hby_backend *device, struct hby_backend *host, struct hby_executor **out,
                                    struct hby_reason *why);
/* inputs[k], outputs[k] belong to graph->input[k], graph->output[k], in the tensors' declared types. Outputs are written only after success.
 * A device fault is repaired inside: the same call computes the result on host_ref. Not re-entrant. */
enum hby_status hby_executor_run(struct hby_executor *ex, const void *const *inputs, void *const *outputs, struct hby_reason *why);
const struct hby_plan *hby_executor_plan(const struct hby_executor *ex);
/* The device's session, for what only its backend can tell (times of kernels); NULL where there is none. Owned by the executor. */
const struct hby_session *hby_executor_device_session(const struct hby_executor *ex);
const struct hby_executor_stats *hby_executor_stats(const struct hby_executor *ex);
void hby_executor_destroy(struct hby_executor **ex);

#endif
