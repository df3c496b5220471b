/* CONV_2D: every stride, dilation, padding and grouping; channel counts around the kernels' blocks. */
#include "tests/window_cases.h"

static const int channels[] = {1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65};

static int some_channels(struct check *c)
{
    return channels[check_int(c, 0, (int)(sizeof channels / sizeof *channels) - 1)];
}

static void one(struct check *c, enum hby_scheme scheme, bool dense, bool residual)
{
    struct window_case w = window_random(c, 5, true);
    const bool many = dense && check_chance(c, 50); /* rows and channels enough for the last channels to get a launch of their own */
    const int pixels = many ? 23 : 9;
    if (dense) /* the shape of most of the work in real networks: 1x1, many pixels and channels */
        w = (struct window_case){.padding = HBY_PAD_SAME, .k = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}, .size = {pixels, 23}, .out = {pixels, 23}};
    const int groups = !dense && check_chance(c, 20) ? check_int(c, 2, 4) : 1;
    const int group_in = some_channels(c), out_c = many ? 112 : some_channels(c) * groups, batch = check_chance(c, 70) ? 1 : check_int(c, 2, 3);
    const int in_dim[] = {batch, w.size[0], w.size[1], group_in * groups}, out_dim[] = {batch, w.out[0], w.out[1], out_c};
    const int w_dim[] = {out_c, w.k[0], w.k[1], group_in};
    const int in = check_input(c, check_type(scheme), 4, in_dim);
    const int weights =
        window_weights(c, scheme, 4, w_dim, 0, w.k[0] * w.k[1] * group_in, true, (groups > 1 && scheme == HBY_SCHEME_f32w8) || check_chance(c, 70));
    const int bias = window_bias(c, scheme, out_c, in, weights, check_chance(c, 40));
    const int out = window_result(c, scheme, residual, out_dim, 4, in, weights, w.k[0] * w.k[1] * group_in);
    struct hby_node *node = check_node(c, HBY_OP_conv_2d, 3, (int[]){in, weights, bias}, 1, &out);
    node->params.window = window_params(c, &w);
    if (residual)
        window_add(c, scheme, out);
    check_run(c, w.k[0] * w.k[1] * group_in);
}

/* An image whose range is taken in parts, and joined: dynamic range quantization of more than 16384 values. */
static void large_images(struct check *c, enum hby_scheme scheme, int batch)
{
    const int side = check_int(c, 36, 44), in_c = 16, out_c = check_int(c, 1, 9), dim[] = {batch, side, side, in_c}, w_dim[] = {out_c, 3, 3, in_c};
    const int out_dim[] = {batch, side, side, out_c}, in = check_input(c, HBY_F32, 4, dim);
    const int weights = window_weights(c, scheme, 4, w_dim, 0, 9 * in_c, true, true), bias = window_bias(c, scheme, out_c, in, weights, false);
    const int out = window_output(c, scheme, out_dim, 4, in, weights, 9 * in_c);
    struct hby_node *node = check_node(c, HBY_OP_conv_2d, 3, (int[]){in, weights, bias}, 1, &out);
    node->params.window = (struct hby_window_params){.padding = HBY_PAD_SAME, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    check_run(c, 9 * in_c);
}

static void refusals(struct check *c)
{
    for (int kind = 0; kind < 3; kind++) {
        const int in = check_input(c, HBY_F32, 4, (int[]){1, 8, 8, 6}), weights = check_const(c, HBY_F32, 4, (int[]){4, 3, 3, kind == 0 ? 4 : 6}, NULL);
        const int out = check_output(c, HBY_F32, 4, (int[]){1, kind == 1 ? 7 : 6, 6, 4});
        struct hby_node *node = check_node(c, HBY_OP_conv_2d, 2, (int[]){in, weights}, 1, &out);
        node->params.window =
            (struct hby_window_params){.padding = HBY_PAD_VALID, .stride_h = 1, .stride_w = kind == 2 ? 0 : 1, .dilation_h = 1, .dilation_w = 1};
        check_refused(c, kind == 0 ? "groups" : kind == 1 ? "height" : "stride");
    }
}

void hby_check_conv_2d(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme, i % 4 == 3, false);
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme, i % 4 == 3, true);
    for (int batch = 1; scheme == HBY_SCHEME_f32w8 && batch <= 2; batch++)
        large_images(c, scheme, batch);
    if (scheme == HBY_SCHEME_f32)
        refusals(c);
}
