/* What the lowerings onto sliding windows share. The checks are TFLite's own (Prepare of conv, depthwise_conv, transpose_conv, fully_connected). */
#include "partition/lower_window.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "partition/fixedpoint.h"

enum hby_status hby_window_fit(const struct hby_lowering *lo, enum hby_padding padding, struct hby_window_axis *a)
{
    if (a->stride <= 0 || a->dilation <= 0 || a->k <= 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s: window %d, stride %d and dilation %d must be positive", a->name, (int)a->k, (int)a->stride,
                       (int)a->dilation);
    const int64_t reach = ((int64_t)a->k - 1) * a->dilation + 1; /* of the dilated window */
    if (padding == HBY_PAD_EXPLICIT) {
        if (a->pad < 0)
            return hby_say(HBY_UNSUPPORTED, lo->why, "%s: padding %d must not be negative", a->name, (int)a->pad);
    } else {
        const int64_t out = padding == HBY_PAD_SAME ? ((int64_t)a->in + a->stride - 1) / a->stride : ((int64_t)a->in + a->stride - reach) / a->stride;
        if (out != a->out)
            return hby_say(HBY_UNSUPPORTED, lo->why, "%s %d with window %d, stride %d, dilation %d gives %lld, but the output has %d", a->name, (int)a->in,
                           (int)a->k, (int)a->stride, (int)a->dilation, (long long)out, (int)a->out);
        const int64_t total = (out - 1) * a->stride + reach - a->in;
        if (total > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, lo->why, "%s: window %d with dilation %d is too large", a->name, (int)a->k, (int)a->dilation);
        a->pad = total > 0 ? (int32_t)(total / 2) : 0;
    }
    if (((int64_t)a->out - 1) * a->stride + reach > INT32_MAX)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s: stride %d or dilation %d is too large", a->name, (int)a->stride, (int)a->dilation);
    return HBY_OK;
}

struct hby_args_conv hby_conv_of_images(const struct hby_tensor *in, const struct hby_tensor *out, const struct hby_window_axis *h,
                                        const struct hby_window_axis *x, int32_t group_c, int32_t depth_multiplier)
{
    return (struct hby_args_conv){
        .batch = in->dim[0],
        .in_h = in->dim[1],
        .in_w = in->dim[2],
        .in_c = in->dim[3],
        .out_h = out->dim[1],
        .out_w = out->dim[2],
        .out_c = out->dim[3],
        .k_h = h->k,
        .k_w = x->k,
        .stride_h = h->stride,
        .stride_w = x->stride,
        .dilation_h = h->dilation,
        .dilation_w = x->dilation,
        .pad_top = h->pad,
        .pad_left = x->pad,
        .group_c = group_c,
        .depth_multiplier = depth_multiplier,
    };
}

struct hby_args_conv hby_conv_of_rows(int32_t rows, int32_t depth, int32_t units, bool apart)
{
    const int32_t pixels = apart ? 1 : rows;
    return (struct hby_args_conv){
        .batch = apart ? rows : 1,
        .in_h = 1,
        .in_w = pixels,
        .in_c = depth,
        .out_h = 1,
        .out_w = pixels,
        .out_c = units,
        .k_h = 1,
        .k_w = 1,
        .stride_h = 1,
        .stride_w = 1,
        .dilation_h = 1,
        .dilation_w = 1,
        .group_c = depth,
        .depth_multiplier = 1,
    };
}

enum hby_status hby_check_image(const struct hby_lowering *lo, int tensor)
{
    hby_i32 count;
    enum hby_status st = hby_count_of(lo, tensor, &count);
    if (st)
        return st;
    if (hby_tensor_of(lo, tensor)->rank != 4)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has rank %d; it must have 4", hby_name_of(lo, tensor), hby_tensor_of(lo, tensor)->rank);
    return HBY_OK;
}

/* Schemes by type of activations (rows) and of weights. */
static enum hby_scheme pair(const struct hby_lowering *lo, enum hby_type a, enum hby_type w, bool dequantized)
{
    const bool int_w = w == HBY_I8 || w == HBY_I4, float_w = w == HBY_F32 || w == HBY_F16 || (int_w && dequantized);
    switch (a) {
    case HBY_F32:
    case HBY_F16:
        return float_w ? a == HBY_F16 ? HBY_SCHEME_f16 : lo->float_scheme : int_w ? HBY_SCHEME_f32w8 : HBY_SCHEME_COUNT;
    case HBY_I8:
        return int_w ? HBY_SCHEME_i8 : HBY_SCHEME_COUNT;
    case HBY_U8:
        return w == HBY_U8 ? HBY_SCHEME_u8 : HBY_SCHEME_COUNT;
    case HBY_I16:
        return int_w ? HBY_SCHEME_i16 : HBY_SCHEME_COUNT;
    default:
        return HBY_SCHEME_COUNT;
    }
}

