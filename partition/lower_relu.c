/* RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1 and LEAKY_RELU: a table for 8-bit types, the unary nest otherwise. */
#include <math.h>

#include "partition/fixedpoint.h"
#include "partition/lower_unary.h"

/* The clamp in quantized values. TFLite rounds the bound's quotient in float32 and adds the zero point. */
static enum hby_status relu_clamp(const struct hby_lowering *lo, int tensor, struct hby_args_unary *a)
{
    const float scale = hby_scale_of(lo, tensor), low = roundf(a->f_min / scale), high = isinf(a->f_max) ? 0.0f : roundf(a->f_max / scale);
    hby_i32 min, max;
    hby_type_range(hby_tensor_of(lo, tensor)->type, &min, &max);
    if (low < -2e9f || high > 2e9f)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has scale %g, too small for the bounds of the activation", hby_name_of(lo, tensor),
                       (double)scale);
    const int64_t q_min = a->out.zero_point + (int64_t)low, q_max = isinf(a->f_max) ? max : a->out.zero_point + (int64_t)high;
    a->act_min = (hby_i32)(q_min > min ? q_min : min);
    a->act_max = (hby_i32)(q_max < max ? q_max : max);
    return HBY_OK;
}

enum hby_status hby_lower_relu(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_unary a = {.fn = HBY_FN_RELU, .channels = 1, .channel_inner = 1};
    a.f_min = node->op == HBY_OP_relu_n1_to_1 ? -1.0f : 0.0f;
    a.f_max = node->op == HBY_OP_relu_n1_to_1 || node->op == HBY_OP_relu_0_to_1 ? 1.0f : node->op == HBY_OP_relu6 ? 6.0f : INFINITY;
    enum hby_status st = hby_check_unary(lo, node, true, &a.count);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16)
        return hby_lower_unary(lo, node, scheme, &a);
    if (!hby_has_ref(node->op, scheme))
        return hby_refuse_type(lo, node, hby_tensor_of(lo, node->out[0])->type);
    st = hby_check_quants(lo, node);
    if (st)
        return st;
    const float factor = hby_scale_of(lo, node->in[0]) / hby_scale_of(lo, node->out[0]);
    a.in.zero_point = hby_zero_point_of(lo, node->in[0]);
    a.out.zero_point = hby_zero_point_of(lo, node->out[0]);
    a.rounding = HBY_ROUND_DOUBLE;
    if (hby_multiplier_as_built((double)factor, &a.out.mult, &a.out.shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the input's scale is %g times the output's, which no 32-bit multiplier says", (double)factor);
    st = relu_clamp(lo, node->out[0], &a);
    if (st)
        return st;
    return scheme == HBY_SCHEME_i16 ? hby_lower_unary(lo, node, scheme, &a) : hby_lower_bytes(lo, node, hby_rescaled_byte, &a);
}

/* out: the factor for x >= 0. alt: the one for x < 0; its multiplier is negative where alpha is. */
static int32_t leaky_at(int32_t q, const void *context)
{
    const struct hby_args_unary *a = context;
    const int32_t x = q - a->in.zero_point;
    int32_t y;
    if (x >= 0)
        y = hby_rescale_double(x, a->out.mult, a->out.shift);
    else if (a->alt.mult < 0)
        y = -hby_rescale_double(x, -a->alt.mult, a->alt.shift);
    else
        y = hby_rescale_double(x, a->alt.mult, a->alt.shift);
    return hby_clamp32(hby_add32(y, a->out.zero_point), a->act_min, a->act_max);
}

/* XNNPACK: factors in 1/256. */
static int32_t leaky_256_at(int32_t q, const void *context)
{
    const struct hby_args_unary *a = context;
    const int32_t x = q - a->in.zero_point;
    return hby_clamp32(((x * (x >= 0 ? a->out.mult : a->alt.mult) + 128) >> 8) + a->out.zero_point, a->act_min, a->act_max);
}

static bool leaky_256(float positive, float negative, struct hby_args_unary *a)
{
    if (!isnormal(a->alpha) || !(positive >= 0x1p-8f && positive <= 128.0f && negative >= -127.99609375f && negative <= 128.0f && fabsf(negative) >= 0x1p-8f))
        return false;
    a->out.mult = (hby_i32)lrintf(256.0f * positive);
    a->alt.mult = (hby_i32)lrintf(256.0f * negative);
    return true;
}

enum hby_status hby_lower_leaky_relu(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_unary a = {.fn = HBY_FN_LEAKY_RELU, .alpha = node->params.leaky_relu.alpha, .channels = 1, .channel_inner = 1};
    enum hby_status st = hby_check_unary(lo, node, true, &a.count);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16)
        return hby_lower_unary(lo, node, scheme, &a);
    if (!hby_has_ref(node->op, scheme))
        return hby_say(HBY_UNSUPPORTED, lo->why, "LEAKY_RELU of %s is not supported", hby_type_name(hby_tensor_of(lo, node->out[0])->type));
    st = hby_check_quants(lo, node);
    if (st)
        return st;
    const float in = hby_scale_of(lo, node->in[0]), out = hby_scale_of(lo, node->out[0]), slope = in * a.alpha / out;
    a.in.zero_point = hby_zero_point_of(lo, node->in[0]);
    a.out.zero_point = hby_zero_point_of(lo, node->out[0]);
    a.rounding = HBY_ROUND_DOUBLE;
    hby_type_range(hby_tensor_of(lo, node->out[0])->type, &a.act_min, &a.act_max);
    if (hby_as_xnnpack(lo, node->out[0]) && leaky_256(in / out, in / out * a.alpha, &a))
        return hby_lower_bytes(lo, node, leaky_256_at, &a);
    if (hby_multiplier_as_built((double)(in / out), &a.out.mult, &a.out.shift) || hby_multiplier_as_built((double)fabsf(slope), &a.alt.mult, &a.alt.shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output's scale %g is too small beside the input's %g (alpha %g)", (double)out, (double)in,
                       (double)a.alpha);
    if (slope < 0.0f)
        a.alt.mult = -a.alt.mult;
    return scheme == HBY_SCHEME_i16 ? hby_lower_unary(lo, node, scheme, &a) : hby_lower_bytes(lo, node, leaky_at, &a);
}
