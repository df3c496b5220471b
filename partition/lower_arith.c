/* ADD, SUB, MUL and PRELU onto the binary nest. */
#include <math.h>
#include <stdlib.h>

#include "partition/fixedpoint.h"
#include "partition/lower_binary.h"

/* Is `scale` a power of two, to within the tolerance of TFLite's own test? */
static bool power_of_two(float scale, int *log2)
{
    float l = logf(scale) * (1.0f / logf(2.0f)), r = roundf(l);
    *log2 = (int)r;
    return fabsf(l - r) < 1e-3f;
}

/* int16 with power-of-two scales (LSTM cells): one input is shifted to the other's scale, which is the output's. */
static enum hby_status add_pot16(const struct hby_lowering *lo, const int log2[3], struct hby_args_binary *a)
{
    a->pot_scale = 1;
    a->a.shift = log2[0] - log2[2];
    a->b.shift = log2[1] - log2[2];
    if ((a->a.shift && a->b.shift) || a->a.shift > 0 || a->b.shift > 0 || a->a.shift < -15 || a->b.shift < -15)
        return hby_say(HBY_UNSUPPORTED, lo->why, "power-of-two int16 arithmetic needs one input with the output's scale and none with a larger one");
    return HBY_OK;
}

/* Both inputs are brought to twice the larger input scale, with left_shift bits to spare, and the sum from there to the output. */
static enum hby_status add_general(const struct hby_lowering *lo, const float scale[3], int left_shift, struct hby_args_binary *a)
{
    const double common = (double)(2.0f * fmaxf(scale[0], scale[1]));
    const double to_out = common / (double)((float)(1 << left_shift) * scale[2]);
    a->left_shift = left_shift;
    if (hby_quantize_multiplier((double)scale[0] / common, &a->a.mult, &a->a.shift) ||
        hby_quantize_multiplier((double)scale[1] / common, &a->b.mult, &a->b.shift) || hby_quantize_multiplier(to_out, &a->out.mult, &a->out.shift) ||
        a->a.shift > 0 || a->b.shift > 0 || a->out.shift > 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output's scale %g is too small beside the inputs' (%g and %g)", (double)scale[2], (double)scale[0],
                       (double)scale[1]);
    return HBY_OK;
}

/* XNNPACK: factors of 21 bits, one rounding shift. False where it leaves the node. */
static bool add_shifted(const float scale[3], struct hby_args_binary *a)
{
    const float x = scale[0] / scale[2], y = scale[1] / scale[2];
    if (!(x >= 0x1p-10f && y >= 0x1p-10f && x < 256.0f && y < 256.0f))
        return false;
    const int shift = 20 - ilogbf(fmaxf(x, y));
    a->a.mult = (hby_i32)lrintf(ldexpf(x, shift));
    a->b.mult = (hby_i32)lrintf(ldexpf(y, shift));
    a->out.shift = shift;
    a->rounding = HBY_ROUND_FLOAT;
    return true;
}

static enum hby_status add_quantized(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a)
{
    const int id[3] = {node->in[0], node->in[1], node->out[0]};
    const enum hby_type type = hby_tensor_of(lo, id[2])->type;
    float scale[3];
    int log2[3];
    bool pot = type == HBY_I16 && node->params.arith.pot_scale_int16;
    for (int i = 0; i < 3; i++) {
        enum hby_status st = hby_check_quant(lo, id[i]);
        if (st)
            return st;
        scale[i] = hby_scale_of(lo, id[i]);
        pot = power_of_two(scale[i], &log2[i]) && pot;
    }
    a->a.zero_point = hby_zero_point_of(lo, id[0]);
    a->b.zero_point = hby_zero_point_of(lo, id[1]);
    a->out.zero_point = hby_zero_point_of(lo, id[2]);
    a->rounding = HBY_ROUND_DOUBLE;
    enum hby_status st = hby_act_range_int(lo, node->params.arith.act, id[2], &a->act_min, &a->act_max);
    if (st)
        return st;
    if (hby_as_xnnpack(lo, id[2]) && add_shifted(scale, a))
        return HBY_OK;
    /* TFLite's ADD reads past its inputs when power-of-two operands broadcast */
    if (pot && node->op == HBY_OP_add && !hby_same_shape(hby_tensor_of(lo, id[0]), hby_tensor_of(lo, id[1])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "ADD of int16 with power-of-two scales needs inputs of one shape");
    return pot ? add_pot16(lo, log2, a) : add_general(lo, scale, type == HBY_I16 ? 15 : 20, a);
}

/* The clamp and the rescaling of an arithmetic node, by its scheme. */
static enum hby_status arith_args(const struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme,
                                  enum hby_status (*quantized)(const struct hby_lowering *, const struct hby_node *, struct hby_args_binary *),
                                  struct hby_args_binary *a)
{
    enum hby_status st = hby_lower_broadcast(lo, node, a);
    if (st)
        return st;
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16)
        return hby_lower_act_float(lo, node->params.arith.act, a);
    if (scheme == HBY_SCHEME_i32)
        return hby_lower_act_plain(lo, node->params.arith.act, node->out[0], a);
    return quantized(lo, node, a);
}

