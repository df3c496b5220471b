/* out[i] = table[in[i]]: every function of one byte. The table has 256 entries of the output's type, indexed by the byte as unsigned.
 * flip: -1, or, with entries of a byte, what the table turns out to be: table[i] = i ^ flip (0x80 between uint8 and int8 of one scale). */
#include "args_table.h"
#include "nest.clh"

HBY_NEST_KERNEL void hby_table(const struct hby_args_table p, __global const uchar *in, __global const HBY_E *table, __global HBY_E *out, int chunk, int flip)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.count, from + chunk);
    int i = from;
#if HBY_ELEM == 1
    for (; flip >= 0 && i + HBY_LANES <= to; i += HBY_LANES) {
        const HBY_V(uchar) v = HBY_V(vload)(0, in + i) ^ (uchar)flip;
        HBY_PUT_WHOLE(uchar, v, out + i);
    }
#endif
    for (; i < to; i++)
        out[i] = table[in[i]];
}
