/* RSQRT. */
#include "tests/element_cases.h"

void hby_check_rsqrt(struct check *c, enum hby_scheme scheme)
{
    case_root_all(c, HBY_OP_rsqrt, scheme);
}
