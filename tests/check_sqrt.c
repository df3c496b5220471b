/* SQRT. */
#include "tests/element_cases.h"

void hby_check_sqrt(struct check *c, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        case_unary(c, HBY_OP_sqrt, scheme, &node);
        if (scheme == HBY_SCHEME_i8) { /* no value below zero: the reference fails on one */
            const float scale = check_scale(c, node->in[0]);
            const int32_t lowest = -128;
            check_quant(c, node->in[0], 0, 1, &scale, &lowest);
        }
        if (scheme == HBY_SCHEME_i16)
            check_range(c, node->in[0], 0, 32767);
        check_run(c, 1);
    }
}
