/* What a call answers. HBY_UNSUPPORTED is an answer, not a fault: the node stays with the runtime, and the reason goes into the report. */
#ifndef HBY_PARTITION_STATUS_H
#define HBY_PARTITION_STATUS_H

enum hby_status {
    HBY_OK = 0,
    HBY_UNSUPPORTED, /* cannot or should not be done here; see the reason */
    HBY_BAD_MODEL,   /* the model contradicts itself (shapes, types, quantization) */
    HBY_NO_MEMORY,
    HBY_DEVICE,   /* an OpenCL call failed, or the device did not answer in time */
    HBY_BAD_DATA, /* the data of this run hold what the reference kernels fail on: an index outside, a divisor of 0 */
};

/* A sentence that a model author can act on: it names the value and the rule. Always NUL-terminated. */
struct hby_reason {
    char text[192];
};

/* Writes the sentence and returns `st`, so that a refusal is one line: return hby_say(HBY_UNSUPPORTED, why, "...", ...).
 * `why` may be NULL. */
enum hby_status hby_say(enum hby_status st, struct hby_reason *why, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
