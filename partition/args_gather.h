/* Loop nest of GATHER and GATHER_ND: rows of `inner` elements picked by indices. */
#ifndef HBY_PARTITION_ARGS_GATHER_H
#define HBY_PARTITION_ARGS_GATHER_H
#include "partition/args_base.h"

#define HBY_GATHER_DIMS 6

/* out[b][o][i][..inner] = in[(b * outer + o) * span + sum over d of index[b][i][d] * stride[d] + ..inner], in elements of elem_size bytes (1, 2, 4, 8).
 * GATHER: n_dims is 1. GATHER_ND: batch and outer are 1. Indices are int16, int32 or int64 as stored; one outside [0, dim[d]) is reported as bad data, and leaves
 * its row undefined. */
struct hby_args_gather {
    hby_i32 batch, outer, n_index, inner, span, elem_size, n_dims;
    hby_i32 dim[HBY_GATHER_DIMS], stride[HBY_GATHER_DIMS];
};
#endif
