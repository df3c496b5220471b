/* An NVIDIA GPU made of an interpreter: kernels as PTX, the text that NVIDIA's own compiler makes of them, executed a warp at a time. tests/ptx/driver_*.c are
 * an OpenCL driver around it, with which the library is run as on such a GPU, and sees what a GPU would do with its programs: what is not aligned, what lies
 * beside a buffer, who reaches a barrier without the others, what a lane of a matrix instruction holds. It is strict where GPUs are lenient.
 *
 * A register is an array of 32 lanes; a predicate is a word with a bit for each lane. */
#ifndef HBY_TESTS_PTX_H
#define HBY_TESTS_PTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where local and shared memory lie among generic addresses. Shared, local and parameter addresses begin at HBY_PTX_WINDOW, so that 0 is none. */
#define HBY_PTX_LOCAL_WINDOW 0x7e00000000000000ull
#define HBY_PTX_SHARED_WINDOW 0x7f00000000000000ull
enum { HBY_PTX_LANES = 32, HBY_PTX_OPERANDS = 14, HBY_PTX_MAX_WARPS = 32, HBY_PTX_WINDOW = 1024 };

/* Operands are offsets into the warp's registers, or, with this bit, into the constants of the launch. */
#define HBY_PTX_CONSTANT 0x80000000u
#define HBY_PTX_NO_GUARD 0xffffffffu
#define HBY_PTX_ALL 0xffffffffu

enum hby_ptx_kind { HBY_PTX_PLAIN, HBY_PTX_BRANCH, HBY_PTX_RETURN, HBY_PTX_BARRIER, HBY_PTX_WARP }; /* WARP: all lanes together */
enum hby_ptx_space { HBY_PTX_GENERIC, HBY_PTX_GLOBAL, HBY_PTX_SHARED, HBY_PTX_LOCAL, HBY_PTX_PARAM };

struct hby_ptx_warp;
struct hby_ptx_insn;
typedef void hby_ptx_fn(struct hby_ptx_warp *w, const struct hby_ptx_insn *i);
typedef void hby_ptx_move(unsigned char *reg, unsigned char *const *at, size_t offset, uint32_t mask);

struct hby_ptx_insn {
    hby_ptx_fn *fn;
    hby_ptx_move *move;             /* loads and stores: one element of each lane */
    int64_t offset;                 /* loads and stores: added to the address */
    uint32_t arg[HBY_PTX_OPERANDS]; /* results first; of loads and stores the address first */
    uint32_t guard;
    int32_t target, line;
    uint8_t kind, space, size, count, register_bytes; /* loads and stores: bytes of an element, elements, bytes of a lane of their registers */
    bool guard_not, writes, constant;
};

struct hby_ptx_param {
    uint32_t offset, bytes;
    bool is_buffer;
};

struct hby_ptx_kernel {
    char *name;
    struct hby_ptx_param *param;
    struct hby_ptx_insn *insn;
    unsigned char *constant; /* values of operands, the same in all lanes; the launch's first: enum below */
    int n_params, n_insns;
    uint32_t param_bytes, register_bytes, constant_bytes, shared_bytes, local_bytes;
    unsigned group[3]; /* .reqntid; 0: any */
};

/* Places of what is the same in a launch or a work-group, in the constants; and in the registers. Each takes a 32-bit register. */
enum { HBY_PTX_NTID, HBY_PTX_NCTAID = 3, HBY_PTX_CTAID = 6, HBY_PTX_ENVREG = 9, HBY_PTX_ZERO = 15 /* 64 bits */, HBY_PTX_LAUNCH_REGISTERS = 17 };
enum { HBY_PTX_TID, HBY_PTX_WARP_REGISTERS = 3 };
enum { HBY_PTX_REGISTER = 4 * HBY_PTX_LANES };

