/* MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ANY and REDUCE_ALL onto one nest: kept dimensions first, reduced ones after, neighbours joined. */
#include "partition/fixedpoint.h"
#include "partition/lower_shape.h"

/* Which dimensions are averaged over; TFLite takes repeated and negative axes. */
static enum hby_status reduced_axes(const struct hby_lowering *lo, const struct hby_node *node, bool reduced[HBY_MAX_RANK])
{
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    int64_t axis[4 * HBY_MAX_RANK];
    int n;
    enum hby_status st = hby_constant_ints(lo, node->in[1], 4 * HBY_MAX_RANK, axis, &n);
    for (int i = 0; !st && i < n && in->rank > 0; i++) {
        const int64_t a = axis[i] < 0 ? axis[i] + in->rank : axis[i];
        if (a < 0 || a >= in->rank)
            return hby_say(HBY_UNSUPPORTED, lo->why, "%s over axis %lld of a tensor of %d dimensions", hby_ops[node->op].name, (long long)axis[i], in->rank);
        reduced[a] = true;
    }
    return st;
}

/* One side of the index space: the dimensions with reduced[i] == which. The number of its elements, or -1 when too many dimensions remain. */
static int64_t side(const struct hby_tensor *in, const bool reduced[HBY_MAX_RANK], bool which, hby_i32 *dim, hby_i32 *stride)
{
    struct hby_walk w = {.rank = 0};
    int64_t dense[HBY_MAX_RANK], n = 1;
    hby_dense_strides(in, dense);
    for (int i = 0; i < in->rank; i++) {
        if (reduced[i] != which)
            continue;
        w.dim[w.rank] = in->dim[i];
        w.stride[0][w.rank++] = dense[i];
        n *= in->dim[i];
    }
    if (!hby_walk_collapse(&w, 1, HBY_REDUCE_RANK))
        return -1;
    for (int i = 0; i < HBY_REDUCE_RANK; i++) {
        dim[i] = (hby_i32)w.dim[i];
        stride[i] = (hby_i32)w.stride[0][i];
    }
    return n;
}

