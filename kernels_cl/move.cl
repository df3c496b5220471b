/* Strided copies: RESHAPE, TRANSPOSE, SLICE, STRIDED_SLICE, and the pieces of CONCATENATION, PACK and SPLIT; see struct hby_args_move.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1); a row is the innermost dimension. */
#include "args_move.h"
#include "nest.clh"

__kernel void hby_move(const struct hby_args_move p, __global const HBY_E *in, __global HBY_E *out, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, n = min(p.dim[HBY_MOVE_RANK - 1] - from, chunk);
    const int in_step = p.in_stride[HBY_MOVE_RANK - 1], out_step = p.out_stride[HBY_MOVE_RANK - 1];
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        int at_in = p.in_offset + from * in_step, at_out = p.out_offset + from * out_step;
        for (int d = HBY_MOVE_RANK - 2, rest = row; rest > 0; d--) {
            const int i = rest % p.dim[d];
            rest /= p.dim[d];
            at_in += i * p.in_stride[d];
            at_out += i * p.out_stride[d];
        }
        if (in_step == 1 && out_step == 1)
            hby_copy_run(in + at_in, out + at_out, n);
        else
            for (int i = 0; i < n; i++)
                out[at_out + i * out_step] = in[at_in + i * in_step];
    }
}
