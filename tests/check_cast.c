/* CAST: between all types, int64 and bool included. */
#include "tests/element_cases.h"

void hby_check_cast(struct check *c, enum hby_scheme scheme)
{
    static const enum hby_type any[] = {HBY_I8, HBY_U8, HBY_I16, HBY_I32, HBY_I64, HBY_BOOL, HBY_F32};
    for (int i = 0; i < 4 * check_cases(); i++) {
        int dim[CASE_RANK];
        const bool is_float = case_is_float(scheme), from_float = is_float && check_chance(c, 50);
        const enum hby_type other = any[check_int(c, 0, is_float ? 6 : 5)], own = case_type(c, scheme, true);
        const int rank = case_shape(c, 0, 5, dim);
        const int in = check_input(c, from_float ? HBY_F32 : other, rank, dim), out = check_output(c, from_float ? other : own, rank, dim);
        if (!is_float && (other == HBY_I32 || other == HBY_I64) && check_chance(c, 30))
            check_range(c, in, -70000, 70000);
        check_node(c, HBY_OP_cast, 1, &in, 1, &out);
        check_run(c, 1);
    }
}
