/* SQRT. */
#include "tests/element_cases.h"

void hby_check_sqrt(struct check *c, enum hby_scheme scheme)
{
    case_root_all(c, HBY_OP_sqrt, scheme);
}
