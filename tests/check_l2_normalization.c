/* L2_NORMALIZATION: depths of 1 and of thousands. */
#include "tests/element_cases.h"

void hby_check_l2_normalization(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        int dim[CASE_RANK];
        const int rank = case_shape(c, 1, 4, dim);
        if (check_chance(c, 25))
            dim[rank - 1] = check_int(c, 200, 3000);
        const int in = check_input(c, check_type(scheme), rank, dim), out = check_output(c, check_type(scheme), rank, dim);
        if (case_is_quantized(scheme))
            case_set_quant(c, out, 1.0f / 128, scheme == HBY_SCHEME_i8 ? 0 : 128);
        check_node(c, HBY_OP_l2_normalization, 1, &in, 1, &out);
        check_equal_terms(c, dim[rank - 1] / 2); /* of whose sum the root is taken */
        check_run(c, dim[rank - 1]);
    }
    const int n = 9;
    const int in = check_input(c, check_type(scheme), 1, &n), out = check_output(c, check_type(scheme), 1, &n);
    check_node(c, HBY_OP_l2_normalization, 1, &in, 1, &out)->params.norm.act = HBY_ACT_RELU;
    check_refused(c, "activation");
}
