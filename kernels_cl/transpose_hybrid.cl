/* Dynamic range TRANSPOSE_CONV: int8 activations from hybrid.cl. The reference scales every product and sums in float, so here that is done in its order: tap
 * by tap, inputs first to last (so the last tap first), channel by channel. A work-item computes tiles of HBY_MR output pixels x HBY_NR vectors of channels.
 *
 * in     bytes of dot.clh's form: images of in_h + 1 lines, the last one real 0, and slack.   row   [batch]: how each image is quantized
 * w      [block][tap][in_c][16] signed bytes; a block is 16 output channels, padded with zeros.   w_scale, bias   [block][16]
 * -D HBY_MR, HBY_NR, HBY_HALF_OUT (the output is stored in half) */
#ifndef HBY_MR
#define HBY_MR 4
#define HBY_NR 1
#endif
#define HBY_TRANSPOSED 1
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

#if HBY_DOT_UNSIGNED
#define HBY_BYTE uchar
#else
#define HBY_BYTE char
#endif

static inline void hby_tile_transpose(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, const __global HBY_BYTE *in,
    const __global struct hby_hybrid_row *row, const __global char *w, const __global float *w_scale, const __global float *bias, __global HBY_T *out)
{
    const int taps = p->k_h * p->k_w, line = p->in_w * p->in_c, image = p->in_h * line;
    struct hby_rows rows;
    hby_rows_start(&rows, p, s->row, s->end, 0);

    hby_vf acc[HBY_MR][HBY_NR], scale[HBY_NR], b[HBY_NR];
    HBY_EACH_VECTOR {
        const int at = HBY_TILE_BLOCK(*t, *s, j) * 16 + HBY_TILE_LANE(*t, *s, j);
        scale[j] = HBY_RAWV(w_scale, at);
        b[j] = HBY_RAWV(bias, at);
        HBY_EACH_ROW acc[r][j] = 0.0f;
    }
    const __global HBY_BYTE *zero[HBY_MR];
    float row_scale[HBY_MR];
    int row_zero[HBY_MR];
    HBY_EACH_ROW {
        const int index = rows.base[r] / image;
        const __global struct hby_hybrid_row *q = row + index;
        row_scale[r] = q->scale;
        row_zero[r] = q->zero;
        zero[r] = in + (size_t)index * (image + line) + image;
    }
    for (int tap = taps - 1; tap >= 0; tap--) {
        const int ti = tap / p->k_w, tj = tap - ti * p->k_w;
        const __global HBY_BYTE *a[HBY_MR];
        int at[HBY_ROW_ROOM];
        const int any = hby_rows_tap(&rows, p, ti, tj, at);
        HBY_EACH_ROW a[r] = at[r] < 0 ? zero[r] : zero[r] - image + (at[r] - rows.base[r]);
        if (any < 0) /* the whole tile is outside */
            continue;
        const __global char *wp[HBY_NR];
        HBY_EACH_VECTOR wp[j] = w + (HBY_TILE_BLOCK(*t, *s, j) * (size_t)taps + tap) * p->in_c * 16 + HBY_TILE_LANE(*t, *s, j);
        for (int k = 0; k < p->in_c; k++) {
            hby_vf v[HBY_NR];
            HBY_EACH_VECTOR v[j] = HBY_V(convert_float)(HBY_RAWV(wp[j], 16 * k));
            HBY_EACH_ROW {
                const hby_vf x = (hby_vf)((float)((int)a[r][k] - row_zero[r]));
                HBY_EACH_VECTOR acc[r][j] += x * v[j] * scale[j] * row_scale[r];
            }
        }
    }

    hby_vf done[HBY_MR][HBY_NR];
    HBY_EACH_ROW HBY_EACH_VECTOR done[r][j] = hby_clamp_float(acc[r][j] + b[j], p->f_min, p->f_max);
#define HBY_FINISH(v, j, r) (v)
    HBY_TILE_STORE(*s, rows, done, HBY_FINISH, out, p->out_c)
}

__kernel HBY_TILE_GROUP void hby_transpose_hybrid(struct hby_args_conv p, struct hby_conv_tiles t, const __global HBY_BYTE *in,
    const __global struct hby_hybrid_row *row, const __global char *w, const __global float *w_scale, const __global float *bias, __global HBY_T *out)
{
    struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        for (; s.row < s.end; s.row += HBY_MR)
            hby_tile_transpose(&p, &t, &s, in, row, w, w_scale, bias, out + s.channel);
}
