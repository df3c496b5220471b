/* LEAKY_RELU: slopes below 0 and above 1 too. */
#include "tests/element_cases.h"

void hby_check_leaky_relu(struct check *c, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        case_unary(c, HBY_OP_leaky_relu, scheme, &node);
        node->params.leaky_relu.alpha = (float)check_real(c, -0.5, 1.5);
        check_run(c, 1);
    }
}
