/* MIRROR_PAD: both modes, up to a whole dimension. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], pad[2 * CASE_RANK];
    const enum hby_type type = case_type(c, scheme, false);
    const int rank = case_shape(c, 1, 5, dim), reflect = check_int(c, 0, 1), pair[2] = {rank, 2};
    int32_t given[2 * CASE_RANK];
    for (int i = 0; i < 2 * rank; i++) {
        const int most = dim[i / 2] - reflect < 4 || check_chance(c, 10) ? dim[i / 2] - reflect : 4;
        pad[i] = check_chance(c, 40) ? check_int(c, 0, most) : 0;
        given[i] = pad[i];
        out_dim[i / 2] = i % 2 ? out_dim[i / 2] + pad[i] : dim[i / 2] + pad[i];
    }
    const int in[2] = {check_input(c, type, rank, dim), check_const(c, HBY_I32, 2, pair, given)}, out = check_output(c, type, rank, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_mirror_pad, 2, in, 1, &out)->params.mirror_pad.reflect = reflect;
    check_run(c, 1);
}

void hby_check_mirror_pad(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
