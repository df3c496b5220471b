/* Convolution and FULLY_CONNECTED as an implicit GEMM on a GPU's matrix units (mma.clh): 8-bit integers, 16x8, half storage with half weights, and dynamic
 * range.
 *
 * A work-group computes a tile of HBY_TILE_M output pixels x HBY_TILE_N channels. In each stage it brings HBY_TILE_M x HBY_STAGE_BYTES of the input into local
 * memory, one stage ahead of the products; weights come straight from global memory, in the order in which the lanes want them. Warps share the tile:
 * HBY_WARPS_M by HBY_WARPS_N parts, and HBY_WARPS_K of them take turns along the sums; those are added at the end, in local memory.
 *
 * in     NHWC
 * w      [group][octet][stages * HBY_WARPS_K][32 lanes][4 words]: for a pair of steps the words b of mma.clh, zeros beyond the channels and the steps
 * fold   [block][16]: integers: bias and what the zero points add; half: the bias, floats.   mult, shift   [block][16], integers only
 * 16x8: local memory holds the high bytes of the input and, behind them, the low ones; each has sums of its own, and either fits 32 bits up to 65536 products
 *      (255 * 128 each). With HBY_WIDE the whole sum and fold are long; without it they wrap at 32 bits, as the reference's. real: as in conv_i16.cl
 * sum, other   what comes behind it, and the tensor that is added (sum.clh)
 * dynamic range: in is bytes from hybrid.cl, with the image's border; fold is a channel's sum of weights, mult and shift are floats, scale and bias; other
 *      is how each image is quantized; w_zp says that the scale of the weights comes first (conv_hybrid.cl); HBY_HALF_OUT: the output is stored in half
 * -D HBY_WARPS_M, HBY_WARPS_N, HBY_WARPS_K, HBY_TILES_M, HBY_TILES_N (of 16 pixels and of 8 channels, for each warp; HBY_WARPS_N divides 2 * HBY_TILES_M),
 *    HBY_WHOLE_LINES (conv_mma.clh), HBY_IN_ALIGN (bytes that the start of every pixel and line is a multiple of: 16, 4 or 1), HBY_OUT_ALIGNED (the same for 4
 *    output channels), HBY_ROUNDING, HBY_WIDE, HBY_ROW_SUM (the zero point of the weights, w_zp, is not 0), HBY_MMA (mma.clh) */
#ifndef HBY_WARPS_M
#define HBY_WARPS_M 1
#define HBY_WARPS_N 1
#define HBY_WARPS_K 4
#define HBY_TILES_M 1
#define HBY_TILES_N 4
#endif
#ifndef HBY_IN_ALIGN
#define HBY_IN_ALIGN 1
#endif
#ifndef HBY_OUT_ALIGNED
#define HBY_OUT_ALIGNED 0
#endif
#ifndef HBY_WHOLE_LINES
#define HBY_WHOLE_LINES 0
#endif
#ifndef HBY_WIDE
#define HBY_WIDE 0
#endif
#ifndef HBY_ROW_SUM
#define HBY_ROW_SUM 0
#endif
#include "types.clh"
#include "args_conv.h"
#include "conv_mma.clh"
#include "mma.clh"
#include "nest.clh"
#include "sum.clh"
#if HBY_SCHEME_i16
#include "wide.clh"
#else
#define HBY_REAL float
#endif
#if HBY_SCHEME_f32w8
#include "hybrid_args.clh"
#define HBY_OTHER struct hby_hybrid_row
#define HBY_TABLE_T float
#if HBY_HALF_OUT
#define HBY_OUT_T half
#else
#define HBY_OUT_T float
#endif
#else
#define HBY_OTHER HBY_T
#define HBY_TABLE_T int
#define HBY_OUT_T HBY_T
#endif

