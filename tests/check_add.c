/* ADD: see tests/arith_cases.h. */
#include "tests/arith_cases.h"

void hby_check_add(struct check *c, enum hby_scheme scheme)
{
    arith_row_case(c, HBY_OP_add, scheme);
    for (int i = 0; i < 2 * check_cases(); i++)
        arith_case(c, HBY_OP_add, scheme);
}
