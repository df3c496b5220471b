/* FULLY_CONNECTED: a 1x1 convolution over the rows, but for how the reference kernel rescales: round(double(sum) * real), ties away from zero.
 * For 8-bit results there is almost always a 31-bit multiplier with which one rounding shift gives the same for every sum that can occur: it is looked
 * for here, and proven by trying the sums on both sides of each step of the result. */
#include "partition/lower_window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "partition/fixedpoint.h"

/* The largest magnitude that a sum can have, or a bound above it; what wraps is an int32 still. */
static double largest_sum(const struct hby_lowering *lo, int weights, int bias, const struct hby_args_conv *args)
{
    const bool is_u8 = hby_tensor_of(lo, weights)->type == HBY_U8;
    const int lo_q = is_u8 ? 0 : -128, hi_q = is_u8 ? 255 : 127;
    const double in = fmax(hi_q - args->in_zp, args->in_zp - lo_q), w = fmax(hi_q - args->w_zp, args->w_zp - lo_q);
    double b = 0.0;
    for (int i = 0; bias >= 0 && i < args->out_c; i++) {
        int32_t v;
        memcpy(&v, (const char *)hby_tensor_of(lo, bias)->data + (size_t)i * sizeof v, sizeof v);
        b = fmax(b, fabs((double)v));
    }
    return fmin(in * w * args->in_c + b, 2147483647.0);
}

/* Do rescale_single(x, mult, shift) and round(x * real) agree, clamped to [r_min, r_max], for all |x| <= largest? Both grow with x, so it is enough to look
 * where either may pass from r - 1 to r: `mult` is off by at most 4 of 2^30, which moves that place by x * 2^-28. */
static bool proven(double real, int32_t mult, int32_t shift, double largest, int r_min, int r_max)
{
    if (largest * real >= 2147483000.0)
        return false;
    for (int r = r_min + 1; r <= r_max; r++) {
        const double edge = floor((r - 0.5) / real), margin = 1.0 + floor(fabs(edge) * 0x1p-28);
        if (fabs(edge) > largest + margin)
            continue;
        for (double x = edge - margin; x <= edge + 1.0 + margin; x++)
            if (x >= -largest - 1.0 && x <= largest && (round(x * real) >= r) != (hby_rescale_single((int32_t)x, mult, shift) >= r))
                return false;
    }
    return true;
}

/* A multiplier near the rounded one that is proven. */
static bool find_multiplier(double real, double largest, int r_min, int r_max, int32_t *mult, int32_t *shift)
{
    static const int try[] = {0, 1, 2, -1, 3};
    int32_t m, s;
    if (hby_quantize_multiplier(real, &m, &s) || m == 0)
        return false;
    for (size_t i = 0; i < sizeof try / sizeof *try; i++) {
        if (m > INT32_MAX - 3)
            break;
        *mult = m + try[i];
        *shift = s;
        if (proven(real, *mult, s, largest, r_min, r_max))
            return true;
    }
    return false;
}

/* Tables of the reference's rescaling: proven multipliers, or the reals themselves. */
static enum hby_status reference_tables(struct hby_lowering *lo, struct hby_step *s, int input, int weights, int bias, int output)
{
    struct hby_args_conv *args = &s->args.conv;
    int32_t *mult = (int32_t *)(uintptr_t)s->table[0].data, *shift = (int32_t *)(uintptr_t)s->table[1].data;
    const bool is_8bit = s->scheme != HBY_SCHEME_i16;
    const double largest = is_8bit ? largest_sum(lo, weights, bias, args) : 0.0;
    bool found = is_8bit;
    for (int i = 0; found && i < args->out_c; i++) {
        if (i > 0 && !args->per_channel) {
            mult[i] = mult[0];
            shift[i] = shift[0];
        } else {
            found = find_multiplier(hby_conv_real(lo, input, weights, output, i), largest, args->act_min - args->out_zp, args->act_max - args->out_zp, &mult[i],
                                    &shift[i]);
        }
    }
    args->rounding = found ? HBY_ROUND_SINGLE : HBY_ROUND_EXACT;
    if (found)
        return HBY_OK;
    double *real = hby_step_table(lo, s, (size_t)args->out_c * sizeof *real);
    if (!real)
        return HBY_NO_MEMORY;
    for (int i = 0; i < args->out_c; i++) {
        real[i] = hby_conv_real(lo, input, weights, output, i);
        hby_quantize_multiplier(real[i], &mult[i], &shift[i]);
    }
    return HBY_OK;
}

