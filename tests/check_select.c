/* SELECT. */
#include "tests/logic_cases.h"

void hby_check_select(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        select_case(c, HBY_OP_select, scheme);
}
