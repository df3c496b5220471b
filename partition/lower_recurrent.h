/* What the lowerings of the recurrent operators share. */
#ifndef HBY_PARTITION_LOWER_RECURRENT_H
#define HBY_PARTITION_LOWER_RECURRENT_H

#include "partition/args_recurrent.h"
#include "partition/lower_shape.h"

/* What an input must be: constant or not, its type, its shape (rank 0: any of `d0` elements; 1: [d0]; 2: [d0, d1]). */
struct hby_operand {
    const char *what;
    int tensor;
    bool constant;
    enum hby_type type; /* HBY_F32 admits float16 constants where `half` */
    bool half;
    int rank, d0, d1;
};
enum hby_status hby_check_operand(const struct hby_lowering *lo, const struct hby_operand *o);

/* float32, int8, or float32 with int8 weights: the types that the runtime's kernels have. */
enum hby_status hby_recurrent_scheme(const struct hby_lowering *lo, int input, int weights, bool has_i8, enum hby_scheme *scheme);
/* mult and shift of a float factor; `what` names it in the refusal. */
enum hby_status hby_recurrent_rescale(const struct hby_lowering *lo, const char *what, float real, hby_i32 *mult, hby_i32 *shift);
/* Gives the step outputs 1 .. n_states from the node, and after them a scratch of `elements`. */
enum hby_status hby_recurrent_outputs(struct hby_lowering *lo, int step, const struct hby_node *node, enum hby_type scratch, int64_t elements);
#endif
