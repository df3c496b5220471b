/* UNIDIRECTIONAL_SEQUENCE_RNN: float and dynamic range. */
#include "partition/lower_recurrent.h"

enum { X, W, R, BIAS, STATE, INPUTS };

static enum hby_status check_rnn(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, struct hby_args_rnn *a)
{
    const struct hby_tensor *x = hby_tensor_of(lo, node->in[X]), *w = hby_tensor_of(lo, node->in[W]);
    if (x->rank != 3 || w->rank != 2)
        return hby_say(HBY_UNSUPPORTED, lo->why, "its input has %d dimensions and its weights %d; they must have 3 and 2", x->rank, w->rank);
    a->time_major = node->params.recurrent.time_major;
    a->batch = x->dim[a->time_major ? 1 : 0];
    a->time = x->dim[a->time_major ? 0 : 1];
    a->n_in = x->dim[2];
    a->n_out = w->dim[0];
    a->asymmetric = node->asymmetric_quantize_inputs;
    a->activation = (hby_i32)node->params.recurrent.act;
    const enum hby_type type = scheme == HBY_SCHEME_f32 ? HBY_F32 : HBY_I8;
    const struct hby_operand operand[] = {
        {.what = "weights", .tensor = node->in[W], .constant = true, .type = type, .half = true, .rank = 2, .d0 = a->n_out, .d1 = a->n_in},
        {.what = "recurrent weights", .tensor = node->in[R], .constant = true, .type = type, .half = true, .rank = 2, .d0 = a->n_out, .d1 = a->n_out},
        {.what = "biases", .tensor = node->in[BIAS], .constant = true, .type = HBY_F32, .rank = 1, .d0 = a->n_out},
        {.what = "values of the state", .tensor = node->in[STATE], .type = HBY_F32, .rank = 2, .d0 = a->batch, .d1 = a->n_out},
        {.what = "results", .tensor = node->out[0], .type = HBY_F32, .d0 = (int)((int64_t)a->batch * a->time * a->n_out)},
    };
    enum hby_status st = HBY_OK;
    for (size_t i = 0; i < sizeof operand / sizeof operand[0] && !st; i++)
        st = hby_check_operand(lo, &operand[i]);
    return st;
}

enum hby_status hby_lower_sequence_rnn(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_rnn a = {.batch = 0};
    enum hby_scheme scheme;
    enum hby_status st = hby_recurrent_scheme(lo, node->in[X], node->in[W], false, &scheme);
    if (!st)
        st = check_rnn(lo, node, scheme, &a);
    for (int i = 0; i < 2 && !st && scheme == HBY_SCHEME_f32w8; i++) {
        st = hby_check_weights_quant(lo, node->in[W + i], 0, 1);
        a.scale[i] = hby_scale_of(lo, node->in[W + i]);
    }
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_rnn, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.rnn = a;
    return hby_recurrent_outputs(lo, lo->plan->n_steps - 1, node, HBY_F32, (int64_t)a.n_in + a.n_out);
}
