/* GELU: both forms. */
#include "tests/element_cases.h"

void hby_check_gelu(struct check *c, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        case_unary(c, HBY_OP_gelu, scheme, &node);
        node->params.gelu.approximate = check_chance(c, 50);
        check_run(c, 1);
    }
}
