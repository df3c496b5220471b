/* Products of matrices that are computed at run time: see struct hby_args_matmul.
 *
 * A work-item takes HBY_ROWS rows of HBY_LANES neighbouring outputs: columns along work dimension 0, row tiles of all batches along dimension 1. Lanes past the
 * end of a row of b read what follows it; they are not stored. Rows past the last are computed from the last. HBY_B_TYPE is b's storage type where it
 * differs. */
#include "args_matmul.h"
#include "nest.clh"

#ifndef HBY_B_TYPE
#define HBY_B_TYPE HBY_TYPE
#endif
#define HBY_ROWS 4

#if HBY_FLOAT
typedef hby_vf hby_sum;
#define HBY_MAC(sum, a, b) fma((hby_vf)(a), b, sum)
#elif HBY_TYPE == 4
typedef hby_vl hby_sum;
#define HBY_MAC(sum, a, b) ((sum) + (hby_vl)((long)(a)) * HBY_V(convert_long)(b))
#else
typedef hby_vi hby_sum;
#define HBY_MAC(sum, a, b) ((sum) + (hby_vi)(a) * (b))
#endif

static inline hby_vc hby_finish_sum(const struct hby_args_matmul *p, hby_sum sum)
{
#if HBY_FLOAT
    return sum;
#elif HBY_TYPE == 4
    /* hby_rescale_wide16 for all lanes */
    const int m = p->out.mult < 0x7fff0000 ? (p->out.mult + (1 << 15)) >> 16 : 0x7fff, shift = p->out.shift;
    const hby_vl wide = (sum * (hby_vl)((long)m) + (hby_vl)(1L << (14 - shift))) >> (hby_vl)((long)(15 - shift));
    return hby_quantized(HBY_V(convert_int)(wide), p->out.zero_point, p->act_min, p->act_max);
#else
    return hby_quantized(hby_rescale_v(sum, p->out.mult, p->out.shift, p->rounding), p->out.zero_point, p->act_min, p->act_max);
#endif
}

HBY_NEST_KERNEL void hby_matmul(const struct hby_args_matmul p, __global const HBY_P(HBY_TYPE) * a, __global const HBY_P(HBY_B_TYPE) * b,
                                __global HBY_P(HBY_TYPE) * out, int row_tiles)
{
    const int j = (int)get_global_id(0) * HBY_LANES, tile = (int)get_global_id(1), batch = tile / row_tiles, i = tile % row_tiles * HBY_ROWS;
    if (j >= p.n || batch >= p.batch[0] * p.batch[1] * p.batch[2])
        return;
    const int b2 = batch % p.batch[2], b1 = batch / p.batch[2] % p.batch[1], b0 = batch / (p.batch[2] * p.batch[1]);
    a += b0 * p.a_stride[0] + b1 * p.a_stride[1] + b2 * p.a_stride[2];
    b += b0 * p.b_stride[0] + b1 * p.b_stride[1] + b2 * p.b_stride[2] + j;
    const int at0 = i * p.k, at1 = min(i + 1, p.m - 1) * p.k, at2 = min(i + 2, p.m - 1) * p.k, at3 = min(i + 3, p.m - 1) * p.k;
    hby_sum s0 = (hby_sum)(0), s1 = (hby_sum)(0), s2 = (hby_sum)(0), s3 = (hby_sum)(0);
    for (int l = 0; l < p.k; l++) {
#if HBY_FLOAT
        const hby_vf y = HBY_GETV(HBY_B_TYPE, b, l * p.n);
        const float x0 = HBY_GET(HBY_TYPE, a, at0 + l), x1 = HBY_GET(HBY_TYPE, a, at1 + l);
        const float x2 = HBY_GET(HBY_TYPE, a, at2 + l), x3 = HBY_GET(HBY_TYPE, a, at3 + l);
#else
        const hby_vi y = HBY_GETV(HBY_B_TYPE, b, l * p.n) - (hby_vi)(p.b_zp);
        const int x0 = HBY_GET(HBY_TYPE, a, at0 + l) - p.a_zp, x1 = HBY_GET(HBY_TYPE, a, at1 + l) - p.a_zp;
        const int x2 = HBY_GET(HBY_TYPE, a, at2 + l) - p.a_zp, x3 = HBY_GET(HBY_TYPE, a, at3 + l) - p.a_zp;
#endif
        s0 = HBY_MAC(s0, x0, y);
        s1 = HBY_MAC(s1, x1, y);
        s2 = HBY_MAC(s2, x2, y);
        s3 = HBY_MAC(s3, x3, y);
    }
    const int to = (batch * p.m + i) * p.n + j, lanes = p.n - j;
    HBY_PUT(HBY_TYPE, hby_finish_sum(&p, s0), out, to, lanes);
    if (i + 1 < p.m)
        HBY_PUT(HBY_TYPE, hby_finish_sum(&p, s1), out, to + p.n, lanes);
    if (i + 2 < p.m)
        HBY_PUT(HBY_TYPE, hby_finish_sum(&p, s2), out, to + 2 * p.n, lanes);
    if (i + 3 < p.m)
        HBY_PUT(HBY_TYPE, hby_finish_sum(&p, s3), out, to + 3 * p.n, lanes);
}
