/* Dynamic range DEPTHWISE_CONV_2D: int8 activations from hybrid.cl, float results. A work-item computes tiles_each tiles of HBY_MR neighbours along x for
 * vectors_each vectors of channels, as in depthwise.cl; the image has its border in memory, wide enough for whole tiles.
 *
 * in     bytes of dot.clh's form, and slack.   row   [batch]: how each image is quantized
 * w      [tap][channels_padded] short.   w_sum   [channels_padded]: the sum of a channel's weights.   w_scale, bias   [channels_padded]
 * p      is the step's, but for the image with its border
 * -D HBY_MR, HBY_SPREAD (depth_multiplier is not 1), HBY_HALF_OUT (the output is stored in half), HBY_KH, HBY_KW and HBY_SW (as depthwise.cl has them) */
#ifndef HBY_MR
#define HBY_MR 4
#endif
#ifndef HBY_KW
#define HBY_KW 0
#endif
#ifndef HBY_SPREAD
#define HBY_SPREAD 0
#endif
#define HBY_ACT_READY 1
#if HBY_HALF_OUT
#undef HBY_SCHEME_f32w8
#define HBY_SCHEME_f16 1
#endif
#define HBY_GATHER 0
#include "types.clh"
#include "args_conv.h"
#include "conv_dot.clh"
#include "wide.clh"
#include "hybrid_args.clh"

#define HBY_EACH_ROW HBY_UNROLL for (int r = 0; r < HBY_MR; r++)
#if HBY_DEVICE_CPU
#define HBY_TILE_GROUP __attribute__((reqd_work_group_size(1, 1, 1)))
#else
#define HBY_TILE_GROUP
#endif
#if HBY_DOT_UNSIGNED
#define HBY_BYTE uchar
#else
#define HBY_BYTE char
#endif

/* The inputs of the vector's channels, at the pixel whose channel 0 is p. */
static inline hby_vi hby_inputs(const __global HBY_BYTE *p, int channel, int multiplier)
{
#if HBY_SPREAD
    if (multiplier % HBY_LANES == 0)
        return (hby_vi)((int)p[channel / multiplier]);
    int lane[HBY_LANES];
    for (int l = 0; l < HBY_LANES; l++)
        lane[l] = p[(channel + l) / multiplier]; /* up to 15 elements past the pixel: slack */
    return HBY_V(vload)(0, lane);
#else
    return HBY_V(convert_int)(HBY_TENSORV(HBY_BYTE, p, channel));
#endif
}

#if HBY_KW
#define HBY_TAPS (HBY_KH * HBY_KW)
/* Adds the window to the tile whose leftmost tap is at `a`. Pointers that walk keep the addresses few. */
static inline void hby_window(hby_vi acc[HBY_MR], const struct hby_args_conv *p, const __global HBY_BYTE *a, int channel, const hby_vi w[HBY_TAPS])
{
    HBY_UNROLL for (int i = 0; i < HBY_KH; i++) {
        const __global HBY_BYTE *at = a;
        HBY_UNROLL for (int c = 0; c < (HBY_MR - 1) * HBY_SW + HBY_KW; c++) {
            const hby_vi v = hby_inputs(at, channel, p->depth_multiplier);
            at += p->in_c;
            HBY_UNROLL for (int j = 0; j < HBY_KW; j++) if (c >= j && (c - j) % HBY_SW == 0 && (c - j) / HBY_SW < HBY_MR)
                acc[(c - j) / HBY_SW] = hby_multiply_add16(v, w[i * HBY_KW + j], acc[(c - j) / HBY_SW]);
        }
        a += p->dilation_h * p->in_w * p->in_c;
    }
}
#else
static inline void hby_any_window(hby_vi acc[HBY_MR], const struct hby_args_conv *p, const __global HBY_BYTE *a, int channel, const __global short *w,
    int channels_padded)
{
    for (int i = 0; i < p->k_h; i++)
        for (int j = 0; j < p->k_w; j++) {
            const hby_vi wv = HBY_WEIGHTS16(w, (i * p->k_w + j) * channels_padded);
            const __global HBY_BYTE *at = a + (i * p->dilation_h * p->in_w + j * p->dilation_w) * p->in_c;
            HBY_EACH_ROW acc[r] = hby_multiply_add16(hby_inputs(at + r * p->stride_w * p->in_c, channel, p->depth_multiplier), wv, acc[r]);
        }
}
#endif

