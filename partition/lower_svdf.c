/* SVDF: float, dynamic range, and int8 with an int16 memory. */
#include "partition/lower_recurrent.h"

enum { X, FEATURE, TIME, BIAS, STATE, INPUTS };

static enum hby_status check_svdf(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, struct hby_args_svdf *a)
{
    const struct hby_tensor *x = hby_tensor_of(lo, node->in[X]), *feature = hby_tensor_of(lo, node->in[FEATURE]), *time = hby_tensor_of(lo, node->in[TIME]);
    if (x->rank != 2 || feature->rank != 2 || time->rank != 2)
        return hby_say(HBY_UNSUPPORTED, lo->why, "its input and weights have %d, %d and %d dimensions; they must have 2", x->rank, feature->rank, time->rank);
    a->batch = x->dim[0];
    a->n_in = x->dim[1];
    a->filters = feature->dim[0];
    a->rank = node->params.recurrent.rank;
    a->memory = time->dim[1];
    a->asymmetric = node->asymmetric_quantize_inputs;
    a->activation = (hby_i32)node->params.recurrent.act;
    if (a->rank < 1 || a->filters % a->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%d filters are not a multiple of the rank, %d", (int)a->filters, (int)a->rank);
    const bool i8 = scheme == HBY_SCHEME_i8;
    const int units = a->filters / a->rank;
    const enum hby_type weights = scheme == HBY_SCHEME_f32 ? HBY_F32 : HBY_I8;
    const struct hby_operand operand[] = {
        {.what = "weights", .tensor = node->in[FEATURE], .constant = true, .type = weights, .half = true, .rank = 2, .d0 = a->filters, .d1 = a->n_in},
        {.what = "weights over time",
         .tensor = node->in[TIME],
         .constant = true,
         .type = i8 ? HBY_I16 : weights,
         .half = true,
         .rank = 2,
         .d0 = a->filters,
         .d1 = a->memory},
        {.what = "values of the state", .tensor = node->in[STATE], .type = i8 ? HBY_I16 : HBY_F32, .rank = 2, .d0 = a->batch, .d1 = a->memory * a->filters},
        {.what = "results", .tensor = node->out[0], .type = i8 ? HBY_I8 : HBY_F32, .rank = 2, .d0 = a->batch, .d1 = units},
        {.what = "biases", .tensor = node->in[BIAS], .constant = true, .type = i8 ? HBY_I32 : HBY_F32, .rank = 1, .d0 = units},
    };
    enum hby_status st = HBY_OK;
    for (size_t i = 0; i < sizeof operand / sizeof operand[0] - (node->in[BIAS] < 0) && !st; i++)
        st = hby_check_operand(lo, &operand[i]);
    return st;
}

/* Computed in float32, as the runtime does. */
static enum hby_status integer_factors(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_svdf *a)
{
    const int quantized[] = {node->in[X], node->in[STATE], node->out[0]};
    enum hby_status st = HBY_OK;
    if (node->params.recurrent.act != HBY_ACT_RELU)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the runtime's integer SVDF takes the activation RELU only");
    for (int i = 0; i < 3 && !st; i++)
        st = hby_check_quant(lo, quantized[i]);
    for (int i = FEATURE; i <= TIME && !st; i++)
        st = hby_check_weights_quant(lo, node->in[i], 0, 1);
    if (st)
        return st;
    const float x = hby_scale_of(lo, node->in[X]), feature = hby_scale_of(lo, node->in[FEATURE]), time = hby_scale_of(lo, node->in[TIME]);
    const float state = hby_scale_of(lo, node->in[STATE]), out = hby_scale_of(lo, node->out[0]);
    a->in_zp = hby_zero_point_of(lo, node->in[X]);
    a->out.zero_point = hby_zero_point_of(lo, node->out[0]);
    st = hby_recurrent_rescale(lo, "the memory", x * feature / state, &a->feature.mult, &a->feature.shift);
    return st ? st : hby_recurrent_rescale(lo, "the result", state * time / out, &a->out.mult, &a->out.shift);
}

static enum hby_status hybrid_factors(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_svdf *a)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < 2 && !st; i++) {
        st = hby_check_weights_quant(lo, node->in[FEATURE + i], 0, 1);
        a->scale[i] = hby_scale_of(lo, node->in[FEATURE + i]);
    }
    return st;
}

enum hby_status hby_lower_svdf(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_svdf a = {.batch = 0};
    enum hby_scheme scheme;
    if (node->in[TIME] < 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the weights of its time steps are absent");
    enum hby_status st = hby_recurrent_scheme(lo, node->in[X], node->in[FEATURE], true, &scheme);
    if (!st)
        st = check_svdf(lo, node, scheme, &a);
    if (!st && scheme == HBY_SCHEME_i8)
        st = integer_factors(lo, node, &a);
    if (!st && scheme == HBY_SCHEME_f32w8)
        st = hybrid_factors(lo, node, &a);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_svdf, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.svdf = a;
    return hby_recurrent_outputs(lo, lo->plan->n_steps - 1, node, HBY_F32, a.n_in);
}
