/* The operators and the schemes, as enumerations expanded from the tables. */
#ifndef HBY_PARTITION_OPS_H
#define HBY_PARTITION_OPS_H

#include <stdint.h>

enum hby_op {
#define HBY_OP(name, builtin, version, import, lower) HBY_OP_##name,
#include "partition/ops.def"
#undef HBY_OP
    HBY_OP_convert, /* ours: between two storage types of one tensor (float32 <-> float16) */
    HBY_OP_COUNT
};

/* How a step computes: the type its activations are stored in, and what its weights are. docs/design.md has the arithmetic of each. */
enum hby_scheme {
    HBY_SCHEME_f32,   /* float32 activations; weights float32 or float16 */
    HBY_SCHEME_f16,   /* float16 activations in memory; weights float32 or float16; float or half arithmetic as the device has it */
    HBY_SCHEME_i8,    /* int8, weights int8 per-tensor or per-channel */
    HBY_SCHEME_u8,    /* uint8, weights uint8 per-tensor */
    HBY_SCHEME_i16,   /* 16x8: int16 activations, int8 weights */
    HBY_SCHEME_f32w8, /* dynamic range: float activations quantized row by row at run time, int8 weights */
    HBY_SCHEME_i32,   /* plain integers (indices, shapes): int32, int64 and bool tensors */
    HBY_SCHEME_COUNT
};

struct hby_op_info {
    const char *name; /* "conv_2d"; in upper case it is TFLite's name */
    int builtin, version;
};

extern const struct hby_op_info hby_ops[HBY_OP_COUNT];
extern const char *const hby_scheme_names[HBY_SCHEME_COUNT];

/* The operator with this TFLite builtin code, or HBY_OP_COUNT. */
enum hby_op hby_op_from_builtin(int builtin);

#endif
