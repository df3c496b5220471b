/* CONV_3D: every stride, dilation and padding; channels around the vectors. */
#include "tests/window_cases.h"

void hby_check_conv_3d(struct check *c, enum hby_scheme scheme)
{
    for (int n = 0; n < check_cases(); n++) {
        int in_dim[5] = {check_int(c, 1, 2)}, out_dim[5] = {in_dim[0]}, w_dim[5];
        enum hby_padding padding = HBY_PAD_SAME;
        int stride[3], dilation[3];
        for (int i = 0; i < 3;) {
            const struct window_case w = window_random(c, 3, true);
            if (i == 0)
                padding = w.padding;
            if (w.padding != padding || w.size[0] > 13)
                continue;
            in_dim[i + 1] = w.size[0];
            out_dim[i + 1] = w.out[0];
            w_dim[i] = w.k[0];
            stride[i] = w.stride[0];
            dilation[i++] = w.dilation[0];
        }
        in_dim[4] = w_dim[3] = check_int(c, 1, 9);
        out_dim[4] = w_dim[4] = check_chance(c, 30) ? 16 : check_int(c, 1, 35);
        const int products = w_dim[0] * w_dim[1] * w_dim[2] * w_dim[3], one = out_dim[4];
        const int in[3] = {check_input(c, HBY_F32, 5, in_dim), window_float_weights(c, check_chance(c, 30) ? HBY_F16 : HBY_F32, 5, w_dim, products),
                           check_chance(c, 70) ? check_const(c, HBY_F32, 1, &one, NULL) : -1};
        const int out = check_output(c, HBY_F32, 5, out_dim);
        struct hby_node *node = check_node(c, HBY_OP_conv_3d, 3, in, 1, &out);
        node->params.window_3d.padding = padding;
        for (int i = 0; i < 3; i++) {
            node->params.window_3d.stride[i] = stride[i];
            node->params.window_3d.dilation[i] = dilation[i];
        }
        node->params.window_3d.act = check_chance(c, 50) ? HBY_ACT_NONE : HBY_ACT_RELU6;
        check_run(c, products);
    }
    const int in[2] = {check_input(c, check_type(scheme), 5, (int[]){1, 4, 4, 4, 3}), check_const(c, HBY_F32, 5, (int[]){2, 2, 2, 4, 5}, NULL)};
    const int out = check_output(c, HBY_F32, 5, (int[]){1, 4, 4, 4, 5});
    struct hby_node *node = check_node(c, HBY_OP_conv_3d, 2, in, 1, &out);
    for (int i = 0; i < 3; i++)
        node->params.window_3d.stride[i] = node->params.window_3d.dilation[i] = 1;
    check_refused(c, "channels");
}