static enum hby_status rescale_quantized(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_mean *a)
{
    static const hby_i32 min[] = {[HBY_I8] = INT8_MIN, [HBY_U8] = 0, [HBY_I16] = INT16_MIN},
                         max[] = {[HBY_I8] = INT8_MAX, [HBY_U8] = UINT8_MAX, [HBY_I16] = INT16_MAX};
    enum hby_status st = hby_check_quant(lo, node->in[0]);
    if (!st)
        st = hby_check_quant(lo, node->out[0]);
    if (st)
        return st;
    const enum hby_type type = hby_tensor_of(lo, node->out[0])->type;
    const double factor = (double)hby_scale_of(lo, node->in[0]) / (double)hby_scale_of(lo, node->out[0]);
    if (hby_quantize_multiplier(factor, &a->out.mult, &a->out.shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the input's scale is %g times the output's, too much for 32-bit arithmetic", factor);
    a->in.zero_point = hby_zero_point_of(lo, node->in[0]);
    a->out.zero_point = hby_zero_point_of(lo, node->out[0]);
    a->act_min = min[type];
    a->act_max = max[type];
    a->rounding = HBY_ROUND_DOUBLE;
    const volatile float ratio = hby_scale_of(lo, node->in[0]) / hby_scale_of(lo, node->out[0]), inverse = 1.0f / (float)a->n_reduced;
    if (hby_as_xnnpack(lo, node->out[0])) {
        a->rounding = HBY_ROUND_FLOAT;
        a->f_scale = a->fn == HBY_REDUCE_MEAN ? ratio * inverse : ratio;
        const volatile float zero = (float)hby_mul32(a->n_reduced, a->in.zero_point) * a->f_scale;
        a->f_bias = (float)a->out.zero_point - zero;
    } else if (lo->plan->opt.rounding != HBY_ROUNDING_REF && a->fn == HBY_REDUCE_SUM) {
        a->rounding = HBY_ROUND_RUY;
        a->f_scale = ratio;
        const volatile float zero = (float)-a->in.zero_point * ratio;
        a->f_bias = zero * (float)a->n_reduced;
    }
    return HBY_OK;
}

/* TFLite divides by the number of elements inside the multiplier, with as many bits to spare as fit. */
static void divide_multiplier(struct hby_args_mean *a)
{
    int spare = 0;
    while (a->n_reduced >> (spare + 1))
        spare++;
    if (spare > 31 + a->out.shift)
        spare = 31 + a->out.shift;
    a->out.mult = (hby_i32)(((int64_t)a->out.mult << spare) / a->n_reduced);
    a->out.shift -= spare;
}

static enum hby_status walk_of(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_mean *a)
{
    bool reduced[HBY_MAX_RANK] = {false};
    hby_i32 n_in, n_out;
    enum hby_status st = hby_check_same_type(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_count_of(lo, node->in[0], &n_in);
    if (!st)
        st = hby_count_of(lo, node->out[0], &n_out);
    if (!st)
        st = reduced_axes(lo, node, reduced);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    const int64_t kept = side(in, reduced, false, a->keep_dim, a->keep_stride), over = side(in, reduced, true, a->reduce_dim, a->reduce_stride);
    if (kept < 0 || over < 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s alternates between kept and reduced dimensions more than %d times", hby_ops[node->op].name,
                       HBY_REDUCE_RANK);
    if (kept != n_out)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output has %d elements; the axes leave %lld", (int)n_out, (long long)kept);
    a->n_out = (hby_i32)kept;
    a->n_reduced = (hby_i32)over;
    a->from_first = a->fn == HBY_REDUCE_MAX || a->fn == HBY_REDUCE_MIN;
    for (int i = 0; i < in->rank; i++)
        a->from_first = a->from_first && reduced[i];
    return HBY_OK;
}

static enum hby_status append(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, const struct hby_args_mean *a)
{
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_mean, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    s->in[1] = -1;
    s->args.mean = *a;
    return HBY_OK;
}

static bool is_quantized(enum hby_scheme scheme)
{
    return scheme == HBY_SCHEME_i8 || scheme == HBY_SCHEME_u8 || scheme == HBY_SCHEME_i16;
}

enum hby_status hby_lower_mean(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_mean a = {.fn = HBY_REDUCE_MEAN};
    enum hby_status st = walk_of(lo, node, &a);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    const enum hby_type type = hby_tensor_of(lo, node->in[0])->type;
    if (!hby_has_ref(node->op, scheme) || type == HBY_BOOL)
        return hby_say(HBY_UNSUPPORTED, lo->why, "MEAN of %s is not supported", hby_type_name(type));
    if (is_quantized(scheme)) {
        st = rescale_quantized(lo, node, &a);
        if (!st && a.rounding == HBY_ROUND_DOUBLE)
            divide_multiplier(&a);
    }
    return st ? st : append(lo, node, scheme, &a);
}

enum hby_status hby_lower_reduce(struct hby_lowering *lo, const struct hby_node *node)
{
    static const int fn[HBY_OP_COUNT] = {[HBY_OP_sum] = HBY_REDUCE_SUM,          [HBY_OP_reduce_max] = HBY_REDUCE_MAX, [HBY_OP_reduce_min] = HBY_REDUCE_MIN,
                                         [HBY_OP_reduce_prod] = HBY_REDUCE_PROD, [HBY_OP_reduce_any] = HBY_REDUCE_MAX, [HBY_OP_reduce_all] = HBY_REDUCE_MIN};
    struct hby_args_mean a = {.fn = fn[node->op]};
    enum hby_status st = walk_of(lo, node, &a);
    if (st)
        return st;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    const enum hby_type type = hby_tensor_of(lo, node->in[0])->type;
    const bool bools = node->op == HBY_OP_reduce_any || node->op == HBY_OP_reduce_all, extreme = a.fn == HBY_REDUCE_MAX || a.fn == HBY_REDUCE_MIN;
    if (node->op == HBY_OP_sum && (type == HBY_I8 || type == HBY_I16))
        return hby_say(HBY_UNSUPPORTED, lo->why, "SUM of %s is left to the runtime: its own kernels disagree about it", hby_type_name(type));
    if (!hby_has_ref(node->op, scheme) || (type == HBY_BOOL) != bools)
        return hby_refuse_type(lo, node, type);
    if (is_quantized(scheme) && extreme &&
        (hby_scale_of(lo, node->in[0]) != hby_scale_of(lo, node->out[0]) || hby_zero_point_of(lo, node->in[0]) != hby_zero_point_of(lo, node->out[0])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s needs one scale and zero point for input and output", hby_ops[node->op].name);
    if (is_quantized(scheme) && !extreme)
        st = rescale_quantized(lo, node, &a);
    return st ? st : append(lo, node, scheme, &a);
}