enum hby_status hby_weights_scheme(const struct hby_lowering *lo, int input, int weights, int output, unsigned allow, enum hby_scheme *scheme)
{
    hby_i32 count;
    enum hby_status st = hby_count_of(lo, weights, &count);
    if (st || (st = hby_check_same_type(lo, input, output)))
        return st;
    const struct hby_tensor *w = hby_tensor_of(lo, weights);
    const enum hby_type a = hby_tensor_of(lo, input)->type;
    const bool is_float = w->type == HBY_F32 || w->type == HBY_F16;
    if (!w->data && (!is_float || !(allow & HBY_ALLOW_COMPUTED)))
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' are computed while the model runs; they must be a constant", hby_name_of(lo, weights));
    if (w->is_sparse)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' are sparse; put a DENSIFY before the node", hby_name_of(lo, weights));
    *scheme = pair(lo, a, w->type, allow & HBY_ALLOW_DEQUANTIZED);
    if (*scheme == HBY_SCHEME_COUNT || (w->type == HBY_I4 && !(allow & (HBY_ALLOW_INT4 | HBY_ALLOW_DEQUANTIZED))))
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s activations with %s weights are not supported", hby_type_name(a), hby_type_name(w->type));
    const size_t bytes = w->type == HBY_I4 ? ((size_t)count + 1) / 2 : (size_t)count * hby_type_size(w->type);
    if (w->data && w->bytes < bytes)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' have %zu bytes; their shape needs %zu", hby_name_of(lo, weights), w->bytes, bytes);
    return HBY_OK;
}

enum hby_status hby_check_bias(const struct hby_lowering *lo, int bias, int channels, enum hby_scheme scheme)
{
    if (bias < 0)
        return HBY_OK;
    const struct hby_tensor *t = hby_tensor_of(lo, bias);
    const bool is_float = scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16 || scheme == HBY_SCHEME_f32w8;
    const bool fits = is_float ? hby_is_float(lo, bias) : t->type == HBY_I32 || (scheme == HBY_SCHEME_i16 && t->type == HBY_I64);
    hby_i32 count;
    enum hby_status st = hby_count_of(lo, bias, &count);
    if (st)
        return st;
    if (!t->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "bias '%.60s' is computed while the model runs; it must be a constant", hby_name_of(lo, bias));
    if (count != channels || t->bytes < (size_t)count * hby_type_size(t->type))
        return hby_say(HBY_UNSUPPORTED, lo->why, "bias '%.60s' has %d elements for %d channels", hby_name_of(lo, bias), (int)count, channels);
    if (!fits)
        return hby_say(HBY_UNSUPPORTED, lo->why, "bias '%.60s' is %s, which does not go with scheme %s", hby_name_of(lo, bias), hby_type_name(t->type),
                       hby_scheme_names[scheme]);
    if (!is_float && t->quant.count > 0 && t->quant.zero_point[0] != 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "bias '%.60s' has zero point %d; it must be 0", hby_name_of(lo, bias), (int)t->quant.zero_point[0]);
    return HBY_OK;
}

enum hby_status hby_check_bias_scale(const struct hby_lowering *lo, int input, int weights, int bias, int output)
{
    if (bias < 0)
        return HBY_OK;
    const struct hby_quant *b = &hby_tensor_of(lo, bias)->quant;
    const double product = (double)hby_tensor_of(lo, input)->quant.scale[0] * (double)hby_tensor_of(lo, weights)->quant.scale[0];
    const double scale = b->count > 0 ? (double)b->scale[0] : 0.0;
    if (!(fabs(product - scale) / (double)hby_tensor_of(lo, output)->quant.scale[0] <= 0.02))
        return hby_say(HBY_UNSUPPORTED, lo->why, "bias '%.60s' has scale %g; it must be input scale x weight scale, %g", hby_name_of(lo, bias), scale, product);
    return HBY_OK;
}

