/* One OpenCL device: what it can do, its context, its programs. */
#ifndef HBY_KERNELS_CL_DEVICE_H
#define HBY_KERNELS_CL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "partition/backend.h"

enum hby_cl_kind { HBY_CL_GPU, HBY_CL_ACCELERATOR, HBY_CL_CPU, HBY_CL_OTHER };
extern const char *const hby_cl_kind_names[]; /* as option device_type spells them */

/* How the device multiplies four int8 pairs into an int32: chosen by try-compile and a self-test, best first. dot.clh has the bodies. */
enum hby_cl_dot {
    HBY_DOT_PORTABLE,
    HBY_DOT_KHR,
    HBY_DOT_X86_VNNI,
    HBY_DOT_X86_MADD,
    HBY_DOT_ARM_ACC,
    HBY_DOT_QCOM,
    HBY_DOT_NV_DP4A,
    HBY_DOT_AMD_SDOT4,
    HBY_DOT_COUNT
};

/* Matrix units, as mma.clh uses them: none, NVIDIA's from compute capability 8.0 or 7.5 on, or a stand-in for tests. The values are HBY_MMA of that file. */
enum hby_cl_mma { HBY_MMA_NONE, HBY_MMA_SM80, HBY_MMA_SM75, HBY_MMA_EMULATED };

/* Arithmetic on halves, as half.clh does it: none, cl_khr_fp16, NVIDIA's instructions for two halves, or a stand-in for tests. The values are HBY_HALF_MATH
 * of that file. */
enum hby_cl_half_math { HBY_HALF_MATH_NONE, HBY_HALF_MATH_FP16, HBY_HALF_MATH_F16X2, HBY_HALF_MATH_EMULATED };

/* Facts read once. */
struct hby_cl_info {
    char platform[96], name[128], vendor[96], version[96], driver[64];
    enum hby_cl_kind kind;
    int version_major, version_minor; /* of the OpenCL version */
    int compute_units, clock_mhz;
    size_t max_work_group, max_work_item[3];
    size_t max_parameter_bytes; /* of all arguments of a kernel */
    size_t align_bytes;         /* of sub-buffers */
    int native_floats;          /* that a register holds, as the driver says */
    uint64_t global_bytes, max_alloc_bytes, local_bytes;
    bool host_unified;
    bool has_fp16, has_fp64, has_int_dot, has_sub_groups, has_command_buffer;
    bool has_binaries; /* the driver may be asked for a program's binary */
    bool is_host_cpu;  /* the device is this machine's own x86 CPU, and inline assembly compiles and passes its self-test */
    enum hby_cl_dot dot;
    enum hby_cl_mma mma;
    enum hby_cl_half_math half_math; /* none on CPUs, with or without has_fp16: one without such instructions takes 100 times as long */
    int nv_compute;                  /* NVIDIA's compute capability, 75 for 7.5; 0: unknown, or no NVIDIA GPU */
    int mma_tile;                    /* tests: the row of launch_mma.c's table to be used always, or -1 */
    bool x86_avx512, x86_f16c;       /* usable in inline assembly (is_host_cpu, CPUID and XGETBV agree) */
};

struct hby_cl_device {
    struct hby_cl_info info;
    struct hby_cl_state *state; /* context, programs, caches: cl_device.c */
};

/* What picks a device; zero fields do not constrain. */
struct hby_cl_choice {
    int device_id;      /* index in the default order, or -1 */
    const char *device; /* substring of "platform / device", case-insensitive, or NULL */
    int device_type;    /* -1 any, else enum hby_cl_kind */
};

enum hby_cl_chain_mode {
    HBY_CL_CHAIN_AUTO,
    HBY_CL_CHAIN_OFF,
    HBY_CL_CHAIN_ALWAYS /* a step by itself, too, and what cannot be a chain is an error: for tests */
};

/* What the options of the same names say (delegate/options.def). */
struct hby_cl_options {
    struct hby_cl_choice choice;
    const char *serialization_dir, *model_token; /* NULL: no cache on disk */
    const char *deny_kernels;                    /* comma-separated rows of kernels.def, or NULL */
    int gemm;                                    /* 0 auto, 1 own, 2 clblast */
    int tune;                                    /* tiles of convolutions: enum hby_cl_tune_mode */
    int wait_limit_ms;                           /* 0: the default */
    int memory_limit_mb;                         /* of all sessions' buffers together; 0: none */
    bool profile, zero_copy;
    int chain; /* launches of a CPU as one (chain.clh): enum hby_cl_chain_mode */
    /* A testing aid: bands of a pattern around every tensor, constant and scratch buffer. finish answers HBY_DEVICE when one was overwritten, or a constant or
     * an input was. */
    bool guard_arena;
    /* Level 0: faults, 3: builds and features. NULL: nowhere. Called from any thread. */
    void (*log)(void *log_ctx, int level, const char *text);
    void *log_ctx;
};

/* What this machine's processor, on which the runtime's own kernels run, makes of the rates of partition/cost.c. */
struct hby_cost_cpu hby_cl_host_cpu(void);
/* All devices in the default order: GPU before accelerator before CPU, then compute units x clock; one under two ICDs counted once.
 * *n = 0 with HBY_UNSUPPORTED and a reason where there is no loader, no platform or no device. Free with free(). */
enum hby_status hby_cl_list(struct hby_cl_info **info, int *n, struct hby_reason *why);
/* The backend on the chosen device. HBY_UNSUPPORTED with a reason if there is none. */
enum hby_status hby_cl_backend_create(const struct hby_cl_options *opt, struct hby_backend **out, struct hby_reason *why);
const struct hby_cl_info *hby_cl_backend_info(const struct hby_backend *be);
/* Given up: the device hung, or failed twice in a row. Nothing is claimed and no session is made any more. */
bool hby_cl_backend_in_quarantine(const struct hby_backend *be);
void hby_cl_backend_destroy(struct hby_backend **be);

/* What the tuner found for a class of shapes: 0 rows is the default tile; times are 0 where measuring failed. */
struct hby_cl_tuning {
    char shape[96];
    int rows, vectors;
    double default_us, us;
};
/* Writes at most `room` of them, and returns how many there are. */
int hby_cl_backend_tunings(struct hby_backend *be, struct hby_cl_tuning *out, int room);

/* One launch of a session's last run, under the option `profile`. */
struct hby_cl_time {
    int step;
    const char *kernel; /* the entry's name; lives as long as the session */
    double us;
};
/* Times of the launches, in order; returns how many there are (it writes `room` at most). 0 without the option. */
int hby_cl_session_times(const struct hby_session *s, struct hby_cl_time *time, int room);

#endif
