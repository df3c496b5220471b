/* FLOOR_MOD. */
#include "tests/logic_cases.h"

void hby_check_floor_mod(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        floor_case(c, HBY_OP_floor_mod, scheme);
}
