/* ROUND. */
#include "tests/element_cases.h"

void hby_check_round(struct check *c, enum hby_scheme scheme)
{
    case_unary_all(c, HBY_OP_round, scheme);
}
