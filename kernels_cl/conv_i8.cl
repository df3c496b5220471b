/* Convolution, transposed convolution and FULLY_CONNECTED on 8-bit integers: a work-item computes tiles of HBY_MR output pixels x HBY_NR vectors of channels, an
 * implicit GEMM over the taps.
 *
 * in     NHWC bytes.   zero   group_c bytes (with HBY_GATHER: k_w * in_c) of the input's zero point, and slack
 * w      [block][tap][k4][16][4] signed bytes; a block is 16 output channels of one group, padded with zero weights; k4 = ceil(group_c / 4).
 *        With HBY_GATHER a tap is a line of the window: [block][k_h][k4][16][4], k4 = ceil(k_w * in_c / 4)
 * fold   [block][16]: bias and what the zero points add (pack.c).   tap_fold   transposed only: [block][tap][16], the zero points' part of each tap
 * mult, shift   [block][16].   sum, other   what comes behind it, and the tensor that is added (sum.clh)
 * -D HBY_MR, HBY_NR, HBY_TRANSPOSED, HBY_ROUNDING, HBY_NARROW, HBY_ALIGNED, HBY_ROW_SUM (w_zp, the zero point of the weights as signed bytes, is not 0),
 *    HBY_GATHER (0, or the largest 4 * k_h * k4: conv_rows.clh) */
#include "types.clh"
#include "conv_tile.clh"

/* Adds the products of k4 words of every row to the tile. */
static inline void hby_words(hby_vi acc[HBY_MR][HBY_NR], hby_vi sum[HBY_MR], hby_bytes a[HBY_MR], const __global int *wp[HBY_NR], int k4, int last_ones)
{
    for (int k = 0; k < k4; k++) {
        hby_vi b[HBY_NR];
        HBY_EACH_VECTOR b[j] = HBY_RAWV(wp[j], 16 * k);
        HBY_EACH_ROW {
            const hby_word x = hby_read_word(a[r] + 4 * k);
            HBY_EACH_VECTOR acc[r][j] = hby_dot_word(x, b[j], acc[r][j]);
#if HBY_ROW_SUM
            sum[r] = hby_dot_word(x, (hby_vi)(k + 1 < k4 ? 0x01010101 : last_ones), sum[r]);
#endif
        }
    }
}

