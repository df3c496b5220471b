/* LOGISTIC: integer outputs have a fixed scale; int16 inputs a power of two or any. */
#include "tests/element_cases.h"

void hby_check_logistic(struct check *c, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        const int out = case_unary(c, HBY_OP_logistic, scheme, &node);
        if (scheme == HBY_SCHEME_i16) {
            case_set_quant(c, out, 1.0f / 32768, 0);
            case_set_quant(c, node->in[0], check_chance(c, 30) ? 1.0f / 4096 : (float)check_real(c, 1e-5, 1e-3), 0);
        } else if (case_is_quantized(scheme)) {
            case_set_quant(c, out, 1.0f / 256, scheme == HBY_SCHEME_i8 ? -128 : 0);
        }
        check_run(c, 1);
    }
}
