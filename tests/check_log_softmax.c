/* LOG_SOFTMAX: depths of 1 and of thousands. */
#include "tests/element_cases.h"

void hby_check_log_softmax(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const int rank = case_shape(c, 1, 4, dim);
        if (check_chance(c, 25))
            dim[rank - 1] = check_int(c, 200, 1500);
        const int in = check_input(c, check_type(scheme), rank, dim), out = check_output(c, check_type(scheme), rank, dim);
        if (case_is_quantized(scheme))
            case_set_quant(c, out, 1.0f / 16, scheme == HBY_SCHEME_i8 ? 127 : 255);
        check_node(c, HBY_OP_log_softmax, 1, &in, 1, &out);
        check_run(c, dim[rank - 1]);
    }
    const int dim[2] = {2, 5000};
    if (!case_is_quantized(scheme))
        return;
    const int in = check_input(c, check_type(scheme), 2, dim), out = check_output(c, check_type(scheme), 2, dim);
    case_set_quant(c, out, 1.0f / 16, scheme == HBY_SCHEME_i8 ? 127 : 255);
    check_node(c, HBY_OP_log_softmax, 1, &in, 1, &out);
    check_refused(c, "4095");
}
