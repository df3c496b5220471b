/* out[i] = table[in[i]]: every function of one byte. The table has 256 entries of the output's type, indexed by the byte as unsigned. */
#include "args_table.h"
#include "nest.clh"

HBY_NEST_KERNEL void hby_table(const struct hby_args_table p, __global const uchar *in, __global const HBY_E *table, __global HBY_E *out, int chunk)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.count, from + chunk);
    for (int i = from; i < to; i++)
        out[i] = table[in[i]];
}
