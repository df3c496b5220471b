/* TILE: any axes, all of them too. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK], out_dim[CASE_RANK], times[CASE_RANK], count = 1;
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = check_int(c, 1, 5), percent = check_chance(c, 30) ? 100 : 40;
    for (int i = 0; i < rank; i++) {
        dim[i] = check_int(c, 1, 5);
        times[i] = check_chance(c, percent) && count < 2000 ? check_int(c, 1, 4) : 1;
        out_dim[i] = dim[i] * times[i];
        count *= out_dim[i];
    }
    const int in[2] = {check_input(c, type, rank, dim), case_ints(c, rank, times)}, out = check_output(c, type, rank, out_dim);
    case_same_quant(c, in[0], out);
    check_node(c, HBY_OP_tile, 2, in, 1, &out);
    check_run(c, 1);
}

void hby_check_tile(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
