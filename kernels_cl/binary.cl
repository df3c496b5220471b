/* ADD, SUB, MUL, PRELU: out = f(a, b), shapes broadcast; see struct hby_args_binary.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1); a row is the innermost dimension, which each input walks
 * with stride 1 or 0. Lowering has collapsed the shape, so equal shapes are one row. A short row along which `b` is the same for all rows (per-channel
 * constants of an image) is part of one long row, of which b's stride then is the period: more than 1, at most HBY_LANES. HBY_A_TYPE and HBY_B_TYPE are the
 * operands' storage types where they differ from the scheme's (a float16 constant beside float32). */
#include "args_elementwise.h"
#include "nest.clh"

#ifndef HBY_A_TYPE
#define HBY_A_TYPE HBY_TYPE
#endif
#ifndef HBY_B_TYPE
#define HBY_B_TYPE HBY_TYPE
#endif

#if HBY_FLOAT

static inline hby_vf hby_add_sub(const struct hby_args_binary *p, hby_vf a, hby_vf b)
{
    return hby_clamp_float(p->fn == HBY_FN_SUB ? a - b : a + b, p->f_min, p->f_max);
}

static inline hby_vf hby_mul(const struct hby_args_binary *p, hby_vf a, hby_vf b)
{
    return hby_clamp_float(a * b, p->f_min, p->f_max);
}

static inline hby_vf hby_prelu(const struct hby_args_binary *p, hby_vf a, hby_vf b)
{
    return select(a * b, a, a >= (hby_vf)(0.0f));
}

#elif HBY_TYPE == 5

/* Plain integers wrap. */
static inline hby_vi hby_add_sub(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    return hby_quantized(hby_add_wrap(a, p->fn == HBY_FN_SUB ? HBY_V(as_int)(-HBY_V(as_uint)(b)) : b), 0, p->act_min, p->act_max);
}

static inline hby_vi hby_mul(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    return hby_quantized(HBY_V(as_int)(HBY_V(as_uint)(a) * HBY_V(as_uint)(b)), 0, p->act_min, p->act_max);
}

#else

static inline hby_vi hby_finish(const struct hby_args_binary *p, hby_vi x)
{
    return hby_quantized(x, p->out.zero_point, p->act_min, p->act_max);
}

/* rescale((q - zero_point) << left_shift). A byte shifted by 20 needs no 64-bit product: (x * 2^20 * mult + 2^30) >> 31 = (x * mult + 2^10) >> 11, and
 * splitting mult after its low 11 bits keeps every term below 2^29. */
static inline hby_vi hby_operand(const struct hby_args_binary *p, const struct hby_rescale *r, hby_vi q)
{
    const hby_vi x = q - (hby_vi)(r->zero_point);
#if HBY_TYPE == 2 || HBY_TYPE == 3
    if (p->left_shift == 20 && p->rounding == HBY_ROUND_DOUBLE && r->shift <= 0)
        return hby_shift_away_v(x * (hby_vi)(r->mult >> 11) + ((x * (hby_vi)(r->mult & 2047) + (hby_vi)(1024)) >> (hby_vi)(11)), -r->shift);
#endif
    return hby_rescale_v(x << (hby_vi)(p->left_shift), r->mult, r->shift, p->rounding);
}

static inline hby_vi hby_add_sub(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
#if HBY_TYPE == 4
    if (p->pot_scale) { /* scales are powers of two, and the shifts say how far each operand goes down */
        a = hby_shift_away_v(a, -p->a.shift);
        b = hby_shift_away_v(b, -p->b.shift);
        return clamp(p->fn == HBY_FN_SUB ? a - b : clamp(a + b, (hby_vi)(-32768), (hby_vi)(32767)), (hby_vi)(p->act_min), (hby_vi)(p->act_max));
    }
#endif
    a = hby_operand(p, &p->a, a);
    b = hby_operand(p, &p->b, b);
    return hby_finish(p, hby_rescale_v(p->fn == HBY_FN_SUB ? a - b : a + b, p->out.mult, p->out.shift, p->rounding));
}

static inline hby_vi hby_mul(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    return hby_finish(p, hby_rescale_v((a - (hby_vi)(p->a.zero_point)) * (b - (hby_vi)(p->b.zero_point)), p->out.mult, p->out.shift, p->rounding));
}

/* `a` rescales what is not negative, `b` rescales the product with the slope. */
static inline hby_vi hby_prelu(const struct hby_args_binary *p, hby_vi a, hby_vi b)
{
    const hby_vi x = a - (hby_vi)(p->a.zero_point), y = x * (b - (hby_vi)(p->b.zero_point));
    return hby_finish(p, select(hby_rescale_v(y, p->b.mult, p->b.shift, p->rounding), hby_rescale_v(x, p->a.mult, p->a.shift, p->rounding), x >= (hby_vi)(0)));
}

#endif

static inline hby_vc hby_apply(const struct hby_args_binary *p, hby_vc a, hby_vc b)
{
#if HBY_TYPE != 5
    if (p->fn == HBY_FN_PRELU)
        return hby_prelu(p, a, b);
#endif
    return p->fn == HBY_FN_MUL ? hby_mul(p, a, b) : hby_add_sub(p, a, b);
}

HBY_NEST_KERNEL void hby_binary(const struct hby_args_binary p, __global const HBY_P(HBY_A_TYPE) * a, __global const HBY_P(HBY_B_TYPE) * b,
                                __global HBY_P(HBY_TYPE) * out, int chunk, int rows, int rows_each)
{
    const int inner = p.dim[HBY_BINARY_RANK - 1], from = (int)get_global_id(0) * chunk, to = min(inner, from + chunk);
    const int a_step = p.a_stride[HBY_BINARY_RANK - 1], b_step = p.b_stride[HBY_BINARY_RANK - 1];
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    HBY_C repeated[2 * HBY_LANES]; /* b over and over, so that a vector can begin anywhere in a period */
    for (int k = 0; b_step > 1 && k < b_step + HBY_LANES - 1; k++)
        repeated[k] = HBY_GET(HBY_B_TYPE, b, k % b_step);
    for (int row = first; row < last; row++) {
        int at_a = 0, at_b = 0;
        for (int d = HBY_BINARY_RANK - 2, rest = row; rest > 0; d--) {
            const int i = rest % p.dim[d];
            rest /= p.dim[d];
            at_a += i * p.a_stride[d];
            at_b += i * p.b_stride[d];
        }
        for (int i = from; i < to; i += HBY_LANES) {
            const hby_vc x = a_step ? HBY_GETV(HBY_A_TYPE, a, at_a + i) : (hby_vc)(HBY_GET(HBY_A_TYPE, a, at_a));
            const hby_vc y = b_step == 1 ? HBY_GETV(HBY_B_TYPE, b, at_b + i)
                             : b_step    ? HBY_V(vload)(0, repeated + i % b_step)
                                         : (hby_vc)(HBY_GET(HBY_B_TYPE, b, at_b));
            HBY_PUT(HBY_TYPE, hby_apply(&p, x, y), out, row * inner + i, to - i);
        }
    }
}
