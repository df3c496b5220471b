/* PAD, PADV2, MIRROR_PAD: see struct hby_args_pad.
 *
 * A work-item takes `chunk` elements (work dimension 0) of each of `rows_each` rows (dimension 1) of the output; a row is the innermost dimension. */
#include "args_move.h"
#include "nest.clh"

static inline void hby_fill_run(__global HBY_E *out, int n, HBY_E value)
{
    int i = 0;
    for (; i + HBY_LANES <= n; i += HBY_LANES)
        HBY_V(vstore)((HBY_V(HBY_E))(value), 0, out + i);
    for (; i < n; i++)
        out[i] = value;
}

HBY_NEST_KERNEL void hby_pad(const struct hby_args_pad p, __global const HBY_E *in, __global HBY_E *out, int chunk, int rows, int rows_each)
{
    const HBY_E value = (HBY_E)((ulong)(uint)p.value_hi << 32 | (uint)p.value_lo);
    const int inner = p.dim[HBY_MOVE_RANK - 1], from = (int)get_global_id(0) * chunk, to = min(inner, from + chunk);
    /* what of [from, to) comes from the input */
    const int before = p.before[HBY_MOVE_RANK - 1], in_inner = p.in_dim[HBY_MOVE_RANK - 1];
    const int copy_from = clamp(before, from, max(from, to)), copy_to = clamp(before + in_inner, copy_from, max(copy_from, to));
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        int at_in = 0, step = in_inner;
        bool inside = true;
        for (int d = HBY_MOVE_RANK - 2, rest = row; d >= 0; d--) {
            const int i = rest % p.dim[d] - p.before[d];
            rest /= p.dim[d];
            inside = inside && i >= 0 && i < p.in_dim[d];
            at_in += i * step;
            step *= p.in_dim[d];
        }
        __global HBY_E *to_row = out + row * inner;
        if (inside && copy_to > copy_from) {
            hby_fill_run(to_row + from, copy_from - from, value);
            hby_copy_run(in + at_in + copy_from - before, to_row + copy_from, copy_to - copy_from);
            hby_fill_run(to_row + copy_to, to - copy_to, value);
        } else {
            hby_fill_run(to_row + from, to - from, value);
        }
    }
}

static inline int hby_mirrored(const struct hby_args_pad *p, int d, int i)
{
    const int k = i - p->before[d], skip = p->mirror - 1;
    return k < 0 ? skip - 1 - k : k >= p->in_dim[d] ? 2 * p->in_dim[d] - 1 - skip - k : k;
}

HBY_NEST_KERNEL void hby_pad_mirror(const struct hby_args_pad p, __global const HBY_E *in, __global HBY_E *out, int chunk, int rows, int rows_each)
{
    const int inner = p.dim[HBY_MOVE_RANK - 1], from = (int)get_global_id(0) * chunk, to = min(inner, from + chunk);
    const bool whole = p.in_dim[HBY_MOVE_RANK - 1] == inner;
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        int at_in = 0, step = p.in_dim[HBY_MOVE_RANK - 1];
        for (int d = HBY_MOVE_RANK - 2, rest = row; d >= 0; d--) {
            at_in += hby_mirrored(&p, d, rest % p.dim[d]) * step;
            rest /= p.dim[d];
            step *= p.in_dim[d];
        }
        if (whole)
            hby_copy_run(in + at_in + from, out + row * inner + from, to - from);
        else
            for (int i = from; i < to; i++)
                out[row * inner + i] = in[at_in + hby_mirrored(&p, HBY_MOVE_RANK - 1, i)];
    }
}
