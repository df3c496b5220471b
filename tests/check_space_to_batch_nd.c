/* SPACE_TO_BATCH_ND: 3 and 4 dimensions, with and without edges. */
#include "tests/space_cases.h"

void hby_check_space_to_batch_nd(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        space_batch_case(c, HBY_OP_space_to_batch_nd, scheme);
}
