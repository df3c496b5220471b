/* One partition's state on the device. Only kernels_cl/cl_*.c include this. */
#ifndef HBY_KERNELS_CL_CL_SESSION_H
#define HBY_KERNELS_CL_CL_SESSION_H

#include "kernels_cl/cl_state.h"
#include "kernels_cl/cl_tuner.h"
#include "kernels_cl/clblast.h"

enum { HBY_CL_SLACK = 64 }; /* bytes after every buffer that a kernel may read, but not use */

/* What a measurement asks for; else the options. */
struct hby_cl_force {
    int gemm, tile; /* tile: HBY_CL_TILE_TUNED, or a candidate of cl_tuner.h */
};
enum { HBY_CL_GEMM_AUTO, HBY_CL_GEMM_OWN, HBY_CL_GEMM_CLBLAST }; /* the option gemm */

/* An argument, kept where a launch may be part of a chain; else it is bound at once. */
struct hby_cl_value {
    enum hby_cl_kind_of_arg kind;
    int32_t word;
    size_t at, bytes; /* in value_bytes */
    cl_mem mem;
};

/* One kernel launch with its arguments bound. */
struct hby_cl_op {
    cl_kernel kernel;                       /* NULL: part of the chain, or a product of CLBlast's */
    const struct hby_cl_function *function; /* where it may be part of a chain */
    int first_value, n_values;
    struct hby_cl_gemm gemm;
    cl_uint dims;
    size_t global[3], local[3];
    bool empty; /* a size of 0: nothing to launch */
    int step;
    cl_event event;                /* profile only */
    double us, total_us, least_us; /* profile only: of the last run, of all, of the fastest */
    long runs;
    char name[48];
};

struct hby_cl_const {
    uint64_t hash[2];
    size_t bytes;
    cl_mem mem;
};

/* A scratch argument that waits for its buffer: sizes are known when all steps are bound. */
struct hby_cl_scratch_arg {
    int op, slot;
    cl_uint index;
};

/* A download that becomes visible to the caller when finish succeeds. */
struct hby_cl_download {
    const void *from;
    void *to;
    size_t bytes;
};

struct hby_cl_session {
    struct hby_session base;
    struct hby_cl_state *st;
    const struct hby_plan *plan;
    struct hby_cl_force force;
    cl_command_queue queue;
    cl_mem arena, dummy, scratch[HBY_CL_SCRATCH];
    size_t arena_bytes, scratch_bytes[HBY_CL_SCRATCH];
    size_t allocated; /* bytes of all buffers, counted in st->memory_used */
    bool shares;      /* buffers lie in memory whose addresses kernels may be told: for chains */
    struct hby_cl_shared {
        cl_mem mem;
        void *address;
    } * share;
    int n_shares, share_room;
    struct hby_cl_value *value; /* of the ops that have a function */
    unsigned char *value_bytes;
    int n_values, value_room;
    size_t value_bytes_used, value_bytes_room;
    struct hby_cl_chain *chain; /* NULL: ops are launched one by one */
    void **address;             /* with `shares`: where tensors lie, for host and device; NULL entries where they have no memory */
    bool busy;                  /* something was enqueued since the last finish */
    cl_mem bad_data;            /* an int that kernels set; NULL where none does */
    cl_int found_bad_data;
    cl_mem *tensor;         /* per root tensor: its part of the arena, or a buffer of its own */
    struct hby_cl_guarded { /* guard_arena only: the buffer that another's memory and the bands around it lie in */
        cl_mem whole;
        size_t bytes;
        const char *what; /* "tensor", for messages */
        int number;
    } * guarded;
    int n_guarded, guarded_room;
    cl_mem *pinned;         /* per root tensor: the buffer whose mapped memory `staged` is, or NULL: memory of malloc's */
    unsigned char **staged; /* per root tensor that crosses to the host: memory of ours, so that a lost device never touches the caller's */
    struct hby_cl_op *op;
    struct hby_cl_const *constant;
    struct hby_cl_scratch_arg *scratch_arg;
    struct hby_cl_download *download;
    int n_ops, op_room, n_constants, constant_room, n_scratch_args, scratch_arg_room, n_downloads, download_room;
    int *op_first;                /* per step: its first op; n_steps + 1 entries */
    struct hby_cl_waiter *waiter; /* a thread that waits for us, so that we may give up */
    cl_event last;                /* of the command enqueued last; NULL when all is done */
    bool quick;                   /* the last wait was a short one */
    bool dead;                    /* a call failed */
    bool lost;                    /* nobody can tell whether the device is through: shared memory, which drivers do not guard, is not freed */
    bool hung;                    /* the device did not answer: nothing that it may touch is freed */
};

extern const struct hby_backend_ops hby_cl_session_ops;
enum hby_status hby_cl_session_create(struct hby_cl_state *st, const struct hby_plan *plan, const struct hby_cl_force *force, struct hby_session **out,
                                      struct hby_reason *why);

/* --- cl_rig.c --- */

/* A step by itself, to be measured: a plan of it alone, random values for its first input, room for two results. It points into itself. */
struct hby_cl_rig {
    struct hby_plan plan;
    struct hby_step step;
    enum hby_where where;
    unsigned char *in, *out[2];
    size_t in_bytes, out_bytes;
};
/* False when out of memory; to be closed all the same. */
bool hby_cl_rig_open(const struct hby_cl_site *site, struct hby_cl_rig *r);
void hby_cl_rig_close(struct hby_cl_rig *r);
/* A session of it, which has run once, the result in out[`out`]; NULL on failure. */
enum hby_status hby_cl_rig_session(struct hby_cl_state *st, const struct hby_cl_rig *r, const struct hby_cl_force *force, int out, struct hby_session **session,
                                   struct hby_reason *why);

