/* Convolution, transposed convolution and FULLY_CONNECTED on 8-bit integers: a work-item computes tiles of HBY_MR output pixels x HBY_NR vectors of channels,
 * an implicit GEMM over the taps.
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
HBY_WITHIN void hby_words(hby_vi acc[HBY_MR][HBY_NR], hby_vi sum[HBY_MR], hby_bytes a[HBY_MR], const __global int *wp[HBY_NR], int k4, int last_ones)
{
    int k = 0;
    do {
        hby_vi b[HBY_NR];
        HBY_EACH_VECTOR b[j] = HBY_TABLEV(int, wp[j], 16 * k);
        HBY_EACH_ROW {
            const hby_word x = hby_read_word(a[r] + 4 * k);
            HBY_EACH_VECTOR acc[r][j] = hby_dot_word(x, b[j], acc[r][j]);
#if HBY_ROW_SUM
            sum[r] = hby_dot_word(x, (hby_vi)(k + 1 < k4 ? 0x01010101 : last_ones), sum[r]);
#endif
        }
    } while (++k < k4);
}

#ifdef HBY_STORE_BYTES
typedef struct hby_sum_ready hby_tile_sum;
#else
typedef struct hby_sum hby_tile_sum;
#endif

/* What all tiles of a work-item have in common. */
struct hby_channels {
    const __global int *w[HBY_NR], *tap_fold[HBY_NR];
    hby_vi fold[HBY_NR];
    hby_scaling scaling[HBY_NR];
    int k4, last_ones, w_zp;
};

HBY_WITHIN void hby_tile_i8(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, const struct hby_channels *c,
    const hby_tile_sum *sums, const __global HBY_T *in, const __global HBY_T *zero, const __global HBY_T *other, __global HBY_T *out)
{
    const int k4 = c->k4;
    struct hby_rows rows;
#ifdef HBY_STORE_BYTES
    if (sums) /* of the next tile: the lines are too far apart for the processor to guess */
        HBY_EACH_ROW __builtin_prefetch((const __global char *)(other + (size_t)(s->row + HBY_MR + r) * p->out_c));
#endif
    hby_vi acc[HBY_MR][HBY_NR], sum[HBY_MR];
    const __global int *wp[HBY_NR];
    HBY_EACH_VECTOR {
        const hby_vi f = c->fold[j];
        HBY_EACH_ROW acc[r][j] = f;
        wp[j] = c->w[j];
    }
    HBY_EACH_ROW sum[r] = 0;
    hby_bytes a[HBY_MR];
#if HBY_GATHER
    hby_rows_start(&rows, p, s->row, s->end, 0);
    HBY_T patch[HBY_MR][HBY_GATHER + 16];
    const HBY_T *line[HBY_MR];
    const int step = hby_rows_lines(&rows, p, in, zero, patch, line);
    for (int i = 0; i < p->k_h; i++) {
        HBY_EACH_ROW a[r] = (hby_bytes)(line[r] + step * i);
        hby_words(acc, sum, a, wp, k4, c->last_ones);
        HBY_EACH_VECTOR wp[j] += k4 * 16;
    }
#else
    if (t->dense) {
        hby_rows_dense(&rows, p, s->row, s->end);
        HBY_EACH_ROW a[r] = (hby_bytes)(in + rows.base[r]);
        hby_words(acc, sum, a, wp, k4, c->last_ones);
    } else {
        hby_rows_start(&rows, p, s->row, s->end, s->group * p->group_c);
        int ti = 0, tj = 0;
        do {
            if (rows.interior) {
                const __global HBY_T *tap = in + (ti * p->dilation_h * p->in_w + tj * p->dilation_w) * p->in_c;
                HBY_EACH_ROW a[r] = (hby_bytes)(tap + rows.base[r]);
            } else {
                int at[HBY_ROW_ROOM];
                const int any = hby_rows_tap(&rows, p, ti, tj, at);
                HBY_EACH_ROW a[r] = (hby_bytes)(at[r] < 0 ? zero : in + at[r]);
#if HBY_TRANSPOSED
                if (any >= 0) { /* else the whole tile is outside */
                    HBY_EACH_VECTOR {
                        const hby_vi f = HBY_TABLEV(int, c->tap_fold[j], (ti * p->k_w + tj) * 16);
                        HBY_EACH_ROW acc[r][j] += f;
                    }
                    hby_words(acc, sum, a, wp, k4, c->last_ones);
                }
#endif
            }
#if !HBY_TRANSPOSED
            hby_words(acc, sum, a, wp, k4, c->last_ones);
#endif
            HBY_EACH_VECTOR wp[j] += k4 * 16;
            if (++tj == p->k_w) {
                tj = 0;
                ti++;
            }
        } while (ti < p->k_h);
    }
#endif

#if HBY_ROW_SUM
    HBY_EACH_ROW HBY_EACH_VECTOR acc[r][j] -= sum[r] * c->w_zp;
#endif
    HBY_EACH_VECTOR {
        const hby_scaling scaling = c->scaling[j];
        HBY_EACH_ROW acc[r][j] = hby_scaled(acc[r][j], scaling);
    }
#ifdef HBY_STORE_BYTES
    hby_tile_end_bytes(acc, &rows, s, sums, p->act_min, p->act_max, other, out, p->out_c);
#else
    HBY_EACH_ROW HBY_EACH_VECTOR acc[r][j] = clamp(acc[r][j], (hby_vi)(p->act_min), (hby_vi)(p->act_max));
    HBY_TILE_END(sums, *s, rows, acc, other, out, p->out_c)
#endif
}

