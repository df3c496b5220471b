/* LOCAL_RESPONSE_NORMALIZATION: windows of none, some and all channels. */
#include "tests/element_cases.h"

void hby_check_local_response_normalization(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++) {
        const int dim[4] = {check_int(c, 1, 3), check_int(c, 1, 6), check_int(c, 1, 6), check_int(c, 1, 40)};
        const int in = check_input(c, check_type(scheme), 4, dim), out = check_output(c, check_type(scheme), 4, dim);
        struct hby_node *node = check_node(c, HBY_OP_local_response_normalization, 1, &in, 1, &out);
        node->params.norm.radius = check_chance(c, 10) ? 1 << 30 : check_int(c, 0, 9);
        node->params.norm.bias = (float)check_real(c, 0.5, 3);
        node->params.norm.alpha = (float)check_real(c, 1e-4, 1);
        node->params.norm.beta = check_chance(c, 50) ? 0.5f : (float)check_real(c, 0.1, 1);
        check_run(c, dim[3]);
    }
}
