/* DEPTHWISE_CONV_2D of bytes by dot products over the lines of the window: 64 channels at a time, where registers hold 64 bytes and multiply four of them at
 * once (x86: AVX-512 and vpdpbusd). Lines of one column are interleaved, so that a 32-bit lane has the bytes of one channel from four lines; what is
 * interleaved within quarters of a register is packed back by the same token, so that results come out in order.
 *
 * in     NHWC bytes.   zero   in_c bytes of the input's zero point, and slack
 * w      [block][k_w][lines / 4][4][16][4] signed bytes; a block is 64 channels; lines are padded to a multiple of 4 with zero weights
 * fold, mult, shift   [block][4][16]: lane l of vector i is channel 16 * (l / 4) + 4 * i + l % 4. fold: bias and what the zero points add
 * -D HBY_MR (outputs along x of a tile), HBY_KH, HBY_KW, HBY_ROUNDING, HBY_NARROW; strides along x of 1 and 2 share the program */
#ifndef HBY_MR
#define HBY_MR 7
#endif
#ifndef HBY_KH
#define HBY_KH 3
#define HBY_KW 3
#endif
#define HBY_NR 4
#define HBY_GATHER 0
#define HBY_TRANSPOSED 0
#include "conv_tile.clh"

#if HBY_X86_AVX512
#define HBY_FOURS ((HBY_KH + 3) / 4)
#define HBY_COLUMNS ((HBY_MR - 1) * 2 + HBY_KW)

typedef int16 hby_any_line __attribute__((aligned(1)));

/* Interleaves the low (or high) halves of each quarter: bytes, or pairs of them. */
#define HBY_INTERLEAVE(name, low, high)                                              \
    HBY_WITHIN int16 name(int16 a, int16 b, int second)                              \
    {                                                                                \
        int16 x;                                                                     \
        if (second)                                                                  \
            __asm__(high " %2, %1, %0" : "=v"(x) : "v"(a), "v"(b));                  \
        else                                                                         \
            __asm__(low " %2, %1, %0" : "=v"(x) : "v"(a), "v"(b));                   \
        return x;                                                                    \
    }
HBY_INTERLEAVE(hby_bytes_between, "vpunpcklbw", "vpunpckhbw")
HBY_INTERLEAVE(hby_pairs_between, "vpunpcklwd", "vpunpckhwd")

/* Where a tile reads each line of each column. */
struct hby_columns {
    const __global HBY_T *at[HBY_KH][HBY_COLUMNS];
};

static inline int16 hby_line(const struct hby_columns *c, int line, int column)
{
    const int16 v = *(const __global hby_any_line *)c->at[line < HBY_KH ? line : HBY_KH - 1][column];
    return HBY_ACT_FLIP ? v ^ (int16)((int)0x80808080) : v;
}

/* Adds the window to two of the four vectors of every output. */
HBY_WITHIN void hby_half_window(int16 acc[HBY_MR][2], const struct hby_columns *at, const __global int *w, int second, int stride)
{
    int16 wv[HBY_KW][HBY_FOURS][2];
    HBY_UNROLL for (int j = 0; j < HBY_KW; j++)
        HBY_UNROLL for (int g = 0; g < HBY_FOURS; g++)
            HBY_UNROLL for (int i = 0; i < 2; i++) wv[j][g][i] = vload16(0, w + ((j * HBY_FOURS + g) * 4 + 2 * second + i) * 16);
    HBY_UNROLL for (int c = 0; c < (HBY_MR - 1) * stride + HBY_KW; c++)
        HBY_UNROLL for (int g = 0; g < HBY_FOURS; g++) {
            const int16 upper = hby_bytes_between(hby_line(at, 4 * g, c), hby_line(at, 4 * g + 1, c), second);
            const int16 lower = hby_bytes_between(hby_line(at, 4 * g + 2, c), hby_line(at, 4 * g + 3, c), second);
            const int16 x = hby_pairs_between(upper, lower, 0), y = hby_pairs_between(upper, lower, 1);
            HBY_UNROLL for (int j = 0; j < HBY_KW; j++) {
                const int r = (c - j) / stride;
                if (c >= j && (c - j) % stride == 0 && r < HBY_MR) {
                    acc[r][0] = hby_dot_word(x, wv[j][g][0], acc[r][0]);
                    acc[r][1] = hby_dot_word(y, wv[j][g][1], acc[r][1]);
                }
            }
        }
}

