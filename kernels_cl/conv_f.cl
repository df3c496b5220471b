/* Convolution, transposed convolution and FULLY_CONNECTED in float arithmetic on float or half storage: a work-item computes tiles of HBY_MR output pixels x
 * HBY_NR vectors of channels, an implicit GEMM over the taps.
 *
 * in     NHWC.   zero   group_c (with HBY_GATHER: k_w * in_c) zeros, and slack
 * w      [block][tap][group_c][16], of HBY_WEIGHT_KIND (weights.clh); a block is 16 output channels of one group, padded with zeros
 * bias   [block][16] floats.   scale, w_zero   [block][16] floats, weight-only: weight = (w - w_zero) * scale; w_zero only with HBY_WEIGHT_ZERO
 * sum, other   what comes behind it, and the tensor that is added (sum.clh)
 * -D HBY_IN_WHOLES (types.clh), HBY_ALIGNED (GPU: in_c and group_c are multiples of 4), HBY_MR, HBY_NR, HBY_TRANSPOSED, HBY_WEIGHT_KIND, HBY_WEIGHT_ZERO,
 *    HBY_GATHER (0, or the largest taps * in_c: conv_rows.clh), HBY_HALF_MATH (half.clh; not 0: products and runs of HBY_HALF_RUN of them in half arithmetic,
 *    the runs added in float; half storage and weights) */
#include "types.clh"
#include "conv_tile.clh"
#include "weights.clh"

#ifndef HBY_HALF_MATH
#define HBY_HALF_MATH 0
#endif

/* Weight-only: the zero points, and the scales where each product must be rounded as the reference rounds it; else a sum is scaled when it is complete. */
#define HBY_SCALE_EACH (HBY_WEIGHT_ONLY && HBY_SEPARATE)
/* What all tiles of a work-item have in common. */
struct hby_channels {
    const __global HBY_W *w[HBY_NR];
    hby_vf bias[HBY_NR], zero[HBY_NR], scale[HBY_NR];
};
#if HBY_SCALE_EACH
#define HBY_STORED(wp, k, j) ((HBY_WEIGHTS(wp[j], k) - w->zero[j]) * w->scale[j])
#elif HBY_WEIGHT_ZERO
#define HBY_STORED(wp, k, j) (HBY_WEIGHTS(wp[j], k) - w->zero[j])
#else
#define HBY_STORED(wp, k, j) HBY_WEIGHTS(wp[j], k)
#endif

/* Half activations of a CPU's tile are widened a chunk at a time, for one at a time is slow. */
#define HBY_WIDEN (HBY_SCHEME_f16 && HBY_DEVICE_CPU && !HBY_GATHER)
#define HBY_CHUNK 64
#if HBY_GATHER
typedef const float *hby_values;
#define HBY_VALUE(p, k) (p)[k]
#else
typedef const __global HBY_T *hby_values;
#define HBY_VALUE(p, k) HBY_LOAD(p, k)
#if HBY_SCHEME_f16
#define HBY_VALUES4(p, k) HBY_LOAD_WHOLE_HALF4(p, k)
#else
#define HBY_VALUES4(p, k) HBY_WHOLEV(float, p, k)
#endif
#endif

/* Adds the products of `depth` values of every row to the tile. */
HBY_WITHIN void hby_products(hby_vf acc[HBY_MR][HBY_NR], hby_values a[HBY_MR], const __global HBY_W *wp[HBY_NR], const struct hby_channels *w, int depth)
{
#if HBY_WIDEN
    for (int k0 = 0; k0 < depth; k0 += HBY_CHUNK) {
        const int n = min(HBY_CHUNK, depth - k0);
        float x[HBY_MR][HBY_CHUNK];
        HBY_EACH_ROW
            for (int k = 0; k < n; k += 16)
                vstore16(HBY_LOAD16(a[r], k0 + k), 0, x[r] + k);
        for (int k = 0; k < n; k++) {
            hby_vf b[HBY_NR];
            HBY_EACH_VECTOR b[j] = HBY_STORED(wp, k0 + k, j);
            HBY_EACH_ROW
                HBY_EACH_VECTOR acc[r][j] = HBY_SUM_PRODUCT((hby_vf)(x[r][k]), b[j], acc[r][j]);
        }
    }
#elif HBY_ALIGNED
    for (int k = 0; k < depth; k += 4) {
        float x[HBY_MR][4];
        HBY_EACH_ROW vstore4(HBY_VALUES4(a[r], k), 0, x[r]);
        HBY_UNROLL for (int i = 0; i < 4; i++) {
            hby_vf b[HBY_NR];
            HBY_EACH_VECTOR b[j] = HBY_STORED(wp, k + i, j);
            HBY_EACH_ROW
                HBY_EACH_VECTOR acc[r][j] = HBY_SUM_PRODUCT((hby_vf)(x[r][i]), b[j], acc[r][j]);
        }
    }
#else
    for (int k = 0; k < depth; k++) {
        hby_vf b[HBY_NR];
        HBY_EACH_VECTOR b[j] = HBY_STORED(wp, k, j);
        HBY_EACH_ROW {
            const hby_vf x = (hby_vf)(HBY_VALUE(a[r], k));
            HBY_EACH_VECTOR acc[r][j] = HBY_SUM_PRODUCT(x, b[j], acc[r][j]);
        }
    }
#endif
}

