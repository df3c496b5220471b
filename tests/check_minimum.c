/* MINIMUM. */
#include "tests/arith_cases.h"

void hby_check_minimum(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        arith_case(c, HBY_OP_minimum, scheme);
}
