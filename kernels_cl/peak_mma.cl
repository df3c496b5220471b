/* What the matrix units can do at most, for bench/roofline: products from registers, into sums that are independent of each other. For work-groups of at most
 * 256. */
#include "types.clh"
#include "mma.clh"

#ifndef HBY_SUMS
#define HBY_SUMS 8
#endif
#define HBY_WARPS 8
#define HBY_PRODUCTS (16 * 8 * (HBY_MMA_HALF ? 16 : 32)) /* of a warp, in one instruction */
#define HBY_EACH_SUM HBY_UNROLL for (int r = 0; r < HBY_SUMS; r++)

/* Halves below 1, or whatever bytes there are. */
#if HBY_MMA_HALF
#define HBY_WORD(seed) ((seed)&0x3bff3bff)
#else
#define HBY_WORD(seed) (seed)
#endif

__kernel void hby_peak_mma(int seed, int rounds, __global int *out, __global int *per_round)
{
    __local int swap[HBY_MMA_SWAP * HBY_WARPS + 1];
    const int i = (int)get_global_id(0), word = seed * (i + 1) * 0x01030507;
    const int4 a = (int4)(HBY_WORD(word), HBY_WORD(word * 3), HBY_WORD(word * 5), HBY_WORD(word * 7));
    HBY_M4 sum[HBY_SUMS], all = 0;
    HBY_EACH_SUM sum[r] = r;
    for (int n = 0; n < rounds; n++)
        HBY_EACH_SUM sum[r] = hby_mma(sum[r], a, (int2)(HBY_WORD(word + r), HBY_WORD(word - r)), swap);
    HBY_EACH_SUM all += sum[r];
    out[i] = (int)(all.s0 + all.s1 + all.s2 + all.s3);
    if (i == 0)
        *per_round = HBY_SUMS * HBY_PRODUCTS / 32;
}