/* The tiles of one vector of channels. */
static inline void hby_depthwise_channels(const struct hby_args_conv *p, int channel, int first_tile, int tiles_per_line, int tiles_each, int channels_padded,
    const __global HBY_BYTE *in, const __global struct hby_hybrid_row *row, const __global short *w, const __global int *w_sum, const __global float *w_scale,
    const __global float *bias, __global HBY_T *out)
{
    const int lines = p->batch * p->out_h, n = min(HBY_LANES, p->out_c - channel);
    const hby_vi sums = HBY_TABLEV(int, w_sum, channel);
    const hby_vf scale = HBY_TABLEV(float, w_scale, channel), bias_v = HBY_TABLEV(float, bias, channel);
#if HBY_KW
    hby_vi wv[HBY_TAPS];
    HBY_UNROLL for (int i = 0; i < HBY_TAPS; i++) wv[i] = HBY_WEIGHTS16(w, i * channels_padded + channel);
#endif
    int tile = first_tile, line = tile / tiles_per_line, b = line / p->out_h;
    tile -= line * tiles_per_line;
    for (int k = 0; k < tiles_each && line < lines; k++) {
        const int x0 = tile * HBY_MR, y0 = (line - b * p->out_h) * p->stride_h;
        const __global HBY_BYTE *a = in + ((size_t)(b * p->in_h + y0) * p->in_w + x0 * p->stride_w) * p->in_c;
        const hby_vf both = scale * row[b].scale;
        hby_vi acc[HBY_MR];
        HBY_EACH_ROW acc[r] = sums * -row[b].zero;
#if HBY_KW
        hby_window(acc, p, a, channel, wv);
#else
        hby_any_window(acc, p, a, channel, w + channel, channels_padded);
#endif

        hby_vf v[HBY_MR];
        HBY_EACH_ROW v[r] = hby_clamp_float(HBY_V(convert_float)(acc[r]) * both + bias_v, p->f_min, p->f_max);
        __global HBY_T *o = out + (size_t)line * p->out_w * p->out_c + channel;
#ifdef HBY_STORE_SOME
        HBY_EACH_ROW if (x0 + r < p->out_w) HBY_STORE_SOME(v[r], o, (x0 + r) * p->out_c, n);
#else
        if (n == HBY_LANES) {
            HBY_EACH_ROW if (x0 + r < p->out_w) HBY_V(HBY_STORE)(v[r], o, (x0 + r) * p->out_c);
        } else {
            float edge[HBY_MR][HBY_LANES];
            HBY_EACH_ROW HBY_V(vstore)(v[r], 0, edge[r]);
            for (int r = 0; r < HBY_MR && x0 + r < p->out_w; r++)
                for (int c = 0; c < n; c++)
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

__kernel HBY_TILE_GROUP void hby_depthwise_hybrid(struct hby_args_conv p, int tiles_per_line, int tiles_each, int vectors_each, int channels_padded,
    const __global HBY_BYTE *in, const __global struct hby_hybrid_row *row, const __global short *w, const __global int *w_sum, const __global float *w_scale,
    const __global float *bias, __global HBY_T *out)
{
    const int first = get_global_id(0) * vectors_each * HBY_LANES;
    for (int c = first; c < min(first + vectors_each * HBY_LANES, p.out_c); c += HBY_LANES)
        hby_depthwise_channels(&p, c, (int)get_global_id(1) * tiles_each, tiles_per_line, tiles_each, channels_padded, in, row, w, w_sum, w_scale, bias, out);
}