enum hby_status hby_lower_add_sub(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = node->op == HBY_OP_sub ? HBY_FN_SUB : HBY_FN_ADD};
    enum hby_status st = hby_check_binary(lo, node, true);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    st = arith_args(lo, node, scheme, add_quantized, &a);
    return st ? st : hby_lower_binary(lo, node, scheme, &a);
}

static enum hby_status mul_quantized(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a)
{
    enum hby_status st = hby_check_quants(lo, node);
    if (!st)
        st = hby_act_range_int(lo, node->params.arith.act, node->out[0], &a->act_min, &a->act_max);
    if (st)
        return st;
    a->a.zero_point = hby_zero_point_of(lo, node->in[0]);
    a->b.zero_point = hby_zero_point_of(lo, node->in[1]);
    a->out.zero_point = hby_zero_point_of(lo, node->out[0]);
    a->rounding = HBY_ROUND_DOUBLE;
    const volatile float product = hby_scale_of(lo, node->in[0]) * hby_scale_of(lo, node->in[1]);
    const float factor = product / hby_scale_of(lo, node->out[0]); /* float32 in TFLite too */
    if (hby_as_xnnpack(lo, node->out[0]) && factor >= 0x1p-16f && factor < 256.0f) {
        a->rounding = HBY_ROUND_FLOAT;
        a->out.mult = hby_float_bits(factor);
        return HBY_OK;
    }
    if (hby_multiplier_as_built((double)factor, &a->out.mult, &a->out.shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the scales multiply to %g output steps, which no 32-bit multiplier says", (double)factor);
    return HBY_OK;
}

enum hby_status hby_lower_mul(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = HBY_FN_MUL};
    enum hby_status st = hby_check_binary(lo, node, true);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    st = arith_args(lo, node, scheme, mul_quantized, &a);
    return st ? st : hby_lower_binary(lo, node, scheme, &a);
}

static enum hby_status prelu_quantized(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a)
{
    enum hby_status st = hby_check_quants(lo, node);
    if (!st)
        st = hby_act_range_int(lo, HBY_ACT_NONE, node->out[0], &a->act_min, &a->act_max);
    if (st)
        return st;
    const float in = hby_scale_of(lo, node->in[0]), slope = hby_scale_of(lo, node->in[1]), out = hby_scale_of(lo, node->out[0]);
    a->a.zero_point = hby_zero_point_of(lo, node->in[0]);
    a->b.zero_point = hby_zero_point_of(lo, node->in[1]);
    a->out.zero_point = hby_zero_point_of(lo, node->out[0]);
    a->rounding = HBY_ROUND_DOUBLE;
    if (hby_multiplier_as_built((double)(in / out), &a->a.mult, &a->a.shift) || hby_multiplier_as_built((double)(in * slope / out), &a->b.mult, &a->b.shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output's scale %g is too small beside the input's %g", (double)out, (double)in);
    return HBY_OK;
}

enum hby_status hby_lower_prelu(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = HBY_FN_PRELU};
    enum hby_status st = hby_check_binary(lo, node, false);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_same_shape(hby_tensor_of(lo, node->in[0]), hby_tensor_of(lo, node->out[0])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the slopes of PRELU must broadcast to the input's shape, not enlarge it");
    if (scheme == HBY_SCHEME_i16 ? hby_tensor_of(lo, node->in[1])->type != HBY_I8 : hby_check_same_type(lo, node->in[0], node->in[1]) != HBY_OK)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the slopes of PRELU are %s; they must have the input's type (int8 for an int16 input)",
                       hby_type_name(hby_tensor_of(lo, node->in[1])->type));
    st = hby_lower_broadcast(lo, node, &a);
    if (!st && scheme != HBY_SCHEME_f32 && scheme != HBY_SCHEME_f16)
        st = prelu_quantized(lo, node, &a);
    return st ? st : hby_lower_binary(lo, node, scheme, &a);
}
