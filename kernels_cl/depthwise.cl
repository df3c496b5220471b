/* DEPTHWISE_CONV_2D: a work-item computes tiles_each tiles of HBY_MR neighbours along x for vectors_each vectors of channels.
 *
 * in     NHWC.   zero   in_c elements of real zero, and slack
 * w      [tap][channels_padded]: integer schemes short, the weights' zero point taken off; float schemes of HBY_WEIGHT_KIND (weights.clh), no nibbles
 * fold   [channels_padded] int: bias - in_zp * sum of w; i16: long, the bias, and sums of k_h * k_w products fit 32 bits; float schemes: the bias
 * mult, shift   [channels_padded], integer schemes; weight-only: floats, scale and zero point of the weights
 * -D HBY_IN_WHOLES (types.clh), HBY_MR, HBY_SPREAD (depth_multiplier is not 1), HBY_ROUNDING, HBY_NARROW, HBY_WEIGHT_KIND, HBY_KH, HBY_KW and HBY_SW
 *    (window, and stride along x, without dilation along x: every column is then read once for all the outputs that it counts in; HBY_KW 0: any window) */
#ifndef HBY_MR
#define HBY_MR 4
#endif
#ifndef HBY_KW
#define HBY_KW 0
#endif
#ifndef HBY_SPREAD
#define HBY_SPREAD 0
#endif
#if HBY_SCHEME_i16 && !defined(HBY_ROUNDING)
#define HBY_ROUNDING HBY_ROUND_WIDE16
#endif
#include "types.clh"
#include "args_conv.h"
#include "wide.clh"

#define HBY_EACH_ROW HBY_UNROLL for (int r = 0; r < HBY_MR; r++)
#if HBY_DEVICE_CPU
#define HBY_TILE_GROUP __attribute__((reqd_work_group_size(1, 1, 1)))
#else
#define HBY_TILE_GROUP
#endif

#if HBY_FLOAT
#include "weights.clh"
#if HBY_WEIGHT_ONLY
#define HBY_TAP_WEIGHTS(p, i) ((HBY_WEIGHTS_AT(p, i) - w_zero) * w_scale)
#else
#define HBY_TAP_WEIGHTS(p, i) HBY_WEIGHTS_AT(p, i)
#endif
#define HBY_FOLD float
#define HBY_MULTIPLY_ADD(a, w, acc) HBY_SUM_PRODUCT(a, w, acc)
#else
#define HBY_W short
#define HBY_WEIGHT_ONLY 0
#if HBY_SCHEME_i16
#define HBY_FOLD long
#else
#define HBY_FOLD int
#endif
#define HBY_TAP_WEIGHTS(p, i) HBY_WEIGHTS16(p, i)
#define HBY_MULTIPLY_ADD(a, w, acc) hby_multiply_add16(a, w, acc)
#endif

#if HBY_SCHEME_i16
#define HBY_FIRST_SUM(f) (hby_vi)(0)
#elif HBY_FLOAT && HBY_SEPARATE
#define HBY_FIRST_SUM(f) (hby_vf)(0.0f)
#else
#define HBY_FIRST_SUM(f) (f)
#endif

typedef HBY_V(uint) hby_vu;

/* The inputs of the vector's channels, at the pixel whose channel 0 is p: with a depth multiplier, lane l is input first + spread[l] (up to 15 elements past
 * the pixel are read: slack). */
static inline hby_vc hby_inputs(const __global HBY_T *p, int first, hby_vu spread)
{
    const hby_vc v = HBY_GETV(HBY_TYPE, p, first);
#if HBY_SPREAD && HBY_X86_AVX512
    hby_vc lanes;
    __asm__("vpermd %1, %2, %0" : "=v"(lanes) : "v"(v), "v"(spread));
    return lanes;
#elif HBY_SPREAD
    return shuffle(v, spread);
#else
    return v;
#endif
}

/* The image that a tile reads, and where its window begins: the pixel (y, x), which may be outside. */
struct hby_window {
    const __global HBY_T *in, *zero;
    int y, x;
    bool interior; /* no column is outside */
};

