/* LOGISTIC, TANH and HARD_SWISH: a table for 8-bit types, the unary nest otherwise. */
#include <math.h>
#include <stdlib.h>

#include "partition/fixedpoint.h"
#include "partition/lower_unary.h"
#include "partition/lstm_tables.h"

/* --- LOGISTIC and TANH of 8 bits: through float --- */

struct curve {
    float in_scale, inverse_out_scale;
    int32_t in_zp, out_zp;
    hby_i32 min, max;
    float (*f)(float);
};

static float logistic(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static int32_t curve_at(int32_t q, const void *context)
{
    const struct curve *c = context;
    const float y = roundf(c->f(c->in_scale * (float)(q - c->in_zp)) * c->inverse_out_scale) + (float)c->out_zp;
    return y >= (float)c->max ? c->max : y <= (float)c->min ? c->min : (int32_t)y;
}

static enum hby_status lower_curve(struct hby_lowering *lo, const struct hby_node *node)
{
    const float out_scale = hby_scale_of(lo, node->out[0]);
    if (node->op == HBY_OP_logistic && out_scale != 1.0f / 256.0f)
        return hby_say(HBY_UNSUPPORTED, lo->why, "LOGISTIC's output has scale %g; for 8 bits it must be 1/256", (double)out_scale);
    struct curve c = {.in_scale = hby_scale_of(lo, node->in[0]),
                      .inverse_out_scale = 1.0f / out_scale,
                      .in_zp = hby_zero_point_of(lo, node->in[0]),
                      .out_zp = hby_zero_point_of(lo, node->out[0]),
                      .f = node->op == HBY_OP_logistic ? logistic : tanhf};
    hby_type_range(hby_tensor_of(lo, node->out[0])->type, &c.min, &c.max);
    return hby_lower_bytes(lo, node, curve_at, &c);
}

/* --- LOGISTIC and TANH of int16: interpolation in 256 values of the logistic function --- */

/* round(2^16 / (1 + exp(-i/24))) for i = 0 .. 255, at most 65535. TFLite's table is larger by one where the bit is set. */
static void fill_logistic_table(uint16_t *table)
{
    static const uint32_t plus_one[8] = {0xfa7bd110u, 0xc0467baeu, 0x20440005u, 0x00110090u, 0x00000080u, 0u, 0u, 0x80000000u};
    for (int i = 0; i < 256; i++) {
        const double v = round(65536.0 / (1.0 + exp(-i / 24.0))) + (plus_one[i / 32] >> i % 32 & 1u);
        table[i] = (uint16_t)(v > 65535.0 ? 65535.0 : v);
    }
}

/* To within the tolerance of TFLite's own test. */
static bool is_power_of_two(float scale)
{
    const float l = logf(scale) * (1.0f / logf(2.0f));
    return fabsf(l - roundf(l)) < 1e-3f;
}

/* in.mult / 2^in.shift takes the input to steps of 1/(3 * 4096): 9 (LOGISTIC) or 8 (TANH) bits of fraction between the table's entries. */
static enum hby_status scale_int16(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_unary *a)
{
    const float in = hby_scale_of(lo, node->in[0]), out = hby_scale_of(lo, node->out[0]);
    const float l = logf(in) * (1.0f / logf(2.0f));
    const int bits = 12 + (int)roundf(l);
    if (out != 1.0f / 32768.0f)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s's output has scale %g; for int16 it must be 1/32768", hby_ops[node->op].name, (double)out);
    if (fabsf(l - roundf(l)) < 1e-3f && (bits == 0 || (bits == 1 && node->op == HBY_OP_tanh))) {
        a->in.mult = 3 << bits;
        return HBY_OK;
    }
    double m = (double)in * 4096.0 * 3.0;
    for (; m <= 32767.0 / 2.0 && a->in.shift <= 30; m *= 2.0)
        a->in.shift++;
    if (m < 1.0 || m >= 65535.0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s's input has scale %g, out of the range of its int16 arithmetic", hby_ops[node->op].name, (double)in);
    a->in.mult = (hby_i32)m;
    return HBY_OK;
}

/* The optimized kernels' fixed-point functions: inputs whose scale is a power of two. */
static enum hby_status lower_fixed16(struct hby_lowering *lo, const struct hby_node *node, struct hby_args_unary *a)
{
    const bool doubled = a->in.mult == 6; /* TANH whose input has scale 2^-11: saturated to 3 integer bits */
    a->fn = HBY_FN_LOOKUP16;
    a->act_min = INT16_MIN;
    enum hby_status st = hby_lower_unary(lo, node, HBY_SCHEME_i16, a);
    if (st)
        return st;
    int16_t *table = hby_step_table(lo, &lo->plan->step[lo->plan->n_steps - 1], HBY_LSTM_TABLE * sizeof *table);
    int16_t *curve = table ? malloc(HBY_LSTM_TABLE * sizeof *curve) : NULL;
    if (!curve)
        return HBY_NO_MEMORY;
    (node->op == HBY_OP_logistic ? hby_lstm_logistic_table : hby_lstm_tanh_table)(3, curve);
    for (int32_t q = INT16_MIN; q <= INT16_MAX; q++)
        table[(uint16_t)q] = curve[hby_clamp32(doubled ? 2 * q : q, INT16_MIN, INT16_MAX) + 32768];
    free(curve);
    return HBY_OK;
}

static enum hby_status lower_curve16(struct hby_lowering *lo, const struct hby_node *node, struct hby_args_unary *a)
{
    enum hby_status st = scale_int16(lo, node, a);
    if (!st && lo->plan->opt.rounding != HBY_ROUNDING_REF && a->in.shift == 0 && (a->in.mult == 3 || a->in.mult == 6) &&
        is_power_of_two(hby_scale_of(lo, node->in[0])))
        return lower_fixed16(lo, node, a);
    if (!st)
        st = hby_lower_unary(lo, node, HBY_SCHEME_i16, a);
    if (st)
        return st;
    uint16_t *table = hby_step_table(lo, &lo->plan->step[lo->plan->n_steps - 1], 256 * sizeof *table);
    if (!table)
        return HBY_NO_MEMORY;
    fill_logistic_table(table);
    return HBY_OK;
}

/* --- HARD_SWISH of 8 bits: 16-bit fixed point --- */

struct swish {
    int32_t in_zp, out_zp;
    int16_t out_mult, relu_mult; /* Q15 */
    int out_shift, relu_shift;   /* left, as hby_quantize_multiplier gives them */
    hby_i32 min, max;
};

static int16_t srdhm16(int16_t a, int16_t b)
{
    const int32_t ab = a * b;
    return a == b && a == INT16_MIN ? INT16_MAX : (int16_t)((ab + (ab >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/* x / 2^e, ties away from zero, with the mask kept in 16 bits as TFLite does (which matters for e > 15). */
static int16_t rdbpot16(int16_t x, int e)
{
    const int16_t mask = (int16_t)(uint16_t)((UINT32_C(1) << e) - 1), rest = x & mask, half = (int16_t)((mask >> 1) + (x < 0));
    return (int16_t)((x >> e) + (rest > half));
}

static int16_t shl16(int16_t x, int left)
{
    const int64_t v = (int64_t)x * (INT64_C(1) << left);
    return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

static int32_t swish_at(int32_t q, const void *context)
{
    const struct swish *s = context;
    const int16_t x = (int16_t)((q - s->in_zp) * 128);
    const int16_t on_out_scale = srdhm16(x, s->out_mult);
    int16_t gate = x; /* x / 3 in Q15, saturated */
    if (s->relu_shift > 0)
        gate = shl16(gate, s->relu_shift - 1);
    gate = srdhm16(gate, s->relu_mult);
    if (s->relu_shift > 0)
        gate = shl16(gate, 1);
    if (s->relu_shift < 0)
        gate = rdbpot16(gate, -s->relu_shift);
    gate = (int16_t)((gate + (1 << 15)) >> 1);                    /* to [0, 1] */
    const int16_t y = (int16_t)(gate * on_out_scale / (1 << 15)); /* gate >= 0: nothing overflows */
    return hby_clamp32((int16_t)(rdbpot16(y, -s->out_shift) + s->out_zp), s->min, s->max);
}

/* Q31 -> Q15 */
static int16_t to_int16(int32_t mult)
{
    return (int16_t)(mult >= INT32_MAX - (1 << 15) ? INT16_MAX : (mult + (1 << 15)) >> 16);
}

static enum hby_status lower_swish(struct hby_lowering *lo, const struct hby_node *node)
{
    const float in = hby_scale_of(lo, node->in[0]), out = hby_scale_of(lo, node->out[0]);
    const float hires = (1.0f / 128.0f) * in, reluish = 3.0f / 32768.0f;
    struct swish s = {.in_zp = hby_zero_point_of(lo, node->in[0]), .out_zp = hby_zero_point_of(lo, node->out[0])};
    int32_t out_mult, relu_mult, out_shift, relu_shift;
    if (hby_quantize_multiplier((double)(hires / out), &out_mult, &out_shift) || hby_quantize_multiplier((double)(hires / reluish), &relu_mult, &relu_shift) ||
        out_shift > 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "HARD_SWISH's output scale %g must be at least 1/128 of its input scale %g", (double)out, (double)in);
    s.out_mult = to_int16(out_mult);
    s.relu_mult = to_int16(relu_mult);
    s.out_shift = out_shift;
    s.relu_shift = relu_shift;
    hby_type_range(hby_tensor_of(lo, node->out[0])->type, &s.min, &s.max);
    return hby_lower_bytes(lo, node, swish_at, &s);
}

enum hby_status hby_lower_table(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_unary a = {.fn = node->op == HBY_OP_logistic ? HBY_FN_LOGISTIC
                                     : node->op == HBY_OP_tanh   ? HBY_FN_TANH
                                                                 : HBY_FN_HARD_SWISH,
                               .channels = 1,
                               .channel_inner = 1};
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
    if (scheme == HBY_SCHEME_i16)
        return lower_curve16(lo, node, &a);
    return node->op == HBY_OP_hard_swish ? lower_swish(lo, node) : lower_curve(lo, node);
}
