/* POW: one exponent for all, whole or not, and exponents that broadcast. */
#include "tests/logic_cases.h"

void hby_check_pow(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 3 * check_cases(); i++) {
        int dim[CASE_RANK], in[2];
        const enum hby_type type = check_type(scheme);
        const bool single = check_chance(c, 50), is_float = case_is_float(scheme);
        const int rank = single ? case_shape(c, 1, 5, dim) : logic_pair(c, HBY_I32, dim, in), one = 1;
        check_forget(c);
        float f[1] = {check_chance(c, 60) ? (float)check_int(c, 0, 5) : (float)check_real(c, -3, 3)};
        int32_t n[1] = {check_int(c, 0, check_chance(c, 50) ? 4 : 40)};
        in[0] = check_input(c, type, rank, dim);
        in[1] = single && check_chance(c, 70) ? check_const(c, type, check_int(c, 0, 1), &one, is_float ? (const void *)f : n)
                                              : check_input(c, type, single ? 0 : rank, dim);
        if (!is_float && !check_tensor(c, in[1])->data)
            check_range(c, in[1], 0, check_chance(c, 50) ? 3 : 33);
        if (!is_float && check_chance(c, 60))
            check_range(c, in[0], -12, 12);
        const int out = check_output(c, type, rank, dim);
        check_node(c, HBY_OP_pow, 2, in, 1, &out);
        check_run(c, 1);
    }
}
