/* DEPTH_TO_SPACE: blocks of 1 to 4. */
#include "tests/space_cases.h"

void hby_check_depth_to_space(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        space_depth_case(c, HBY_OP_depth_to_space, scheme);
}
