/* ABS, NEG, SQUARE, SQRT, RSQRT, EXP, LOG, SIN, COS, FLOOR, CEIL, ROUND, ELU, GELU and SIGN: the unary nest for floats and plain integers, tables for quantized
 * types. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "partition/fixedpoint.h"
#include "partition/lower_unary.h"

/* A function of the quantized input, with what it needs to know. */
struct math {
    float in_scale, out_scale;
    int32_t in_zp, out_zp;
    hby_i32 min, max;
    hby_i32 mult, shift; /* ABS, RSQRT; ABS without a multiplier adds the zero point only */
    float (*f)(float, const struct math *);
};

/* float -> int32 as x86 converts: what does not fit becomes INT32_MIN. */
static int32_t truncated(float v)
{
    return v >= -2147483648.0f && v < 2147483648.0f ? (int32_t)v : INT32_MIN;
}

/* --- functions that TFLite takes through float --- */

static float math_exp(float x, const struct math *m)
{
    (void)m;
    return expf(x);
}

static float math_log(float x, const struct math *m)
{
    return x <= 0.0f ? (float)(m->min - m->out_zp) * m->out_scale : logf(x);
}

static float math_rsqrt(float x, const struct math *m)
{
    return x <= 0.0f ? 32767.0f * m->out_scale : 1.0f / sqrtf(x);
}

static float math_elu(float x, const struct math *m)
{
    (void)m;
    return x < 0.0f ? expm1f(x) : x;
}

static float math_gelu(float x, const struct math *m)
{
    (void)m;
    return 0.5f * x * erfcf(x * -0.70710678118654752f);
}

static float math_gelu_tanh(float x, const struct math *m)
{
    (void)m;
    return 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
}

static int32_t by_curve(int32_t q, const void *context)
{
    const struct math *m = context;
    const float y = roundf(m->f(m->in_scale * (float)(q - m->in_zp), m) * (1.0f / m->out_scale)) + (float)m->out_zp;
    return y >= (float)m->max ? m->max : y <= (float)m->min ? m->min : truncated(y);
}

/* A float result in int16's range; not a number counts as 0, as the conversion of x86 leaves it. */
static int16_t to_int16(float v)
{
    return (int16_t)(isnan(v) ? 0.0f : v < -32768.0f ? -32768.0f : v > 32767.0f ? 32767.0f : v);
}

/* 513 samples over int16; each is moved so that the interpolation errs least in the middle. */
static void fill_samples(const struct math *m, int16_t *sample)
{
    const float first = m->in_scale * (float)(-32768 - m->in_zp), last = m->in_scale * (float)(32767 - m->in_zp), step = (last - first) / 512.0f,
                half = step / 2.0f;
    const float low = m->out_scale * (float)(-32768 - m->out_zp), high = m->out_scale * (float)(32767 - m->out_zp), inverse = 65536.0f / (high - low);
    for (int i = 0; i < 512; i++) {
        const float x = first + (float)i * step, here = m->f(x, m), next = m->f(first + (float)(i + 1) * step, m);
        const float at = roundf(here * inverse), between = roundf((next * inverse + roundf(here * inverse)) / 2.0f),
                    middle = roundf(m->f(x + half, m) * inverse);
        sample[i] = to_int16(at - roundf((between - middle) / 2.0f));
    }
    sample[512] = to_int16(roundf(m->f(last, m) * inverse));
}

/* --- functions that TFLite takes value by value --- */

static int32_t abs_at(int32_t q, const void *context)
{
    const struct math *m = context;
    const int32_t x = abs(q - m->in_zp), y = m->mult ? hby_rescale_double(x, m->mult, m->shift) : x;
    return hby_clamp32(hby_add32(y, m->out_zp), m->min, m->max);
}

/* The bits are negated, whatever the zero point. */
static int32_t neg_at(int32_t q, const void *context)
{
    const struct math *m = context;
    return -q > m->max ? m->min : -q;
}

/* The reference fails for a negative input; here it counts as 0. */
static int32_t sqrt_at(int32_t q, const void *context)
{
    const struct math *m = context;
    const float x = m->in_scale * (float)(q - m->in_zp);
    return hby_clamp32(hby_add32(truncated((x > 0.0f ? sqrtf(x) : 0.0f) / m->out_scale), m->out_zp), m->min, m->max);
}

/* The reference fails for a negative input; here it counts as 0. */
static int32_t rsqrt_at(int32_t q, const void *context)
{
    enum { SPARE = 20 };
    const struct math *m = context;
    int32_t mult;
    int left;
    if (q <= m->in_zp)
        return m->max;
    hby_inverse_root(q - m->in_zp, &mult, &left);
    const int32_t root = hby_rescale_double(1, mult, left + SPARE);
    return hby_clamp32(hby_add32(hby_rescale_double(root, m->mult, m->shift - SPARE), m->out_zp), m->min, m->max);
}

/* --- which function, and how --- */

struct math_op {
    int fn;
    float (*curve)(float, const struct math *); /* of 8 bits, and of int16 by interpolation */
    int32_t (*value)(int32_t q, const void *m); /* where there is no curve, or for 8 bits beside one */
};

