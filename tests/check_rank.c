/* RANK: folded. */
#include "tests/element_cases.h"

void hby_check_rank(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const int rank = case_shape(c, 1, 5, dim), n = check_int(c, 1, 50);
        const int x = check_input(c, check_type(scheme), rank, dim), k = check_output(c, HBY_I32, 0, dim), y = check_input(c, HBY_I32, 1, &n),
                  sum = check_output(c, HBY_I32, 1, &n);
        check_node(c, HBY_OP_rank, 1, &x, 1, &k);
        check_node(c, HBY_OP_add, 2, (int[]){y, k}, 1, &sum);
        check_run(c, 1);
    }
}
