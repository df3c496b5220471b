/* RELU. */
#include "tests/element_cases.h"

void hby_check_relu(struct check *c, enum hby_scheme scheme)
{
    case_unary_all(c, HBY_OP_relu, scheme);
}