HBY_APART void hby_tiles_i8(const struct hby_args_conv p, const struct hby_conv_tiles t, struct hby_tile s, const struct hby_sum sum, int w_zp,
    const __global HBY_T *in, const __global HBY_T *zero, const __global int *w, const __global int *fold, const __global int *tap_fold,
    const __global int *mult, const __global int *shift, const __global HBY_T *other, __global HBY_T *out)
{
    const int taps = HBY_GATHER ? p.k_h : p.k_h * p.k_w, depth = HBY_GATHER ? p.k_w * p.in_c : p.group_c, first = s.group * t.group_out + s.channel;
    struct hby_channels c;
    c.k4 = (depth + 3) >> 2;
    c.last_ones = 0x01010101 >> (8 * (4 * c.k4 - depth));
    c.w_zp = w_zp;
    HBY_EACH_VECTOR {
        const int block = HBY_TILE_BLOCK(t, s, j), lane = HBY_TILE_LANE(t, s, j), at = block * 16 + lane;
        c.w[j] = w + (size_t)block * taps * c.k4 * 16 + lane;
        c.tap_fold[j] = tap_fold + (size_t)block * taps * 16 + lane;
        c.fold[j] = HBY_TABLEV(int, fold, at);
        c.scaling[j] = hby_scaling_of(HBY_TABLEV(int, mult, at), HBY_TABLEV(int, shift, at), p.out_zp);
    }
#ifdef HBY_STORE_BYTES
    hby_tile_sum ready;
    if (sum.present)
        hby_sum_make(&ready, &sum, p.act_min, p.act_max);
    const hby_tile_sum *const with = sum.present ? &ready : 0;
#else
    const hby_tile_sum *const with = &sum;
#endif
    for (; s.row < s.end; s.row += HBY_MR)
        hby_tile_i8(&p, &t, &s, &c, with, in, zero, other + first, out + first);
}

__kernel HBY_TILE_GROUP void hby_conv_i8(struct hby_args_conv p, struct hby_conv_tiles t, struct hby_sum sum, int w_zp, const __global HBY_T *in,
    const __global HBY_T *zero, const __global int *w, const __global int *fold, const __global int *tap_fold, const __global int *mult,
    const __global int *shift, const __global HBY_T *other, __global HBY_T *out)
{
    const struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        hby_tiles_i8(p, t, s, sum, w_zp, in, zero, w, fold, tap_fold, mult, shift, other, out);
}