/* --- cl_launch.c --- */

struct hby_cl_launch {
    struct hby_cl_state *st;
    struct hby_cl_session *session; /* NULL in a query */
    const struct hby_plan *plan;
    const struct hby_step *step;
    int step_index;
    struct hby_cl_force force;
    char options[768];
    size_t options_used;
    bool any_bytes;
    bool open, has_grid; /* a launch is being defined */
    struct hby_cl_entry limits;
    cl_kernel kernel; /* NULL in a query, and where the launch may be part of a chain */
    cl_uint n_args;
    size_t arg_bytes;
    int n_launches;
    const struct hby_cl_function *function; /* of the launch in the making, where it may be part of a chain */
    size_t group;                           /* its work-group */
    struct hby_cl_wanted *wanted;           /* NULL, or where functions are collected */
    const struct hby_cl_kernel *row;        /* whose rule it is, */
    int count;                              /* and how many steps that covers */
    enum hby_status status;                 /* the first failure: later calls do nothing */
    struct hby_reason why;
    char arithmetic[48];
    double macs, bytes;
};
/* Functions that are wanted: those of launches that fit a chain, and those that get a kernel of their own. */
struct hby_cl_wanted {
    const struct hby_cl_function **chained, **alone;
    int n_chained, n_alone, chained_room, alone_room;
};
/* A launch of CLBlast's: out = a * b^T; `g` says how large. */
void hby_cl_product(struct hby_cl_launch *l, const struct hby_cl_gemm *g, int a, int b, int out);
/* Runs a rule to its end: HBY_OK when every launch is complete. With a session its ops are appended. */
enum hby_status hby_cl_launch_run(struct hby_cl_launch *l, const struct hby_cl_kernel *row, const struct hby_cl_site *site, struct hby_reason *why);
/* A kernel of its own for an op that could have been part of a chain, with its arguments bound. */
enum hby_status hby_cl_launch_alone(struct hby_cl_session *s, struct hby_cl_op *op, struct hby_reason *why);

/* --- cl_memory.c --- */

enum hby_status hby_cl_memory_create(struct hby_cl_session *s, struct hby_reason *why);
/* A buffer of the session's, counted against the delegate's limit. */
enum hby_status hby_cl_memory_buffer(struct hby_cl_session *s, size_t bytes, cl_mem *mem, struct hby_reason *why);
/* The address of a buffer or of a part of one, as kernels see it; NULL where it has none. */
void *hby_cl_memory_address(const struct hby_cl_session *s, cl_mem mem);
/* Fills a part of a buffer with zeros, in order with what is enqueued. */
enum hby_status hby_cl_memory_zero(struct hby_cl_session *s, cl_mem mem, size_t offset, size_t bytes, struct hby_reason *why);
/* A constant of these contents, shared with equal ones. */
enum hby_status hby_cl_memory_constant(struct hby_cl_session *s, const void *data, size_t bytes, cl_mem *mem, struct hby_reason *why);
/* The scratch buffers, once every step is bound, and their arguments. */
enum hby_status hby_cl_memory_scratch(struct hby_cl_session *s, struct hby_reason *why);
/* s->bad_data, made at the first call. */
enum hby_status hby_cl_memory_bad_data(struct hby_cl_session *s, struct hby_reason *why);
/* Zero again, behind everything enqueued. */
enum hby_status hby_cl_memory_forget_bad_data(struct hby_cl_session *s, struct hby_reason *why);
/* guard_arena: zeroed memory between two bands of a pattern, which is also what lies in the slack; and whether all bands still hold it, constants and inputs
 * what they held. */
enum hby_status hby_cl_guard_buffer(struct hby_cl_session *s, size_t bytes, const char *what, int number, cl_mem *part, struct hby_reason *why);
enum hby_status hby_cl_guard_check(struct hby_cl_session *s, struct hby_reason *why);
void hby_cl_guard_free(struct hby_cl_session *s);
/* cl_stage.c: the host's side of a tensor; allocated if need be, NULL when out of memory. */
unsigned char *hby_cl_memory_stage(struct hby_cl_session *s, int root);
void hby_cl_stages_free(struct hby_cl_session *s);
void hby_cl_memory_free(struct hby_cl_session *s);
/* Doubles an array when it is full; false when out of memory (the array stays as it is). */
bool hby_cl_grow(void **array, int used, int *room, size_t size);

/* --- cl_chain.c --- */

/* Fills s->address, and makes s->chain of the ops that fit, where that is possible; the log says why not. Fails with HBY_CL_CHAIN_ALWAYS only. */
enum hby_status hby_cl_chain_create(struct hby_cl_session *s, struct hby_reason *why);
/* Ops [first, result) are launched as one; `first` itself where that op is no part of the chain. */
int hby_cl_chain_end(const struct hby_cl_session *s, int first, int end);
/* Launches them. */
cl_int hby_cl_chain_run(struct hby_cl_session *s, int first, int last, cl_event *done);
void hby_cl_chain_free(struct hby_cl_session *s);

/* --- cl_run.c --- */

enum hby_status hby_cl_upload(struct hby_session *s, int tensor, const void *host, size_t bytes);
enum hby_status hby_cl_run(struct hby_session *s, int first, int count);
enum hby_status hby_cl_download(struct hby_session *s, int tensor, void *host, size_t bytes);
enum hby_status hby_cl_finish(struct hby_session *s);
/* --- cl_wait.c --- */

/* Waits until `event` is done, at most `ms`. HBY_DEVICE when it failed, or did not end: then s->hung. */
enum hby_status hby_cl_wait(struct hby_cl_session *s, cl_event event, int ms, struct hby_reason *why);
void hby_cl_waiter_drop(struct hby_cl_session *s);

#endif
