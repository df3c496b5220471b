/* Loop nest of a product of two tensors that both may be computed at run time: BATCH_MATMUL. */
#ifndef HBY_PARTITION_ARGS_MATMUL_H
#define HBY_PARTITION_ARGS_MATMUL_H
#include "partition/args_base.h"

#define HBY_MATMUL_BATCHES 3

/* out[batch][i][j] = sum over l of (a[batch][i][l] - a_zp) * (b[batch][l][j] - b_zp), rows dense. Strides of batches are in elements; 0 broadcasts.
 * i8: int32 sums, DOUBLE. i16: int64 sums, WIDE16; b is int16 or int8. Floats: float sums; b may be stored otherwise than a. */
struct hby_args_matmul {
    hby_i32 m, n, k;
    hby_i32 batch[HBY_MATMUL_BATCHES], a_stride[HBY_MATMUL_BATCHES], b_stride[HBY_MATMUL_BATCHES]; /* outermost first */
    hby_i32 a_zp, b_zp;
    struct hby_rescale out;
    hby_i32 act_min, act_max, rounding;
};
#endif
