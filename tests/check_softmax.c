/* SOFTMAX: depths of 1 and of thousands; many short rows; int16 outputs of 8-bit inputs. */
#include "tests/element_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK];
    const int rank = case_shape(c, 1, 4, dim);
    if (check_chance(c, 25)) {
        for (int i = 0; i < rank - 1; i++)
            dim[i] = check_int(c, 1, 3);
        dim[rank - 1] = check_int(c, 200, 2500);
    }
    if (check_chance(c, 25)) {
        dim[0] = check_int(c, 300, 700);
        dim[rank - 1] = check_int(c, 1, 36);
    }
    const bool wide = (scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8) && check_chance(c, 15);
    const int in = check_input(c, check_type(scheme), rank, dim), out = check_output(c, wide ? HBY_I16 : check_type(scheme), rank, dim);
    struct hby_node *node = check_node(c, HBY_OP_softmax, 1, &in, 1, &out);
    node->params.softmax.beta = check_chance(c, 70) ? 1.0f : (float)check_real(c, 0.3, 3);
    if (scheme == HBY_SCHEME_i16)
        case_set_quant(c, out, 1.0f / 32768, 0);
    else if (case_is_quantized(scheme))
        case_set_quant(c, out, wide ? 1.0f / 65536 : 1.0f / 256, wide ? -32768 : scheme == HBY_SCHEME_i8 ? -128 : 0);
    check_run(c, dim[rank - 1]);
}

void hby_check_softmax(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
