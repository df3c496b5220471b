/* Convolution, transposed convolution and FULLY_CONNECTED on 16x8: int16 activations, int8 weights. The tiles of conv_i8.cl, but two products to a lane.
 *
 * in     NHWC, zero point 0.   zero   group_c (with HBY_GATHER: k_w * in_c) zeros, and slack
 * w      [block][tap][k2][16][2] short; a block is 16 output channels of one group, padded with zeros; k2 = ceil(group_c / 2); HBY_GATHER: as in conv_i8.cl
 * bias   [block][16], int, or long with -DHBY_WIDE.   mult, shift   [block][16].   real   [block][16] double, HBY_ROUND_EXACT only
 * chunk  HBY_WIDE: so many pairs of products fit 32 bits; then they are added to the 64-bit sums. Without it sums wrap at 32 bits, as the reference's do
 * sum, other   what comes behind it, and the tensor that is added (sum.clh)
 * -D HBY_MR, HBY_NR, HBY_TRANSPOSED, HBY_GATHER, HBY_ALIGNED, HBY_ROUNDING, HBY_WIDE */
#include "types.clh"
#include "conv_tile.clh"
#include "wide.clh"

#if HBY_GATHER
typedef const short *hby_shorts;
#else
typedef const __global short *hby_shorts;
#endif

#if HBY_DOT_X86_VNNI && HBY_X86_AVX512
typedef int16 hby_pair;
static inline int16 hby_read_pair(hby_shorts p)
{
    int16 a;
    __asm__("vpbroadcastd %1, %0" : "=v"(a) : "m"(*(const HBY_SPACE int *)p));
    return a;
}
static inline int16 hby_dot_pair(int16 a, int16 w, int16 acc)
{
    return hby_multiply_add16(a, w, acc);
}
#elif HBY_MADD_PAIRS
typedef int hby_pair;
static inline int hby_read_pair(hby_shorts p)
{
#if HBY_ALIGNED
    return *(const HBY_SPACE int *)p;
#else
    return as_int((short2)(p[0], p[1]));
#endif
}
static inline int16 hby_dot_pair(int a, int16 w, int16 acc)
{
    return acc + hby_madd16((int16)(a), w);
}
#else
typedef short2 hby_pair;
static inline short2 hby_read_pair(hby_shorts p)
{
#if HBY_ALIGNED
    return *(const HBY_SPACE short2 *)HBY_PLACE(p, 4);
#else
    return (short2)(p[0], p[1]);
#endif
}
static inline hby_vi hby_dot_pair(short2 a, hby_vi w, hby_vi acc)
{
    return acc + (((w << 16) >> 16) * (hby_vi)((int)a.x) + (w >> 16) * (hby_vi)((int)a.y));
}
#endif

#if HBY_WIDE
#define HBY_BIAS long
#else
#define HBY_BIAS int
#endif

/* The sums of a tile: 32 bits in registers, 64 in memory. */
struct hby_sums {
    hby_vi acc[HBY_MR][HBY_NR];
#if HBY_WIDE
    hby_vl total[HBY_MR][HBY_NR];
    int room; /* pairs that acc can still take */
#endif
};

#if HBY_WIDE
static inline void hby_flush(struct hby_sums *s)
{
    HBY_EACH_ROW
        HBY_EACH_VECTOR {
            s->total[r][j] += HBY_V(convert_long)(s->acc[r][j]);
            s->acc[r][j] = 0;
        }
}
#endif

static inline void hby_run(struct hby_sums *s, hby_shorts a[HBY_MR], const __global int *wp[HBY_NR], int from, int to)
{
    for (int k = from; k < to; k++) {
        hby_vi b[HBY_NR];
        HBY_EACH_VECTOR b[j] = HBY_TABLEV(int, wp[j], 16 * k);
        HBY_EACH_ROW {
            const hby_pair x = hby_read_pair(a[r] + 2 * k);
            HBY_EACH_VECTOR s->acc[r][j] = hby_dot_pair(x, b[j], s->acc[r][j]);
        }
    }
}

/* Adds the products of k2 pairs of every row. */
static inline void hby_pairs(struct hby_sums *s, hby_shorts a[HBY_MR], const __global int *wp[HBY_NR], int k2, int chunk)
{
#if HBY_WIDE
    for (int k = 0; k < k2;) {
        const int n = min(s->room, k2 - k);
        hby_run(s, a, wp, k, k + n);
        k += n;
        s->room -= n;
        if (s->room == 0) {
            hby_flush(s);
            s->room = chunk;
        }
    }
#else
    hby_run(s, a, wp, 0, k2);
#endif
}

