/* What the checks of the sliding-window operators share: windows, and weights, bias and output that go together. */
#ifndef HBY_TESTS_WINDOW_CASES_H
#define HBY_TESTS_WINDOW_CASES_H

#include <math.h>
#include <stdlib.h>

#include "partition/half.h"
#include "tests/check.h"

struct window_case {
    enum hby_padding padding;
    int k[2], stride[2], dilation[2], size[2], out[2]; /* height, width */
};

static inline int window_out(enum hby_padding padding, int size, int k, int stride, int dilation)
{
    const int reach = (k - 1) * dilation + 1;
    return padding == HBY_PAD_SAME ? (size + stride - 1) / stride : (size + stride - reach) / stride;
}

/* Half of them ordinary (1, 3 or 5 square, stride 1 or 2), half anything; `dilate`: the operator has dilations. */
static inline struct window_case window_random(struct check *c, int most_k, bool dilate)
{
    for (;;) {
        struct window_case w = {.padding = check_chance(c, 50) ? HBY_PAD_SAME : HBY_PAD_VALID};
        const bool odd = check_chance(c, 50);
        const int k = 1 + 2 * check_int(c, 0, 2), stride = check_int(c, 1, 2);
        for (int i = 0; i < 2; i++) {
            w.k[i] = odd ? check_int(c, 1, most_k) : k;
            w.stride[i] = odd ? check_int(c, 1, 4) : stride;
            w.dilation[i] = dilate && odd && check_chance(c, 40) ? check_int(c, 1, 3) : 1;
            w.size[i] = check_int(c, 1, check_chance(c, 20) ? 40 : 13);
            w.out[i] = window_out(w.padding, w.size[i], w.k[i], w.stride[i], w.dilation[i]);
        }
        if (w.out[0] > 0 && w.out[1] > 0)
            return w;
    }
}

static inline struct hby_window_params window_params(struct check *c, const struct window_case *w)
{
    static const enum hby_act act[] = {HBY_ACT_NONE, HBY_ACT_NONE, HBY_ACT_RELU, HBY_ACT_RELU6, HBY_ACT_RELU_N1_TO_1};
    return (struct hby_window_params){
        .padding = w->padding,
        .stride_h = w->stride[0],
        .stride_w = w->stride[1],
        .dilation_h = w->dilation[0],
        .dilation_w = w->dilation[1],
        .filter_h = w->k[0],
        .filter_w = w->k[1],
        .depth_multiplier = 1,
        .act = act[check_int(c, 0, 4)],
    };
}

/* A pool, its windows hanging over the border; one that sums what it sees is sometimes global. */
static inline void window_pool(struct check *c, enum hby_op op, enum hby_scheme scheme, bool sums)
{
    struct window_case w = window_random(c, 7, false);
    if (sums && check_chance(c, 20)) { /* global */
        w.padding = HBY_PAD_VALID;
        for (int i = 0; i < 2; i++) {
            w.k[i] = w.size[i];
            w.out[i] = 1;
        }
    }
    const int channels = check_chance(c, 50) ? 16 * check_int(c, 1, 4) : check_int(c, 1, 40), batch = check_chance(c, 70) ? 1 : check_int(c, 2, 3);
    const int in = check_input(c, check_type(scheme), 4, (int[]){batch, w.size[0], w.size[1], channels});
    const int out = check_output(c, check_type(scheme), 4, (int[]){batch, w.out[0], w.out[1], channels});
    struct hby_node *node = check_node(c, op, 1, &in, 1, &out);
    node->params.window = window_params(c, &w);
    check_run(c, sums ? w.k[0] * w.k[1] : 1);
}

static inline bool window_is_float(enum hby_scheme scheme)
{
    return scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16 || scheme == HBY_SCHEME_f32w8;
}

/* Float weights of `products` per sum, so small that sums stay near 1: a fused clamp then leaves a range that rounding errors can be measured against. */
static inline int window_float_weights(struct check *c, enum hby_type type, int rank, const int *dim, int products)
{
    int n = 1;
    for (int i = 0; i < rank; i++)
        n *= dim[i];
    float *value = malloc((size_t)n * sizeof *value);
    uint16_t *half = malloc((size_t)n * sizeof *half);
    if (!value || !half)
        abort();
    for (int i = 0; i < n; i++) {
        value[i] = (float)(check_real(c, -1.0, 1.0) / sqrt(products));
        half[i] = hby_float_to_half(value[i]);
    }
    const int id = check_const(c, type, rank, dim, type == HBY_F16 ? (const void *)half : value);
    free(value);
    free(half);
    return id;
}

/* Weight-only: an int8 or packed int4 constant behind a DEQUANTIZE, as small as window_float_weights; rarely with zero points. Returns what the DEQUANTIZE
 * gives. */
static inline int window_dequantized_weights(struct check *c, int rank, const int *dim, int axis, int products, bool per_channel)
{
    const enum hby_type type = check_chance(c, 50) ? HBY_I4 : HBY_I8;
    const int n = per_channel ? dim[axis] : 1, stored = check_const(c, type, rank, dim, NULL);
    const bool zeros = type == HBY_I8 && check_chance(c, 20);
    float *scale = malloc((size_t)n * sizeof *scale);
    int32_t *zero = malloc((size_t)n * sizeof *zero);
    if (!scale || !zero)
        abort();
    for (int i = 0; i < n; i++) {
        scale[i] = (float)(check_real(c, 0.5, 1.5) / (type == HBY_I4 ? 8 : 128) / sqrt(products));
        zero[i] = zeros ? check_int(c, -128, 127) : 0;
    }
    check_quant(c, stored, axis, n, scale, zero);
    free(scale);
    free(zero);
    const int real = check_between(c, HBY_F32, rank, dim);
    check_node(c, HBY_OP_dequantize, 1, &stored, 1, &real);
    return real;
}

