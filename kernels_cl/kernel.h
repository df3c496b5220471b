/* What a row of kernels.def is made of: a predicate and a launch rule. cl_session.c calls them; cl_program.c builds. */
#ifndef HBY_KERNELS_CL_KERNEL_H
#define HBY_KERNELS_CL_KERNEL_H

#include "kernels_cl/device.h"
#include "partition/backend.h"

/* Where a kernel might go: the step plan->step[first], of which at most `limit` steps may be covered. */
struct hby_cl_site {
    const struct hby_cl_device *dev;
    const struct hby_plan *plan;
    const struct hby_step *step; /* = &plan->step[first] */
    int first, limit;
};

/* One or more kernel launches in the making. In a query nothing but programs is made (dry); when a session is created the arguments are bound too. */
struct hby_cl_launch;

/* How many steps, from site->first, this row can run as one (0: none; say why if `why` is not empty already). Must not allocate. */
typedef int (*hby_cl_match_fn)(const struct hby_cl_site *site, struct hby_reason *why);
/* Defines options, names the kernel, binds arguments, sets the grid. */
typedef enum hby_status (*hby_cl_launch_fn)(const struct hby_cl_site *site, struct hby_cl_launch *l);

/* Sets of schemes for kernels.def. */
enum {
    HBY_BIT_f32 = 1 << HBY_SCHEME_f32,
    HBY_BIT_f16 = 1 << HBY_SCHEME_f16,
    HBY_BIT_i8 = 1 << HBY_SCHEME_i8,
    HBY_BIT_u8 = 1 << HBY_SCHEME_u8,
    HBY_BIT_i16 = 1 << HBY_SCHEME_i16,
    HBY_BIT_f32w8 = 1 << HBY_SCHEME_f32w8,
    HBY_BIT_i32 = 1 << HBY_SCHEME_i32,
    HBY_BITS_FLOAT = HBY_BIT_f32 | HBY_BIT_f16,
    HBY_BITS_BYTE = HBY_BIT_i8 | HBY_BIT_u8,
    HBY_BITS_QUANT = HBY_BITS_BYTE | HBY_BIT_i16,
    HBY_BITS_ALL = (1 << HBY_SCHEME_COUNT) - 1
};

struct hby_cl_kernel {
    const char *name;
    enum hby_nest nest;
    unsigned schemes; /* bits 1 << HBY_SCHEME_x */
    hby_cl_match_fn match;
    hby_cl_launch_fn launch;
};
extern const struct hby_cl_kernel hby_cl_kernels[]; /* rows of kernels.def in order of preference; the first that matches is taken; ends with a NULL name */

#define HBY_KERNEL(name, nest, schemes, match, launch)                                                                                                         \
    int hby_cl_match_##match(const struct hby_cl_site *site, struct hby_reason *why);                                                                          \
    enum hby_status hby_cl_launch_##launch(const struct hby_cl_site *site, struct hby_cl_launch *l);
#include "kernels_cl/kernels.def"
#undef HBY_KERNEL

/* --- for launch rules --- */

/* Is only the program wanted (query)? Then packing weights is a waste; every call below is still legal and does nothing. */
bool hby_cl_is_dry(const struct hby_cl_launch *l);
/* Adds -DNAME=VALUE to the program's options and to its key. NAME is a string literal. */
void hby_cl_define(struct hby_cl_launch *l, const char *name, int value);
/* For kernels that only move bytes: a step of u8 takes the program of i8, which the model most likely needs anyway. Holds for the next hby_cl_use. */
void hby_cl_any_bytes(struct hby_cl_launch *l);
/* Builds (or finds) the program of `file` (a name in kernels_cl/, with the headers it includes) under the options defined so far, plus
 * HBY_SCHEME_<name>=1 of the step and the device's feature macros (HBY_HAS_FP16, HBY_DOT_x), and starts a launch of its kernel `entry`. The options are reset
 * after it. */
enum hby_status hby_cl_use(struct hby_cl_launch *l, const char *file, const char *entry);
/* Arguments in the kernel's order: as many in every build, for chains read a kernel's parameters from its text. Tensor -1 stands for an argument that a build
 * does not use. First a struct by value. */
void hby_cl_arg_args(struct hby_cl_launch *l, const void *args, size_t bytes);
void hby_cl_arg_i32(struct hby_cl_launch *l, int32_t value);
/* A constant or run-time tensor, as stored; -1: a valid dummy buffer. */
void hby_cl_arg_tensor(struct hby_cl_launch *l, int tensor);
/* Bytes that are copied to the device now, and shared with equal ones; 64 bytes that may be read follow them (HBY_CL_SLACK). */
void hby_cl_arg_const(struct hby_cl_launch *l, const void *data, size_t bytes);
/* Device memory that lives during this step. A slot, below HBY_CL_SCRATCH, is the same memory in every launch of the step, as large as the largest one that was
 * asked for. */
void hby_cl_arg_scratch(struct hby_cl_launch *l, int slot, size_t bytes);
enum { HBY_CL_SCRATCH = 4 };
/* An int of the session that a kernel sets to 1 where the data are what the reference fails on (HBY_BAD_DATA); zero before each run. */
void hby_cl_arg_bad_data(struct hby_cl_launch *l);
/* Work sizes; local must divide global and fit the device (hby_cl_use has set limits); 0 local dims are taken as 1. */
void hby_cl_grid(struct hby_cl_launch *l, const size_t global[3], const size_t local[3]);
/* The largest work-group that the kernel named last may be launched with (as compiled for this device); 1 at least. */
size_t hby_cl_max_group(const struct hby_cl_launch *l);
/* Text for the report. */
void hby_cl_arithmetic(struct hby_cl_launch *l, const char *text);
void hby_cl_cost(struct hby_cl_launch *l, double macs, double bytes);

/* What dot.clh's HBY_ACT_BIAS is for this device and scheme: 128, 0 or -128, to be added to the activations' zero point. */
int hby_cl_act_bias(const struct hby_cl_device *dev, enum hby_scheme scheme);
/* Tile and work-group sizes by name, per kind of device: tune.def. */
enum hby_cl_tune {
#define HBY_TUNE(name, gpu, cpu_asm, cpu_wide, cpu, what) HBY_TUNE_##name,
#include "kernels_cl/tune.def"
#undef HBY_TUNE
    HBY_TUNE_COUNT
};
int hby_cl_tune(const struct hby_cl_device *dev, enum hby_cl_tune what);

#endif