struct hby_ptx_module {
    struct hby_ptx_kernel *kernel;
    unsigned char **variable; /* arrays of .global outside of kernels */
    size_t *variable_bytes;
    int n_kernels, n_variables;
};

/* --- parse.c --- */

/* NULL, and in *why (to be freed) what is wrong, where the text has what the interpreter does not know. */
struct hby_ptx_module *hby_ptx_parse(const char *text, char **why);
void hby_ptx_free(struct hby_ptx_module *m);

/* --- compile.c --- */

/* A program through NVIDIA's compiler (HBY_NVIDIA_COMPILER, or by its name) for compute capability 10 * major + minor. NULL where it is refused; *log is to be
 * freed. */
char *hby_ptx_compile(const char *source, const char *options, int capability, char **log);
bool hby_ptx_has_compiler(void);

/* --- ops.c --- */

/* What an instruction without its operands means: the bytes of a register of each operand, 1 for a predicate; 0 ends them. */
struct hby_ptx_op {
    const char *name; /* with '_' for '.' */
    hby_ptx_fn *fn;
    unsigned char size[HBY_PTX_OPERANDS];
};
const struct hby_ptx_op *hby_ptx_find_op(const char *name, size_t length);
/* The loads and stores of registers of `to` bytes: NULL where there is no such. `is_signed` extends the sign of what is loaded. */
hby_ptx_move *hby_ptx_find_load(int to, int bytes, bool is_signed);
hby_ptx_move *hby_ptx_find_store(int from, int bytes);

/* --- mma.c --- */
extern const struct hby_ptx_op hby_ptx_mma_ops[];
extern const int hby_ptx_n_mma_ops;

/* --- memory.c --- */

/* Memory that a launch may touch. `shadow` (NULL: not watched) has who wrote and read each byte last. */
struct hby_ptx_range {
    uint64_t from, to;
    struct hby_ptx_shadow *shadow;
};
struct hby_ptx_shadow {
    uint64_t written, read; /* epoch << 32 | work-item + 1 */
    uint64_t constant;      /* the epoch in which it was read as what no launch that reads it so may write: ld.global.nc */
};

hby_ptx_fn hby_ptx_access;

/* --- exec.c --- */

struct hby_ptx_launch {
    const struct hby_ptx_kernel *kernel;
    unsigned char *params;
    const struct hby_ptx_range *range;
    int n_ranges;
    unsigned groups[3], items[3]; /* of a group */
    bool watch;                   /* for races, and for reads of what was never written */
    /* what it met: */
    char fault[256], warning[256];
    long long insns, products;
};

/* false: it failed, and `fault` says how. */
bool hby_ptx_run(struct hby_ptx_launch *l);

struct hby_ptx_group {
    struct hby_ptx_launch *launch;
    unsigned char *shared, *local;
    struct hby_ptx_shadow *shared_shadow;
    uint64_t launch_epoch, first_epoch, epoch; /* of the launch, the group, and what follows the last barrier */
    uint32_t number;                           /* of the group */
    bool failed;
};

struct hby_ptx_warp {
    unsigned char *bank[2]; /* registers, constants */
    struct hby_ptx_group *group;
    const struct hby_ptx_kernel *kernel;
    uint32_t mask; /* the lanes that execute this instruction */
    uint32_t started, live, parked;
    uint32_t carry;
    int32_t limit; /* where other lanes wait */
    int32_t pc[HBY_PTX_LANES];
    int number;
};

/* The kernel fails here, and stops; or goes on, and the first such is said. */
void hby_ptx_fail(struct hby_ptx_warp *w, const struct hby_ptx_insn *i, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void hby_ptx_warn(struct hby_ptx_warp *w, const struct hby_ptx_insn *i, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static inline unsigned char *hby_ptx_operand(const struct hby_ptx_warp *w, const struct hby_ptx_insn *i, int n)
{
    return w->bank[i->arg[n] >> 31] + (i->arg[n] & ~HBY_PTX_CONSTANT);
}

#endif
