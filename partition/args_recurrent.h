/* Loop nests over time: the recurrent operators. Their state comes in as an input and goes out as an output of its own.
 *
 * A step's index t runs over `time`; element (t, b) of an input or output of `n` features lies at (time_major ? t * batch + b : b * time + t) * n.
 * Float and dynamic range sums are of float weights or of int8 ones, whose rows are quantized at run time (asymmetric: with a zero point). */
#ifndef HBY_PARTITION_ARGS_RECURRENT_H
#define HBY_PARTITION_ARGS_RECURRENT_H
#include "partition/args_base.h"

/* Activations, with the codes of enum hby_act. */
#define HBY_RECURRENT_NONE 0
#define HBY_RECURRENT_RELU 1
#define HBY_RECURRENT_RELU_N1_TO_1 2
#define HBY_RECURRENT_RELU6 3
#define HBY_RECURRENT_TANH 4
#define HBY_RECURRENT_SIGN_BIT 5

/* The gates of an LSTM, in the order of its inputs; and what a gate's sum is made of. */
#define HBY_GATE_INPUT 0
#define HBY_GATE_FORGET 1
#define HBY_GATE_CELL 2
#define HBY_GATE_OUTPUT 3
#define HBY_GATES 4
#define HBY_FROM_INPUT 0
#define HBY_FROM_STATE 1
#define HBY_FROM_CELL 2
#define HBY_FROM_COUNT 3

/* UNIDIRECTIONAL_SEQUENCE_LSTM. Step inputs are TFLite's 24 (partition/lstm.h names them), outputs: result, state of the output, state of the cell.
 *   gate = act(W x + R h + P . c + bias), or with layer normalization act(L . normalized(W x + R h + P . c) + bias)
 *   c' = clip(f . c + i . g);  i = 1 - f when there is no input gate (`cifg`);  h' = o . act(c'), projected if there is a projection
 * Integer: gates are int16 in Q3.12, each term rescaled by mult and shift [HBY_FROM_x][gate] and saturated; c is int16 with a scale of 2^cell_scale.
 * Tables, integer only: 0 logistic and 1 tanh of Q3.12, 2 tanh of the cell, int16[65536] each, indexed by the value + 32768;
 * 3 layer normalization, int32[HBY_GATES][3]: mult, shift and the least variance. */
struct hby_args_lstm {
    hby_i32 batch, time, n_in, n_cell, n_out, time_major;
    hby_i32 cifg, peephole, layer_norm, projection;
    hby_i32 diagonal; /* bit g: the recurrent weights of gate g are a vector */
    hby_i32 asymmetric, activation;
    hby_f32 cell_clip, proj_clip;                                              /* 0: none */
    hby_f32 scale[HBY_FROM_COUNT][HBY_GATES], proj_scale;                      /* of the weights, dynamic range */
    hby_i32 mult[HBY_FROM_COUNT][HBY_GATES], shift[HBY_FROM_COUNT][HBY_GATES]; /* integer, from here on */
    hby_i32 in_zp, state_zp, cell_scale, q_cell_clip, q_proj_clip;
    struct hby_rescale hidden, proj;
};

/* UNIDIRECTIONAL_SEQUENCE_RNN: h' = act(bias + W x + R h). Step inputs: 0 x, 1 W, 2 R, 3 bias, 4 h; outputs: result, h'. */
struct hby_args_rnn {
    hby_i32 batch, time, n_in, n_out, time_major, asymmetric, activation;
    hby_f32 scale[2]; /* of W and R, dynamic range */
};

/* SVDF: for each filter the newest W x is pushed onto a memory of `memory` values, whose sum with the filter's weights over time is one addend of
 * the unit; `rank` filters make a unit. out = act(bias + sum). Step inputs: 0 x, 1 W [filters, n_in], 2 weights over time [filters, memory], 3 bias,
 * 4 state [batch, filters, memory]; outputs: result [batch, filters / rank], state.
 * Integer: `feature` takes W x to int16 memory, `out` the sum to the result; in_zp is x's zero point. */
struct hby_args_svdf {
    hby_i32 batch, n_in, filters, rank, memory, asymmetric, activation;
    hby_f32 scale[2]; /* of W and of the weights over time, dynamic range */
    hby_i32 in_zp;
    struct hby_rescale feature, out;
};
#endif
