/* Strided copies: RESHAPE, TRANSPOSE, SLICE, STRIDED_SLICE, and the pieces of CONCATENATION, PACK and SPLIT; see struct hby_args_move.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1); a row is the innermost dimension. */
#include "args_move.h"
#include "nest.clh"

/* Where row `row` begins on both sides. */
static inline int2 hby_move_row(const struct hby_args_move *p, int row)
{
    int2 at = (int2)(p->in_offset, p->out_offset);
    for (int d = HBY_MOVE_RANK - 2; row > 0; d--) {
        const int i = row % p->dim[d];
        row /= p->dim[d];
        at += (int2)(i * p->in_stride[d], i * p->out_stride[d]);
    }
    return at;
}

HBY_NEST_KERNEL void hby_move(const struct hby_args_move p, __global const HBY_E *in, __global HBY_E *out, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, n = min(p.dim[HBY_MOVE_RANK - 1] - from, chunk);
    const int in_step = p.in_stride[HBY_MOVE_RANK - 1], out_step = p.out_stride[HBY_MOVE_RANK - 1];
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        const int2 at = hby_move_row(&p, row) + from * (int2)(in_step, out_step);
        if (in_step == 1 && out_step == 1)
            hby_copy_run(in + at.x, out + at.y, n);
        else
            for (int i = 0; i < n; i++)
                out[at.y + i * out_step] = in[at.x + i * in_step];
    }
}

#if HBY_ELEM == 1

/* has_table: each byte is looked up on its way. */
HBY_NEST_KERNEL void hby_move_table(const struct hby_args_move p, __global const uchar *in, __global uchar *out, __global const uchar *table, int chunk,
                                    int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.dim[HBY_MOVE_RANK - 1], from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        const int2 at = hby_move_row(&p, row);
        for (int i = from; i < to; i++)
            out[at.y + i * p.out_stride[HBY_MOVE_RANK - 1]] = table[in[at.x + i * p.in_stride[HBY_MOVE_RANK - 1]]];
    }
}

#endif
#if HBY_FLOAT

/* float16 -> float32 or back on the way; HBY_MOVE_IN and HBY_MOVE_OUT are the storage types. */
#ifndef HBY_MOVE_IN
#define HBY_MOVE_IN HBY_TYPE
#endif
#ifndef HBY_MOVE_OUT
#define HBY_MOVE_OUT HBY_TYPE
#endif
HBY_NEST_KERNEL void hby_move_convert(const struct hby_args_move p, __global const HBY_P(HBY_MOVE_IN) * in, __global HBY_P(HBY_MOVE_OUT) * out, int chunk,
                                      int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.dim[HBY_MOVE_RANK - 1], from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        const int2 at = hby_move_row(&p, row);
        for (int i = from; i < to; i++) {
            const float x = HBY_GET(HBY_MOVE_IN, in, at.x + i * p.in_stride[HBY_MOVE_RANK - 1]);
            HBY_PUT(HBY_MOVE_OUT, (hby_vf)(x), out, at.y + i * p.out_stride[HBY_MOVE_RANK - 1], 1);
        }
    }
}

#endif