#if HBY_SCHEME_i16
#define HBY_PLANES 2 /* of bytes: high, low */
#else
#define HBY_PLANES 1
#endif
#if HBY_WIDE
#define HBY_FOLD long
#define HBY_FOLD4 long4
#define HBY_AS_FOLD4(v) convert_long4(v)
#else
#define HBY_FOLD HBY_M
#define HBY_FOLD4 HBY_M4
#define HBY_AS_FOLD4(v) (v)
#endif

#define HBY_WARPS (HBY_WARPS_M * HBY_WARPS_N * HBY_WARPS_K)
#define HBY_ITEMS (32 * HBY_WARPS)
#define HBY_TILE_M (16 * HBY_TILES_M * HBY_WARPS_M)
#define HBY_TILE_N (8 * HBY_TILES_N * HBY_WARPS_N)
#define HBY_STAGE_BYTES (64 * HBY_WARPS_K) /* of a plane */
#define HBY_STEP_BYTES (32 * HBY_PLANES)   /* of the input */
/* Input of two stages: rows are apart so that the words that lanes read together lie in different banks, and chunks of 16 bytes stay aligned. */
#define HBY_PITCH (HBY_STAGE_BYTES / 16 + 1)
#define HBY_INPUT_CHUNKS (HBY_TILE_M * HBY_PITCH)
/* The sums, later, in the same memory. */
#define HBY_SUM_PITCH (HBY_TILE_N / 4 + 1)
#define HBY_SUM_CHUNKS (HBY_WARPS_K * HBY_TILE_M * HBY_SUM_PITCH)
#define HBY_ALL_SUM_CHUNKS (HBY_SUM_CHUNKS + (HBY_ROW_SUM ? HBY_WARPS_K * HBY_TILE_M / 4 : 0)) /* and sums of rows behind them */
#define HBY_CHUNKS (HBY_PLANES * (2 * HBY_INPUT_CHUNKS > HBY_ALL_SUM_CHUNKS ? 2 * HBY_INPUT_CHUNKS : HBY_ALL_SUM_CHUNKS))

/* What a work-item brings in each stage: chunk `column` of 16 bytes of HBY_BROUGHT rows. */
#define HBY_COLUMNS (HBY_STAGE_BYTES / 16)
#define HBY_ROWS_APART (HBY_ITEMS / HBY_COLUMNS)
#define HBY_BROUGHT (HBY_TILE_M / HBY_ROWS_APART)
#define HBY_EACH_BROUGHT HBY_UNROLL for (int r = 0; r < HBY_BROUGHT; r++)
#define HBY_EACH_PLANE HBY_UNROLL for (int h = 0; h < HBY_PLANES; h++)
#define HBY_EACH_M HBY_MMA_UNROLL for (int i = 0; i < HBY_TILES_M; i++)
#define HBY_EACH_N HBY_MMA_UNROLL for (int j = 0; j < HBY_TILES_N; j++)
#define HBY_EACH_SUM HBY_MMA_UNROLL for (int j = 0; j < HBY_TILES_N + HBY_ROW_SUM; j++) /* the last one by weights of 1: the sums of the rows */

#define HBY_ELEMENT (HBY_MMA_HALF ? 2 : HBY_PLANES) /* bytes */

/* Where a row's window begins: the byte in `in`, which may be outside, and the pixel. */
struct hby_mma_row {
    long at;
    int y, x;
};

static inline struct hby_mma_row hby_mma_row_of(const struct hby_args_conv *p, int m, int group)
{
    const int line = m / p->out_w, b = line / p->out_h;
    struct hby_mma_row s;
    s.y = (line - b * p->out_h) * p->stride_h - p->pad_top;
    s.x = (m - line * p->out_w) * p->stride_w - p->pad_left;
    s.at = (((long)b * p->in_h + s.y) * p->in_w + s.x) * p->in_c * HBY_ELEMENT + group * p->group_c * HBY_ELEMENT;
    return s;
}

static inline int4 hby_mma_load(const __global char *p)
{
#if HBY_IN_ALIGN == 16
    return *(const __global int4 *)HBY_PLACE(p, 16);
#elif HBY_IN_ALIGN == 4
    return vload4(0, (const __global int *)p);
#else
    return as_int4(vload16(0, p));
#endif
}

