/* PRELU: one slope, one per channel, one per element. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], slope_dim[CASE_RANK];
    const int rank = case_shape(c, 1, 4, dim), skip = check_chance(c, 40) ? rank - 1 : 0;
    for (int i = skip; i < rank; i++)
        slope_dim[i - skip] = check_chance(c, 30) ? 1 : dim[i];
    const enum hby_type type = check_type(scheme);
    const enum hby_type slope = scheme == HBY_SCHEME_i16 ? HBY_I8 : case_is_float(scheme) && check_chance(c, 30) ? HBY_F16 : type;
    const int in[2] = {check_input(c, type, rank, dim), check_const(c, slope, rank - skip, slope_dim, NULL)}, out = check_output(c, type, rank, dim);
    check_node(c, HBY_OP_prelu, 2, in, 1, &out);
    check_run(c, 1);
}

void hby_check_prelu(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
