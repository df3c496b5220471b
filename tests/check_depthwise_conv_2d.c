/* DEPTHWISE_CONV_2D: every stride, dilation and padding, with and without a depth multiplier. */
#include "tests/window_cases.h"

static void one(struct check *c, enum hby_scheme scheme, bool wide)
{
    struct window_case w;
    do
        w = window_random(c, 5, true);
    while (wide && (w.k[0] < 2 || w.k[1] < 2 || w.stride[1] > 2 || w.dilation[1] > 1)); /* many channels have a kernel of their own for the usual windows */
    const int multiplier = wide || check_chance(c, 60) ? 1 : check_int(c, 2, 5);
    const int in_c = wide                  ? (check_chance(c, 50) ? 64 * check_int(c, 1, 3) : check_int(c, 97, 127))
                     : check_chance(c, 50) ? 8 * check_int(c, 1, 5)
                                           : check_int(c, 1, 37);
    const int out_c = in_c * multiplier, batch = check_chance(c, 70) ? 1 : check_int(c, 2, 3);
    const int in_dim[] = {batch, w.size[0], w.size[1], in_c}, out_dim[] = {batch, w.out[0], w.out[1], out_c}, w_dim[] = {1, w.k[0], w.k[1], out_c};
    const int in = check_input(c, check_type(scheme), 4, in_dim);
    const int weights = window_weights(c, scheme, 4, w_dim, 3, w.k[0] * w.k[1], scheme == HBY_SCHEME_i8, scheme == HBY_SCHEME_f32w8 || check_chance(c, 70));
    const int bias = window_bias(c, scheme, out_c, in, weights, false);
    const int out = window_output(c, scheme, out_dim, 4, in, weights, w.k[0] * w.k[1]);
    struct hby_node *node = check_node(c, HBY_OP_depthwise_conv_2d, 3, (int[]){in, weights, bias}, 1, &out);
    node->params.window = window_params(c, &w);
    node->params.window.depth_multiplier = multiplier;
    check_run(c, w.k[0] * w.k[1]);
}

void hby_check_depthwise_conv_2d(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme, i % 3 == 2);
    if (scheme == HBY_SCHEME_f32) {
        const int in = check_input(c, HBY_F32, 4, (int[]){1, 4, 4, 3}), weights = check_const(c, HBY_F32, 4, (int[]){1, 1, 1, 4}, NULL);
        const int out = check_output(c, HBY_F32, 4, (int[]){1, 4, 4, 4});
        struct hby_node *node = check_node(c, HBY_OP_depthwise_conv_2d, 2, (int[]){in, weights}, 1, &out);
        node->params.window = (struct hby_window_params){.padding = HBY_PAD_SAME, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
        check_refused(c, "multiple");
    }
}
