/* What the checks of the recurrent operators share. */
#ifndef HBY_TESTS_RECURRENT_CASES_H
#define HBY_TESTS_RECURRENT_CASES_H

#include "tests/check.h"

/* Constant weights whose sums of `depth` products stay in the range where activations bend. */
static inline int recurrent_weights(struct check *c, enum hby_scheme scheme, int rank, const int *dim, int depth)
{
    const enum hby_type type = scheme == HBY_SCHEME_f32 ? (check_chance(c, 20) ? HBY_F16 : HBY_F32) : HBY_I8;
    const int id = check_const(c, type, rank, dim, NULL);
    const float scale = (float)check_real(c, 0.5, 2) / (float)(40 + 2 * depth);
    if (type == HBY_I8)
        check_quant(c, id, 0, 1, &scale, NULL);
    return id;
}

#endif