static inline void hby_tile_i16(const struct hby_args_conv *p, const struct hby_conv_tiles *t, const struct hby_tile *s, const struct hby_sum *sum, int chunk,
    const __global HBY_T *in, const __global HBY_T *zero, const __global int *w, const __global HBY_BIAS *bias, const __global int *mult,
    const __global int *shift, const __global HBY_REAL *real, const __global HBY_T *other, __global HBY_T *out)
{
    const int taps = HBY_GATHER ? p->k_h : p->k_h * p->k_w, depth = HBY_GATHER ? p->k_w * p->in_c : p->group_c, k2 = (depth + 1) >> 1;
    const size_t block_ints = (size_t)taps * k2 * 16;
    struct hby_rows rows;
    if (t->dense)
        hby_rows_dense(&rows, p, s->row, s->end);
    else
        hby_rows_start(&rows, p, s->row, s->end, s->group * p->group_c);

    struct hby_sums sums;
    const __global int *wp[HBY_NR];
    HBY_EACH_VECTOR {
        const int block = HBY_TILE_BLOCK(*t, *s, j), lane = HBY_TILE_LANE(*t, *s, j);
#if HBY_WIDE
        const hby_vl f = HBY_TABLEV(long, bias, block * 16 + lane);
        HBY_EACH_ROW sums.total[r][j] = f;
        HBY_EACH_ROW sums.acc[r][j] = 0;
#else
        const hby_vi f = HBY_TABLEV(int, bias, block * 16 + lane);
        HBY_EACH_ROW sums.acc[r][j] = f;
#endif
        wp[j] = w + block * block_ints + lane;
    }
#if HBY_WIDE
    sums.room = chunk;
#endif
    hby_shorts a[HBY_MR];
#if HBY_GATHER
    HBY_T patch[HBY_MR][HBY_GATHER + 16];
    const HBY_T *line[HBY_MR];
    const int step = hby_rows_lines(&rows, p, in, zero, patch, line);
    for (int i = 0; i < p->k_h; i++) {
        HBY_EACH_ROW a[r] = line[r] + step * i;
        hby_pairs(&sums, a, wp, k2, chunk);
        HBY_EACH_VECTOR wp[j] += k2 * 16;
    }
#else
    for (int ti = 0; ti < p->k_h; ti++)
        for (int tj = 0; tj < p->k_w; tj++) {
            int any = 0;
            if (rows.interior) {
                const int tap = (ti * p->dilation_h * p->in_w + tj * p->dilation_w) * p->in_c;
                HBY_EACH_ROW a[r] = in + (rows.base[r] + tap);
            } else {
                int at[HBY_ROW_ROOM];
                any = hby_rows_tap(&rows, p, ti, tj, at);
                HBY_EACH_ROW a[r] = at[r] < 0 ? zero : in + at[r];
            }
            if (any >= 0) /* else the whole tile is outside */
                hby_pairs(&sums, a, wp, k2, chunk);
            HBY_EACH_VECTOR wp[j] += k2 * 16;
        }
#endif
#if HBY_WIDE
    hby_flush(&sums);
#endif

    HBY_EACH_VECTOR {
        const int at = HBY_TILE_BLOCK(*t, *s, j) * 16 + HBY_TILE_LANE(*t, *s, j);
        const hby_vi m = HBY_TABLEV(int, mult, at), e = HBY_TABLEV(int, shift, at);
#if HBY_ROUNDING == HBY_ROUND_EXACT
        const hby_vd f = HBY_TABLEV(double, real, at);
#endif
        HBY_EACH_ROW {
#if HBY_ROUNDING == HBY_ROUND_EXACT && HBY_WIDE
            sums.acc[r][j] = hby_finish_exact(sums.total[r][j], f);
#elif HBY_ROUNDING == HBY_ROUND_EXACT
            sums.acc[r][j] = hby_finish_exact(HBY_V(convert_long)(sums.acc[r][j]), f);
#elif HBY_ROUNDING == HBY_ROUND_WIDE16 && HBY_WIDE
            sums.acc[r][j] = hby_finish_wide(sums.total[r][j], m, e);
#elif HBY_ROUNDING == HBY_ROUND_WIDE16
            sums.acc[r][j] = hby_finish_wide(HBY_V(convert_long)(sums.acc[r][j]), m, e);
#else
            sums.acc[r][j] = hby_rescale_lanes(sums.acc[r][j], m, e);
#endif
            sums.acc[r][j] = clamp(sums.acc[r][j] + p->out_zp, (hby_vi)(p->act_min), (hby_vi)(p->act_max));
        }
    }
    HBY_TILE_END(sum, *s, rows, sums.acc, other, out, p->out_c)
}

HBY_APART void hby_tiles_i16(const struct hby_args_conv p, const struct hby_conv_tiles t, struct hby_tile s, const struct hby_sum sum, int chunk,
    const __global HBY_T *in, const __global HBY_T *zero, const __global int *w, const __global HBY_BIAS *bias, const __global int *mult,
    const __global int *shift, const __global HBY_REAL *real, const __global HBY_T *other, __global HBY_T *out)
{
    const int first = s.group * t.group_out + s.channel;
    for (; s.row < s.end; s.row += HBY_MR)
        hby_tile_i16(&p, &t, &s, &sum, chunk, in, zero, w, bias, mult, shift, real, other + first, out + first);
}

__kernel HBY_TILE_GROUP void hby_conv_i16(struct hby_args_conv p, struct hby_conv_tiles t, struct hby_sum sum, int chunk, const __global HBY_T *in,
    const __global HBY_T *zero, const __global int *w, const __global HBY_BIAS *bias, const __global int *mult, const __global int *shift,
    const __global HBY_REAL *real, const __global HBY_T *other, __global HBY_T *out)
{
    const struct hby_tile s = hby_tile_here(&t, p.out_c);
    if (s.channels > 0)
        hby_tiles_i16(p, t, s, sum, chunk, in, zero, w, bias, mult, shift, real, other, out);
}
