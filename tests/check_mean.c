/* MEAN. */
#include "tests/reduce_cases.h"

void hby_check_mean(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 2 * check_cases(); i++)
        reduce_case(c, HBY_OP_mean, scheme);
}
