/* QUANTIZE and DEQUANTIZE: float <-> integer on the unary nest, integer -> integer on the table (8-bit input) or the unary nest. */
#include <math.h>
#include <string.h>

#include "partition/fixedpoint.h"
#include "partition/lower_unary.h"

/* Scales and zero points per channel become tables 0 and 1 of the last step. */
static enum hby_status channel_tables(struct hby_lowering *lo, const struct hby_quant *q)
{
    struct hby_step *s = &lo->plan->step[lo->plan->n_steps - 1];
    float *scale = hby_step_table(lo, s, (size_t)q->count * sizeof *scale);
    int32_t *zero_point = scale ? hby_step_table(lo, s, (size_t)q->count * sizeof *zero_point) : NULL;
    if (!zero_point)
        return HBY_NO_MEMORY;
    memcpy(scale, q->scale, (size_t)q->count * sizeof *scale);
    memcpy(zero_point, q->zero_point, (size_t)q->count * sizeof *zero_point);
    return HBY_OK;
}

/* Which channel an element belongs to, for a tensor quantized along an axis. */
static enum hby_status channel_layout(const struct hby_lowering *lo, int tensor, struct hby_args_unary *a)
{
    const struct hby_tensor *t = hby_tensor_of(lo, tensor);
    if (t->quant.unusable)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s': %.90s", hby_name_of(lo, tensor),
                       t->quant.why_unusable ? t->quant.why_unusable : "its quantization cannot be used");
    if (t->quant.axis < 0 || t->quant.axis >= t->rank || t->dim[t->quant.axis] != t->quant.count)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has %d scales, which do not fit its shape along axis %d", hby_name_of(lo, tensor),
                       t->quant.count, t->quant.axis);
    if (t->type != HBY_I8 && t->type != HBY_U8 && t->type != HBY_I4)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is %s and quantized per channel; only 8 bits and fewer may be", hby_name_of(lo, tensor),
                       hby_type_name(t->type));
    a->channels = t->quant.count;
    for (int i = t->quant.axis + 1; i < t->rank; i++)
        a->channel_inner *= t->dim[i];
    for (int i = 0; i < t->quant.count; i++)
        if (!isnormal(t->quant.scale[i]) || t->quant.scale[i] < 0.0f)
            return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has scale %g in channel %d; it must be finite, positive and not subnormal",
                           hby_name_of(lo, tensor), (double)t->quant.scale[i], i);
    return HBY_OK;
}

static enum hby_status quantize_float(struct hby_lowering *lo, const struct hby_node *node, struct hby_args_unary *a)
{
    const struct hby_tensor *out = hby_tensor_of(lo, node->out[0]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->in[0]);
    if (out->type != HBY_I8 && out->type != HBY_U8 && out->type != HBY_I16)
        return hby_say(HBY_UNSUPPORTED, lo->why, "QUANTIZE to %s is not supported; int8, uint8 and int16 are", hby_type_name(out->type));
    a->fn = HBY_FN_QUANTIZE;
    hby_type_range(out->type, &a->act_min, &a->act_max);
    if (out->quant.count > 1) {
        enum hby_status st = channel_layout(lo, node->out[0], a);
        if (!st)
            st = hby_lower_unary(lo, node, scheme, a);
        return st ? st : channel_tables(lo, &out->quant);
    }
    enum hby_status st = hby_check_any_quant(lo, node->out[0]);
    if (st)
        return st;
    a->scale = hby_scale_of(lo, node->out[0]);
    a->out.zero_point = hby_zero_point_of(lo, node->out[0]);
    if (hby_as_xnnpack(lo, node->out[0])) {
        a->fn = HBY_FN_QUANTIZE_EVEN;
        a->scale = 1.0f / a->scale;
    }
    return hby_lower_unary(lo, node, scheme, a);
}

/* The optimized kernels' vector loops. */
static int32_t requantize_up_at(int32_t q, const void *context)
{
    const struct hby_args_unary *a = context;
    return hby_clamp32(hby_add32(hby_rescale_ruy(q - a->in.zero_point, a->out.mult, a->out.shift), a->out.zero_point), a->act_min, a->act_max);
}

/* XNNPACK: a factor in 1/256. */
static int32_t requantize_256_at(int32_t q, const void *context)
{
    const struct hby_args_unary *a = context;
    return hby_clamp32((((q - a->in.zero_point) * a->out.mult + 128) >> 8) + a->out.zero_point, a->act_min, a->act_max);
}

