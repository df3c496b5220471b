/* Lowered steps in execution order: what both backends run. A plan belongs to one partition, or, when probing, to the whole graph. */
#ifndef HBY_PARTITION_PLAN_H
#define HBY_PARTITION_PLAN_H

#include "partition/args.h"
#include "partition/graph.h"

enum { HBY_STEP_INPUTS = 24, HBY_STEP_OUTPUTS = 4, HBY_STEP_TABLES = 4 }; /* an LSTM has most */

/* Constant bytes made by lowering (multipliers, shifts, a lookup table); owned by the plan. */
struct hby_table {
    const void *data;
    size_t bytes;
};

/* One primitive: host_ref has a function for (op, scheme), and the device perhaps a kernel for (nest, scheme). The args' layout is that of `nest`. */
struct hby_step {
    enum hby_op op;
    enum hby_scheme scheme;
    enum hby_nest nest;
    union hby_args args;
    int n_in, n_out, n_tables;
    int in[HBY_STEP_INPUTS];   /* tensor ids; -1 absent. Constants are tensors with data. */
    int out[HBY_STEP_OUTPUTS]; /* the state that a recurrent step leaves comes after its result, then its scratch */
    struct hby_table table[HBY_STEP_TABLES];
    int node; /* the graph's node that it came from, or -1 (a conversion that the plan put in) */
};

enum hby_rounding { HBY_ROUNDING_REF, HBY_ROUNDING_RUY, HBY_ROUNDING_SINGLE };
enum hby_precision { HBY_PRECISION_AUTO, HBY_PRECISION_EXACT, HBY_PRECISION_FAST };
enum hby_host_ref_use { HBY_HOST_REF_AUTO, HBY_HOST_REF_OFF, HBY_HOST_REF_ONLY };
enum hby_half { HBY_HALF_DECIDE, HBY_HALF_OFF, HBY_HALF_ON };

/* A processor's products of floats and of 8-bit integers, in parts of the rates that cost.c has; 0 counts as 1. */
struct hby_cost_cpu {
    float floats, integers;
};

struct hby_plan_options {
    enum hby_rounding rounding;
    enum hby_precision precision;   /* as the user said; AUTO is EXACT */
    enum hby_host_ref_use host_ref; /* may host_ref take steps inside a partition */
    int runtime_threads;            /* what the runtime's own kernels may use: for estimates; 0 counts as 1 */
    struct hby_cost_cpu runtime_cpu;
    bool apart;         /* floats end in integers behind this partition: see hby_plan_makes_integers */
    enum hby_half half; /* DECIDE from the graph; a partition is told what plan->half_storage said for the whole model */
};

enum hby_where { HBY_ON_RUNTIME, HBY_ON_DEVICE, HBY_ON_HOST_REF };

/* What became of one node. */
struct hby_verdict {
    enum hby_where where;
    enum hby_scheme scheme;
    char arithmetic[48];       /* "int8 x int8 -> int32", "half storage, float arithmetic" ... */
    int fused_into;            /* node id, or -1 */
    double device_us, host_us; /* estimates for the device and for host_ref; 0 where unknown */
    int launches;              /* of kernels on the device, in each invoke */
    double runtime_us;         /* estimate for the runtime's own CPU kernels */
    struct hby_reason reason;  /* why not on the device, or why not claimed; empty when it is on the device */
};

struct hby_plan {
    struct hby_graph *graph; /* folded; owned */
    int n_steps, step_capacity;
    struct hby_step *step;
    /* Per step: how many steps, from it, its backend's query said it runs as one kernel; 0 inside such a span. A session runs exactly these spans: the arena is
     * planned with all tensors of a span alive at once. NULL: every step alone. */
    int *span;
    enum hby_where *where;       /* per step: ON_DEVICE or ON_HOST_REF */
    enum hby_type *storage;      /* per tensor: the type that it is stored in inside the partition (f16 for a float tensor when half storage is on) */
    int tensor_room;             /* of `storage` and `alias` */
    int *alias;                  /* per tensor: the tensor whose storage it shares (itself in general); see hby_plan_root */
    struct hby_verdict *verdict; /* per node */
    int n_nodes_runnable;        /* nodes whose verdict is not HBY_ON_RUNTIME */
    bool half_storage;
    bool no_memory; /* a lowering helper ran out of memory: plan creation then answers HBY_NO_MEMORY */
    struct hby_plan_options opt;
    struct hby_pool *pool;
};

struct hby_backend;

/* Folds `g` (which it takes, also on failure), lowers every node and asks the backends. A node that cannot be lowered is no error: its verdict is
 * HBY_ON_RUNTIME with the reason, and it has no step. `device` may be NULL.
 * Errors: HBY_NO_MEMORY, HBY_BAD_MODEL (border tensors that contradict themselves). */
enum hby_status hby_plan_create(struct hby_graph *g, const struct hby_plan_options *opt, struct hby_backend *device, struct hby_backend *host,
                                struct hby_plan **out, struct hby_reason *why);
void hby_plan_destroy(struct hby_plan **plan);

/* The tensor whose storage `tensor` lives in. */
int hby_plan_root(const struct hby_plan *plan, int tensor);
/* Bytes that a tensor takes inside the partition (count * size of its storage type; packed int4 constants as they are). */
size_t hby_plan_bytes(const struct hby_plan *plan, int tensor);
bool hby_plan_is_border(const struct hby_plan *plan, int tensor); /* graph input or output */

/* Offsets of every non-constant root tensor in one arena, by lifetime over the steps; offset[t] is SIZE_MAX for tensors that need no place.
 * Inputs and outputs of the graph live through the whole plan. `align` is a power of two. `fused`: for the device, which needs no place for what lives inside
 * one of its spans. */
enum hby_status hby_arena_plan(const struct hby_plan *plan, size_t align, size_t slack, bool fused, size_t *offset, size_t *total);

/* Are integers made of computed floats in this plan, by QUANTIZE or by a dynamic range step, also one that is left to the runtime? Then float sums are rounded
 * product by product, as the reference rounds them: the last bit decides an integer now and then. Of the whole model's plan it is what its partitions are told
 * (`apart`). */
bool hby_plan_makes_integers(const struct hby_plan *p);

#endif