/* A mask of the first n bytes of a word, and of 16 bytes. */
static inline int hby_mma_first_of_word(int n)
{
    return n >= 4 ? -1 : n <= 0 ? 0 : (1 << 8 * n) - 1;
}
static inline int4 hby_mma_first_bytes(int n)
{
    return (int4)(hby_mma_first_of_word(n), hby_mma_first_of_word(n - 4), hby_mma_first_of_word(n - 8), hby_mma_first_of_word(n - 12));
}

/* A step of the sums: which one, of its line which, where the line lies in the window, and the byte where it begins, from that of the window. Kept from stage
 * to stage, for divisions are slow. */
struct hby_mma_step {
    int number, of_line, y, x, line;
};

static inline void hby_mma_advance(const struct hby_args_conv *p, const struct hby_conv_mma *t, struct hby_mma_step *s, int steps)
{
    s->number += steps;
    for (s->of_line += steps; s->of_line >= t->line_steps; s->of_line -= t->line_steps) {
        s->x += HBY_WHOLE_LINES ? 0 : p->dilation_w;
        if (HBY_WHOLE_LINES || s->x == p->k_w * p->dilation_w) {
            s->x = 0;
            s->y += p->dilation_h;
        }
    }
    s->line = (s->y * p->in_w + s->x) * p->in_c * HBY_ELEMENT;
}

/* 16 bytes of a row's sum, at `off` of a step: of the input, `fill` where that is outside the image, and zeros beyond the line. */
static inline int4 hby_mma_chunk(const struct hby_args_conv *p, const struct hby_conv_mma *t, const struct hby_mma_row *row, const struct hby_mma_step *s,
    int off, int fill, const __global char *in)
{
    if (s->number >= t->steps)
        return 0;
    off += HBY_STEP_BYTES * s->of_line;
    const bool inside = (uint)(row->y + s->y) < (uint)p->in_h;
#if HBY_WHOLE_LINES
    const int pixel = p->in_c * HBY_ELEMENT;
    const int from = inside ? max(0, -row->x) * pixel : 0, to = inside ? min(p->k_w, p->in_w - row->x) * pixel : 0;
#else
    const int from = 0, to = inside && (uint)(row->x + s->x) < (uint)p->in_w ? t->segment : 0;
#endif
    const __global char *source = in + (row->at + s->line); /* of the line: read from `from` to `to` only */
    if (off >= from && off + 16 <= to)
        return hby_mma_load(source + off);
    if (off >= from && off < to && to == t->segment) { /* the line's last bytes: what is read beyond them is the next pixel, or slack */
        const int4 v = hby_mma_load(source + off);
        return HBY_MMA_HALF || HBY_ROW_SUM ? v & hby_mma_first_bytes(to - off) : v; /* elsewhere it meets weights of zero */
    }
    if ((off >= to || off + 16 <= from) && off + 16 <= t->segment)
        return (int4)(fill);
    uint4 v = 0; /* byte by byte, the last one first; this is rare, and sixteen copies of it for every row would be most of the program */
    HBY_NO_UNROLL for (int k = min(15, t->segment - 1 - off); k >= 0; k--) {
        const uint byte = (uchar)(off + k >= from && off + k < to ? source[off + k] : (char)fill);
        v = (v << 8) | (uint4)(byte, v.s0 >> 24, v.s1 >> 24, v.s2 >> 24);
    }
    return as_int4(v);
}

/* What a work-item brings of a row: 16 bytes at `off` of a step, in planes of bytes. */
static inline void hby_mma_bring(const struct hby_args_conv *p, const struct hby_conv_mma *t, const struct hby_mma_row *row, const struct hby_mma_step *s,
    int off, int fill, const __global char *in, int4 to[HBY_PLANES])
{
    const int4 x = hby_mma_chunk(p, t, row, s, off, fill, in);
#if HBY_SCHEME_i16
    const int4 y = hby_mma_chunk(p, t, row, s, off + 16, fill, in);
    to[0] = hby_mma_high_bytes(x, y);
    to[1] = hby_mma_low_bytes(x, y);
#else
    to[0] = x;
#endif
}