/* Where line i of the window begins, and the elements from pixel to pixel; `zero` over and over above and below the image. */
static inline const __global HBY_T *hby_window_line(const struct hby_args_conv *p, const struct hby_window *s, int i, int *step)
{
    const int y = s->y + i * p->dilation_h;
    const bool inside = y >= 0 && y < p->in_h;
    *step = inside ? p->in_c : 0;
    return inside ? s->in + (size_t)y * p->in_w * p->in_c : s->zero;
}

#if HBY_KW
#define HBY_TAPS (HBY_KH * HBY_KW)
/* Adds the window to the tile. All taps are known here, and every address follows from the one before: few registers hold it all. */
static inline void hby_add_window(hby_vc acc[HBY_MR], const struct hby_args_conv *p, const struct hby_window *s, bool interior, int first,
    hby_vu spread, const hby_vc w[HBY_TAPS])
{
    HBY_UNROLL for (int i = 0; i < HBY_KH; i++) {
        int step;
        const __global HBY_T *line = hby_window_line(p, s, i, &step);
        int at = s->x * step;
        HBY_UNROLL for (int c = 0; c < (HBY_MR - 1) * HBY_SW + HBY_KW; c++) {
            const hby_vc v = hby_inputs(interior || (s->x + c >= 0 && s->x + c < p->in_w) ? line + at : s->zero, first, spread);
            at += step;
            HBY_UNROLL for (int j = 0; j < HBY_KW; j++) if (c >= j && (c - j) % HBY_SW == 0 && (c - j) / HBY_SW < HBY_MR)
                acc[(c - j) / HBY_SW] = HBY_MULTIPLY_ADD(v, w[i * HBY_KW + j], acc[(c - j) / HBY_SW]);
        }
    }
}
#else
static inline void hby_add_any_window(hby_vc acc[HBY_MR], const struct hby_args_conv *p, const struct hby_window *s, int first, hby_vu spread,
    const __global HBY_W *w, hby_vc w_scale, hby_vc w_zero, int channels_padded)
{
    for (int i = 0; i < p->k_h; i++) {
        int step;
        const __global HBY_T *line = hby_window_line(p, s, i, &step);
        for (int j = 0; j < p->k_w; j++) {
            const hby_vc wv = HBY_TAP_WEIGHTS(w, (i * p->k_w + j) * channels_padded);
            HBY_EACH_ROW {
                const int x = s->x + j * p->dilation_w + r * p->stride_w;
                acc[r] = HBY_MULTIPLY_ADD(hby_inputs(s->interior || (x >= 0 && x < p->in_w) ? line + x * step : s->zero, first, spread), wv, acc[r]);
            }
        }
    }
}
#endif

