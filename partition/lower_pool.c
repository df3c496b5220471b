/* AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D. TFLite's kernels pool the quantized values as they are: scales of input and output do not enter. */
#include "partition/lower_window.h"

enum hby_status hby_lower_pool(struct hby_lowering *lo, const struct hby_node *node)
{
    const struct hby_window_params *p = &node->params.window;
    enum hby_status st;
    const int input = node->in[0], output = node->out[0];
    if ((st = hby_check_image(lo, input)) || (st = hby_check_image(lo, output)) || (st = hby_check_same_type(lo, input, output)))
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, input), *out = hby_tensor_of(lo, output);
    if (out->dim[0] != in->dim[0] || out->dim[3] != in->dim[3])
        return hby_say(HBY_UNSUPPORTED, lo->why, "output is [%d, .., %d], input is [%d, .., %d]", (int)out->dim[0], (int)out->dim[3], (int)in->dim[0],
                       (int)in->dim[3]);
    if (p->padding == HBY_PAD_EXPLICIT && node->op != HBY_OP_max_pool_2d)
        return hby_say(HBY_UNSUPPORTED, lo->why, "explicit padding is not known for this operator");
    struct hby_window_axis h = {"height", in->dim[1], p->filter_h, p->stride_h, 1, out->dim[1], p->pad_top};
    struct hby_window_axis x = {"width", in->dim[2], p->filter_w, p->stride_w, 1, out->dim[2], p->pad_left};
    if ((st = hby_window_fit(lo, p->padding, &h)) || (st = hby_window_fit(lo, p->padding, &x)))
        return st;
    struct hby_args_pool args = {
        .batch = in->dim[0],
        .in_h = h.in,
        .in_w = x.in,
        .channels = in->dim[3],
        .out_h = h.out,
        .out_w = x.out,
        .k_h = h.k,
        .k_w = x.k,
        .stride_h = h.stride,
        .stride_w = x.stride,
        .pad_top = h.pad,
        .pad_left = x.pad,
        .is_max = node->op == HBY_OP_max_pool_2d,
        .squares = node->op == HBY_OP_l2_pool_2d,
    };
    const enum hby_scheme scheme = hby_scheme_of(lo, input);
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16)
        st = hby_float_clamp(lo, p->act, &args.f_min, &args.f_max);
    else if (p->act == HBY_ACT_NONE || !(st = hby_check_quant(lo, output)))
        st = hby_act_range_int(lo, p->act, output, &args.act_min, &args.act_max);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_pool, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.pool = args;
    return HBY_OK;
}
