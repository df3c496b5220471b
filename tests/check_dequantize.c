/* DEQUANTIZE: of float16 and of integers, per tensor and per channel. The scheme is the input's type. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK];
    const int rank = case_shape(c, check_chance(c, 90) ? 1 : 0, 5, dim);
    const enum hby_type type = scheme == HBY_SCHEME_f16 ? HBY_F16 : check_type(scheme);
    const int in = check_input(c, type, rank, dim), out = check_output(c, HBY_F32, rank, dim);
    if (rank && (type == HBY_I8 || type == HBY_U8) && check_chance(c, 30)) {
        const int axis = check_int(c, 0, rank - 1);
        check_quant(c, in, axis, dim[axis], NULL, NULL);
    }
    check_node(c, HBY_OP_dequantize, 1, &in, 1, &out);
    check_run(c, 1);
}

void hby_check_dequantize(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