#if HBY_HALF_MATH
#include "half.clh"
#define HBY_HALF_RUN 4

/* The bits of a run of a row's values. (Driver 470 of NVIDIA takes no vstore4 to an array that is a parameter.) */
static inline ushort4 hby_half_run(hby_values p, int k)
{
#if HBY_ALIGNED
    return *(const __global ushort4 *)HBY_PLACE(p + k, 8);
#else
    return vload4(0, (const __global ushort *)p + k);
#endif
}

/* The same with short runs in half. What overflows there is seen in the sum, and computed again in float. */
static inline void hby_half_products(hby_vf acc[HBY_MR][HBY_NR], hby_values a[HBY_MR], const __global HBY_W *wp[HBY_NR], int depth)
{
    int k = 0;
    for (; k + HBY_HALF_RUN <= depth; k += HBY_HALF_RUN) {
        hby_vh run[HBY_MR][HBY_NR];
        ushort x[HBY_MR][HBY_HALF_RUN];
        HBY_EACH_ROW {
            const ushort4 v = hby_half_run(a[r], k);
            x[r][0] = v.s0, x[r][1] = v.s1, x[r][2] = v.s2, x[r][3] = v.s3;
        }
        HBY_UNROLL for (int i = 0; i < HBY_HALF_RUN; i++) {
            hby_vh b[HBY_NR];
            HBY_EACH_VECTOR b[j] = HBY_TABLE_H(wp[j], 16 * (k + i));
            HBY_EACH_ROW {
                const hby_vh v = hby_h_all(x[r][i]);
                HBY_EACH_VECTOR run[r][j] = i ? hby_h_fma(v, b[j], run[r][j]) : hby_h_mul(v, b[j]);
            }
        }
        HBY_EACH_ROW
            HBY_EACH_VECTOR acc[r][j] += hby_h_float(run[r][j]);
    }
    for (; k < depth; k++)
        HBY_EACH_ROW
            HBY_EACH_VECTOR acc[r][j] = fma((hby_vf)(HBY_VALUE(a[r], k)), HBY_WEIGHTS(wp[j], k), acc[r][j]);
}
#define HBY_PRODUCTS(acc, a, wp, depth)                \
    do {                                               \
        if (in_half)                                   \
            hby_half_products(acc, a, wp, depth);      \
        else                                           \
            hby_products(acc, a, wp, channels, depth);   \
    } while (0)
#else
#define HBY_PRODUCTS(acc, a, wp, depth) hby_products(acc, a, wp, channels, depth)
#endif

/* All sums of a tile. */
HBY_WITHIN void hby_sums_f(hby_vf acc[HBY_MR][HBY_NR], const struct hby_args_conv *p, bool dense, const struct hby_rows *rows, bool in_half,
    const __global HBY_T *in, const __global HBY_T *zero, const struct hby_channels *channels)
{
    HBY_EACH_ROW
        HBY_EACH_VECTOR acc[r][j] = 0.0f;
    const __global HBY_W *wp[HBY_NR];
    HBY_EACH_VECTOR wp[j] = channels->w[j];
    hby_values a[HBY_MR];
#if HBY_GATHER
    float patch[HBY_MR][HBY_GATHER + 16];
    const float *line[HBY_MR];
    const int step = hby_rows_lines(rows, p, in, zero, patch, line), segment = p->k_w * p->in_c;
    /* what lies together is one line */
    const int lines = step == segment ? 1 : p->k_h, depth = step == segment ? p->k_h * segment : segment;
    for (int i = 0; i < lines; i++) {
        HBY_EACH_ROW a[r] = line[r] + step * i;
        HBY_PRODUCTS(acc, a, wp, depth);
        HBY_EACH_VECTOR wp[j] += HBY_WEIGHT_ROWS(depth);
    }
#else
    if (dense) {
        HBY_EACH_ROW a[r] = in + rows->base[r];
        HBY_PRODUCTS(acc, a, wp, p->group_c);
        return;
    }
    for (int ti = 0; ti < p->k_h; ti++)
        for (int tj = 0; tj < p->k_w; tj++) {
            int any = 0;
            if (rows->interior) {
                const int tap = (ti * p->dilation_h * p->in_w + tj * p->dilation_w) * p->in_c;
                HBY_EACH_ROW a[r] = in + (rows->base[r] + tap);
            } else {
                int at[HBY_ROW_ROOM];
                any = hby_rows_tap(rows, p, ti, tj, at);
                HBY_EACH_ROW a[r] = at[r] < 0 ? zero : in + at[r];
            }
            if (any >= 0) /* else the whole tile is outside */
                HBY_PRODUCTS(acc, a, wp, p->group_c);
            HBY_EACH_VECTOR wp[j] += HBY_WEIGHT_ROWS(p->group_c);
        }
#endif
}

