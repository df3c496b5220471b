/* ONE_HOT, EMBEDDING_LOOKUP, DYNAMIC_UPDATE_SLICE: see args_gather.h. HBY_INDEX is the size of an index in bytes (4 or 8), HBY_IN_TYPE the storage type of an
 * embedding's table (int8, or 8 for int4) and HBY_OUT_TYPE that of its result.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1) of the output. */
#include "args_gather.h"
#include "any.clh"

#ifndef HBY_INDEX
#define HBY_INDEX 4
#endif
#if HBY_INDEX == 4
typedef int hby_index;
#else
typedef long hby_index;
#endif
#ifndef HBY_IN_TYPE
#define HBY_IN_TYPE 2
#endif
#ifndef HBY_OUT_TYPE
#define HBY_OUT_TYPE 0
#endif

/* A row is [inner] of one place of the depth. */
HBY_NEST_KERNEL void hby_one_hot(const struct hby_args_one_hot p, __global const hby_index *index, __global const HBY_E *on, __global const HBY_E *off,
                                 __global HBY_E *out, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.inner, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    const HBY_E yes = on[0], no = off[0];
    for (int row = first; row < last; row++)
        for (int i = from; i < to; i++)
            out[row * p.inner + i] = (int)index[row / p.depth * p.inner + i] == row % p.depth ? yes : no;
}

/* Two to a byte, the first in the low nibble. */
static inline int hby_table_value(__global const char *table, int i)
{
#if HBY_IN_TYPE == 8
    const int nibble = table[i / 2] >> (i % 2 * 4) & 15;
    return (nibble ^ 8) - 8;
#else
    return table[i];
#endif
}

/* A row is what one index picks. */
HBY_NEST_KERNEL void hby_embedding(const struct hby_args_embedding p, __global const char *table, __global const int *index, __global HBY_P(HBY_OUT_TYPE) * out,
                                   __global const float *scale, __global int *bad_data, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.columns, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        const int at = index[row];
        if (at < 0 || at >= p.rows) {
            *bad_data = 1;
            continue;
        }
        const float s = scale[p.per_row ? at : 0];
        for (int i = from; i < to; i++)
            HBY_SET(HBY_OUT_TYPE, (float)hby_table_value(table, at * p.columns + i) * s, out, row * p.columns + i);
    }
}

/* A row is the innermost dimension. */
HBY_NEST_KERNEL void hby_update(const struct hby_args_update p, __global const HBY_E *in, __global const HBY_E *update, __global const hby_index *start,
                                __global HBY_E *out, int chunk, int rows, int rows_each)
{
    enum { LAST = HBY_GATHER_DIMS - 1 };
    const int inner = p.dim[LAST], from = (int)get_global_id(0) * chunk, to = min(inner, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    int begin[HBY_GATHER_DIMS];
    for (int d = 0; d < HBY_GATHER_DIMS; d++)
        begin[d] = d < p.skip ? 0 : (int)clamp(start[d - p.skip], (hby_index)0, (hby_index)(p.dim[d] - p.update_dim[d]));
    for (int row = first; row < last; row++) {
        int at = 0, step = p.update_dim[LAST];
        bool inside = true;
        for (int d = LAST - 1, rest = row; d >= 0; d--) {
            const int k = rest % p.dim[d] - begin[d];
            rest /= p.dim[d];
            inside = inside && k >= 0 && k < p.update_dim[d];
            at += k * step;
            step *= p.update_dim[d];
        }
        for (int i = from; i < to; i++) {
            const int k = i - begin[LAST];
            out[row * inner + i] = inside && k >= 0 && k < p.update_dim[LAST] ? update[at + k] : in[row * inner + i];
        }
    }
}
