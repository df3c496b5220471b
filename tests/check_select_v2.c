/* SELECT_V2. */
#include "tests/logic_cases.h"

void hby_check_select_v2(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        select_case(c, HBY_OP_select_v2, scheme);
}