int hby_conv_rounding(const struct hby_lowering *lo, enum hby_scheme scheme, int weights, int bias)
{
    if (scheme == HBY_SCHEME_i16 && (bias < 0 || hby_tensor_of(lo, bias)->type == HBY_I64))
        return HBY_ROUND_WIDE16; /* TFLite has but one kernel for it */
    if (lo->plan->opt.rounding == HBY_ROUNDING_SINGLE && scheme != HBY_SCHEME_i16 && hby_tensor_of(lo, weights)->type != HBY_I4)
        return HBY_ROUND_FLOAT;
    return lo->plan->opt.rounding == HBY_ROUNDING_REF ? HBY_ROUND_DOUBLE : HBY_ROUND_RUY; /* what XNNPACK leaves goes to the optimized kernels */
}

enum hby_status hby_conv_quant(const struct hby_lowering *lo, int input, int weights, int axis, int output, enum hby_act act, struct hby_args_conv *args)
{
    const struct hby_tensor *w = hby_tensor_of(lo, weights);
    enum hby_status st = hby_check_quant(lo, input);
    if (st || (st = hby_check_weights_quant(lo, weights, axis, args->out_c)) || (st = hby_check_quant(lo, output)) ||
        (st = hby_act_range_int(lo, act, output, &args->act_min, &args->act_max)))
        return st;
    if (w->type == HBY_U8 && w->quant.count != 1)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' are uint8 and quantized per channel; uint8 is per tensor", hby_name_of(lo, weights));
    args->in_zp = hby_tensor_of(lo, input)->quant.zero_point[0];
    args->w_zp = w->type == HBY_U8 ? w->quant.zero_point[0] : 0;
    args->out_zp = hby_tensor_of(lo, output)->quant.zero_point[0];
    args->per_channel = w->quant.count > 1;
    return HBY_OK;
}

double hby_conv_real(const struct hby_lowering *lo, int input, int weights, int output, int i)
{
    const struct hby_quant *w = &hby_tensor_of(lo, weights)->quant;
    const float in_scale = hby_tensor_of(lo, input)->quant.scale[0], w_scale = w->scale[w->count > 1 ? i : 0];
    return (double)in_scale * (double)w_scale / (double)hby_tensor_of(lo, output)->quant.scale[0];
}

/* Multiplier and shift of channel i: input scale x weight scale / output scale, the product in float for u8, as TFLite has it. */
static enum hby_status conv_multiplier(const struct hby_lowering *lo, int input, int weights, int output, int i, int rounding, bool float_product,
                                       int32_t *mult, int32_t *shift)
{
    const struct hby_tensor *w = hby_tensor_of(lo, weights);
    double real = hby_conv_real(lo, input, weights, output, i);
    /* rounded to float, whatever the compiler prefers */
    const volatile float product = hby_tensor_of(lo, input)->quant.scale[0] * w->quant.scale[w->quant.count > 1 ? i : 0];
    int32_t unused_mult, unused_shift;
    if (rounding == HBY_ROUND_FLOAT && hby_quantize_multiplier(real, &unused_mult, &unused_shift) == HBY_OK) {
        *mult = hby_float_bits(product / hby_tensor_of(lo, output)->quant.scale[0]);
        *shift = 0;
        return HBY_OK;
    }
    if (w->type == HBY_U8 || float_product)
        real = (double)product / (double)hby_tensor_of(lo, output)->quant.scale[0];
    enum hby_status st = hby_quantize_multiplier(real, mult, shift);
    if (st || (rounding == HBY_ROUND_WIDE16 && *shift > 14))
        return hby_say(HBY_UNSUPPORTED, lo->why, "channel %d: input scale x weight scale / output scale is %g, out of the range of a multiplier", i, real);
    return HBY_OK;
}

enum hby_status hby_float_clamp(const struct hby_lowering *lo, enum hby_act act, hby_f32 *f_min, hby_f32 *f_max)
{
    enum hby_status st = hby_act_range_float(lo, act, f_min, f_max);
    if (st)
        return st;
    *f_min = *f_min < -FLT_MAX ? -FLT_MAX : *f_min;
    *f_max = *f_max > FLT_MAX ? FLT_MAX : *f_max;
    return HBY_OK;
}

