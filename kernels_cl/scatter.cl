/* SCATTER_ND: a work-item takes `chunk` elements of every slice, one update after the other, so that sums come out as the reference's; see struct
 * hby_args_scatter. HBY_IN_TYPE is the storage type of updates and output. */
#include "args_gather.h"
#include "any.clh"

#ifndef HBY_IN_TYPE
#define HBY_IN_TYPE HBY_TYPE
#endif
#if HBY_IN_TYPE <= 1
typedef float hby_total;
#else
typedef ulong hby_total;
#endif

HBY_NEST_KERNEL void hby_scatter(const struct hby_args_scatter p, __global const int *index, __global const HBY_P(HBY_IN_TYPE) * update,
                                 __global HBY_P(HBY_IN_TYPE) * out, __global int *bad_data, int chunk)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.slice, from + chunk);
    for (int row = 0; row < p.rows; row++)
        for (int k = from; k < to; k++)
            HBY_SET(HBY_IN_TYPE, (hby_total)0, out, row * p.slice + k);
    for (int i = 0; i < p.n_index; i++) {
        int row = 0;
        bool inside = true;
        for (int d = 0; d < p.n_dims; d++) {
            const int x = index[i * p.n_dims + d];
            inside = inside && x >= 0 && x < p.dim[d];
            row += x * p.stride[d];
        }
        if (!inside) {
            *bad_data = 1;
            return;
        }
        for (int k = from; k < to; k++) {
            const hby_total sum = (hby_total)HBY_GET(HBY_IN_TYPE, out, row * p.slice + k) + (hby_total)HBY_GET(HBY_IN_TYPE, update, i * p.slice + k);
            HBY_SET(HBY_IN_TYPE, HBY_IN_TYPE == 7 ? sum != 0 : sum, out, row * p.slice + k);
        }
    }
}