static enum hby_status requantize_bytes(struct hby_lowering *lo, const struct hby_node *node, struct hby_args_unary *a)
{
    const enum hby_type in = hby_tensor_of(lo, node->in[0])->type, out = hby_tensor_of(lo, node->out[0])->type;
    const float factor = hby_scale_of(lo, node->in[0]) / hby_scale_of(lo, node->out[0]);
    if (in == out && hby_as_xnnpack(lo, node->out[0]) && factor >= 0x1p-8f && factor <= 128.0f) {
        a->out.mult = (hby_i32)lrintf(256.0f * factor);
        return hby_lower_bytes(lo, node, requantize_256_at, a);
    }
    return hby_lower_bytes(lo, node, lo->plan->opt.rounding != HBY_ROUNDING_REF && out != HBY_I16 ? requantize_up_at : hby_rescaled_byte, a);
}

/* Which integer types TFLite takes to which. */
static bool can_requantize(enum hby_type in, enum hby_type out)
{
    if (in == HBY_I8 || in == HBY_U8)
        return out == HBY_I8 || out == HBY_U8 || out == HBY_I16;
    if (in == HBY_I16)
        return out == HBY_I8 || out == HBY_I16 || out == HBY_I32;
    return in == HBY_I32 && (out == HBY_I8 || out == HBY_I16);
}

enum hby_status hby_lower_quantize(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_unary a = {.fn = HBY_FN_REQUANTIZE, .channels = 1, .channel_inner = 1, .rounding = HBY_ROUND_DOUBLE};
    enum hby_status st = hby_check_unary(lo, node, false, &a.count);
    if (st)
        return st;
    if (hby_is_float(lo, node->in[0]))
        return quantize_float(lo, node, &a);
    const enum hby_type in = hby_tensor_of(lo, node->in[0])->type, out = hby_tensor_of(lo, node->out[0])->type;
    if (!can_requantize(in, out))
        return hby_say(HBY_UNSUPPORTED, lo->why, "QUANTIZE from %s to %s is not supported", hby_type_name(in), hby_type_name(out));
    st = hby_check_any_quant(lo, node->in[0]);
    if (!st)
        st = hby_check_any_quant(lo, node->out[0]);
    if (!st && in == HBY_I16 && out == HBY_I16 && (hby_zero_point_of(lo, node->in[0]) || hby_zero_point_of(lo, node->out[0])))
        st = hby_say(HBY_UNSUPPORTED, lo->why, "QUANTIZE from int16 to int16 needs zero points of 0");
    if (st)
        return st;
    const double factor = (double)hby_scale_of(lo, node->in[0]) / (double)hby_scale_of(lo, node->out[0]);
    a.in.zero_point = hby_zero_point_of(lo, node->in[0]);
    a.out.zero_point = hby_zero_point_of(lo, node->out[0]);
    hby_type_range(out, &a.act_min, &a.act_max);
    if (hby_multiplier_as_built(factor, &a.out.mult, &a.out.shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the input's scale is %g times the output's, which no 32-bit multiplier says", factor);
    if (in == HBY_I8 || in == HBY_U8)
        return requantize_bytes(lo, node, &a);
    return hby_lower_unary(lo, node, hby_scheme_of(lo, node->in[0]), &a);
}

enum hby_status hby_lower_dequantize(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_unary a = {.fn = HBY_FN_DEQUANTIZE, .channels = 1, .channel_inner = 1};
    enum hby_status st = hby_check_unary(lo, node, false, &a.count);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    if (!hby_is_float(lo, node->out[0]))
        return hby_say(HBY_UNSUPPORTED, lo->why, "DEQUANTIZE gives %s; it must be float32", hby_type_name(hby_tensor_of(lo, node->out[0])->type));
    if (in->type == HBY_F16) {
        a.fn = HBY_FN_CONVERT;
        return hby_lower_unary(lo, node, HBY_SCHEME_f16, &a);
    }
    if (in->type != HBY_I8 && in->type != HBY_U8 && in->type != HBY_I16 && in->type != HBY_I4)
        return hby_say(HBY_UNSUPPORTED, lo->why, "DEQUANTIZE from %s is not supported", hby_type_name(in->type));
    const enum hby_scheme scheme = in->type == HBY_I4 ? HBY_SCHEME_i8 : hby_scheme_of(lo, node->in[0]);
    if (in->quant.count > 1) {
        st = channel_layout(lo, node->in[0], &a);
        if (!st)
            st = hby_lower_unary(lo, node, scheme, &a);
        return st ? st : channel_tables(lo, &in->quant);
    }
    st = hby_check_quant(lo, node->in[0]);
    if (st)
        return st;
    a.scale = hby_scale_of(lo, node->in[0]);
    a.in.zero_point = hby_zero_point_of(lo, node->in[0]);
    return hby_lower_unary(lo, node, scheme, &a);
}
