/* GATHER, GATHER_ND: see struct hby_args_gather. HBY_INDEX is the size of an index in bytes: 2, 4 or 8.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1) of the output; a row is what one index picks. */
#include "args_gather.h"
#include "nest.clh"

#ifndef HBY_INDEX
#define HBY_INDEX 4
#endif
#if HBY_INDEX == 2
typedef short hby_index;
#elif HBY_INDEX == 4
typedef int hby_index;
#else
typedef long hby_index;
#endif

HBY_NEST_KERNEL void hby_gather(const struct hby_args_gather p, __global const HBY_E *in, __global const hby_index *index, __global HBY_E *out,
                                __global int *bad_data, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, n = min(p.inner - from, chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        const int i = row % p.n_index, group = row / p.n_index, b = group / p.outer;
        int at = group * p.span;
        bool inside = true;
        for (int d = 0; d < p.n_dims; d++) {
            const hby_index x = index[(b * p.n_index + i) * p.n_dims + d];
            inside = inside && x >= 0 && x < p.dim[d];
            at += (int)x * p.stride[d];
        }
        if (inside)
            hby_copy_run(in + at + from, out + row * p.inner + from, n);
        else
            *bad_data = 1;
    }
}
