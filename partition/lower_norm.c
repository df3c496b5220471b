/* LOG_SOFTMAX, L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION; CUMSUM. */
#include "partition/fixedpoint.h"
#include "partition/lower_softmax.h"
#include "partition/lower_unary.h"

/* The output's scale and zero point, which TFLite fixes. */
static enum hby_status check_fixed(const struct hby_lowering *lo, const struct hby_node *node, float scale, int32_t zero_point)
{
    enum hby_status st = hby_check_quants(lo, node);
    if (!st && (hby_scale_of(lo, node->out[0]) != scale || hby_zero_point_of(lo, node->out[0]) != zero_point))
        st = hby_say(HBY_UNSUPPORTED, lo->why, "%s's output has scale %g and zero point %d; they must be %g and %d", hby_ops[node->op].name,
                     (double)hby_scale_of(lo, node->out[0]), (int)hby_zero_point_of(lo, node->out[0]), (double)scale, (int)zero_point);
    return st;
}

static enum hby_status log_softmax_tables(struct hby_lowering *lo, const struct hby_node *node, struct hby_step *s)
{
    struct hby_args_norm *a = &s->args.norm;
    hby_i32 mult, shift;
    const float scale = hby_scale_of(lo, node->in[0]);
    if (!hby_exp_scale((double)scale, &mult, &shift, &a->diff_min) ||
        hby_quantize_multiplier((double)((int64_t)1 << (31 - shift)) / (double)mult, &a->mult, &a->shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the scale %g of '%.50s' is too small for integer arithmetic", (double)scale, hby_name_of(lo, node->in[0]));
    if (a->depth > 4095)
        return hby_say(HBY_UNSUPPORTED, lo->why, "LOG_SOFTMAX of %d quantized values: the reference's sums hold 4095", (int)a->depth);
    int32_t *exps = hby_step_table(lo, s, 256 * sizeof *exps), *reals = exps ? hby_step_table(lo, s, 256 * sizeof *reals) : NULL;
    if (!reals)
        return HBY_NO_MEMORY;
    for (int d = 0; d < 256 && -d >= a->diff_min; d++) {
        reals[d] = hby_srdhm(hby_shl32(-d, shift), mult);
        exps[d] = hby_rdbpot(hby_exp_negative(reals[d]), 12);
    }
    return HBY_OK;
}

enum hby_status hby_lower_norm(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_norm a = {
        .radius = node->params.norm.radius, .bias = node->params.norm.bias, .alpha = node->params.norm.alpha, .beta = node->params.norm.beta};
    hby_i32 count;
    enum hby_status st = hby_check_unary(lo, node, true, &count);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    const bool is_int = scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8;
    a.fn = node->op == HBY_OP_log_softmax ? HBY_NORM_LOG_SOFTMAX : node->op == HBY_OP_l2_normalization ? HBY_NORM_L2 : HBY_NORM_LOCAL_RESPONSE;
    if (!hby_has_ref(node->op, scheme))
        return hby_refuse_type(lo, node, in->type);
    if (in->rank < 1 || (a.fn == HBY_NORM_LOCAL_RESPONSE && in->rank != 4))
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s of %d dimensions", hby_ops[node->op].name, in->rank);
    if (a.fn == HBY_NORM_L2 && node->params.norm.act != HBY_ACT_NONE)
        return hby_say(HBY_UNSUPPORTED, lo->why, "L2_NORMALIZATION with a fused activation fails in TFLite");
    if (a.fn == HBY_NORM_LOCAL_RESPONSE && (a.radius < 0 || a.radius > INT32_MAX - in->dim[3])) /* beyond, the reference's sums of int overflow */
        return hby_say(HBY_UNSUPPORTED, lo->why, "LOCAL_RESPONSE_NORMALIZATION has radius %d", (int)a.radius);
    a.depth = in->dim[in->rank - 1];
    if (a.depth < 1)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s over no elements", hby_ops[node->op].name);
    a.rows = count / a.depth;
    if (is_int) {
        const bool is_log = a.fn == HBY_NORM_LOG_SOFTMAX, is_signed = scheme == HBY_SCHEME_i8;
        st = check_fixed(lo, node, is_log ? 1.0f / 16.0f : 1.0f / 128.0f, is_log ? (is_signed ? 127 : 255) : is_signed ? 0 : 128);
        if (!st && a.fn == HBY_NORM_L2 && a.depth > 33025)
            st = hby_say(HBY_UNSUPPORTED, lo->why, "L2_NORMALIZATION of %d quantized values: the sum of 33025 squares fills 31 bits", (int)a.depth);
        if (st)
            return st;
        a.in_zp = hby_zero_point_of(lo, node->in[0]);
        hby_type_range(in->type, &a.act_min, &a.act_max);
    }
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_norm, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.norm = a;
    return is_int && a.fn == HBY_NORM_LOG_SOFTMAX ? log_softmax_tables(lo, node, s) : HBY_OK;
}

enum hby_status hby_lower_cumsum(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_cumsum a = {.outer = 1, .inner = 1, .exclusive = node->params.cumsum.exclusive, .reverse = node->params.cumsum.reverse};
    int64_t axis;
    int n;
    enum hby_status st = hby_check_same_type(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_check_same_count(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], 1, &axis, &n);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, scheme) || in->type == HBY_BOOL)
        return hby_say(HBY_UNSUPPORTED, lo->why, "CUMSUM of %s is not supported", hby_type_name(in->type));
    axis += n == 1 && axis < 0 ? in->rank : 0;
    if (n != 1 || axis < 0 || axis >= in->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "CUMSUM needs one axis inside %d dimensions", in->rank);
    for (int i = 0; i < in->rank; i++)
        *(i < axis ? &a.outer : i > axis ? &a.inner : &a.depth) = i == axis ? in->dim[i] : (i < axis ? a.outer : a.inner) * in->dim[i];
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_cumsum, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    s->in[1] = -1;
    s->args.cumsum = a;
    return HBY_OK;
}
