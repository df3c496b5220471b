/* SOFTMAX onto its nest. The exponentials of integer types become tables here. */
#include <math.h>

#include "partition/fixedpoint.h"
#include "partition/lower_softmax.h"

/* exp(a) in Q31 for a in [-1/4, 0) in Q31: a Taylor polynomial about -1/8, as gemmlowp evaluates it. */
static int32_t exp_quarter(int32_t a)
{
    const int32_t exp_eighth = 1895147668, third = 715827883;
    const int32_t x = a + (1 << 28), x2 = hby_srdhm(x, x), x3 = hby_srdhm(x2, x), x4 = hby_srdhm(x2, x2);
    const int32_t tail = hby_rdbpot(hby_srdhm(hby_rdbpot(x4, 2) + x3, third) + x2, 1);
    return exp_eighth + hby_srdhm(exp_eighth, x + tail);
}

/* a is split into its last quarter and powers of two. */
int32_t hby_exp_negative(int32_t a)
{
    static const int32_t factor[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242}; /* exp(-2^k) in Q31, k = -2 .. 4 */
    const int32_t quarter = 1 << 24;
    if (a == 0)
        return INT32_MAX;
    const int32_t last = (a & (quarter - 1)) - quarter, rest = hby_wrap32((uint64_t)(int64_t)last - (uint64_t)(int64_t)a);
    int32_t y = exp_quarter(hby_shl_saturating(last, 5));
    for (int k = 0; k < 7; k++)
        if (rest & (1 << (24 + k)))
            y = hby_srdhm(y, factor[k]);
    return y;
}

bool hby_exp_scale(double scale, hby_i32 *mult, hby_i32 *shift, hby_i32 *diff_min)
{
    int e; /* up to 31 here, unlike elsewhere: a large scale leaves the largest element alone */
    const double real = fmin(scale * (double)(1 << 26), 2147483647.0);
    if (!(real > 1.0))
        return false;
    int64_t q = (int64_t)round(frexp(real, &e) * 2147483648.0);
    if (q == (int64_t)1 << 31) {
        q /= 2;
        e++;
    }
    *mult = (hby_i32)q;
    *shift = e;
    *diff_min = -(hby_i32)floor(31.0 * (double)(1 << 26) / (double)((int64_t)1 << e));
    return true;
}

/* 8 bits: table 0 is exp(-d * scale * beta) in Q31 for d = 0 .. 255, and 0 where d is too far off to matter (d > -diff_min). */
static enum hby_status exp_table_8(struct hby_lowering *lo, const struct hby_node *node, struct hby_step *s)
{
    struct hby_args_softmax *a = &s->args.softmax;
    if (!hby_exp_scale((double)a->beta * (double)a->in_scale, &a->mult, &a->shift, &a->diff_min))
        return hby_say(HBY_UNSUPPORTED, lo->why, "SOFTMAX's beta %g times the scale %g of '%.50s' is too small for integer arithmetic", (double)a->beta,
                       (double)a->in_scale, hby_name_of(lo, node->in[0]));
    int32_t *table = hby_step_table(lo, s, 256 * sizeof *table);
    if (!table)
        return HBY_NO_MEMORY;
    for (int d = 0; d < 256 && -d >= a->diff_min; d++)
        table[d] = hby_exp_negative(hby_srdhm(hby_shl32(-d, a->shift), a->mult));
    return HBY_OK;
}

/* 513 samples of f over [x_min, x_max] at 512 even steps, scaled to int16; between them TFLite interpolates, so each sample is moved by half the
 * error that interpolation would make in the middle of its step. */
static void sample_int16(double x_min, double x_max, double scale, double (*f)(double), int16_t *table)
{
    const double step = (x_max - x_min) / 512, half = step / 2;
    for (int i = 0; i < 512; i++) {
        const double y = round(f(x_min + i * step) * scale), next = f(x_min + (i + 1) * step) * scale;
        const double middle = round(f(x_min + i * step + half) * scale), error = round((next + y) / 2) - middle;
        const double v = y - round(error / 2);
        table[i] = (int16_t)fmin(fmax(v, INT16_MIN), INT16_MAX);
    }
    table[512] = (int16_t)fmin(fmax(round(f(x_max) * scale), INT16_MIN), INT16_MAX);
}

static double reciprocal(double x)
{
    return 1.0 / (1.0 + x);
}

