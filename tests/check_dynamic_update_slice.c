/* DYNAMIC_UPDATE_SLICE: positions inside and outside, which are clamped. */
#include "tests/element_cases.h"

void hby_check_dynamic_update_slice(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK], update[CASE_RANK];
        const enum hby_type type = case_type(c, scheme, true), index = check_chance(c, 60) ? HBY_I32 : HBY_I64;
        const int rank = case_shape(c, 1, 5, dim);
        for (int k = 0; k < rank; k++)
            update[k] = check_chance(c, 30) ? dim[k] : check_int(c, 1, dim[k]);
        const int in[3] = {check_input(c, type, rank, dim), check_chance(c, 80) ? check_input(c, type, rank, update) : check_const(c, type, rank, update, NULL),
                           check_input(c, index, 1, &rank)};
        check_range(c, in[2], -2, 8);
        const int out = check_output(c, type, rank, dim);
        check_node(c, HBY_OP_dynamic_update_slice, 3, in, 1, &out);
        check_run(c, 1);
    }
}