#if HBY_SCHEME_f32w8
/* Four sums, of channels from `at` on, to output, as conv_hybrid.cl rounds them. */
static inline float4 hby_mma_real(const struct hby_args_conv *p, int4 v, int at, int weights_first, const __global int *w_sum, const __global float *w_scale,
    const __global float *bias, const __global struct hby_hybrid_row *row)
{
    const float4 x = convert_float4(v - vload4(0, w_sum + at) * row->zero), scale = vload4(0, w_scale + at);
    return hby_clamp_float((weights_first ? x * scale * row->scale : x * (scale * row->scale)) + vload4(0, bias + at), p->f_min, p->f_max);
}
#else
/* Four sums, of channels from `at` on in fold, mult and shift, to output. */
static inline HBY_C4 hby_mma_finish(const struct hby_args_conv *p, HBY_FOLD4 v, int at, const __global HBY_FOLD *fold, const __global int *mult,
    const __global int *shift, const __global HBY_REAL *real)
{
    v += vload4(0, fold + at);
#if HBY_FLOAT
    return hby_clamp_float(v, p->f_min, p->f_max);
#else
#if HBY_ROUNDING == HBY_ROUND_EXACT
    const int4 q = hby_finish_exact(convert_long4(v), vload4(0, real + at));
#else
    const int4 m = vload4(0, mult + at), e = vload4(0, shift + at);
#if HBY_ROUNDING == HBY_ROUND_WIDE16
    const int4 q = hby_finish_wide(convert_long4(v), m, e);
#else
    const int4 q = (int4)(hby_rescale(v.s0, m.s0, e.s0), hby_rescale(v.s1, m.s1, e.s1), hby_rescale(v.s2, m.s2, e.s2), hby_rescale(v.s3, m.s3, e.s3));
#endif
#endif
    return clamp(q + p->out_zp, (int4)(p->act_min), (int4)(p->act_max));
#endif
}

/* With the other tensor's, where there is one. */
static inline HBY_C4 hby_mma_sum(const struct hby_sum *sum, HBY_C4 v, const __global HBY_T *other, size_t at)
{
    if (!sum->present)
        return v;
#if HBY_SCHEME_f16 /* rounded, as it would have been stored */
    ushort rounded[4];
    vstore_half4_rte(v, 0, (half *)rounded);
    v = vload_half4(0, (const half *)rounded);
#endif
    return hby_sum_of(sum, v, HBY_GETV(HBY_TYPE, other, at));
}

#endif

#if HBY_SCHEME_f32w8 && HBY_HALF_OUT
static inline void hby_mma_store(float4 v, __global half *out, size_t at, int n)
{
    if (n >= 4 && HBY_OUT_ALIGNED) {
        HBY_STORE_WHOLE_HALF4(v, out, at);
        return;
    }
    const float lane[4] = {v.s0, v.s1, v.s2, v.s3};
    HBY_UNROLL for (int k = 0; k < 4; k++) if (k < n)
        vstore_half_rte(lane[k], at + k, out);
}
#else
static inline void hby_mma_store(HBY_C4 v, __global HBY_T *out, size_t at, int n)
{
    if (n >= 4) {
#if !HBY_OUT_ALIGNED
        HBY_STORE4(v, out, at);
#elif HBY_SCHEME_f32w8
        *(__global float4 *)HBY_PLACE(out + at, 16) = v;
#elif HBY_FLOAT
        HBY_STORE_WHOLE_HALF4(v, out, at);
#else
        *(__global HBY_T4 *)HBY_PLACE(out + at, sizeof(HBY_T4)) = HBY_TO_T(4)(v);
#endif
    } else {
        HBY_STORE(v.s0, out, at);
        if (n > 1)
            HBY_STORE(v.s1, out, at + 1);
        if (n > 2)
            HBY_STORE(v.s2, out, at + 2);
    }
}
#endif

