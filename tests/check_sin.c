/* SIN. */
#include "tests/element_cases.h"

void hby_check_sin(struct check *c, enum hby_scheme scheme)
{
    case_unary_all(c, HBY_OP_sin, scheme);
}
