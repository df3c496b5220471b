/* RELU_0_TO_1. */
#include "tests/element_cases.h"

void hby_check_relu_0_to_1(struct check *c, enum hby_scheme scheme)
{
    case_unary_all(c, HBY_OP_relu_0_to_1, scheme);
}
