#include "types.clh"
#include "mma.clh"

#if HBY_SCHEME_i16
#define HBY_ROW_WORDS 16
#else
#define HBY_ROW_WORDS 8
#endif

/* What cl_mma.c checks before it believes mma.clh: a[16][8 words; i16: 16] by b[8 columns][8 words] onto c[16][8], by one warp. */
__kernel __attribute__((reqd_work_group_size(32, 1, 1))) void mma_test(__global const int *a, __global const int *b, __global HBY_M *c)
{
#if HBY_MMA_SWAP
    __local int swap[HBY_MMA_SWAP];
#else
    __local int swap[1];
#endif
    const int lane = get_local_id(0), g = lane / 4, l = lane % 4;
    const __global int *upper = a + g * HBY_ROW_WORDS, *lower = upper + 8 * HBY_ROW_WORDS;
    const int2 y = (int2)(b[g * 8 + l], b[g * 8 + 4 + l]);
    HBY_M4 v = (HBY_M4)(c[g * 8 + 2 * l], c[g * 8 + 2 * l + 1], c[(g + 8) * 8 + 2 * l], c[(g + 8) * 8 + 2 * l + 1]);
#if HBY_SCHEME_i16
    const int4 first = (int4)(upper[2 * l], lower[2 * l], upper[8 + 2 * l], lower[8 + 2 * l]);
    const int4 second = (int4)(upper[2 * l + 1], lower[2 * l + 1], upper[8 + 2 * l + 1], lower[8 + 2 * l + 1]);
    const int4 high = (int4)(hby_mma_odd(first.s0, second.s0), hby_mma_odd(first.s1, second.s1), hby_mma_odd(first.s2, second.s2),
                             hby_mma_odd(first.s3, second.s3));
    const int4 low = (int4)(hby_mma_even(first.s0, second.s0), hby_mma_even(first.s1, second.s1), hby_mma_even(first.s2, second.s2),
                            hby_mma_even(first.s3, second.s3));
    v = hby_mma_low(v, low, y, swap) + 256 * hby_mma((int4)(0), high, y, swap);
#else
    v = hby_mma(v, (int4)(upper[l], lower[l], upper[4 + l], lower[4 + l]), y, swap);
#endif
    c[g * 8 + 2 * l] = v.s0;
    c[g * 8 + 2 * l + 1] = v.s1;
    c[(g + 8) * 8 + 2 * l] = v.s2;
    c[(g + 8) * 8 + 2 * l + 1] = v.s3;
}
