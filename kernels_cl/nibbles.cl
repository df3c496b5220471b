/* FULLY_CONNECTED with int4 weights that stay packed: a word is eight weights, which two masks turn into 16 times as many bytes for the int8 dot product; the
 * sum is divided by 16 at the end, exactly. Tiles as in conv_i8.cl, rows of in_c bytes.
 *
 * in     i8: int8; f32w8: hybrid.cl's bytes.   row   f32w8: [rows], how each is quantized
 * w      [block][k8][16] words: byte i holds weight 8 * k8 + i in its low and 8 * k8 + 4 + i in its high nibble; k8 = ceil(in_c / 8); a block is 16 output
 *        channels
 * fold, mult, shift   i8: [block][16], as conv_i8.cl's
 * w_sum, scale   f32w8: [block][run][16]: the weights' sum and scale for each run of 8 * run_words inputs, of which there are `runs`
 * bias   f32w8: [block][16] floats
 * -D HBY_MR, HBY_NR, HBY_ALIGNED; i8: HBY_ROUNDING, HBY_NARROW; f32w8: HBY_HALF_OUT, HBY_RUNS (a channel has several scales) */
#ifndef HBY_RUNS
#define HBY_RUNS 0
#endif
#define HBY_TRANSPOSED 0
#define HBY_GATHER 0
#if HBY_SCHEME_f32w8
#define HBY_HYBRID 1
#define HBY_ACT_READY 1
#if HBY_HALF_OUT
#undef HBY_SCHEME_f32w8
#define HBY_SCHEME_f16 1
#endif
#endif
#include "types.clh"
#include "conv_dot.clh"
#include "conv_tile.clh"
#include "hybrid_args.clh"

#define HBY_HIGH ((int)0xf0f0f0f0)

/* Adds 16 times the products of n words of weights to the tile. */
static inline void hby_nibble_words(hby_vi acc[HBY_MR][HBY_NR], hby_bytes a[HBY_MR], const __global int *wp[HBY_NR], int n)
{
    for (int k = 0; k < n; k++) {
        hby_vi low[HBY_NR], high[HBY_NR];
        HBY_EACH_VECTOR {
            const hby_vi b = HBY_RAWV(wp[j], 16 * k);
            low[j] = (b << (hby_vi)(4)) & (hby_vi)(HBY_HIGH);
            high[j] = b & (hby_vi)(HBY_HIGH);
        }
        HBY_EACH_ROW {
            const hby_word x = hby_read_word(a[r] + 8 * k), y = hby_read_word(a[r] + 8 * k + 4);
            HBY_EACH_VECTOR acc[r][j] = hby_dot_word(y, high[j], hby_dot_word(x, low[j], acc[r][j]));
        }
    }
}

#define HBY_AT(j, runs, run) ((HBY_TILE_BLOCK(*t, *s, j) * (runs) + (run)) * 16 + HBY_TILE_LANE(*t, *s, j))

