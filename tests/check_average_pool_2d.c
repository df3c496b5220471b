/* AVERAGE_POOL_2D: windows that hang over the border, whole images, both paddings. */
#include "tests/window_cases.h"

void hby_check_average_pool_2d(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        window_pool(c, HBY_OP_average_pool_2d, scheme, true);
}