static inline void hby_tile_f(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, const struct hby_sum *sum,
    const struct hby_channels *c, const __global HBY_T *in, const __global HBY_T *zero, const __global HBY_T *other, __global HBY_T *out)
{
    struct hby_rows rows;
    if (t->dense)
        hby_rows_dense(&rows, p, s->row, s->end);
    else
        hby_rows_start(&rows, p, s->row, s->end, s->group * p->group_c);

    hby_vf acc[HBY_MR][HBY_NR];
    hby_sums_f(acc, p, t->dense, &rows, HBY_HALF_MATH, in, zero, c);
#if HBY_HALF_MATH
    hby_vi finite = -1;
    HBY_EACH_ROW
        HBY_EACH_VECTOR finite &= isfinite(acc[r][j]);
    if (!all(finite))
        hby_sums_f(acc, p, t->dense, &rows, false, in, zero, c);
#endif
    HBY_EACH_VECTOR {
        const hby_vf b = c->bias[j];
#if HBY_WEIGHT_ONLY && !HBY_SCALE_EACH
        HBY_EACH_ROW acc[r][j] = hby_clamp_float(acc[r][j] * c->scale[j] + b, p->f_min, p->f_max);
#else
        HBY_EACH_ROW acc[r][j] = hby_clamp_float(acc[r][j] + b, p->f_min, p->f_max);
#endif
    }
    HBY_TILE_END(sum, *s, rows, acc, other, out, p->out_c)
}

HBY_APART void hby_tiles_f(const struct hby_args_conv p, const struct hby_conv_tiles t, struct hby_tile s, const struct hby_sum sum, const __global HBY_T *in,
    const __global HBY_T *zero, const __global HBY_W *w, const __global float *bias, const __global float *scale, const __global float *w_zero,
    const __global HBY_T *other, __global HBY_T *out)
{
    const int first = s.group * t.group_out + s.channel, taps = p.k_h * p.k_w;
#if HBY_GATHER
    const size_t block_weights = HBY_WEIGHT_ROWS(taps * p.in_c);
#else
    const size_t block_weights = (size_t)taps * HBY_WEIGHT_ROWS(p.group_c);
#endif
    struct hby_channels c;
    HBY_EACH_VECTOR {
        const int block = HBY_TILE_BLOCK(t, s, j), lane = HBY_TILE_LANE(t, s, j);
        c.w[j] = w + block * block_weights + lane;
        c.bias[j] = HBY_TABLEV(float, bias, block * 16 + lane);
#if HBY_WEIGHT_ONLY
        c.zero[j] = HBY_TABLEV(float, w_zero, block * 16 + lane);
        c.scale[j] = HBY_TABLEV(float, scale, block * 16 + lane);
#endif
    }
    for (; s.row < s.end; s.row += HBY_MR)
        hby_tile_f(&p, &t, &s, &sum, &c, in, zero, other + first, out + first);
}

__kernel HBY_TILE_GROUP void hby_conv_f(struct hby_args_conv p, struct hby_conv_tiles t, struct hby_sum sum, const __global HBY_T *in,
    const __global HBY_T *zero, const __global HBY_W *w, const __global float *bias, const __global float *scale, const __global float *w_zero,
    const __global HBY_T *other, __global HBY_T *out)
{
    const struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        hby_tiles_f(p, t, s, sum, in, zero, w, bias, scale, w_zero, other, out);
}
