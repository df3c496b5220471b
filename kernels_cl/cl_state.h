/* What a backend shares between its sessions: context, programs, options. Only kernels_cl/cl_*.c include this. */
#ifndef HBY_KERNELS_CL_CL_STATE_H
#define HBY_KERNELS_CL_CL_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "kernels_cl/cl_list.h"
#include "kernels_cl/kernel.h"

/* One kernel of a program: limits read once. */
struct hby_cl_entry {
    struct hby_cl_entry *next;
    char name[64];
    cl_uint n_args;
    size_t max_group;
};

/* One build, or why there is none: failures are remembered too. Lives as long as the state. */
struct hby_cl_program {
    struct hby_cl_program *next;
    char *key; /* file and options */
    cl_program program;
    bool from_disk;
    enum hby_status st;
    struct hby_reason why;
    struct hby_cl_entry *entries;
};

/* What was measured of CLBlast against our own kernel, on this device: launch_gemm.c. */
struct hby_cl_gemm_verdict {
    size_t m, n, k;
    bool half, faster;
};

struct hby_cl_state {
    struct hby_backend base; /* first: a backend is its state */
    struct hby_cl_device dev;
    const struct hby_cl_api *cl;
    cl_platform_id platform;
    cl_device_id id;
    cl_context ctx;
    bool correct_divide;
    pid_t pid;            /* drivers do not survive a fork */
    pthread_mutex_t lock; /* programs, entries, kernel creation, functions */
    struct hby_cl_program *programs;
    struct hby_cl_function *functions; /* for chains */
    struct hby_cl_functions *sets;
    char *cache_dir, *cache_token, *deny; /* NULL where not given */
    int wait_limit_ms;
    int gemm;                  /* the option */
    pthread_mutex_t gemm_lock; /* measurements: one at a time */
    struct hby_cl_gemm_verdict *gemms;
    int n_gemms, gemm_room;
    int tune; /* the option: enum hby_cl_tune_mode */
    pthread_mutex_t tune_lock;
    struct hby_cl_tuned *tuned; /* what is known of tiles: cl_tuner.c */
    int n_tuned, tuned_room;
    int chain; /* the option */
    bool profile, zero_copy;
    bool chains; /* launches become one */
    bool guard, cache_failure_logged;
    void (*log)(void *log_ctx, int level, const char *text);
    void *log_ctx;
    size_t memory_limit;       /* bytes, 0: none */
    atomic_size_t memory_used; /* by the buffers of all sessions */
    atomic_int strikes;        /* failures since the last run that went well */
    atomic_bool quarantined;
    atomic_int users;   /* the owner and each session: the context goes with the last */
    char features[512]; /* -cl-std and the device's macros: the head of every program's options */
};

static inline struct hby_cl_state *hby_cl_state_of(struct hby_backend *be)
{
    return (struct hby_cl_state *)be;
}
void hby_cl_state_keep(struct hby_cl_state *s);
void hby_cl_state_drop(struct hby_cl_state *s);

