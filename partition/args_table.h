/* Loop nest of a lookup: out[i] = table[in[i]]. Table 0 of the step holds 256 entries of the output's type, indexed by the input's byte
 * as unsigned; lowering computes them with BUILTIN_REF's arithmetic. */
#ifndef HBY_PARTITION_ARGS_TABLE_H
#define HBY_PARTITION_ARGS_TABLE_H
#include "partition/args_base.h"
struct hby_args_table {
    hby_i32 count;
};
#endif
