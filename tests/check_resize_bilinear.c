/* RESIZE_BILINEAR: see tests/resize_cases.h. */
#include "tests/resize_cases.h"

void hby_check_resize_bilinear(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        resize_case(c, HBY_OP_resize_bilinear, scheme);
}