/* The window, rescaled and packed to pairs of bytes' places: 16 bits, saturated. */
HBY_WITHIN void hby_half_tile(int16 words[HBY_MR], const struct hby_args_conv *p, const struct hby_columns *at, const __global int *w, const __global int *fold,
    const __global int *mult, const __global int *shift, int second)
{
    int16 acc[HBY_MR][2];
    HBY_UNROLL for (int i = 0; i < 2; i++) {
        const int16 f = vload16(2 * second + i, fold);
        HBY_EACH_ROW acc[r][i] = f;
    }
    if (p->stride_w == 1)
        hby_half_window(acc, at, w, second, 1);
    else
        hby_half_window(acc, at, w, second, 2);
    HBY_UNROLL for (int i = 0; i < 2; i++) {
        const hby_scaling s = hby_scaling_of(vload16(2 * second + i, mult), vload16(2 * second + i, shift), p->out_zp);
        HBY_EACH_ROW acc[r][i] = hby_scaled(acc[r][i], s);
    }
    HBY_EACH_ROW __asm__("vpackssdw %2, %1, %0" : "=v"(words[r]) : "v"(acc[r][0]), "v"(acc[r][1]));
}

/* The lines of a tile whose window begins at pixel (y, x) of the image: `zero` outside. */
HBY_APART void hby_find_columns(struct hby_columns *c, const struct hby_args_conv *p, int y, int x, int count, const __global HBY_T *in,
    const __global HBY_T *zero)
{
    for (int i = 0; i < HBY_KH; i++) {
        const int at_y = y + i * p->dilation_h;
        const bool inside = at_y >= 0 && at_y < p->in_h;
        const __global HBY_T *line = inside ? in + ((size_t)at_y * p->in_w) * p->in_c + (ptrdiff_t)x * p->in_c : zero;
        const int step = inside ? p->in_c : 0;
        if (x >= 0 && x + count <= p->in_w)
            for (int k = 0; k < count; k++)
                c->at[i][k] = line + k * step;
        else
            HBY_PLAIN_LOOP for (int k = 0; k < count; k++) c->at[i][k] = x + k >= 0 && x + k < p->in_w ? line + k * step : zero;
    }
}

HBY_APART void hby_depthwise_dot_part(const struct hby_args_conv p, int channel, int first_tile, int tiles_per_line, int tiles_each, const __global HBY_T *in,
    const __global HBY_T *zero, const __global int *w, const __global int *fold, const __global int *mult, const __global int *shift, __global HBY_T *out)
{
    const int lines = p.batch * p.out_h, n = p.out_c - channel, count = (HBY_MR - 1) * p.stride_w + HBY_KW;
    const int16 least = (int16)((p.act_min & 255) * 0x01010101), most = (int16)((p.act_max & 255) * 0x01010101);
    int tile = first_tile, line = tile / tiles_per_line;
    tile -= line * tiles_per_line;
    for (int k = 0; k < tiles_each && line < lines; k++) {
        const int x0 = tile * HBY_MR, b = line / p.out_h;
        struct hby_columns columns;
        hby_find_columns(&columns, &p, (line - b * p.out_h) * p.stride_h - p.pad_top, x0 * p.stride_w - p.pad_left, count,
            in + (size_t)b * p.in_h * p.in_w * p.in_c + channel, zero + channel);
        int16 low[HBY_MR], high[HBY_MR];
        hby_half_tile(low, &p, &columns, w, fold, mult, shift, 0);
        hby_half_tile(high, &p, &columns, w, fold, mult, shift, 1);
        __global HBY_T *o = out + ((size_t)line * p.out_w + x0) * p.out_c + channel;
        HBY_EACH_ROW {
            int16 v;
            __asm__(HBY_PACK_BYTES " %2, %1, %0" : "=v"(v) : "v"(low[r]), "v"(high[r]));
            __asm__(HBY_MAX_BYTES " %2, %1, %0" : "=v"(v) : "v"(v), "v"(least));
            __asm__(HBY_MIN_BYTES " %2, %1, %0" : "=v"(v) : "v"(v), "v"(most));
            if (x0 + r < p.out_w) {
                if (n >= 64)
                    *(__global hby_any_line *)(o + r * p.out_c) = v;
                else
                    HBY_STORE_ROW(v, o + r * p.out_c, n);
            }
        }
        if (++tile == tiles_per_line) {
            tile = 0;
            line++;
        }
    }
}

__kernel HBY_TILE_GROUP void hby_depthwise_dot(struct hby_args_conv p, int tiles_per_line, int tiles_each, const __global HBY_T *in, const __global HBY_T *zero,
    const __global int *w, const __global int *fold, const __global int *mult, const __global int *shift, __global HBY_T *out)
{
    const int block = get_global_id(0);
    hby_depthwise_dot_part(p, 64 * block, (int)get_global_id(1) * tiles_each, tiles_per_line, tiles_each, in, zero, w + (size_t)block * HBY_KW * HBY_FOURS * 64,
        fold + 64 * block, mult + 64 * block, shift + 64 * block, out);
}
#endif