__kernel __attribute__((reqd_work_group_size(HBY_ITEMS, 1, 1))) void hby_conv_mma(struct hby_args_conv p, struct hby_conv_mma t, struct hby_sum sum, int w_zp,
    const __global char *in, const __global int4 *w, const __global HBY_FOLD *fold, const __global HBY_TABLE_T *mult, const __global HBY_TABLE_T *shift,
    const __global HBY_REAL *real, const __global HBY_OTHER *other, __global HBY_OUT_T *out)
{
    __local int4 memory[HBY_CHUNKS];
#if HBY_MMA_SWAP
    __local int swap[HBY_MMA_SWAP * HBY_WARPS];
#else
    __local int *const swap = (__local int *)memory;
#endif
    const int item = get_local_id(0), lane = item & 31, warp = item >> 5, g = lane >> 2, l = lane & 3;
    const int warp_k = warp % HBY_WARPS_K, warp_n = warp / HBY_WARPS_K % HBY_WARPS_N, warp_m = warp / (HBY_WARPS_K * HBY_WARPS_N);
    const int group = (int)get_group_id(0) / t.tiles_per_group, channel0 = ((int)get_group_id(0) - group * t.tiles_per_group) * HBY_TILE_N;
    const int m0 = (int)get_group_id(1) * HBY_TILE_M;
    const int fill = HBY_MMA_HALF ? 0 : (p.in_zp & 255) * 0x01010101;

    struct hby_mma_row row[HBY_BROUGHT];
    const int column = item % HBY_COLUMNS, first_row = item / HBY_COLUMNS;
    HBY_EACH_BROUGHT row[r] = hby_mma_row_of(&p, min(m0 + first_row + r * HBY_ROWS_APART, t.rows - 1), group);
    const __global int4 *from[HBY_TILES_N];
    HBY_EACH_N {
        const int octet = min(channel0 / 8 + warp_n * HBY_TILES_N + j, t.octets_per_group - 1);
        from[j] = w + ((size_t)(group * t.octets_per_group + octet) * t.stages * HBY_WARPS_K + warp_k) * 32 + lane;
    }
    HBY_M4 acc[HBY_PLANES][HBY_TILES_M][HBY_TILES_N + HBY_ROW_SUM];
    HBY_EACH_PLANE HBY_EACH_M HBY_EACH_SUM acc[h][i][j] = 0;

    int4 brought[HBY_BROUGHT][HBY_PLANES], b[HBY_TILES_N + HBY_ROW_SUM], next[HBY_TILES_N];
#if HBY_ROW_SUM
    b[HBY_TILES_N] = 0x01010101;
#endif
    struct hby_mma_step step = {0, 0, 0, 0, 0};
    const int off = column % 2 * 16 * HBY_PLANES;
    hby_mma_advance(&p, &t, &step, column / 2);
    HBY_EACH_BROUGHT hby_mma_bring(&p, &t, &row[r], &step, off, fill, in, brought[r]);
    HBY_EACH_N next[j] = *from[j];
    for (int stage = 0; stage < t.stages; stage++) {
        __local int4 *const input = memory + stage % 2 * HBY_PLANES * HBY_INPUT_CHUNKS;
        HBY_EACH_BROUGHT HBY_EACH_PLANE input[h * HBY_INPUT_CHUNKS + (first_row + r * HBY_ROWS_APART) * HBY_PITCH + column] = brought[r][h];
        HBY_EACH_N b[j] = next[j];
        barrier(CLK_LOCAL_MEM_FENCE); /* and whoever still reads the other half of the memory has passed the barrier before */
        if (stage + 1 < t.stages) {
            hby_mma_advance(&p, &t, &step, 2 * HBY_WARPS_K);
            HBY_EACH_BROUGHT hby_mma_bring(&p, &t, &row[r], &step, off, fill, in, brought[r]);
            HBY_EACH_N next[j] = from[j][(stage + 1) * HBY_WARPS_K * 32];
        }
        const __local int *words = (const __local int *)(input + (warp_m * 16 * HBY_TILES_M + g) * HBY_PITCH + warp_k * 4) + l;
        HBY_MMA_UNROLL for (int half_stage = 0; half_stage < 2; half_stage++) {
            HBY_EACH_M {
                const __local int *a = words + i * 16 * HBY_PITCH * 4 + half_stage * 8;
                const int4 x = (int4)(a[0], a[8 * HBY_PITCH * 4], a[4], a[8 * HBY_PITCH * 4 + 4]);
                HBY_EACH_SUM acc[0][i][j] = hby_mma(acc[0][i][j], x, half_stage ? b[j].hi : b[j].lo, swap);
#if HBY_SCHEME_i16
                a += 4 * HBY_INPUT_CHUNKS;
                const int4 low = (int4)(a[0], a[8 * HBY_PITCH * 4], a[4], a[8 * HBY_PITCH * 4 + 4]);
                HBY_EACH_SUM acc[1][i][j] = hby_mma_low(acc[1][i][j], low, half_stage ? b[j].hi : b[j].lo, swap);
#endif
            }
        }
    }

    barrier(CLK_LOCAL_MEM_FENCE);
    __local HBY_M *const sums = (__local HBY_M *)memory;
#if HBY_ROW_SUM
    __local int *const row_sum = (__local int *)(memory + HBY_SUM_CHUNKS);
#endif
    HBY_EACH_M {
        const int at = warp_k * HBY_TILE_M + (warp_m * HBY_TILES_M + i) * 16 + g; /* row of all sums */
        HBY_EACH_PLANE HBY_EACH_N {
            __local HBY_M *to = sums + ((h * HBY_SUM_CHUNKS + at * HBY_SUM_PITCH) * 4) + (warp_n * HBY_TILES_N + j) * 8 + 2 * l;
            to[0] = acc[h][i][j].s0;
            to[1] = acc[h][i][j].s1;
            to[8 * HBY_SUM_PITCH * 4] = acc[h][i][j].s2;
            to[8 * HBY_SUM_PITCH * 4 + 1] = acc[h][i][j].s3;
        }
#if HBY_ROW_SUM
        if (l == 0 && warp_n == 0) {
            row_sum[at] = acc[0][i][HBY_TILES_N].s0;
            row_sum[at + 8] = acc[0][i][HBY_TILES_N].s2;
        }
#endif
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = item; k < HBY_TILE_M * HBY_TILE_N / 4; k += HBY_ITEMS) {
        const int r = k / (HBY_TILE_N / 4), c = k % (HBY_TILE_N / 4), channel = channel0 + 4 * c, n = t.group_out - channel;
        if (m0 + r >= t.rows || n <= 0)
            continue;
        HBY_FOLD4 v = 0;
        for (int part = 0; part < HBY_WARPS_K; part++) {
            const __local HBY_M *from_part = sums + ((part * HBY_TILE_M + r) * HBY_SUM_PITCH + c) * 4;
#if HBY_SCHEME_i16
            v += (HBY_AS_FOLD4(vload4(0, from_part)) << 8) + HBY_AS_FOLD4(vload4(0, from_part + HBY_SUM_CHUNKS * 4));
#else
            v += vload4(0, from_part);
#endif
#if HBY_ROW_SUM
            v -= row_sum[part * HBY_TILE_M + r] * w_zp;
#endif
        }
        const int at = group * t.blocks_per_group * 16 + channel;
        const size_t to = (size_t)(m0 + r) * p.out_c + group * t.group_out + channel;
#if HBY_SCHEME_f32w8
        hby_mma_store(hby_mma_real(&p, v, at, w_zp, fold, mult, shift, other + (m0 + r) / (p.out_h * p.out_w)), out, to, n);
#else
        hby_mma_store(hby_mma_sum(&sum, hby_mma_finish(&p, v, at, fold, mult, shift, real), other, to), out, to, n);
#endif
    }
}
