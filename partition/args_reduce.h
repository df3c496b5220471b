/* Loop nests that reduce: MEAN and SOFTMAX. */
#ifndef HBY_PARTITION_ARGS_REDUCE_H
#define HBY_PARTITION_ARGS_REDUCE_H
#include "partition/args_base.h"

#define HBY_REDUCE_RANK 6

/* Mean over some axes. Lowering moves the axes: kept dimensions first (out index), reduced ones after; strides are in elements of the input.
 * Integer: acc = sum(q); out = BUILTIN_REF's own arithmetic for the type, see host_ref/mean.c. */
struct hby_args_mean {
    hby_i32 n_out, n_reduced;
    hby_i32 keep_dim[HBY_REDUCE_RANK], keep_stride[HBY_REDUCE_RANK];
    hby_i32 reduce_dim[HBY_REDUCE_RANK], reduce_stride[HBY_REDUCE_RANK];
    struct hby_rescale in, out;
    hby_i32 act_min, act_max, rounding;
    hby_f32 f_scale, f_bias; /* forms that BUILTIN_REF computes in float */
};

/* SOFTMAX over the last dimension of [rows, depth]. Integer: fixed-point exp by table (table 0) or by gemmlowp's polynomial, as BUILTIN_REF
 * does for the type; see host_ref/softmax.c. */
struct hby_args_softmax {
    hby_i32 rows, depth;
    hby_i32 in_zp, out_zp, mult, shift, diff_min;
    hby_i32 act_min, act_max;
    hby_f32 beta, in_scale, out_scale;
};
#endif
