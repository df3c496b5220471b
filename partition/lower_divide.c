/* MAXIMUM, MINIMUM, SQUARED_DIFFERENCE and DIV onto the binary nest. */
#include <math.h>

#include "partition/lower_binary.h"
#include "partition/lower_unary.h"

/* The checks that all share; the scheme. */
static enum hby_status prepare(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a, enum hby_scheme *scheme)
{
    enum hby_status st = hby_check_binary(lo, node, true);
    if (!st)
        st = hby_lower_broadcast(lo, node, a);
    if (st)
        return st;
    const enum hby_type type = hby_tensor_of(lo, node->out[0])->type;
    *scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, *scheme) || type == HBY_BOOL)
        return hby_refuse_type(lo, node, type);
    return HBY_OK;
}

/* Quantized values are compared as they are, whatever their scales. */
enum hby_status hby_lower_maximum(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = node->op == HBY_OP_maximum ? HBY_FN_MAXIMUM : HBY_FN_MINIMUM};
    enum hby_scheme scheme;
    enum hby_status st = prepare(lo, node, &a, &scheme);
    return st ? st : hby_lower_binary(lo, node, scheme, &a);
}

static enum hby_status check_quants(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a)
{
    enum hby_status st = hby_check_quants(lo, node);
    a->a.zero_point = hby_zero_point_of(lo, node->in[0]);
    a->b.zero_point = hby_zero_point_of(lo, node->in[1]);
    a->out.zero_point = hby_zero_point_of(lo, node->out[0]);
    a->rounding = HBY_ROUND_DOUBLE;
    return st;
}

/* Both inputs are brought to twice the larger input scale with 7 bits to spare; the squared difference has 14. */
static enum hby_status squared_quantized(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a)
{
    enum { SPARE = 7 };
    enum hby_status st = check_quants(lo, node, a);
    if (st)
        return st;
    const float x = hby_scale_of(lo, node->in[0]), y = hby_scale_of(lo, node->in[1]), out = hby_scale_of(lo, node->out[0]);
    const double common = (double)(2.0f * fmaxf(x, y)), to_out = common * common / (double)((float)(1 << 2 * SPARE) * out);
    a->left_shift = SPARE;
    hby_type_range(hby_tensor_of(lo, node->out[0])->type, &a->act_min, &a->act_max);
    if (hby_quantize_multiplier((double)x / common, &a->a.mult, &a->a.shift) || hby_quantize_multiplier((double)y / common, &a->b.mult, &a->b.shift) ||
        hby_quantize_multiplier(to_out, &a->out.mult, &a->out.shift) || to_out >= 1.0 || a->out.shift > 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output's scale %g is too small beside the inputs' (%g and %g)", (double)out, (double)x, (double)y);
    return HBY_OK;
}

enum hby_status hby_lower_squared_difference(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = HBY_FN_SQUARED_DIFFERENCE};
    enum hby_scheme scheme;
    enum hby_status st = prepare(lo, node, &a, &scheme);
    if (!st && scheme == HBY_SCHEME_i32 && hby_tensor_of(lo, node->out[0])->type != HBY_I32)
        st = hby_say(HBY_UNSUPPORTED, lo->why, "SQUARED_DIFFERENCE of int64 is not supported");
    if (!st && scheme == HBY_SCHEME_i8)
        st = squared_quantized(lo, node, &a);
    return st ? st : hby_lower_binary(lo, node, scheme, &a);
}

enum hby_status hby_lower_div(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = HBY_FN_DIV};
    enum hby_scheme scheme;
    enum hby_status st = prepare(lo, node, &a, &scheme);
    if (st)
        return st;
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16) {
        st = hby_lower_act_float(lo, node->params.arith.act, &a);
    } else if (scheme == HBY_SCHEME_i32) {
        st = hby_tensor_of(lo, node->out[0])->type == HBY_I32 ? hby_lower_act_plain(lo, node->params.arith.act, node->out[0], &a)
                                                              : hby_say(HBY_UNSUPPORTED, lo->why, "DIV of int64 is not supported");
    } else {
        st = check_quants(lo, node, &a);
        if (!st)
            st = hby_act_range_int(lo, node->params.arith.act, node->out[0], &a.act_min, &a.act_max);
        const float factor = hby_scale_of(lo, node->in[0]) / (hby_scale_of(lo, node->in[1]) * hby_scale_of(lo, node->out[0])); /* float32 in TFLite too */
        if (!st && hby_quantize_multiplier((double)factor, &a.out.mult, &a.out.shift))
            st = hby_say(HBY_UNSUPPORTED, lo->why, "the scales ask for a factor of %g, which no 32-bit multiplier says", (double)factor);
    }
    return st ? st : hby_lower_binary(lo, node, scheme, &a);
}
