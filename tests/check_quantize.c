/* QUANTIZE: from float, per tensor and per channel, and between integer types. The scheme is the input's type. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    static const enum hby_type to[HBY_SCHEME_COUNT][3] = {
        [HBY_SCHEME_f32] = {HBY_I8, HBY_U8, HBY_I16}, [HBY_SCHEME_f16] = {HBY_I8, HBY_U8, HBY_I16},  [HBY_SCHEME_i8] = {HBY_I8, HBY_U8, HBY_I16},
        [HBY_SCHEME_u8] = {HBY_I8, HBY_U8, HBY_I16},  [HBY_SCHEME_i16] = {HBY_I8, HBY_I16, HBY_I32}, [HBY_SCHEME_i32] = {HBY_I8, HBY_I16, HBY_I16},
    };
    int dim[CASE_RANK];
    const int rank = case_shape(c, check_chance(c, 90) ? 1 : 0, 5, dim);
    const enum hby_type type = scheme == HBY_SCHEME_f16 ? HBY_F16 : check_type(scheme), out_type = to[scheme][check_int(c, 0, 2)];
    const int in = check_input(c, type, rank, dim), out = check_output(c, out_type, rank, dim);
    if (type == HBY_I32)
        case_set_quant(c, in, (float)check_real(c, 1e-6, 1e-3), check_int(c, -100, 100));
    if (out_type == HBY_I32)
        case_set_quant(c, out, (float)check_real(c, 1e-6, 1e-3), check_int(c, -100, 100));
    if (case_is_float(scheme) && rank && out_type != HBY_I16 && check_chance(c, 20)) {
        const int axis = check_int(c, 0, rank - 1);
        check_quant(c, out, axis, dim[axis], NULL, NULL);
    }
    if ((type == HBY_I8 && out_type == HBY_U8) || (type == HBY_U8 && out_type == HBY_I8))
        if (check_chance(c, 50)) /* the same values, stored otherwise */
            case_set_quant(c, out, check_scale(c, in), check_tensor(c, in)->quant.zero_point[0] + (out_type == HBY_U8 ? 128 : -128));
    check_node(c, HBY_OP_quantize, 1, &in, 1, &out);
    check_run(c, 1);
}

void hby_check_quantize(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
