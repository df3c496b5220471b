/* WHERE: refused. */
#include "tests/element_cases.h"

void hby_check_where(struct check *c, enum hby_scheme scheme)
{
    const int n = 7, two[2] = {7, 1};
    (void)scheme;
    const int in = check_input(c, HBY_BOOL, 1, &n), out = check_output(c, HBY_I64, 2, two);
    check_node(c, HBY_OP_where, 1, &in, 1, &out);
    check_refused(c, "while the model runs");
}
