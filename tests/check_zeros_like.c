/* ZEROS_LIKE: folded. */
#include "tests/element_cases.h"

void hby_check_zeros_like(struct check *c, enum hby_scheme scheme)
{
    static const enum hby_type types[] = {HBY_F32, HBY_I32, HBY_I64};
    (void)scheme;
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const int rank = case_shape(c, 1, 5, dim);
        const enum hby_type type = types[check_int(c, 0, 2)];
        const int x = check_input(c, type, rank, dim), zeros = check_output(c, type, rank, dim), sum = check_output(c, type, rank, dim);
        check_node(c, HBY_OP_zeros_like, 1, &x, 1, &zeros);
        check_node(c, HBY_OP_add, 2, (int[]){x, zeros}, 1, &sum);
        check_run(c, 1);
    }
}
