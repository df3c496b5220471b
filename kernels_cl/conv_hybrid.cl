/* Dynamic range CONV_2D and FULLY_CONNECTED: int8 activations from hybrid.cl, float results. A work-item computes tiles of HBY_MR output pixels x HBY_NR
 * vectors of channels, as in conv_i8.cl; the image has its border in memory, so no tap is outside.
 *
 * in     bytes of dot.clh's form, and slack.   row   [batch]: how each image is quantized
 * w      [block][tap][k4][16][4] signed bytes; a block is 16 output channels of one group, padded with zero weights; k4 = ceil(group_c / 4)
 * w_sum  [block][16]: the sum of a channel's weights.   w_scale, bias   [block][16]
 * p      is the step's, but: the image with its border; where the taps of a line lie side by side they are one tap of k_w * in_c (k_w is 1 then)
 * -D HBY_MR, HBY_NR, HBY_ALIGNED, HBY_HALF_OUT (the output is stored in half) */
#ifndef HBY_MR
#define HBY_MR 4
#define HBY_NR 1
#endif
#define HBY_TRANSPOSED 0
#define HBY_GATHER 0
#define HBY_ACT_READY 1
#if HBY_HALF_OUT
#undef HBY_SCHEME_f32w8
#define HBY_SCHEME_f16 1
#endif
#include "types.clh"
#include "conv_dot.clh"
#include "conv_tile.clh"
#include "hybrid_args.clh"

/* Adds the products of k4 words of every row to the tile. */
static inline void hby_words(hby_vi acc[HBY_MR][HBY_NR], hby_bytes a[HBY_MR], const __global int *wp[HBY_NR], int k4)
{
    for (int k = 0; k < k4; k++) {
        hby_vi b[HBY_NR];
        HBY_EACH_VECTOR b[j] = HBY_TABLEV(int, wp[j], 16 * k);
        HBY_EACH_ROW {
            const hby_word x = hby_read_word(a[r] + 4 * k);
            HBY_EACH_VECTOR acc[r][j] = hby_dot_word(x, b[j], acc[r][j]);
        }
    }
}

/* (sum * w_scale) * row scale where `weights_first`, else sum * (both): the reference rounds so. */
static inline hby_vf hby_hybrid_value(hby_vi sum, hby_vi w_sum, hby_vf w_scale, hby_vf bias, const struct hby_hybrid_row *row, int weights_first,
                                      const struct hby_args_conv *p)
{
    const hby_vf v = HBY_V(convert_float)(sum - w_sum * row->zero);
    return hby_clamp_float((weights_first ? v * w_scale * row->scale : v * (w_scale * row->scale)) + bias, p->f_min, p->f_max);
}

static inline void hby_tile_hybrid(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, int weights_first,
    const __global char *in, const __global struct hby_hybrid_row *row, const __global int *w, const __global int *w_sum, const __global float *w_scale,
    const __global float *bias, __global HBY_T *out)
{
    const int taps = p->k_h * p->k_w, k4 = (p->group_c + 3) >> 2, image = p->out_h * p->out_w;
    const size_t block_ints = (size_t)taps * k4 * 16;
    struct hby_rows rows;
    if (t->dense)
        hby_rows_dense(&rows, p, s->row, s->end);
    else
        hby_rows_start(&rows, p, s->row, s->end, s->group * p->group_c);

    hby_vi acc[HBY_MR][HBY_NR];
    const __global int *wp[HBY_NR];
    HBY_EACH_VECTOR {
        HBY_EACH_ROW acc[r][j] = 0;
        wp[j] = w + HBY_TILE_BLOCK(*t, *s, j) * block_ints + HBY_TILE_LANE(*t, *s, j);
    }
    for (int ti = 0; ti < p->k_h; ti++)
        for (int tj = 0; tj < p->k_w; tj++) {
            const int tap = (ti * p->dilation_h * p->in_w + tj * p->dilation_w) * p->in_c;
            hby_bytes a[HBY_MR];
            HBY_EACH_ROW a[r] = in + (rows.base[r] + tap);
            hby_words(acc, a, wp, k4);
            HBY_EACH_VECTOR wp[j] += k4 * 16;
        }

    hby_vi sums[HBY_NR];
    hby_vf scale[HBY_NR], b[HBY_NR];
    HBY_EACH_VECTOR {
        const int at = HBY_TILE_BLOCK(*t, *s, j) * 16 + HBY_TILE_LANE(*t, *s, j);
        sums[j] = HBY_TABLEV(int, w_sum, at);
        scale[j] = HBY_TABLEV(float, w_scale, at);
        b[j] = HBY_TABLEV(float, bias, at);
    }
    struct hby_hybrid_row q[HBY_MR];
    q[0] = row[0];
    HBY_EACH_ROW q[r] = p->batch == 1 ? q[0] : row[rows.out[r] / image];
    hby_vf done[HBY_MR][HBY_NR];
    HBY_EACH_ROW HBY_EACH_VECTOR done[r][j] = hby_hybrid_value(acc[r][j], sums[j], scale[j], b[j], &q[r], weights_first, p);
#define HBY_FINISH(v, j, r) (v)
    HBY_TILE_STORE(*s, rows, done, HBY_FINISH, out, p->out_c)
}

__kernel HBY_TILE_GROUP void hby_conv_hybrid(struct hby_args_conv p, struct hby_conv_tiles t, int weights_first, const __global char *in,
    const __global struct hby_hybrid_row *row, const __global int *w, const __global int *w_sum, const __global float *w_scale, const __global float *bias,
    __global HBY_T *out)
{
    struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        for (; s.row < s.end; s.row += HBY_MR)
            hby_tile_hybrid(&p, &t, &s, weights_first, in, row, w, w_sum, w_scale, bias, out + s.group * t.group_out + s.channel);
}
