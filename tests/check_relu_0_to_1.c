/* RELU_0_TO_1. */
#include "tests/element_cases.h"

void hby_check_relu_0_to_1(struct check *c, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        case_unary(c, HBY_OP_relu_0_to_1, scheme, &node);
        check_run(c, 1);
    }
}
