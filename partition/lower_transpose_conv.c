/* TRANSPOSE_CONV: inputs are the output's shape, the weights, the activations and the bias. */
#include "partition/lower_window.h"

enum hby_status hby_lower_transpose_conv(struct hby_lowering *lo, const struct hby_node *node)
{
    const struct hby_window_params *p = &node->params.window;
    const int weights = node->in[1], input = node->in[2], bias = node->n_in > 3 ? node->in[3] : -1, output = node->out[0];
    int64_t shape[4];
    int rank;
    enum hby_scheme scheme;
    enum hby_status st = hby_constant_ints(lo, node->in[0], 4, shape, &rank);
    if (st || (st = hby_check_image(lo, input)) || (st = hby_check_image(lo, weights)) || (st = hby_check_image(lo, output)) ||
        (st = hby_weights_scheme(lo, input, weights, output, HBY_ALLOW_COMPUTED | hby_allow_of(node), &scheme)))
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, input), *w = hby_tensor_of(lo, weights), *out = hby_tensor_of(lo, output);
    for (int i = 0; i < 4; i++)
        if (rank != 4 || shape[i] != out->dim[i])
            return hby_say(HBY_UNSUPPORTED, lo->why, "the shape that input 0 asks for is not the output's");
    if (w->dim[3] != in->dim[3] || w->dim[0] != out->dim[3] || in->dim[0] != out->dim[0])
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights are [%d, .., %d], input is [%d, .., %d], output [%d, .., %d]", (int)w->dim[0], (int)w->dim[3],
                       (int)in->dim[0], (int)in->dim[3], (int)out->dim[0], (int)out->dim[3]);
    if (p->padding == HBY_PAD_EXPLICIT)
        return hby_say(HBY_UNSUPPORTED, lo->why, "explicit padding is not known for this operator");
    /* The window runs over the output, as if that were the input of a convolution. */
    struct hby_window_axis h = {"height", out->dim[1], w->dim[1], p->stride_h, 1, in->dim[1], 0};
    struct hby_window_axis x = {"width", out->dim[2], w->dim[2], p->stride_w, 1, in->dim[2], 0};
    if ((st = hby_window_fit(lo, p->padding, &h)) || (st = hby_window_fit(lo, p->padding, &x)) || (st = hby_check_bias(lo, bias, out->dim[3], scheme)))
        return st;
    struct hby_args_conv args = hby_conv_of_images(in, out, &h, &x, in->dim[3], 1);
    if (scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16) {
        args.rounding = hby_conv_rounding(lo, scheme, weights, bias);
        if (scheme == HBY_SCHEME_i16 && bias < 0 && p->int32_sums)
            args.rounding = lo->plan->opt.rounding == HBY_ROUNDING_REF ? HBY_ROUND_DOUBLE : HBY_ROUND_RUY; /* XNNPACK has no int16 */
        st = hby_conv_quant(lo, input, weights, 0, output, p->act, &args);
        if (!st && scheme == HBY_SCHEME_u8)
            st = hby_check_bias_scale(lo, input, weights, bias, output);
    } else {
        st = hby_float_clamp(lo, p->act, &args.f_min, &args.f_max);
        if (!st && scheme == HBY_SCHEME_f32w8)
            st = hby_check_weights_quant(lo, weights, 0, args.out_c);
        args.per_channel = args.asymmetric = scheme == HBY_SCHEME_f32w8; /* always, in the runtime's kernel */
    }
    return st ? st : hby_conv_step(lo, node, scheme, input, weights, bias, &args);
}
