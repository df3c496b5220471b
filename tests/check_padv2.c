/* PADV2: see tests/pad_cases.h. */
#include "tests/pad_cases.h"

void hby_check_padv2(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        pad_case(c, HBY_OP_padv2, scheme);
}
