/* EQUAL. */
#include "tests/logic_cases.h"

void hby_check_equal(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        compare_case(c, HBY_OP_equal, scheme);
}