/* The tiles of one vector of channels. */
static inline void hby_depthwise_channels(const struct hby_args_conv *p, int channel, int first_tile, int tiles_per_line, int tiles_each, int channels_padded,
    const __global HBY_T *in, const __global HBY_T *zero, const __global HBY_W *w, const __global HBY_FOLD *fold, const __global int *mult,
    const __global int *shift, __global HBY_T *out)
{
    const int lines = p->batch * p->out_h, n = min(HBY_LANES, p->out_c - channel);
#if HBY_SPREAD
    const int first = channel / p->depth_multiplier;
    const hby_vu spread = HBY_V(as_uint)((channel + hby_lane()) / p->depth_multiplier - first);
#else
    const int first = channel;
    const hby_vu spread = 0;
#endif
#if HBY_SCHEME_i16
    const hby_vl f = HBY_TABLEV(long, fold, channel);
#else
    const hby_vc f = HBY_TABLEV(HBY_FOLD, fold, channel);
#endif
#if !HBY_FLOAT
    const hby_vi m = HBY_TABLEV(int, mult, channel), e = HBY_TABLEV(int, shift, channel);
#endif
#if HBY_WEIGHT_ONLY
    const hby_vc w_scale = HBY_TABLEV(float, (const __global float *)mult, channel), w_zero = HBY_TABLEV(float, (const __global float *)shift, channel);
#else
    const hby_vc w_scale = 1, w_zero = 0;
#endif
#if HBY_KW
    hby_vc wv[HBY_TAPS];
    HBY_UNROLL for (int i = 0; i < HBY_TAPS; i++) wv[i] = HBY_TAP_WEIGHTS(w, i * channels_padded + channel);
#endif
    int tile = first_tile, line = tile / tiles_per_line, b = line / p->out_h;
    tile -= line * tiles_per_line;
    for (int k = 0; k < tiles_each && line < lines; k++) {
        const int x0 = tile * HBY_MR;
        struct hby_window s = {in + (size_t)b * p->in_h * p->in_w * p->in_c, zero, (line - b * p->out_h) * p->stride_h - p->pad_top,
                               x0 * p->stride_w - p->pad_left, false};
        s.interior = s.x >= 0 && s.x + (HBY_MR - 1) * p->stride_w + (p->k_w - 1) * p->dilation_w < p->in_w;
        hby_vc acc[HBY_MR];
        HBY_EACH_ROW acc[r] = HBY_FIRST_SUM(f);
#if HBY_KW
        if (s.interior)
            hby_add_window(acc, p, &s, true, first, spread, wv);
        else
            hby_add_window(acc, p, &s, false, first, spread, wv);
#else
        hby_add_any_window(acc, p, &s, first, spread, w + channel, w_scale, w_zero, channels_padded);
#endif

        HBY_EACH_ROW {
#if HBY_FLOAT && HBY_SEPARATE
            acc[r] = hby_clamp_float(acc[r] + f, p->f_min, p->f_max);
#elif HBY_FLOAT
            acc[r] = hby_clamp_float(acc[r], p->f_min, p->f_max);
#elif HBY_SCHEME_i16
            acc[r] = clamp(hby_finish_wide(HBY_V(convert_long)(acc[r]) + f, m, e), (hby_vi)(p->act_min), (hby_vi)(p->act_max));
#else
            acc[r] = clamp(hby_rescale_lanes(acc[r], m, e) + p->out_zp, (hby_vi)(p->act_min), (hby_vi)(p->act_max));
#endif
        }
        __global HBY_T *o = out + (size_t)line * p->out_w * p->out_c + channel;
#ifdef HBY_STORE_SOME
        HBY_EACH_ROW if (x0 + r < p->out_w) HBY_STORE_SOME(acc[r], o, (x0 + r) * p->out_c, n);
#else
        if (n == HBY_LANES) {
            HBY_EACH_ROW if (x0 + r < p->out_w) HBY_V(HBY_STORE)(acc[r], o, (x0 + r) * p->out_c);
        } else {
            HBY_C edge[HBY_MR][HBY_LANES];
            HBY_EACH_ROW HBY_V(vstore)(acc[r], 0, edge[r]);
            for (int r = 0; r < HBY_MR && x0 + r < p->out_w; r++)
                HBY_PLAIN_LOOP for (int c = 0; c < n; c++)
                    HBY_STORE(edge[r][c], o, (x0 + r) * p->out_c + c);
        }
#endif
        if (++tile == tiles_per_line) {
            tile = 0;
            if (++line == (b + 1) * p->out_h)
                b++;
        }
    }
}

HBY_APART void hby_depthwise_part(const struct hby_args_conv p, int from, int to, int first_tile, int tiles_per_line, int tiles_each, int channels_padded,
    const __global HBY_T *in, const __global HBY_T *zero, const __global HBY_W *w, const __global HBY_FOLD *fold, const __global int *mult,
    const __global int *shift, __global HBY_T *out)
{
    for (int c = from; c < to; c += HBY_LANES)
        hby_depthwise_channels(&p, c, first_tile, tiles_per_line, tiles_each, channels_padded, in, zero, w, fold, mult, shift, out);
}

__kernel HBY_TILE_GROUP void hby_depthwise(struct hby_args_conv p, int tiles_per_line, int tiles_each, int vectors_each, int channels_padded,
    const __global HBY_T *in, const __global HBY_T *zero, const __global HBY_W *w, const __global HBY_FOLD *fold, const __global int *mult,
    const __global int *shift, __global HBY_T *out)
{
    const int first = get_global_id(0) * vectors_each * HBY_LANES;
    hby_depthwise_part(p, first, min(first + vectors_each * HBY_LANES, p.out_c), (int)get_global_id(1) * tiles_each, tiles_per_line, tiles_each,
                       channels_padded, in, zero, w, fold, mult, shift, out);
}