/* A constant of the scheme's weights: float32, float16 or weight-only, int8 (rarely packed int4) per channel or per tensor, uint8 with a zero point. */
static inline int window_weights(struct check *c, enum hby_scheme scheme, int rank, const int *dim, int axis, int products, bool int4, bool per_channel)
{
    if ((scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16) && check_chance(c, 35))
        return window_dequantized_weights(c, rank, dim, axis, products, per_channel);
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16)
        return window_float_weights(c, check_chance(c, scheme == HBY_SCHEME_f16 ? 70 : 20) ? HBY_F16 : HBY_F32, rank, dim, products);
    const bool nibbles = int4 && check_chance(c, 15);
    const int w = check_const(c, scheme == HBY_SCHEME_u8 ? HBY_U8 : nibbles ? HBY_I4 : HBY_I8, rank, dim, NULL);
    if (scheme == HBY_SCHEME_u8) {
        const int32_t zero = check_chance(c, 40) ? 128 : check_int(c, 0, 255);
        check_quant(c, w, 0, 1, NULL, &zero);
    } else {
        check_quant(c, w, axis, per_channel ? dim[axis] : 1, NULL, NULL);
    }
    return w;
}

/* A bias of the type and, for integers, the scale that goes with input and weights; some cases have none. */
static inline int window_bias(struct check *c, enum hby_scheme scheme, int channels, int input, int weights, bool int32_sums)
{
    if (check_chance(c, 15))
        return -1;
    if (window_is_float(scheme))
        return check_const(c, HBY_F32, 1, &channels, NULL);
    const int b = check_const(c, scheme == HBY_SCHEME_i16 && !int32_sums ? HBY_I64 : HBY_I32, 1, &channels, NULL);
    const float scale = check_scale(c, input) * check_scale(c, weights);
    check_quant(c, b, 0, 1, &scale, NULL);
    return b;
}

/* The output, with a scale under which sums of `n` products fill its range, more or less. `between`: another node reads it. */
static inline int window_result(struct check *c, enum hby_scheme scheme, bool between, const int *dim, int rank, int input, int weights, int n)
{
    const int out = between ? check_between(c, check_type(scheme), rank, dim) : check_output(c, check_type(scheme), rank, dim);
    if (window_is_float(scheme))
        return out;
    const double typical = (double)check_scale(c, input) * (double)check_scale(c, weights) * 64.0 * 64.0 * sqrt(n) * exp(check_real(c, -2.0, 2.0)) / 64.0;
    const float scale = (float)fmax(typical, 1e-6);
    const int32_t zero = check_tensor(c, out)->quant.zero_point[0];
    check_quant(c, out, 0, 1, &scale, &zero);
    return out;
}

static inline int window_output(struct check *c, enum hby_scheme scheme, const int *dim, int rank, int input, int weights, int n)
{
    return window_result(c, scheme, false, dim, rank, input, weights, n);
}

static inline void window_scale(struct check *c, int tensor, double scale)
{
    const float s = (float)scale;
    const int32_t zero = check_tensor(c, tensor)->quant.zero_point[0];
    check_quant(c, tensor, 0, 1, &s, &zero);
}

/* A residual connection behind `made`: ADD of it and another tensor of its shape, in either order, which fused kernels compute with it. Scales around made's
 * own, equal ones and (int16) powers of two among them. */
static inline void window_add(struct check *c, enum hby_scheme scheme, int made)
{
    static const enum hby_act act[] = {HBY_ACT_NONE, HBY_ACT_NONE, HBY_ACT_RELU, HBY_ACT_RELU6, HBY_ACT_RELU_N1_TO_1};
    const struct hby_tensor like = *check_tensor(c, made);
    const int dim[] = {like.dim[0], like.dim[1], like.dim[2], like.dim[3]}, rank = like.rank;
    const int other = check_chance(c, 85) ? check_input(c, like.type, rank, dim) : check_const(c, like.type, rank, dim, NULL);
    const int out = check_output(c, like.type, rank, dim), swapped = check_chance(c, 50);
    const bool pot = scheme == HBY_SCHEME_i16 && check_chance(c, 40);
    if (!window_is_float(scheme)) {
        const double s = pot ? ldexp(1.0, (int)round(log2((double)check_scale(c, made)))) : (double)check_scale(c, made);
        const int less = check_int(c, 0, 6);
        window_scale(c, made, pot && swapped ? ldexp(s, -less) : s);
        window_scale(c, other, pot ? ldexp(s, swapped ? 0 : -less) : check_chance(c, 20) ? s : s * exp(check_real(c, -3.0, 3.0)));
        window_scale(c, out, pot ? s : fmax((double)check_scale(c, other), s) * exp(check_real(c, -2.0, 1.0)));
    }
    struct hby_node *node = check_node(c, HBY_OP_add, 2, (int[]){swapped ? other : made, swapped ? made : other}, 1, &out);
    node->params.arith.act = act[check_int(c, 0, 4)];
    node->params.arith.pot_scale_int16 = pot;
    if (window_is_float(scheme))
        check_span(c, 0.5);
}

#endif