/* int16: table 0 is exp over [-10, 0], table 1 is 1 / (1 + x) over [0, 1], both in Q15; mult and shift take a difference to steps of 10 / 65535. */
static enum hby_status tables_16(struct hby_lowering *lo, const struct hby_node *node, struct hby_step *s)
{
    struct hby_args_softmax *a = &s->args.softmax;
    const double range = 65535.0, out_step = 2.0 / range, scale = 65536.0 / (out_step * 32767 - out_step * -32768);
    if (hby_quantize_multiplier((double)(a->in_scale * a->beta) / (10.0 / 65535.0), &a->mult, &a->shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "SOFTMAX's beta %g and the scale of '%.50s' are out of range", (double)a->beta, hby_name_of(lo, node->in[0]));
    int16_t *exps = hby_step_table(lo, s, 513 * sizeof *exps), *reciprocals = exps ? hby_step_table(lo, s, 513 * sizeof *reciprocals) : NULL;
    if (!reciprocals)
        return HBY_NO_MEMORY;
    sample_int16(10.0 / range * (-32768 - 32767), 10.0 / range * (32767 - 32767), scale, exp, exps);
    sample_int16(1.0 / range * (-32768 + 32768), 1.0 / range * (32767 + 32768), scale, reciprocal, reciprocals);
    return HBY_OK;
}

/* `type` is the input's, `out` the output's. */
static enum hby_status check_quantized(const struct hby_lowering *lo, const struct hby_node *node, enum hby_type type, enum hby_type out)
{
    enum hby_status st = hby_check_quant(lo, node->in[0]);
    if (!st && (type == out || out != HBY_I16)) /* int16 from 8 bits is 1/65536 from -32768 on, whatever the model says */
        st = hby_check_quant(lo, node->out[0]);
    if (st)
        return st;
    const float scale = hby_scale_of(lo, node->out[0]), want = type == HBY_I16 ? 1.0f / 32768.0f : 1.0f / 256.0f;
    const int32_t zp = hby_zero_point_of(lo, node->out[0]), want_zp = type == HBY_I8 ? -128 : 0;
    if (type == out && type != HBY_U8 && (fabsf(scale - want) > 0.001f * want || zp != want_zp))
        return hby_say(HBY_UNSUPPORTED, lo->why, "SOFTMAX's output has scale %g and zero point %d; for %s they must be 1/%d and %d", (double)scale, (int)zp,
                       hby_type_name(type), type == HBY_I16 ? 32768 : 256, (int)want_zp);
    return HBY_OK;
}

enum hby_status hby_lower_softmax(struct hby_lowering *lo, const struct hby_node *node)
{
    hby_i32 count;
    enum hby_status st = HBY_OK;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    const enum hby_type out = hby_tensor_of(lo, node->out[0])->type;
    if (out != HBY_I16 || (in->type != HBY_I8 && in->type != HBY_U8)) /* 8 bits may become int16 */
        st = hby_check_same_type(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_check_same_count(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_count_of(lo, node->in[0], &count);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_is_float(lo, node->out[0]) ? hby_scheme_of(lo, node->out[0]) : hby_scheme_of(lo, node->in[0]);
    if (in->rank < 1)
        return hby_say(HBY_UNSUPPORTED, lo->why, "SOFTMAX of a scalar");
    if (!hby_has_ref(node->op, scheme))
        return hby_say(HBY_UNSUPPORTED, lo->why, "SOFTMAX of %s is not supported", hby_type_name(in->type));
    const bool is_int = scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16;
    if (is_int && (st = check_quantized(lo, node, in->type, out)) != HBY_OK)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_softmax, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    struct hby_args_softmax *a = &s->args.softmax;
    a->depth = in->dim[in->rank - 1];
    a->rows = count / a->depth;
    a->beta = node->params.softmax.beta;
    a->in_scale = hby_scale_of(lo, node->in[0]);
    a->out_scale = hby_scale_of(lo, node->out[0]);
    a->in_zp = hby_zero_point_of(lo, node->in[0]);
    a->out_zp = hby_zero_point_of(lo, node->out[0]);
    if (!is_int)
        return HBY_OK;
    a->out_bits = out == HBY_I16 ? 16 : 8;
    a->act_min = in->type == HBY_I16 || out == HBY_U8 ? 0 : out == HBY_I8 ? INT8_MIN : INT16_MIN;
    a->act_max = out == HBY_U8 ? UINT8_MAX : out == HBY_I8 ? INT8_MAX : INT16_MAX;
    return in->type == HBY_I16 ? tables_16(lo, node, s) : exp_table_8(lo, node, s);
}
