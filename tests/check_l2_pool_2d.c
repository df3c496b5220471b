/* L2_POOL_2D: windows that hang over the border, whole images, both paddings. */
#include "tests/window_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    struct window_case w = window_random(c, 7, false);
    if (check_chance(c, 20)) { /* global */
        w.padding = HBY_PAD_VALID;
        for (int i = 0; i < 2; i++) {
            w.k[i] = w.size[i];
            w.out[i] = 1;
        }
    }
    const int channels = check_chance(c, 50) ? 16 * check_int(c, 1, 4) : check_int(c, 1, 40), batch = check_chance(c, 70) ? 1 : check_int(c, 2, 3);
    const int in = check_input(c, check_type(scheme), 4, (int[]){batch, w.size[0], w.size[1], channels});
    const int out = check_output(c, check_type(scheme), 4, (int[]){batch, w.out[0], w.out[1], channels});
    struct hby_node *node = check_node(c, HBY_OP_l2_pool_2d, 1, &in, 1, &out);
    node->params.window = window_params(c, &w);
    check_run(c, w.k[0] * w.k[1]);
}

void hby_check_l2_pool_2d(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme);
}
