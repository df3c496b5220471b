/* LOGICAL_AND. */
#include "tests/logic_cases.h"

void hby_check_logical_and(struct check *c, enum hby_scheme scheme)
{
    (void)scheme;
    for (int i = 0; i < check_cases(); i++)
        logical_case(c, HBY_OP_logical_and);
}
