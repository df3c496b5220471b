/* CONV_3D: floats, with weights in float32 or, where the model has them so, in float16. */
#include "partition/lower_window.h"

static enum hby_status check_tensors(const struct hby_lowering *lo, const struct hby_node *node)
{
    hby_i32 unused;
    for (int i = 0; i < 3; i++) {
        const int t = i < 2 ? node->in[i] : node->out[0];
        enum hby_status st = hby_count_of(lo, t, &unused);
        if (st)
            return st;
        if (hby_tensor_of(lo, t)->rank != 5)
            return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has rank %d; it must have 5", hby_name_of(lo, t), hby_tensor_of(lo, t)->rank);
        if (!hby_is_float(lo, t))
            return hby_say(HBY_UNSUPPORTED, lo->why, "CONV_3D of %s is not supported", hby_type_name(hby_tensor_of(lo, t)->type));
    }
    return HBY_OK;
}

enum hby_status hby_lower_conv3d(struct hby_lowering *lo, const struct hby_node *node)
{
    static const char *const name[3] = {"depth", "height", "width"};
    enum hby_status st = check_tensors(lo, node);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *w = hby_tensor_of(lo, node->in[1]), *out = hby_tensor_of(lo, node->out[0]);
    const int bias = node->n_in > 2 ? node->in[2] : -1;
    struct hby_args_conv3d a = {.batch = in->dim[0], .in_c = in->dim[4], .out_c = w->dim[4]};
    if (out->dim[0] != a.batch || out->dim[4] != a.out_c || w->dim[3] != a.in_c)
        return hby_say(HBY_UNSUPPORTED, lo->why, "CONV_3D's weights take %d channels to %d; its input has %d, its output %d", (int)w->dim[3], (int)a.out_c,
                       (int)a.in_c, (int)out->dim[4]);
    for (int i = 0; i < 3; i++) {
        struct hby_window_axis x = {name[i], in->dim[i + 1], w->dim[i], node->params.window_3d.stride[i], node->params.window_3d.dilation[i], out->dim[i + 1],
                                    0};
        st = hby_window_fit(lo, node->params.window_3d.padding, &x);
        if (st)
            return st;
        a.in[i] = x.in;
        a.out[i] = x.out;
        a.k[i] = x.k;
        a.stride[i] = x.stride;
        a.dilation[i] = x.dilation;
        a.pad[i] = x.pad;
    }
    if (bias >= 0 && (hby_tensor_of(lo, bias)->type != HBY_F32 || hby_tensor_count(hby_tensor_of(lo, bias)) != a.out_c))
        return hby_say(HBY_UNSUPPORTED, lo->why, "CONV_3D's bias must have %d elements of float32", (int)a.out_c);
    st = hby_float_clamp(lo, node->params.window_3d.act, &a.f_min, &a.f_max);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_conv3d, hby_scheme_of(lo, node->out[0]));
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = bias >= 0 ? 3 : 2;
    s->args.conv3d = a;
    return HBY_OK;
}
