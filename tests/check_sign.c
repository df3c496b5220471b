/* SIGN. */
#include "tests/element_cases.h"

void hby_check_sign(struct check *c, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        case_unary(c, HBY_OP_sign, scheme, &node);
        check_run(c, 1);
    }
}
