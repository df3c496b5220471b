/* Loop nests that move elements without computing: everything that is a strided copy, and resizing. */
#ifndef HBY_PARTITION_ARGS_MOVE_H
#define HBY_PARTITION_ARGS_MOVE_H
#include "partition/args_base.h"

#define HBY_MOVE_RANK 6

/* for every index over dim[]: out[out_offset + sum i*out_stride] = in[in_offset + sum i*in_stride]; in elements of elem_size bytes (1, 2, 4, 8).
 * Strides may be negative. RESHAPE, TRANSPOSE, SLICE, STRIDED_SLICE: one move. CONCATENATION, PACK, SPLIT: one move per piece. PAD: a fill, then a move.
 * Lowering collapses dimensions; leading ones are 1. elem_size is the output's; where a float32 constant goes into a float16 tensor, or the reverse,
 * the element is converted. has_table: elem_size is 1 and out = table 0 [in] (a piece of a uint8 CONCATENATION that has another scale). */
struct hby_args_move {
    hby_i32 count, elem_size;
    hby_i32 dim[HBY_MOVE_RANK], in_stride[HBY_MOVE_RANK], out_stride[HBY_MOVE_RANK];
    hby_i32 in_offset, out_offset;
    hby_i32 has_table;
};

/* PAD, PADV2, MIRROR_PAD: dim[] is the output; an index outside [before, before + in_dim) takes `value` (bits of one element, zero-extended). */
struct hby_args_pad {
    hby_i32 count, elem_size;
    hby_i32 dim[HBY_MOVE_RANK], in_dim[HBY_MOVE_RANK], before[HBY_MOVE_RANK];
    hby_i32 value_lo, value_hi;
    hby_i32 mirror; /* MIRROR_PAD: 1 the input's mirror image instead of the value (SYMMETRIC), 2 without repeating the edge (REFLECT); 0 otherwise */
};

/* How RESIZE_BILINEAR computes 8 bits. */
#define HBY_BLEND_REF 0 /* as BUILTIN_REF: int8 in 1/1024, uint8 in float32 */
#define HBY_BLEND_OPT 1 /* uint8 in float32, the weights of the four neighbours first */
#define HBY_BLEND_Q11 2 /* places in float32, weights in 1/2048: XNNPACK */

/* RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR on NHWC. */
struct hby_args_resize {
    hby_i32 batch, in_h, in_w, channels, out_h, out_w;
    hby_i32 align_corners, half_pixel_centers, is_bilinear, elem_size;
    hby_i32 blend;                  /* HBY_BLEND_* */
    hby_i32 scale_h_10, scale_w_10; /* Q10 steps of the integer bilinear forms */
    hby_f32 scale_h, scale_w;
};
#endif
