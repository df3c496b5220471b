/* CONV_2D: grouped or not. */
#include "partition/lower_window.h"

/* The rules of the hybrid kernel: weight scales that differ per channel, or groups, quantize the input with a zero point; else symmetrically, and
 * only the first scale counts. */
static enum hby_status hybrid(const struct hby_lowering *lo, int weights, struct hby_args_conv *args)
{
    const struct hby_quant *q = &hby_tensor_of(lo, weights)->quant;
    const int groups = args->in_c / args->group_c;
    enum hby_status st = hby_check_weights_quant(lo, weights, 0, args->out_c);
    if (st)
        return st;
    for (int i = 1; i < q->count; i++)
        args->per_channel |= q->scale[i] != q->scale[0];
    args->asymmetric = args->per_channel || groups != 1;
    if (groups != 1 && q->count != args->out_c)
        return hby_say(HBY_UNSUPPORTED, lo->why,
                       "weights '%.60s' of a grouped convolution with float activations have %d scales; there must be one per channel",
                       hby_name_of(lo, weights), q->count);
    return HBY_OK;
}

enum hby_status hby_lower_conv(struct hby_lowering *lo, const struct hby_node *node)
{
    const struct hby_window_params *p = &node->params.window;
    const int input = node->in[0], weights = node->in[1], bias = node->n_in > 2 ? node->in[2] : -1, output = node->out[0];
    enum hby_scheme scheme;
    enum hby_status st = hby_check_image(lo, input);
    if (st || (st = hby_check_image(lo, weights)) || (st = hby_check_image(lo, output)) ||
        (st = hby_weights_scheme(lo, input, weights, output, HBY_ALLOW_INT4 | HBY_ALLOW_COMPUTED | hby_allow_of(node), &scheme)))
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, input), *w = hby_tensor_of(lo, weights), *out = hby_tensor_of(lo, output);
    const int group_c = w->dim[3], groups = in->dim[3] / group_c, out_c = w->dim[0];
    if (in->dim[3] % group_c != 0 || out_c % groups != 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%d input and %d output channels cannot be split into groups of %d", (int)in->dim[3], out_c, group_c);
    if (out->dim[0] != in->dim[0] || out->dim[3] != out_c)
        return hby_say(HBY_UNSUPPORTED, lo->why, "output is [%d, .., %d]; input and weights give [%d, .., %d]", (int)out->dim[0], (int)out->dim[3],
                       (int)in->dim[0], out_c);
    struct hby_window_axis h = {"height", in->dim[1], w->dim[1], p->stride_h, p->dilation_h, out->dim[1], p->pad_top};
    struct hby_window_axis x = {"width", in->dim[2], w->dim[2], p->stride_w, p->dilation_w, out->dim[2], p->pad_left};
    if ((st = hby_window_fit(lo, p->padding, &h)) || (st = hby_window_fit(lo, p->padding, &x)) || (st = hby_check_bias(lo, bias, out_c, scheme)))
        return st;
    struct hby_args_conv args = hby_conv_of_images(in, out, &h, &x, group_c, 1);
    if (scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16) {
        args.rounding = hby_conv_rounding(lo, scheme, weights, bias);
        if (groups != 1 && args.rounding == HBY_ROUND_RUY)
            args.rounding = HBY_ROUND_DOUBLE; /* the runtime's optimized kernels leave groups to the reference */
        st = hby_conv_quant(lo, input, weights, 0, output, p->act, &args);
        if (!st && scheme == HBY_SCHEME_u8)
            st = hby_check_bias_scale(lo, input, weights, bias, output);
    } else {
        st = hby_float_clamp(lo, p->act, &args.f_min, &args.f_max);
        if (!st && scheme == HBY_SCHEME_f32w8)
            st = hybrid(lo, weights, &args);
    }
    return st ? st : hby_conv_step(lo, node, scheme, input, weights, bias, &args);
}
