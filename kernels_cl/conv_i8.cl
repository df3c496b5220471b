/* Convolution, transposed convolution and FULLY_CONNECTED on 8-bit integers: a work-item computes HBY_MR output pixels x HBY_NR vectors of channels, an
 * implicit GEMM over the taps.
 *
 * in     NHWC bytes.   zero   group_c bytes of the input's zero point, and slack
 * w      [block][tap][k4][16][4] signed bytes; a block is 16 output channels of one group, padded with zero weights; k4 = ceil(group_c / 4)
 * fold   [block][16]: bias and what the zero points add (pack.c).   tap_fold   transposed only: [block][tap][16], the zero points' part of each tap
 * mult, shift   [block][16]
 * -D HBY_MR, HBY_NR, HBY_TRANSPOSED, HBY_ROUNDING, HBY_ALIGNED, HBY_ROW_SUM (w_zp, the zero point of the weights as signed bytes, is not 0) */
#include "types.clh"
#include "conv_dot.clh"
#include "conv_tile.clh"

__kernel HBY_TILE_GROUP void hby_conv_i8(struct hby_args_conv p, struct hby_conv_tiles t, int w_zp, const __global HBY_T *in, const __global HBY_T *zero,
    const __global int *w, const __global int *fold, const __global int *tap_fold, const __global int *mult, const __global int *shift, __global HBY_T *out)
{
    const struct hby_tile s = hby_tile_here(&t, p.out_c);
    const int k4 = (p.group_c + 3) >> 2, taps = p.k_h * p.k_w;
    const size_t block_ints = (size_t)taps * k4 * 16;
    if (s.row >= t.rows || s.channels <= 0)
        return;
    struct hby_rows rows;
    if (t.dense)
        hby_rows_dense(&rows, &p, s.row, t.rows);
    else
        hby_rows_start(&rows, &p, s.row, t.rows, s.group * p.group_c);

    hby_vi acc[HBY_MR][HBY_NR];
    HBY_EACH_VECTOR {
        const hby_vi f = HBY_V(vload)(0, fold + HBY_TILE_BLOCK(t, s, j) * 16 + HBY_TILE_LANE(t, s, j));
        HBY_EACH_ROW acc[r][j] = f;
    }
#if HBY_ROW_SUM
    hby_vi sum[HBY_MR];
    HBY_EACH_ROW sum[r] = 0;
    const int ones = 0x01010101, last_ones = 0x01010101 >> (8 * (4 * k4 - p.group_c));
#endif
    const __global int *wp[HBY_NR];
    HBY_EACH_VECTOR wp[j] = w + HBY_TILE_BLOCK(t, s, j) * block_ints + HBY_TILE_LANE(t, s, j);
    for (int tap = 0; tap < taps; tap++) {
        const __global char *a[HBY_MR];
        if (t.dense) {
            HBY_EACH_ROW a[r] = (const __global char *)in + rows.base[r];
        } else {
            const int ti = tap / p.k_w, tj = tap - ti * p.k_w;
            int any = -1;
            HBY_EACH_ROW {
                const int at = hby_rows_tap(&rows, &p, r, ti, tj);
                a[r] = (const __global char *)(at < 0 ? zero : in + at);
                any = max(any, at);
            }
            if (HBY_TRANSPOSED) {
                if (any < 0) { /* the whole tile is outside */
                    HBY_EACH_VECTOR wp[j] += k4 * 16;
                    continue;
                }
                HBY_EACH_VECTOR {
                    const hby_vi f = HBY_V(vload)(0, tap_fold + (HBY_TILE_BLOCK(t, s, j) * taps + tap) * 16 + HBY_TILE_LANE(t, s, j));
                    HBY_EACH_ROW acc[r][j] += f;
                }
            }
        }
        for (int k = 0; k < k4; k++) {
            hby_vi b[HBY_NR];
            HBY_EACH_VECTOR b[j] = HBY_V(vload)(0, wp[j] + 16 * k);
            HBY_EACH_ROW {
                const hby_word x = hby_read_word(a[r] + 4 * k);
                HBY_EACH_VECTOR acc[r][j] = hby_dot_word(x, b[j], acc[r][j]);
#if HBY_ROW_SUM
                sum[r] = hby_dot_word(x, (hby_vi)(k + 1 < k4 ? ones : last_ones), sum[r]);
#endif
            }
        }
        HBY_EACH_VECTOR wp[j] += k4 * 16;
    }

    HBY_EACH_VECTOR {
        const int at = HBY_TILE_BLOCK(t, s, j) * 16 + HBY_TILE_LANE(t, s, j);
        const hby_vi m = HBY_V(vload)(0, mult + at), e = HBY_V(vload)(0, shift + at);
        HBY_EACH_ROW {
#if HBY_ROW_SUM
            acc[r][j] -= sum[r] * w_zp;
#endif
            acc[r][j] = clamp(hby_rescale_lanes(acc[r][j], m, e) + p.out_zp, (hby_vi)(p.act_min), (hby_vi)(p.act_max));
        }
    }
    hby_tile_store(&s, &rows, acc, out + s.group * t.group_out + s.channel, p.out_c);
}
