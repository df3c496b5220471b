/* UNIDIRECTIONAL_SEQUENCE_LSTM: with and without an input gate, peepholes, layer normalization, a projection; batch or time first. */
#include <math.h>

#include "partition/lstm.h"
#include "tests/recurrent_cases.h"

struct lstm_case {
    struct check *c;
    enum hby_scheme scheme;
    int batch, time, n_in, n_cell, n_out;
    bool time_major, cifg, peephole, norm, projection;
    int in[HBY_LSTM_INPUTS], mid[5], out[3];
};

static int matrix(struct lstm_case *l, int rows, int columns)
{
    return recurrent_weights(l->c, l->scheme, 2, (int[]){rows, columns}, columns);
}

static int vector(struct lstm_case *l, bool is_norm)
{
    const bool i8 = l->scheme == HBY_SCHEME_i8;
    const int id = check_const(l->c, i8 ? HBY_I16 : l->scheme == HBY_SCHEME_f32w8 && !is_norm ? HBY_I8 : HBY_F32, 1, (int[]){l->n_cell}, NULL);
    const float scale = (float)check_real(l->c, 0.5, 2) / (i8 ? 32768 : 128);
    if (i8 || (l->scheme == HBY_SCHEME_f32w8 && !is_norm))
        check_quant(l->c, id, 0, 1, &scale, NULL);
    return id;
}

static int biases(struct lstm_case *l, int n)
{
    return check_const(l->c, l->scheme == HBY_SCHEME_i8 ? HBY_I32 : HBY_F32, 1, &n, NULL);
}

static void add_gate(struct lstm_case *l, int g)
{
    l->in[HBY_LSTM_W + g] = matrix(l, l->n_cell, l->n_in);
    const bool diagonal = l->scheme == HBY_SCHEME_f32 && !l->projection && check_chance(l->c, 15);
    l->in[HBY_LSTM_R + g] = diagonal ? check_const(l->c, HBY_F32, 1, &l->n_cell, NULL) : matrix(l, l->n_cell, l->n_out);
    l->in[HBY_LSTM_BIAS + g] = biases(l, l->n_cell);
    if (l->peephole && hby_lstm_peephole(g) >= 0)
        l->in[hby_lstm_peephole(g)] = vector(l, false);
    if (l->norm)
        l->in[HBY_LSTM_NORM + g] = vector(l, true);
}

static void add_state(struct lstm_case *l)
{
    const bool i8 = l->scheme == HBY_SCHEME_i8;
    const enum hby_type type = i8 ? HBY_I8 : HBY_F32, cell = i8 ? HBY_I16 : HBY_F32;
    const int x_dim[] = {l->time_major ? l->time : l->batch, l->time_major ? l->batch : l->time, l->n_in}, y_dim[] = {x_dim[0], x_dim[1], l->n_out};
    const int h_dim[] = {l->batch, l->n_out}, c_dim[] = {l->batch, l->n_cell};
    l->in[HBY_LSTM_X] = check_input(l->c, type, 3, x_dim);
    l->in[HBY_LSTM_H] = check_input(l->c, type, 2, h_dim);
    l->in[HBY_LSTM_C] = check_input(l->c, cell, 2, c_dim);
    l->out[HBY_LSTM_OUT] = check_output(l->c, type, 3, y_dim);
    l->out[HBY_LSTM_NEXT_H] = check_output(l->c, type, 2, h_dim);
    l->out[HBY_LSTM_NEXT_C] = check_output(l->c, cell, 2, c_dim);
    if (!i8)
        return;
    const float x_scale = (float)check_real(l->c, 0.005, 0.03), h_scale = (float)check_real(l->c, 0.004, 0.02), c_scale = ldexpf(1.0f, -check_int(l->c, 9, 15));
    const float hidden_scale = (float)check_real(l->c, 0.004, 0.02);
    const int32_t x_zero = check_int(l->c, -128, 127), h_zero = check_int(l->c, -128, 127), hidden_zero = check_int(l->c, -128, 127);
    check_quant(l->c, l->in[HBY_LSTM_X], 0, 1, &x_scale, &x_zero);
    check_quant(l->c, l->in[HBY_LSTM_C], 0, 1, &c_scale, NULL);
    check_quant(l->c, l->in[HBY_LSTM_H], 0, 1, &h_scale, &h_zero);
    check_quant(l->c, l->out[HBY_LSTM_OUT], 0, 1, &h_scale, &h_zero);
    for (int i = 0; i < 5; i++) {
        const float scale = i == 4 ? hidden_scale : (float)check_real(l->c, 0.5, 2) / 4096;
        l->mid[i] = check_const(l->c, HBY_I8, 1, (int[]){1}, NULL);
        check_quant(l->c, l->mid[i], 0, 1, &scale, i == 4 ? &hidden_zero : NULL);
    }
}

static void one(struct check *c, enum hby_scheme scheme)
{
    struct lstm_case l = {.c = c,
                          .scheme = scheme,
                          .batch = check_int(c, 1, 3),
                          .time = check_int(c, 1, 6),
                          .n_in = check_int(c, 1, 40),
                          .n_cell = check_chance(c, 30) ? 16 * check_int(c, 1, 5) : check_int(c, 1, 50),
                          .time_major = check_chance(c, 50),
                          .cifg = check_chance(c, 25),
                          .peephole = check_chance(c, 30),
                          .norm = check_chance(c, 25),
                          .projection = check_chance(c, 30)};
    l.n_out = l.projection ? check_int(c, 1, l.peephole ? l.n_cell : 50) : l.n_cell;
    for (int i = 0; i < HBY_LSTM_INPUTS; i++)
        l.in[i] = -1;
    add_state(&l);
    for (int g = l.cifg; g < HBY_GATES; g++)
        add_gate(&l, g);
    if (l.projection)
        l.in[HBY_LSTM_PROJECTION] = matrix(&l, l.n_out, l.n_cell);
    if (l.projection && check_chance(c, 50))
        l.in[HBY_LSTM_PROJECTION_BIAS] = biases(&l, l.n_out);
    struct hby_node *node =
        check_node(c, HBY_OP_unidirectional_sequence_lstm, l.norm || check_chance(c, 80) ? HBY_LSTM_INPUTS : HBY_LSTM_INPUTS_WITHOUT_NORM, l.in, 3, l.out);
    node->n_mid = 5;
    node->mid = l.mid;
    node->asymmetric_quantize_inputs = check_chance(c, 50);
    node->params.recurrent.time_major = l.time_major;
    node->params.recurrent.act = check_chance(c, 80) ? HBY_ACT_TANH : (enum hby_act)check_int(c, HBY_ACT_RELU, HBY_ACT_SIGN_BIT);
    node->params.recurrent.cell_clip = check_chance(c, 30) ? (float)check_real(c, 0.1, 2) : 0.0f;
    node->params.recurrent.proj_clip = check_chance(c, 30) ? (float)check_real(c, 0.1, 1) : 0.0f;
    check_run(c, l.n_in + l.n_out);
}

static void refused(struct check *c, enum hby_scheme scheme)
{
    const int dim[] = {1, 2, 3}, state[] = {1, 4};
    const int x = check_input(c, check_type(scheme), 3, dim), h = check_input(c, check_type(scheme), 2, state),
              out = check_output(c, check_type(scheme), 2, state);
    check_node(c, HBY_OP_unidirectional_sequence_lstm, 2, (int[]){x, h}, 1, &out);
    check_refused(c, "20 or 24");
}

void hby_check_unidirectional_sequence_lstm(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 2 * check_cases(); i++)
        one(c, scheme);
    refused(c, scheme);
}
