/* TRANSPOSE_CONV: strides larger and smaller than the window, both paddings. */
#include "tests/window_cases.h"

static void one(struct check *c, enum hby_scheme scheme, bool residual)
{
    const struct window_case w = window_random(c, 5, false); /* runs over the output */
    const int in_c = check_chance(c, 50) ? 8 * check_int(c, 1, 4) : check_int(c, 1, 20),
              out_c = check_chance(c, 50) ? 16 * check_int(c, 1, 2) : check_int(c, 1, 20);
    const int batch = check_chance(c, 70) ? 1 : check_int(c, 2, 3);
    const int in_dim[] = {batch, w.out[0], w.out[1], in_c}, out_dim[] = {batch, w.size[0], w.size[1], out_c}, w_dim[] = {out_c, w.k[0], w.k[1], in_c};
    const int rank = 4, shape = check_const(c, HBY_I32, 1, &rank, out_dim);
    const int in = check_input(c, check_type(scheme), 4, in_dim);
    const int weights = window_weights(c, scheme, 4, w_dim, 0, w.k[0] * w.k[1] * in_c, false, check_chance(c, 70));
    const int bias = window_bias(c, scheme, out_c, in, weights, check_chance(c, 40));
    const int out = window_result(c, scheme, residual, out_dim, 4, in, weights, w.k[0] * w.k[1] * in_c);
    struct hby_node *node = check_node(c, HBY_OP_transpose_conv, 4, (int[]){shape, weights, in, bias}, 1, &out);
    node->params.window = window_params(c, &w);
    if (residual)
        window_add(c, scheme, out);
    check_run(c, w.k[0] * w.k[1] * in_c);
}

void hby_check_transpose_conv(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme, i % 4 == 3);
}
