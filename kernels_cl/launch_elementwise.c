/* Launch rules of the loop nests over single elements: binary, unary. */
#include <math.h>
#include <stdlib.h>

#include "kernels_cl/launch_nest.h"

/* That of a kernel from one type to the other. */
static const char *arithmetic(enum hby_type in, enum hby_type out)
{
    return hby_nest_arithmetic(in == HBY_F16 || out == HBY_F16 ? HBY_F16 : in == HBY_F32 ? in : out);
}

/* --- binary --- */

/* One operand of a binary kernel may be stored otherwise than the scheme says: float16 constants beside float32, int8 slopes of an int16 PRELU. */
static bool operand_ok(enum hby_type stored, enum hby_type own, int fn)
{
    return stored == own || (hby_nest_is_float(stored) && hby_nest_is_float(own)) || (fn == HBY_FN_PRELU && own == HBY_I16 && stored == HBY_I8);
}

int hby_cl_match_binary(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme), a = hby_nest_stored(site, s->in[0]), b = hby_nest_stored(site, s->in[1]);
    const int fn = s->args.binary.fn;
    return hby_nest_takes(site, fn <= HBY_FN_DIV && hby_nest_stored(site, s->out[0]) == own && operand_ok(a, own, HBY_FN_ADD) && operand_ok(b, own, fn), why);
}

enum { LAST = HBY_BINARY_RANK - 1 };

/* Rows shorter than a vector, the same `b` for all of them and a dense `a`: one row, along which b repeats. */
static struct hby_args_binary joined(const struct hby_args_binary *from, int lanes)
{
    struct hby_args_binary p = *from;
    bool same = p.dim[LAST] > 1 && p.dim[LAST] <= lanes && p.dim[LAST] < p.count && p.a_stride[LAST] == 1 && p.b_stride[LAST] == 1;
    for (int d = LAST - 1, dense = p.dim[LAST]; d >= 0; dense *= p.dim[d--])
        same = same && (p.dim[d] == 1 || (p.b_stride[d] == 0 && p.a_stride[d] == dense));
    if (!same)
        return p;
    p.b_stride[LAST] = p.dim[LAST];
    p.dim[LAST] = p.count;
    for (int d = 0; d < LAST; d++)
        p.dim[d] = 1;
    return p;
}

enum hby_status hby_cl_launch_binary(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_binary args = joined(&s->args.binary, hby_nest_lanes(site->dev)), *p = &args;
    const enum hby_type own = hby_nest_type(s->scheme), a = hby_nest_stored(site, s->in[0]), b = hby_nest_stored(site, s->in[1]);
    if (a != own)
        hby_cl_define(l, "HBY_A_TYPE", (int)a);
    if (b != own)
        hby_cl_define(l, "HBY_B_TYPE", (int)b);
    const bool common = p->fn <= HBY_FN_PRELU;
    if (!common)
        hby_cl_define(l, "HBY_BINARY_FN", p->fn);
    const int inner = p->dim[LAST];
    hby_nest_define_whole(site, l,
                          (inner < p->count ? inner : 0) | (p->a_stride[LAST] == 1 ? hby_nest_unit(p->dim, p->a_stride, LAST) : 0) |
                              (p->b_stride[LAST] == 1 ? hby_nest_unit(p->dim, p->b_stride, LAST) : 0));
    enum hby_status st = hby_cl_use(l, common ? hby_nest_program : "binary.cl", "hby_binary");
    if (st)
        return st;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, p->count / inner, inner, 4);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->in[1]);
    hby_cl_arg_tensor(l, s->out[0]);
    if (p->fn == HBY_FN_DIV && !hby_nest_is_float(own))
        hby_cl_arg_bad_data(l);
    else
        hby_cl_arg_tensor(l, -1);
    hby_nest_grid(site, l, &cut, inner);
    hby_cl_arithmetic(l, hby_nest_is_float(own) ? arithmetic(a, hby_nest_stored(site, s->out[0])) : "integer");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site) + (double)hby_plan_bytes(site->plan, s->in[1]));
    return HBY_OK;
}

