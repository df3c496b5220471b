/* Shapes of the recurrent operators: the result, then the next value of each state, which has the shape of the state. */
#include "partition/shapes.h"

static enum hby_status with_state(const struct hby_shape_call *c, int first_state, struct hby_shape *out)
{
    for (int i = 1; i < c->node->n_out; i++) {
        const struct hby_tensor *state = hby_shape_input(c, first_state + i - 1);
        hby_shape_same(state, &out[i]);
    }
    return HBY_OK;
}

/* [.., .., n_in] and weights of which dimension `axis` of input `weights` is the number of features: [.., .., features]. */
static enum hby_status sequence(const struct hby_shape_call *c, int weights, bool last, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0), *w = hby_shape_input(c, weights);
    if (in->rank != 3 || !w || w->rank < 1 || w->rank > 2)
        return hby_say(HBY_UNSUPPORTED, c->why, "%s needs an input of 3 dimensions and weights of 1 or 2", hby_ops[c->node->op].name);
    hby_shape_same(in, out);
    out->dim[2] = w->dim[last ? w->rank - 1 : 0];
    return HBY_OK;
}

enum hby_status hby_shape_sequence_lstm(const struct hby_shape_call *c, struct hby_shape *out)
{
    enum hby_status st = sequence(c, 8, true, out);
    return st ? st : with_state(c, 18, out);
}

enum hby_status hby_shape_sequence_rnn(const struct hby_shape_call *c, struct hby_shape *out)
{
    enum hby_status st = sequence(c, 1, false, out);
    return st ? st : with_state(c, 4, out);
}

enum hby_status hby_shape_svdf(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0), *w = hby_shape_input(c, 1);
    const int rank = c->node->params.recurrent.rank;
    if (in->rank < 1 || w->rank < 1 || rank < 1)
        return hby_say(HBY_UNSUPPORTED, c->why, "SVDF needs an input, weights, and a rank of 1 or more; it has %d", rank);
    *out = (struct hby_shape){.rank = 2, .dim = {in->dim[0], w->dim[0] / rank}};
    return with_state(c, 4, out);
}
