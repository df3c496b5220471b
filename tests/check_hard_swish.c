/* HARD_SWISH. */
#include "tests/element_cases.h"

void hby_check_hard_swish(struct check *c, enum hby_scheme scheme)
{
    case_unary_all(c, HBY_OP_hard_swish, scheme);
}
