/* The vtable that both backends implement: kernels_cl (a device) and host_ref (the oracle, and the stand-in).
 * A backend is shared by the partitions of one delegate; a session is one partition's state on it. */
#ifndef HBY_PARTITION_BACKEND_H
#define HBY_PARTITION_BACKEND_H

#include "partition/plan.h"

/* A backend's answer to query. */
struct hby_answer {
    int count;           /* how many steps, from the one asked about, it runs as one kernel (>= 1; a fused span) */
    char arithmetic[48]; /* for the report */
    char kernel[48];     /* the row of kernels.def, or "host_ref" */
    double us;           /* estimated time of the span */
    int launches;        /* of kernels, for the span */
};

struct hby_session;

struct hby_backend_ops {
    const char *name; /* "opencl", "host_ref" */
    bool stages;      /* download writes to the caller's memory in finish only, and only when it succeeds; else the caller stages */
    /* Can it run plan->step[first], perhaps fused with steps after it? Kernels are built here or by `build`, so that nothing is left to fail after claiming.
     * `limit` is the number of steps that may be covered. HBY_OK with the answer, or HBY_UNSUPPORTED with the reason. Callable from any thread. */
    enum hby_status (*query)(struct hby_backend *be, const struct hby_plan *plan, int first, int limit, struct hby_answer *answer, struct hby_reason *why);
    /* Builds what queries have left: for the steps of the nodes that taken[] names. A failure makes later queries answer for what they build themselves, so ask
     * again. NULL where queries leave nothing. */
    enum hby_status (*build)(struct hby_backend *be, const struct hby_plan *plan, const bool *taken, struct hby_reason *why);
    /* State for one plan: arena, packed weights, kernels with their arguments set. Only steps whose where[] is this backend's are prepared. The plan outlives
     * it. */
    enum hby_status (*create)(struct hby_backend *be, const struct hby_plan *plan, struct hby_session **out, struct hby_reason *why);
    /* Host bytes (in the tensor's storage type) -> the session's copy. Host memory must stay valid until finish. */
    enum hby_status (*upload)(struct hby_session *s, int tensor, const void *host, size_t bytes);
    /* Starts steps [first, first + count); may return before they are done. HBY_BAD_DATA, from here or from finish: the session is as good as before. */
    enum hby_status (*run)(struct hby_session *s, int first, int count);
    /* The session's copy -> host bytes, valid after finish. */
    enum hby_status (*download)(struct hby_session *s, int tensor, void *host, size_t bytes);
    /* Waits for everything started, at most the backend's time limit. HBY_DEVICE: the session is dead, and must not be used but to destroy it. */
    enum hby_status (*finish)(struct hby_session *s);
    void (*destroy)(struct hby_session **s); /* NULL-safe */
};

struct hby_backend {
    const struct hby_backend_ops *ops;
};

/* A session's first member, so that the caller can reach the vtable. */
struct hby_session {
    const struct hby_backend_ops *ops;
};

#endif
