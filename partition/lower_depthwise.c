/* DEPTHWISE_CONV_2D. */
#include "partition/lower_window.h"

/* What TFLite demands beyond CONV_2D's rules, by scheme. */
static enum hby_status check_scheme(const struct hby_lowering *lo, enum hby_scheme scheme, int input, int weights, int bias, int output,
                                    const struct hby_window_params *p, const struct hby_args_conv *args)
{
    const struct hby_quant *q = &hby_tensor_of(lo, weights)->quant;
    enum hby_status st = HBY_OK;
    if ((scheme == HBY_SCHEME_i16 || scheme == HBY_SCHEME_f32w8) && hby_tensor_of(lo, weights)->type == HBY_I4)
        return hby_say(HBY_UNSUPPORTED, lo->why, "int4 weights go with int8 activations only");
    if ((scheme == HBY_SCHEME_i16 || scheme == HBY_SCHEME_f32w8) && p->depth_multiplier != args->depth_multiplier)
        return hby_say(HBY_UNSUPPORTED, lo->why, "depth_multiplier is %d, but %d input and %d output channels need %d", p->depth_multiplier, (int)args->in_c,
                       (int)args->out_c, (int)args->depth_multiplier);
    if (scheme == HBY_SCHEME_i16 && bias >= 0 && hby_tensor_of(lo, bias)->type != HBY_I64)
        return hby_say(HBY_UNSUPPORTED, lo->why, "bias '%.60s' is %s; with int16 activations it must be int64", hby_name_of(lo, bias),
                       hby_type_name(hby_tensor_of(lo, bias)->type));
    if (scheme == HBY_SCHEME_f32w8 && !(st = hby_check_weights_quant(lo, weights, 3, args->out_c)) && q->count != args->out_c)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' with float activations have %d scales; there must be one per channel",
                       hby_name_of(lo, weights), q->count);
    if (scheme == HBY_SCHEME_u8)
        st = hby_check_bias_scale(lo, input, weights, bias, output);
    return st;
}

enum hby_status hby_lower_depthwise(struct hby_lowering *lo, const struct hby_node *node)
{
    const struct hby_window_params *p = &node->params.window;
    const int input = node->in[0], weights = node->in[1], bias = node->n_in > 2 ? node->in[2] : -1, output = node->out[0];
    enum hby_scheme scheme;
    enum hby_status st = hby_check_image(lo, input);
    if (st || (st = hby_check_image(lo, weights)) || (st = hby_check_image(lo, output)) ||
        (st = hby_weights_scheme(lo, input, weights, output, HBY_ALLOW_INT4 | hby_allow_of(node), &scheme)))
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, input), *w = hby_tensor_of(lo, weights), *out = hby_tensor_of(lo, output);
    const int in_c = in->dim[3], out_c = w->dim[3];
    if (w->dim[0] != 1 || out_c % in_c != 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights are [%d, .., %d]; they must be [1, .., a multiple of %d]", (int)w->dim[0], out_c, in_c);
    if (out->dim[0] != in->dim[0] || out->dim[3] != out_c)
        return hby_say(HBY_UNSUPPORTED, lo->why, "output is [%d, .., %d]; input and weights give [%d, .., %d]", (int)out->dim[0], (int)out->dim[3],
                       (int)in->dim[0], out_c);
    struct hby_window_axis h = {"height", in->dim[1], w->dim[1], p->stride_h, p->dilation_h, out->dim[1], p->pad_top};
    struct hby_window_axis x = {"width", in->dim[2], w->dim[2], p->stride_w, p->dilation_w, out->dim[2], p->pad_left};
    if ((st = hby_window_fit(lo, p->padding, &h)) || (st = hby_window_fit(lo, p->padding, &x)) || (st = hby_check_bias(lo, bias, out_c, scheme)))
        return st;
    if (bias >= 0 && hby_tensor_of(lo, bias)->rank != 1)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the bias is of rank %d; it must be 1", hby_tensor_of(lo, bias)->rank);
    struct hby_args_conv args = hby_conv_of_images(in, out, &h, &x, 1, out_c / in_c);
    args.per_channel = args.asymmetric = scheme == HBY_SCHEME_f32w8; /* always, in the runtime's kernel */
    if (scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16) {
        args.rounding = hby_conv_rounding(lo, scheme, weights, bias);
        if (scheme == HBY_SCHEME_u8 && args.rounding == HBY_ROUND_RUY)
            args.rounding = HBY_ROUND_DOUBLE; /* so does the runtime's optimized kernel for uint8 */
        st = hby_conv_quant(lo, input, weights, 3, output, p->act, &args);
    } else {
        st = hby_float_clamp(lo, p->act, &args.f_min, &args.f_max);
    }
    if (st || (st = check_scheme(lo, scheme, input, weights, bias, output, p, &args)))
        return st;
    return hby_conv_step(lo, node, scheme, input, weights, bias, &args);
}
