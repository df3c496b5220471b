/* Loop nests whose data are indices: GATHER and GATHER_ND, ONE_HOT, EMBEDDING_LOOKUP, TOPK_V2, DYNAMIC_UPDATE_SLICE, SCATTER_ND. */
#ifndef HBY_PARTITION_ARGS_GATHER_H
#define HBY_PARTITION_ARGS_GATHER_H
#include "partition/args_base.h"

#define HBY_GATHER_DIMS 6

/* GATHER, GATHER_ND: rows of `inner` elements picked by indices: out[b][o][i][..inner] = in[(b * outer + o) * span + sum over d of index[b][i][d] * stride[d] +
 * ..inner], in elements of elem_size bytes (1, 2, 4, 8). GATHER: n_dims is 1. GATHER_ND: batch and outer are 1. Indices are int16, int32 or int64 as stored;
 * one outside [0, dim[d]) is reported as bad data, and leaves its row undefined. */
struct hby_args_gather {
    hby_i32 batch, outer, n_index, inner, span, elem_size, n_dims;
    hby_i32 dim[HBY_GATHER_DIMS], stride[HBY_GATHER_DIMS];
};

/* ONE_HOT: out[i][d][k] = index[i][k] == d ? on : off over [outer, depth, inner]; elements of elem_size bytes. Inputs: indices (int32, or int64 of which the
 * low 32 bits count), on, off (one element each). */
struct hby_args_one_hot {
    hby_i32 outer, depth, inner, elem_size;
};

/* EMBEDDING_LOOKUP in a table of int8, or int4 two to a byte: out[i][..columns] = table[index[i]][..columns] * scale. Table 0 of the step holds a float scale
 * per row, or one. An index outside [0, rows) is bad data. */
struct hby_args_embedding {
    hby_i32 n_index, rows, columns, per_row;
};

/* TOPK_V2 over the rows of [rows, depth]: values and positions of the k largest, the largest first; equal ones by position, a NaN after all numbers. Positions
 * are int32, or int16 with index_size 2. */
struct hby_args_topk {
    hby_i32 rows, depth, k, index_size;
};

/* DYNAMIC_UPDATE_SLICE: a copy of input 0 with input 1 written over it from the position on that input 2 says (int32 or int64, one per dimension, clamped so
 * that the update fits). dim[] and update_dim[] are aligned to the right; the first `skip` of them are padding of size 1. */
struct hby_args_update {
    hby_i32 count, elem_size, skip;
    hby_i32 dim[HBY_GATHER_DIMS], update_dim[HBY_GATHER_DIMS];
};

/* SCATTER_ND: zeros, and out[row][..slice] += update[i][..slice] for every i, one after the other, row = sum over d of index[i][d] * stride[d]; modulo 2^n,
 * bool is or. Inputs: indices (int32), updates. An index outside [0, dim[d]) is bad data. */
struct hby_args_scatter {
    hby_i32 n_index, slice, rows, n_dims;
    hby_i32 dim[HBY_GATHER_DIMS], stride[HBY_GATHER_DIMS];
};
#endif
