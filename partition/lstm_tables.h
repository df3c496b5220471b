/* The activations of the integer LSTM as tables over all of int16. */
#ifndef HBY_PARTITION_LSTM_TABLES_H
#define HBY_PARTITION_LSTM_TABLES_H

#include <stdint.h>

enum { HBY_LSTM_TABLE = 65536 }; /* entry i is for the value i - 32768 */

/* logistic(x) in Q0.15, x with `integer_bits` integer bits (0 .. 6). */
void hby_lstm_logistic_table(int integer_bits, int16_t *table);
/* tanh(x) in Q0.15, the same. */
void hby_lstm_tanh_table(int integer_bits, int16_t *table);

#endif