#if HBY_HYBRID
static inline void hby_tile_nibbles(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, int runs, int run_words,
    const __global char *in, const __global struct hby_hybrid_row *row, const __global int *w, const __global int *w_sum, const __global float *scale,
    const __global float *bias, __global HBY_T *out)
{
    struct hby_rows rows;
    hby_rows_dense(&rows, p, s->row, s->end);
    const __global int *wp[HBY_NR];
    HBY_EACH_VECTOR wp[j] = w + HBY_TILE_BLOCK(*t, *s, j) * (size_t)(runs * run_words * 16) + HBY_TILE_LANE(*t, *s, j);
    hby_bytes a[HBY_MR];
    HBY_EACH_ROW a[r] = in + rows.base[r];
    hby_vf v[HBY_MR][HBY_NR];
    HBY_EACH_ROW HBY_EACH_VECTOR v[r][j] = 0.0f;
    for (int run = 0; run < runs; run++) {
        hby_vi acc[HBY_MR][HBY_NR];
        HBY_EACH_ROW HBY_EACH_VECTOR acc[r][j] = 0;
        hby_nibble_words(acc, a, wp, run_words);
        HBY_EACH_VECTOR {
            const hby_vi sums = HBY_RAWV(w_sum, HBY_AT(j, runs, run));
            const hby_vf w_scale = HBY_RAWV(scale, HBY_AT(j, runs, run));
            HBY_EACH_ROW {
                const hby_vf exact = HBY_V(convert_float)((acc[r][j] >> (hby_vi)(4)) - sums * row[rows.out[r]].zero);
#if HBY_RUNS
                v[r][j] += exact * w_scale;
#else
                v[r][j] = exact * (w_scale * row[rows.out[r]].scale);
#endif
            }
            wp[j] += run_words * 16;
        }
        HBY_EACH_ROW a[r] += run_words * 8;
    }
    HBY_EACH_VECTOR {
        const hby_vf b = HBY_RAWV(bias, HBY_AT(j, 1, 0));
        HBY_EACH_ROW v[r][j] = hby_clamp_float((HBY_RUNS ? v[r][j] * row[rows.out[r]].scale : v[r][j]) + b, p->f_min, p->f_max);
    }
#define HBY_FINISH(v, j, r) (v)
    HBY_TILE_STORE(*s, rows, v, HBY_FINISH, out, p->out_c)
}

__kernel HBY_TILE_GROUP void hby_nibbles_hybrid(struct hby_args_conv p, struct hby_conv_tiles t, int runs, int run_words, const __global char *in,
    const __global struct hby_hybrid_row *row, const __global int *w, const __global int *w_sum, const __global float *scale, const __global float *bias,
    __global HBY_T *out)
{
    struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        for (; s.row < s.end; s.row += HBY_MR)
            hby_tile_nibbles(&p, &t, &s, runs, run_words, in, row, w, w_sum, scale, bias, out + s.channel);
}
#else
static inline void hby_tile_nibbles(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, int words,
    const __global HBY_T *in, const __global int *w, const __global int *fold, const __global int *mult, const __global int *shift, __global HBY_T *out)
{
    struct hby_rows rows;
    hby_rows_dense(&rows, p, s->row, s->end);
    const __global int *wp[HBY_NR];
    HBY_EACH_VECTOR wp[j] = w + HBY_TILE_BLOCK(*t, *s, j) * (size_t)(words * 16) + HBY_TILE_LANE(*t, *s, j);
    hby_bytes a[HBY_MR];
    HBY_EACH_ROW a[r] = (hby_bytes)(in + rows.base[r]);
    hby_vi acc[HBY_MR][HBY_NR], f[HBY_NR], m[HBY_NR], e[HBY_NR];
    HBY_EACH_ROW HBY_EACH_VECTOR acc[r][j] = 0;
    hby_nibble_words(acc, a, wp, words);
    HBY_EACH_VECTOR {
        f[j] = HBY_RAWV(fold, HBY_AT(j, 1, 0));
        m[j] = HBY_RAWV(mult, HBY_AT(j, 1, 0));
        e[j] = HBY_RAWV(shift, HBY_AT(j, 1, 0));
    }
    HBY_EACH_ROW HBY_EACH_VECTOR acc[r][j] = hby_add_wrap(acc[r][j] >> (hby_vi)(4), f[j]);
#define HBY_FINISH(v, j, r) clamp(hby_rescale_lanes(v, m[j], e[j]) + p->out_zp, (hby_vi)(p->act_min), (hby_vi)(p->act_max))
    HBY_TILE_STORE(*s, rows, acc, HBY_FINISH, out, p->out_c)
}

__kernel HBY_TILE_GROUP void hby_nibbles_i8(struct hby_args_conv p, struct hby_conv_tiles t, int words, const __global HBY_T *in, const __global int *w,
    const __global int *fold, const __global int *mult, const __global int *shift, __global HBY_T *out)
{
    struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        for (; s.row < s.end; s.row += HBY_MR)
            hby_tile_nibbles(&p, &t, &s, words, in, w, fold, mult, shift, out + s.channel);
}
#endif