enum { HBY_CL_LOG_FAULT = 0, HBY_CL_LOG_BUILD = 3 };
/* Writes to the owner's log, if there is one. */
void hby_cl_log(const struct hby_cl_state *s, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A device that hangs is given up at once, one that fails after its second failure in a row; which is logged once. */
void hby_cl_note_failure(struct hby_cl_state *s, bool hung, const struct hby_reason *why);
void hby_cl_note_success(struct hby_cl_state *s);
/* HBY_DEVICE when it was given up. */
enum hby_status hby_cl_check_quarantine(const struct hby_cl_state *s, struct hby_reason *why);
int64_t hby_cl_now_ns(void); /* of the monotonic clock */
/* HBY_DEVICE in a child of the process that made the state. */
enum hby_status hby_cl_check_fork(const struct hby_cl_state *s, struct hby_reason *why);

/* --- cl_words.c: HALFBYTE_DEVICE_FEATURES, words between commas --- */

/* Is `feature` ("avx512") taken out, as by -avx512,-vnni? */
bool hby_cl_feature_denied(const char *feature);
/* Is `word` ("kind=gpu") there? */
bool hby_cl_feature_given(const char *word);
/* The text after `prefix` ("dot="), up to the next comma; NULL where it is not there. */
const char *hby_cl_feature_value(const char *prefix, size_t *len);
/* The number after `prefix` ("mma_tile="), or -1. */
int hby_cl_feature_number(const char *prefix);
/* Logs the words that nobody reads, once for each text of the variable. */
void hby_cl_feature_check(const struct hby_cl_state *s);

/* --- cl_features.c --- */

/* x86 instructions that this machine has and the operating system saves registers for. */
struct hby_cl_host {
    char brand[64]; /* "AMD EPYC", empty where unknown */
    bool f16c, avx2, avx512, avx512_vnni, avx_vnni;
};
void hby_cl_host_read(struct hby_cl_host *host);
/* How a processor is asked: CPUID (eax, ebx, ecx, edx; false where it has no such leaf), and which registers the system saves (XGETBV). */
struct hby_cl_cpuid {
    bool (*leaf)(unsigned number, unsigned sub, unsigned r[4]);
    uint64_t (*saved)(void);
};
void hby_cl_host_of(const struct hby_cl_cpuid *id, struct hby_cl_host *host);
/* What dot product and floats per register make of the rates of cost models; HBY_DOT_COUNT: some other dot product. */
struct hby_cost_cpu hby_cl_cpu_parts(enum hby_cl_dot dot, int lanes);
/* Chooses dev.info.dot and the x86 flags by building and running self_test.cl, and writes s->features. HBY_DEVICE when not even the portable form works. */
enum hby_status hby_cl_features(struct hby_cl_state *s, struct hby_reason *why);

/* --- cl_trial.c --- */

/* An argument of a self-test's kernel: a buffer with that content, which is read back or not, or the bytes themselves. */
struct hby_cl_trial {
    enum { HBY_CL_TRIAL_IN, HBY_CL_TRIAL_OUT, HBY_CL_TRIAL_VALUE } use;
    void *data;
    size_t bytes;
};
/* Runs `items` work-items of kernel `entry`, in groups of `group`, with n <= 8 arguments, and waits for them. */
enum hby_status hby_cl_try(struct hby_cl_state *s, const char *file, const char *options, const char *entry, size_t items, size_t group,
                           const struct hby_cl_trial *arg, cl_uint n, struct hby_reason *why);

/* --- cl_mma.c, cl_half.c: s->features must be there; is_nvidia: the device answers NVIDIA's queries. Failing is an answer: none. --- */

enum hby_cl_mma hby_cl_find_mma(struct hby_cl_state *s, bool is_nvidia);
enum hby_cl_half_math hby_cl_find_half_math(struct hby_cl_state *s, bool is_nvidia);

/* --- cl_chain.c --- */

/* Can launches on this device become chains, and should they? */
bool hby_cl_chain_is_wanted(const struct hby_cl_state *s);

/* --- cl_function.c --- */

enum hby_cl_kind_of_arg { HBY_CL_WORD, HBY_CL_BYTES, HBY_CL_BUFFER };
/* A kernel as a function of a chain: one entry of one program's text, which is not built until it is known what else the chain needs. */
struct hby_cl_function {
    struct hby_cl_function *next;
    char *key; /* file and all options, as a program's */
    char name[64];
    cl_uint n_args;
    unsigned char kind[48]; /* of the arguments: enum hby_cl_kind_of_arg */
};
/* A program of functions; its kernel is hby_chain, and function[i] is what that calls kind i. */
struct hby_cl_functions {
    struct hby_cl_functions *next;
    struct hby_cl_program *program;
    int n;
    const struct hby_cl_function *function[];
};
/* The function of kernel `entry` in `file` under `options` (all of them but s->features). Lives as long as the state. Thread-safe. */
enum hby_status hby_cl_function_get(struct hby_cl_state *s, const char *file, const char *options, const char *entry, const struct hby_cl_function **out,
                                    struct hby_reason *why);
/* A program that holds all of n >= 1 functions (NULL entries are skipped): the one there is, perhaps with more, or a new one. Thread-safe. */
enum hby_status hby_cl_functions_get(struct hby_cl_state *s, const struct hby_cl_function *const *function, int n, const struct hby_cl_functions **out,
                                     struct hby_reason *why);
/* Is there a program that holds it? */
bool hby_cl_function_is_built(struct hby_cl_state *s, const struct hby_cl_function *function);
/* Which it is there, or -1. */
int hby_cl_function_find(const struct hby_cl_functions *set, const struct hby_cl_function *function);
void hby_cl_functions_free(struct hby_cl_state *s);

/* --- cl_program.c --- */

/* The program of `file` under `options` (all of them but s->features): from memory, from disk, or built. Thread-safe. */
enum hby_status hby_cl_program_get(struct hby_cl_state *s, const char *file, const char *options, struct hby_cl_program **out, struct hby_reason *why);
/* Limits of a kernel in it, and, if `kernel` is not NULL, a kernel object of the caller's. Thread-safe. */
enum hby_status hby_cl_kernel_get(struct hby_cl_state *s, struct hby_cl_program *p, const char *entry, struct hby_cl_entry *limits, cl_kernel *kernel,
                                  struct hby_reason *why);
/* The same by its key: file, a space, all options. */
enum hby_status hby_cl_program_of_key(struct hby_cl_state *s, const char *key, struct hby_cl_program **out, struct hby_reason *why);
/* The program of a text that is no file of ours, under a name of its own and all options. Thread-safe. */
enum hby_status hby_cl_program_of_text(struct hby_cl_state *s, const char *name, const char *text, const char *options, struct hby_cl_program **out,
                                       struct hby_reason *why);
/* Keeps on disk a program that was built before dev.info.has_binaries was known. */
void hby_cl_program_keep(struct hby_cl_state *s, const struct hby_cl_program *p);
void hby_cl_programs_free(struct hby_cl_state *s);

/* --- cl_text.c --- */

/* A text that grows; `failed` when memory ran out or a piece was too long, and then it does not grow any more. The owner frees `data`. */
struct hby_cl_text {
    char *data;
    size_t used, room;
    bool failed;
};
void hby_cl_text_put(struct hby_cl_text *t, const char *from, size_t n);
void hby_cl_text_say(struct hby_cl_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- cl_source.c --- */

/* The text of `file` with every #include "x" replaced by x's text, once each, and #line directives. Free with free(). HBY_UNSUPPORTED for a name that is not
 * embedded. */
enum hby_status hby_cl_source(const char *file, char **text, struct hby_reason *why);

#endif