/* --- unary --- */

/* The scales that QUANTIZE's corrected division takes without losing bits to underflow. */
static bool can_divide(const struct hby_step *s)
{
    const struct hby_args_unary *p = &s->args.unary;
    const float *scale = p->channels > 1 ? s->table[0].data : &p->scale;
    for (int i = 0; i < p->channels; i++)
        if (!(scale[i] > 0x1p-100f && scale[i] < 0x1p100f))
            return false;
    return true;
}

int hby_cl_match_unary(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const bool float_in = hby_nest_is_float(in), float_out = hby_nest_is_float(out), int_in = in >= HBY_I8 && in <= HBY_I32,
               int_out = out >= HBY_I8 && out <= HBY_I32;
    const int fn = s->args.unary.fn;
    bool ok;
    switch (fn) {
    case HBY_FN_CAST:
        ok = false;
        break;
    case HBY_FN_QUANTIZE:
        ok = float_in && int_out && out != HBY_I32 && can_divide(s);
        break;
    case HBY_FN_QUANTIZE_EVEN:
        ok = float_in && int_out && out != HBY_I32;
        break;
    case HBY_FN_DEQUANTIZE:
        ok = int_in && in != HBY_I32 && float_out;
        break;
    case HBY_FN_REQUANTIZE:
        ok = int_in && int_out;
        break;
    case HBY_FN_CONVERT:
    case HBY_FN_HARD_SWISH:
        ok = float_in && float_out;
        break;
    case HBY_FN_ABS:
    case HBY_FN_NEG:
    case HBY_FN_SIGN:
        ok = (float_in && float_out) || (in == HBY_I32 && out == HBY_I32);
        break;
    default:
        ok = (float_in && float_out) || (in == HBY_I16 && out == HBY_I16);
        break;
    }
    return hby_nest_takes(site, ok, why);
}

/* Per channel: scale / 2^e in [1/2, 1), its reciprocal, 2^-e. */
static enum hby_status bind_divisors(const struct hby_step *s, struct hby_cl_launch *l)
{
    const struct hby_args_unary *p = &s->args.unary;
    const float *scale = p->channels > 1 ? s->table[0].data : &p->scale;
    float *divisor = malloc((size_t)p->channels * 3 * sizeof *divisor);
    if (!divisor)
        return HBY_NO_MEMORY;
    for (int i = 0; i < p->channels; i++) {
        int e;
        divisor[3 * i] = frexpf(scale[i], &e);
        divisor[3 * i + 1] = 1.0f / divisor[3 * i];
        divisor[3 * i + 2] = ldexpf(1.0f, -e);
    }
    hby_cl_arg_const(l, divisor, (size_t)p->channels * 3 * sizeof *divisor);
    free(divisor);
    return HBY_OK;
}

enum hby_status hby_cl_launch_unary(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_unary *p = &s->args.unary;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    hby_cl_define(l, "HBY_FN", p->fn);
    hby_cl_define(l, "HBY_IN_TYPE", (int)in);
    hby_cl_define(l, "HBY_OUT_TYPE", (int)out);
    hby_nest_define_whole(site, l, 0);
    enum hby_status st = hby_cl_use(l, "unary.cl", "hby_unary");
    if (st)
        return st;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, 1, p->count, 4);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    if (p->fn == HBY_FN_QUANTIZE)
        st = bind_divisors(s, l);
    else
        hby_nest_arg_table(l, s, 0);
    if (st)
        return st;
    hby_nest_arg_table(l, s, 1);
    if (p->fn == HBY_FN_INTERPOLATE || p->fn == HBY_FN_LOOKUP16)
        hby_cl_arg_bad_data(l);
    else
        hby_cl_arg_tensor(l, -1);
    hby_cl_arg_i32(l, cut.chunk);
    hby_nest_grid_2d(site, l, ((size_t)p->count + (size_t)cut.chunk - 1) / (size_t)cut.chunk, 1);
    hby_cl_arithmetic(l, arithmetic(in, out));
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
