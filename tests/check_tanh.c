/* TANH: int16 outputs have a fixed scale; int16 inputs a power of two or any. */
#include "tests/element_cases.h"

void hby_check_tanh(struct check *c, enum hby_scheme scheme)
{
    struct hby_node *node;
    for (int i = 0; i < check_cases(); i++) {
        const int out = case_unary(c, HBY_OP_tanh, scheme, &node);
        if (scheme == HBY_SCHEME_i16) {
            case_set_quant(c, out, 1.0f / 32768, 0);
            case_set_quant(c, node->in[0], check_chance(c, 30) ? 1.0f / (float)(2048 << check_int(c, 0, 1)) : (float)check_real(c, 1e-5, 1e-3), 0);
        } else if (case_is_quantized(scheme)) {
            case_set_quant(c, out, 1.0f / 128, scheme == HBY_SCHEME_i8 ? 0 : 128);
        }
        check_run(c, 1);
    }
}
