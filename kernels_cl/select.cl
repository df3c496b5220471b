/* SELECT, SELECT_V2: out = condition ? a : b, shapes broadcast; see struct hby_args_select.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1); a row is the innermost dimension, along which a stride is 0
 * or 1. */
#include "args_elementwise.h"
#include "any.clh"

HBY_NEST_KERNEL void hby_select(const struct hby_args_select p, __global const uchar *condition, __global const HBY_E *a, __global const HBY_E *b,
                                __global HBY_E *out, int chunk, int rows, int rows_each)
{
    enum { LAST = HBY_BINARY_RANK - 1 };
    const int inner = p.dim[LAST], from = (int)get_global_id(0) * chunk, to = min(inner, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        const int at_c = hby_row_start(row, p.dim, p.c_stride, HBY_BINARY_RANK);
        const int at_a = hby_row_start(row, p.dim, p.a_stride, HBY_BINARY_RANK), at_b = hby_row_start(row, p.dim, p.b_stride, HBY_BINARY_RANK);
        for (int i = from; i < to; i++)
            out[row * inner + i] = condition[at_c + i * p.c_stride[LAST]] ? a[at_a + i * p.a_stride[LAST]] : b[at_b + i * p.b_stride[LAST]];
    }
}
