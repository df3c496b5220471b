#include "partition/ops.h"

const struct hby_op_info hby_ops[HBY_OP_COUNT] = {
#define HBY_OP(n, b, v, import, lower) [HBY_OP_##n] = {.name = #n, .builtin = b, .version = v},
#include "partition/ops.def"
#undef HBY_OP
    [HBY_OP_convert] = {.name = "convert", .builtin = -1},
};

const char *const hby_scheme_names[HBY_SCHEME_COUNT] = {
    [HBY_SCHEME_f32] = "f32", [HBY_SCHEME_f16] = "f16", [HBY_SCHEME_i8] = "i8",       [HBY_SCHEME_u8] = "u8",
    [HBY_SCHEME_i16] = "i16", [HBY_SCHEME_i32] = "i32", [HBY_SCHEME_f32w8] = "f32w8",
};

enum hby_op hby_op_from_builtin(int builtin)
{
    for (int i = 0; i < HBY_OP_COUNT; i++)
        if (hby_ops[i].builtin == builtin)
            return (enum hby_op)i;
    return HBY_OP_COUNT;
}