static struct math_op op_of(const struct hby_node *node)
{
    static const struct math_op of[HBY_OP_COUNT] = {
        [HBY_OP_abs] = {HBY_FN_ABS, NULL, abs_at},    [HBY_OP_neg] = {HBY_FN_NEG, NULL, neg_at},      [HBY_OP_square] = {HBY_FN_SQUARE, NULL, NULL},
        [HBY_OP_sqrt] = {HBY_FN_SQRT, NULL, sqrt_at}, [HBY_OP_exp] = {HBY_FN_EXP, math_exp, NULL},    [HBY_OP_rsqrt] = {HBY_FN_RSQRT, math_rsqrt, rsqrt_at},
        [HBY_OP_log] = {HBY_FN_LOG, math_log, NULL},  [HBY_OP_sin] = {HBY_FN_SIN, NULL, NULL},        [HBY_OP_cos] = {HBY_FN_COS, NULL, NULL},
        [HBY_OP_floor] = {HBY_FN_FLOOR, NULL, NULL},  [HBY_OP_ceil] = {HBY_FN_CEIL, NULL, NULL},      [HBY_OP_round] = {HBY_FN_ROUND, NULL, NULL},
        [HBY_OP_elu] = {HBY_FN_ELU, math_elu, NULL},  [HBY_OP_gelu] = {HBY_FN_GELU, math_gelu, NULL}, [HBY_OP_sign] = {HBY_FN_SIGN, NULL, NULL},
    };
    if (node->op == HBY_OP_gelu && node->params.gelu.approximate)
        return (struct math_op){HBY_FN_GELU_TANH, math_gelu_tanh, NULL};
    return of[node->op];
}

/* ABS and RSQRT rescale in integers. */
static enum hby_status find_multiplier(const struct hby_lowering *lo, const struct hby_node *node, struct math *m)
{
    double real = 0.0;
    if (node->op == HBY_OP_abs && m->in_scale != m->out_scale)
        real = (double)(m->in_scale / m->out_scale);
    if (node->op == HBY_OP_rsqrt)
        real = 1.0 / (double)(sqrtf(m->in_scale) * m->out_scale);
    if (hby_multiplier_as_built(real, &m->mult, &m->shift) || (node->op == HBY_OP_rsqrt && (!m->mult || m->shift < -11)))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the scales %g and %g ask for a factor of %g, which no 32-bit multiplier says", (double)m->in_scale,
                       (double)m->out_scale, real);
    return HBY_OK;
}

/* A step on int16 with a table of `n` entries. */
static enum hby_status int16_step(struct hby_lowering *lo, const struct hby_node *node, struct hby_args_unary *a, size_t n, int16_t **table)
{
    enum hby_status st = hby_lower_unary(lo, node, HBY_SCHEME_i16, a);
    if (st)
        return st;
    *table = hby_step_table(lo, &lo->plan->step[lo->plan->n_steps - 1], n * sizeof **table);
    return *table ? HBY_OK : HBY_NO_MEMORY;
}

static enum hby_status lower_int16(struct hby_lowering *lo, const struct hby_node *node, const struct math_op *op, const struct math *m,
                                   struct hby_args_unary *a)
{
    int16_t *table;
    a->fn = op->curve ? HBY_FN_INTERPOLATE : HBY_FN_LOOKUP16;
    enum hby_status st = int16_step(lo, node, a, op->curve ? 513 : 65536, &table);
    if (st)
        return st;
    if (op->curve)
        fill_samples(m, table);
    else
        for (int q = -32768; q < 32768; q++)
            table[(uint16_t)q] = (int16_t)op->value(q, m);
    return HBY_OK;
}

enum hby_status hby_lower_math(struct hby_lowering *lo, const struct hby_node *node)
{
    const struct math_op op = op_of(node);
    struct hby_args_unary a = {.fn = op.fn, .channels = 1, .channel_inner = 1};
    enum hby_status st = hby_check_unary(lo, node, true, &a.count);
    if (st)
        return st;
    const enum hby_type type = hby_tensor_of(lo, node->out[0])->type;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, scheme) || type == HBY_BOOL || (type == HBY_I64 && node->op != HBY_OP_neg))
        return hby_refuse_type(lo, node, type);
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16 || scheme == HBY_SCHEME_i32)
        return hby_lower_unary(lo, node, scheme, &a);
    struct math m = {.f = op.curve};
    hby_type_range(type, &m.min, &m.max);
    const bool plain = node->op == HBY_OP_neg || (node->op == HBY_OP_abs && type == HBY_I16 && !hby_tensor_of(lo, node->in[0])->quant.count);
    if (!plain) {
        st = hby_check_quants(lo, node);
        m.in_scale = hby_scale_of(lo, node->in[0]);
        m.out_scale = hby_scale_of(lo, node->out[0]);
        m.in_zp = hby_zero_point_of(lo, node->in[0]);
        m.out_zp = hby_zero_point_of(lo, node->out[0]);
        /* The reference stops with an error when it meets a negative value: of 8 bits only types that cannot hold one are taken. */
        const bool roots = node->op == HBY_OP_sqrt || node->op == HBY_OP_rsqrt;
        if (!st && roots && scheme != HBY_SCHEME_i16 && m.in_zp != m.min)
            st = hby_say(HBY_UNSUPPORTED, lo->why, "%s fails on negative values, and '%.60s' may hold them: its zero point is %d, not %d",
                         hby_ops[node->op].name, hby_name_of(lo, node->in[0]), (int)m.in_zp, (int)m.min);
        a.act_min = roots ? 0 : INT16_MIN; /* less is bad data */
        if (!st && (scheme != HBY_SCHEME_i16 || node->op == HBY_OP_abs))
            st = find_multiplier(lo, node, &m);
    } else {
        a.act_min = INT16_MIN;
    }
    if (plain && node->op == HBY_OP_abs) {
        m.max = INT32_MAX; /* -32768 stays what it is */
    }
    if (st)
        return st;
    return scheme == HBY_SCHEME_i16 ? lower_int16(lo, node, &op, &m, &a) : hby_lower_bytes(lo, node, op.value ? op.value : by_curve, &m);
}