static inline void hby_tile_i8(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, const struct hby_sum *sums, int w_zp, const __global HBY_T *in,
    const __global HBY_T *zero, const __global int *w, const __global int *fold, const __global int *tap_fold, const __global int *mult,
    const __global int *shift, const __global HBY_T *other, __global HBY_T *out)
{
    const int taps = HBY_GATHER ? p->k_h : p->k_h * p->k_w, depth = HBY_GATHER ? p->k_w * p->in_c : p->group_c, k4 = (depth + 3) >> 2;
    const int last_ones = 0x01010101 >> (8 * (4 * k4 - depth));
    const size_t block_ints = (size_t)taps * k4 * 16;
    struct hby_rows rows;
    if (t->dense)
        hby_rows_dense(&rows, p, s->row, s->end);
    else
        hby_rows_start(&rows, p, s->row, s->end, s->group * p->group_c);

    hby_vi acc[HBY_MR][HBY_NR], sum[HBY_MR];
    const __global int *wp[HBY_NR];
    HBY_EACH_VECTOR {
        const int block = HBY_TILE_BLOCK(*t, *s, j), lane = HBY_TILE_LANE(*t, *s, j);
        const hby_vi f = HBY_RAWV(fold, block * 16 + lane);
        HBY_EACH_ROW acc[r][j] = f;
        wp[j] = w + block * block_ints + lane;
    }
    HBY_EACH_ROW sum[r] = 0;
    hby_bytes a[HBY_MR];
#if HBY_GATHER
    HBY_T patch[HBY_MR][HBY_GATHER + 16];
    hby_rows_gather(&rows, p, in, zero, patch);
    for (int i = 0; i < p->k_h; i++) {
        HBY_EACH_ROW a[r] = (hby_bytes)(patch[r] + 4 * k4 * i);
        hby_words(acc, sum, a, wp, k4, last_ones);
        HBY_EACH_VECTOR wp[j] += k4 * 16;
    }
#else
    for (int ti = 0; ti < p->k_h; ti++)
        for (int tj = 0; tj < p->k_w; tj++) {
            if (rows.interior) {
                const int tap = (ti * p->dilation_h * p->in_w + tj * p->dilation_w) * p->in_c;
                HBY_EACH_ROW a[r] = (hby_bytes)(in + (rows.base[r] + tap));
            } else {
                int any = -1;
                HBY_EACH_ROW {
                    const int at = hby_rows_tap(&rows, p, r, ti, tj);
                    a[r] = (hby_bytes)(at < 0 ? zero : in + at);
                    any = max(any, at);
                }
#if HBY_TRANSPOSED
                if (any < 0) { /* the whole tile is outside */
                    HBY_EACH_VECTOR wp[j] += k4 * 16;
                    continue;
                }
                HBY_EACH_VECTOR {
                    const int block = HBY_TILE_BLOCK(*t, *s, j), lane = HBY_TILE_LANE(*t, *s, j);
                    const hby_vi f = HBY_RAWV(tap_fold, (block * taps + ti * p->k_w + tj) * 16 + lane);
                    HBY_EACH_ROW acc[r][j] += f;
                }
#endif
            }
            hby_words(acc, sum, a, wp, k4, last_ones);
            HBY_EACH_VECTOR wp[j] += k4 * 16;
        }
#endif

#if HBY_ROW_SUM
    HBY_EACH_ROW HBY_EACH_VECTOR acc[r][j] -= sum[r] * w_zp;
#endif
    HBY_EACH_VECTOR {
        const int at = HBY_TILE_BLOCK(*t, *s, j) * 16 + HBY_TILE_LANE(*t, *s, j);
        const hby_scaling scaling = hby_scaling_of(HBY_RAWV(mult, at), HBY_RAWV(shift, at), p->out_zp);
        HBY_EACH_ROW acc[r][j] = hby_scaled(acc[r][j], scaling);
    }
#ifdef HBY_STORE_BYTES
    if (!sums->present) {
        hby_tile_bytes(acc, &rows, s->channels, p->act_min, p->act_max, out, p->out_c);
        return;
    }
#endif
    HBY_EACH_ROW HBY_EACH_VECTOR acc[r][j] = clamp(acc[r][j], (hby_vi)(p->act_min), (hby_vi)(p->act_max));
    HBY_TILE_END(sums, *s, rows, acc, other, out, p->out_c)
}

HBY_APART void hby_tiles_i8(const struct hby_args_conv p, const struct hby_conv_tiles t, struct hby_tile s, const struct hby_sum sum, int w_zp, const __global HBY_T *in,
    const __global HBY_T *zero, const __global int *w, const __global int *fold, const __global int *tap_fold, const __global int *mult, const __global int *shift,
    const __global HBY_T *other, __global HBY_T *out)
{
    const int first = s.group * t.group_out + s.channel;
    for (; s.row < s.end; s.row += HBY_MR)
        hby_tile_i8(&p, &t, &s, &sum, w_zp, in, zero, w, fold, tap_fold, mult, shift, other + first, out + first);
}

__kernel HBY_TILE_GROUP void hby_conv_i8(struct hby_args_conv p, struct hby_conv_tiles t, struct hby_sum sum, int w_zp, const __global HBY_T *in, const __global HBY_T *zero,
    const __global int *w, const __global int *fold, const __global int *tap_fold, const __global int *mult, const __global int *shift, const __global HBY_T *other,
    __global HBY_T *out)
{
    const struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        hby_tiles_i8(p, t, s, sum, w_zp, in, zero, w, fold, tap_fold, mult, shift, other, out);
}