/* f32w8: one scale per channel, repeated where the weights have but one; or one per block. */
static enum hby_status scale_table(struct hby_lowering *lo, struct hby_step *s, int weights, int channels)
{
    const struct hby_quant *q = &hby_tensor_of(lo, weights)->quant;
    if (q->block) {
        const size_t bytes = (size_t)(hby_tensor_count(hby_tensor_of(lo, weights)) / q->block) * sizeof *q->block_scale;
        float *all = hby_step_table(lo, s, bytes);
        if (all)
            memcpy(all, q->block_scale, bytes);
        return all ? HBY_OK : HBY_NO_MEMORY;
    }
    float *scale = hby_step_table(lo, s, (size_t)channels * sizeof *scale);
    if (!scale)
        return HBY_NO_MEMORY;
    for (int i = 0; i < channels; i++)
        scale[i] = q->scale[q->count > 1 ? i : 0];
    return HBY_OK;
}

/* Weight-only: real weight = (q - zero) * scale, per channel, repeated where the weights have but one; no table of zero points where all are 0. */
static enum hby_status dequantization_tables(struct hby_lowering *lo, struct hby_step *s, int weights, int axis, int channels)
{
    const struct hby_tensor *w = hby_tensor_of(lo, weights);
    const struct hby_quant *q = &w->quant;
    bool any_zero_point = false;
    if (q->unusable || (q->count != 1 && (q->count != channels || q->axis != axis)))
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s': their quantization does not go by output channels", hby_name_of(lo, weights));
    enum hby_status st = scale_table(lo, s, weights, channels);
    for (int i = 0; i < q->count; i++) {
        if (!isnormal(q->scale[i]) || q->scale[i] < 0.0f)
            return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' have scale %g; it must be finite, positive and not subnormal", hby_name_of(lo, weights),
                           (double)q->scale[i]);
        any_zero_point |= q->zero_point[i] != 0;
    }
    int32_t *zero = !st && any_zero_point ? hby_step_table(lo, s, (size_t)channels * sizeof *zero) : NULL;
    for (int i = 0; zero && i < channels; i++) {
        zero[i] = q->zero_point[q->count > 1 ? i : 0];
        if (zero[i] < -128 || zero[i] > 127)
            return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' have zero point %d, which %s cannot hold", hby_name_of(lo, weights), (int)zero[i],
                           hby_type_name(w->type));
    }
    return st || (any_zero_point && !zero) ? HBY_NO_MEMORY : HBY_OK;
}

/* The runtime's vector loop over channels takes eight at a time; what is left goes through DOUBLE (HBY_ROUND_RUY). */
static void mark_rest(int32_t *mult, int channels)
{
    for (int i = channels / 8 * 8; i < channels; i++)
        mult[i] = -mult[i];
}

static enum hby_status multiplier_tables(struct hby_lowering *lo, struct hby_step *s, int input, int weights, int output, int channels, int rounding)
{
    const struct hby_tensor *w = hby_tensor_of(lo, weights);
    const bool float_product = rounding == HBY_ROUND_RUY && s->op == HBY_OP_fully_connected && w->quant.count == 1;
    const bool by_eights = rounding == HBY_ROUND_RUY && w->type != HBY_U8 && (s->op == HBY_OP_depthwise_conv_2d || s->op == HBY_OP_transpose_conv);
    int32_t *mult = hby_step_table(lo, s, (size_t)channels * sizeof *mult);
    int32_t *shift = mult ? hby_step_table(lo, s, (size_t)channels * sizeof *shift) : NULL;
    if (!shift)
        return HBY_NO_MEMORY;
    for (int i = 0; i < channels; i++) {
        enum hby_status st = conv_multiplier(lo, input, weights, output, i, rounding, float_product, &mult[i], &shift[i]);
        if (st)
            return st;
    }
    if (by_eights)
        mark_rest(mult, channels);
    return HBY_OK;
}

enum hby_status hby_conv_step(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, int input, int weights, int bias,
                              const struct hby_args_conv *args)
{
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_conv, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.conv = *args;
    s->args.conv.has_bias = bias >= 0;
    s->n_in = bias >= 0 ? 3 : 2;
    s->in[0] = input;
    s->in[1] = weights;
    s->in[2] = bias;
    s->in[3] = -1;
    if (scheme == HBY_SCHEME_f32w8)
        return scale_table(lo, s, weights, args->out_c);
    if (node->weight_only)
        return dequantization_tables(lo, s, weights, node->op == HBY_OP_depthwise_conv_2d ? 3 : 0, args->out_c);
    if (scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16)
        return multiplier_tables(lo, s, input, weights, node->out[0], args->out_c, args->rounding);
    return HBY_OK;
}
