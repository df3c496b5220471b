/* RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. */
#include "partition/lower_shape.h"

/* The input's step per step of the output, in float32 and in 1/1024, as TFLite rounds them. */
static void step_of(hby_i32 in, hby_i32 out, bool align_corners, hby_f32 *scale, hby_i32 *scale_10)
{
    *scale = (float)in / (float)out;
    *scale_10 = (in * 1024 + out / 2) / out;
    if (align_corners && out > 1) {
        *scale = (float)(in - 1) / (float)(out - 1);
        *scale_10 = ((in - 1) * 1024 + (out - 1) / 2) / (out - 1);
    }
}

enum hby_status hby_lower_resize(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t size[2];
    int n;
    hby_i32 count;
    enum hby_status st = hby_count_of(lo, node->in[0], &count);
    if (!st)
        st = hby_count_of(lo, node->out[0], &count);
    if (!st)
        st = hby_check_same_type(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], 2, size, &n);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    const bool bilinear = node->op == HBY_OP_resize_bilinear, corners = node->params.resize.align_corners, centers = node->params.resize.half_pixel_centers;
    if (in->rank != 4 || out->rank != 4 || n != 2)
        return hby_say(HBY_UNSUPPORTED, lo->why, "resizing a tensor of %d dimensions to %d sizes; it must be 4 and 2", in->rank, n);
    if (out->dim[0] != in->dim[0] || out->dim[1] != size[0] || out->dim[2] != size[1] || out->dim[3] != in->dim[3])
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output is %d x %d; the sizes say %lld x %lld", (int)out->dim[1], (int)out->dim[2], (long long)size[0],
                       (long long)size[1]);
    if (bilinear && corners && centers)
        return hby_say(HBY_UNSUPPORTED, lo->why, "align_corners and half_pixel_centers exclude each other");
    for (int i = 1; i <= 2; i++)
        if (in->dim[i] >= 1 << 20 || out->dim[i] >= 1 << 20)
            return hby_say(HBY_UNSUPPORTED, lo->why, "resizing between %d and %d; at most 2^20 - 1 fits the 32-bit arithmetic", (int)in->dim[i],
                           (int)out->dim[i]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, scheme))
        return hby_refuse_type(lo, node, out->type);
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_resize, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    s->in[1] = -1;
    struct hby_args_resize *a = &s->args.resize;
    a->batch = in->dim[0];
    a->in_h = in->dim[1];
    a->in_w = in->dim[2];
    a->channels = in->dim[3];
    a->out_h = out->dim[1];
    a->out_w = out->dim[2];
    a->align_corners = corners;
    a->half_pixel_centers = centers;
    a->is_bilinear = bilinear;
    a->elem_size = (hby_i32)hby_type_size(lo->plan->storage[node->out[0]]);
    if (bilinear && lo->plan->opt.rounding != HBY_ROUNDING_REF && scheme == HBY_SCHEME_u8)
        a->blend = HBY_BLEND_OPT;
    if (bilinear && hby_as_xnnpack(lo, node->out[0]))
        a->blend = HBY_BLEND_Q11;
    step_of(a->in_h, a->out_h, corners, &a->scale_h, &a->scale_h_10);
    step_of(a->in_w, a->out_w, corners, &a->scale_w, &a->scale_w_10);
    return HBY_OK;
}
