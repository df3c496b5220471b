/* The inputs of UNIDIRECTIONAL_SEQUENCE_LSTM, as its steps keep them: four per kind, one for each gate (HBY_GATE_x), absent ones -1. */
#ifndef HBY_PARTITION_LSTM_H
#define HBY_PARTITION_LSTM_H

#include "partition/args_recurrent.h"

enum {
    HBY_LSTM_X = 0,
    HBY_LSTM_W = 1,           /* [n_cell, n_in] */
    HBY_LSTM_R = 5,           /* [n_cell, n_out], or a diagonal [n_cell] */
    HBY_LSTM_P = 9,           /* peephole weights [n_cell]; see hby_lstm_peephole */
    HBY_LSTM_BIAS = 12,       /* [n_cell] */
    HBY_LSTM_PROJECTION = 16, /* [n_out, n_cell] */
    HBY_LSTM_PROJECTION_BIAS = 17,
    HBY_LSTM_H = 18,    /* state: the output before the first step */
    HBY_LSTM_C = 19,    /* state: the cell before the first step */
    HBY_LSTM_NORM = 20, /* layer normalization [n_cell] */
    HBY_LSTM_INPUTS = 24,
    HBY_LSTM_INPUTS_WITHOUT_NORM = 20,
};

/* Outputs. The scratch is host_ref's: hby_lstm_scratch elements. */
enum { HBY_LSTM_OUT = 0, HBY_LSTM_NEXT_H = 1, HBY_LSTM_NEXT_C = 2, HBY_LSTM_SCRATCH = 3 };

/* The peephole weights' input; -1 for the cell's own gate, which has none. */
static inline int hby_lstm_peephole(int gate)
{
    return gate == HBY_GATE_CELL ? -1 : HBY_LSTM_P + gate - (gate == HBY_GATE_OUTPUT);
}

#endif