/* Weights of float activations: a scale for all, per channel, or per block of int4, the form that the runtime's kernels define. */
static enum hby_status check_hybrid_weights(const struct hby_lowering *lo, int weights, int units)
{
    const struct hby_tensor *w = hby_tensor_of(lo, weights);
    const struct hby_quant *q = &w->quant;
    if (!q->block)
        return hby_check_weights_quant(lo, weights, 0, units);
    if (w->type != HBY_I4)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' are %s and quantized in blocks; only int4 is", hby_name_of(lo, weights),
                       hby_type_name(w->type));
    if (q->block % 32)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' are quantized in blocks of %d; the size must be a multiple of 32", hby_name_of(lo, weights),
                       q->block);
    for (int64_t i = 0; i < hby_tensor_count(w) / q->block; i++)
        if (!isfinite(q->block_scale[i]) || q->block_scale[i] < 0.0f)
            return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' have scale %g in block %d; it must be finite and not negative", hby_name_of(lo, weights),
                           (double)q->block_scale[i], (int)i);
    return HBY_OK;
}

enum hby_status hby_lower_fully_connected(struct hby_lowering *lo, const struct hby_node *node)
{
    if (node->params.fully_connected.weights_format != 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "shuffled weights are not supported; convert the model anew");
    const int input = node->in[0], weights = node->in[1], bias = node->n_in > 2 ? node->in[2] : -1, output = node->out[0];
    const enum hby_act act = node->params.fully_connected.act;
    hby_i32 in_count, out_count;
    enum hby_scheme scheme;
    enum hby_status st = hby_count_of(lo, input, &in_count);
    if (st || (st = hby_count_of(lo, output, &out_count)) ||
        (st = hby_weights_scheme(lo, input, weights, output, HBY_ALLOW_INT4 | HBY_ALLOW_COMPUTED | hby_allow_of(node), &scheme)))
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, input), *w = hby_tensor_of(lo, weights), *out = hby_tensor_of(lo, output);
    if (w->rank != 2)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' have rank %d; it must be 2", hby_name_of(lo, weights), w->rank);
    const int units = w->dim[0], depth = w->dim[1], rows = in_count / depth;
    if (in_count % depth != 0 || (int64_t)rows * units != out_count || (out->rank > 0 && out->dim[out->rank - 1] != units) ||
        (node->params.fully_connected.keep_num_dims && (in->rank < 1 || in->dim[in->rank - 1] != depth)))
        return hby_say(HBY_UNSUPPORTED, lo->why, "%d inputs with weights [%d, %d] do not give %d outputs", (int)in_count, units, depth, (int)out_count);
    if ((st = hby_check_bias(lo, bias, units, scheme)))
        return st;
    const bool hybrid = scheme == HBY_SCHEME_f32w8, integer = scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16;
    struct hby_args_conv args = hby_conv_of_rows(rows, depth, units, hybrid);
    if (integer) {
        args.rounding = hby_conv_rounding(lo, scheme, weights, bias);
        if (lo->plan->opt.rounding == HBY_ROUNDING_SINGLE && scheme == HBY_SCHEME_i8 && depth % 2 == 0)
            args.rounding = HBY_ROUND_FLOAT; /* XNNPACK takes int4 here, of an even number of inputs */
        if (lo->plan->opt.rounding != HBY_ROUNDING_REF && scheme == HBY_SCHEME_i16 && bias < 0 && node->params.fully_connected.int32_sums)
            args.rounding = HBY_ROUND_RUY;
        st = hby_conv_quant(lo, input, weights, 0, output, act, &args);
        if (!st && w->quant.count == 1)
            st = hby_check_bias_scale(lo, input, weights, bias, output);
    } else if (hybrid) {
        args.per_channel = w->quant.count > 1 || w->quant.block;
        args.asymmetric = w->quant.block || node->params.fully_connected.asymmetric_quantize_inputs; /* blocks: always, in the runtime's kernels */
        st = check_hybrid_weights(lo, weights, units);
        if (!st)
            st = hby_act_range_float(lo, act, &args.f_min, &args.f_max);
    } else {
        st = hby_float_clamp(lo, act, &args.f_min, &args.f_max);
    }
    if (st || (st = hby_conv_step(lo, node, scheme, input, weights, bias, &args)) || !integer)
        return st;
    struct hby_step *s = &lo->plan->step[lo->plan->n_steps - 1];
    if (lo->plan->opt.rounding == HBY_ROUNDING_REF || args.rounding == HBY_ROUND_WIDE16) /* the optimized kernels leave int64 sums to the reference */
        return reference_tables(lo, s, input, weights, bias, output);
    return HBY_OK;
}
