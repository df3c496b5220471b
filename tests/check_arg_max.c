/* ARG_MAX. */
#include "tests/reduce_cases.h"

void hby_check_arg_max(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        reduce_arg_case(c, HBY_OP_arg_max, scheme);
}
