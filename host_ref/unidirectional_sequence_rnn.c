/* UNIDIRECTIONAL_SEQUENCE_RNN: tflite/kernels/internal/kernel_utils.cc, RnnBatchStep. */
#include "host_ref/recurrent.h"
#include "host_ref/ref.h"

enum { X, W, R, BIAS, STATE };

static void rnn(const struct hby_ref_call *c, bool hybrid)
{
    const struct hby_args_rnn *a = &c->args->rnn;
    float *x_room = c->state[1], *h_room = x_room + a->n_in;
    for (int b = 0; b < a->batch; b++) {
        float *h = (float *)c->state[0] + (size_t)b * (size_t)a->n_out;
        memcpy(h, (const float *)c->in[STATE] + (size_t)b * (size_t)a->n_out, (size_t)a->n_out * sizeof(float));
        for (int t = 0; t < a->time; t++) {
            float *out = (float *)c->out + hby_recurrent_at(a->time_major, a->batch, a->time, b, t, a->n_out);
            const size_t in = hby_recurrent_at(a->time_major, a->batch, a->time, b, t, a->n_in);
            const struct hby_recurrent_vector x = hby_recurrent_vector(c->in[X], in, a->n_in, hybrid, a->asymmetric, x_room);
            const struct hby_recurrent_vector before = hby_recurrent_vector(h, 0, a->n_out, hybrid, a->asymmetric, h_room);
            for (int i = 0; i < a->n_out; i++) {
                float sum = hby_load_float(c->in[BIAS], HBY_F32, (size_t)i);
                sum = hby_recurrent_add(sum, c->in[W], c->in_type[W], i, &x, a->n_in, a->scale[0]);
                sum = hby_recurrent_add(sum, c->in[R], c->in_type[R], i, &before, a->n_out, a->scale[1]);
                out[i] = hby_recurrent_act(a->activation, sum);
            }
            memcpy(h, out, (size_t)a->n_out * sizeof *h);
        }
    }
}

void hby_ref_unidirectional_sequence_rnn_f32(const struct hby_ref_call *c)
{
    rnn(c, false);
}

void hby_ref_unidirectional_sequence_rnn_f32w8(const struct hby_ref_call *c)
{
    rnn(c, true);
}
