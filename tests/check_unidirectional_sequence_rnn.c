/* UNIDIRECTIONAL_SEQUENCE_RNN: batch or time first, all activations. */
#include "tests/recurrent_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    const bool time_major = check_chance(c, 50);
    const int batch = check_int(c, 1, 3), time = check_int(c, 1, 6), n_in = check_int(c, 1, 60),
              n_out = check_chance(c, 30) ? 16 * check_int(c, 1, 5) : check_int(c, 1, 60);
    const int x_dim[] = {time_major ? time : batch, time_major ? batch : time, n_in}, y_dim[] = {x_dim[0], x_dim[1], n_out}, h_dim[] = {batch, n_out};
    const int x = check_input(c, HBY_F32, 3, x_dim), h = check_input(c, HBY_F32, 2, h_dim);
    const int w = recurrent_weights(c, scheme, 2, (int[]){n_out, n_in}, n_in), r = recurrent_weights(c, scheme, 2, (int[]){n_out, n_out}, n_out);
    const int bias = check_const(c, HBY_F32, 1, &n_out, NULL), y = check_output(c, HBY_F32, 3, y_dim), next = check_output(c, HBY_F32, 2, h_dim);
    struct hby_node *node = check_node(c, HBY_OP_unidirectional_sequence_rnn, 5, (int[]){x, w, r, bias, h}, 2, (int[]){y, next});
    node->asymmetric_quantize_inputs = check_chance(c, 50);
    node->params.recurrent.time_major = time_major;
    node->params.recurrent.act = check_chance(c, 50) ? HBY_ACT_TANH : (enum hby_act)check_int(c, HBY_ACT_RELU_N1_TO_1, HBY_ACT_SIGN_BIT);
    check_run(c, n_in + n_out);
}

void hby_check_unidirectional_sequence_rnn(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 2 * check_cases(); i++)
        one(c, scheme);
    const int square[] = {20, 20}, flat[] = {3, 20}, x = check_input(c, HBY_F32, 2, flat), h = check_input(c, HBY_F32, 2, flat);
    const int w = recurrent_weights(c, scheme, 2, square, 20), r = recurrent_weights(c, scheme, 2, square, 20), bias = check_const(c, HBY_F32, 1, square, NULL);
    const int y = check_output(c, HBY_F32, 2, flat), next = check_output(c, HBY_F32, 2, flat);
    check_node(c, HBY_OP_unidirectional_sequence_rnn, 5, (int[]){x, w, r, bias, h}, 2, (int[]){y, next});
    check_refused(c, "must have 3 and 2");
}
