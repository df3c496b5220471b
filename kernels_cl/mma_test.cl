#include "types.clh"
#include "mma.clh"

/* What cl_mma.c checks before it believes mma.clh: a[16][8 words] by b[8 columns][8 words] onto c[16][8], by one warp. */
__kernel __attribute__((reqd_work_group_size(32, 1, 1))) void mma_test(__global const int *a, __global const int *b, __global HBY_M *c)
{
#if HBY_MMA_EMULATED
    __local int swap[HBY_MMA_SWAP];
#else
    __local int swap[1];
#endif
    const int lane = get_local_id(0), g = lane / 4, l = lane % 4;
    HBY_M4 v = (HBY_M4)(c[g * 8 + 2 * l], c[g * 8 + 2 * l + 1], c[(g + 8) * 8 + 2 * l], c[(g + 8) * 8 + 2 * l + 1]);
    const int4 x = (int4)(a[g * 8 + l], a[(g + 8) * 8 + l], a[g * 8 + 4 + l], a[(g + 8) * 8 + 4 + l]);
    v = hby_mma(v, x, (int2)(b[g * 8 + l], b[g * 8 + 4 + l]), swap);
    c[g * 8 + 2 * l] = v.s0;
    c[g * 8 + 2 * l + 1] = v.s1;
    c[(g + 8) * 8 + 2 * l] = v.s2;
    c[(g + 8) * 8 + 2 * l + 1] = v.s3;
}
