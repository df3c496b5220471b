/* DEPTHWISE_CONV_2D: a work-item computes HBY_MR neighbours along x in one line of the output, for one vector of channels.
 *
 * in     NHWC.   zero   in_c elements of real zero, and slack
 * w      [tap][channels_padded]: integer schemes short, the weights' zero point taken off; float schemes float, or half with -DHBY_HALF_WEIGHTS
 * fold   [channels_padded] int: bias - in_zp * sum of w; float schemes: the bias.   mult, shift   [channels_padded], integer schemes
 * -D HBY_MR, HBY_SPREAD (depth_multiplier is not 1), HBY_ROUNDING, HBY_HALF_WEIGHTS */
#include "types.clh"
#include "args_conv.h"
#include "conv_dot.clh"

#define HBY_EACH_ROW HBY_UNROLL for (int r = 0; r < HBY_MR; r++)
#if HBY_DEVICE_CPU
#define HBY_TILE_GROUP __attribute__((reqd_work_group_size(1, 1, 1)))
#else
#define HBY_TILE_GROUP
#endif

#if HBY_FLOAT
#if HBY_HALF_WEIGHTS
#define HBY_W half
#define HBY_WEIGHTS(p, i) HBY_GETV_1(p, i)
#else
#define HBY_W float
#define HBY_WEIGHTS(p, i) HBY_RAWV(p, i)
#endif
#define HBY_FOLD float
#define HBY_MULTIPLY_ADD(a, w, acc) fma(a, w, acc)
#else
#define HBY_W short
#define HBY_FOLD int
#if HBY_DOT_X86_VNNI && HBY_X86_AVX512
/* Pairs of 16 bits, the upper weight 0: whatever the upper half of a sign-extended activation is, it does not count. */
#define HBY_WEIGHTS(p, i) as_int16(convert_uint16(as_ushort16(vload16(0, (p) + (i)))))
static inline int16 hby_multiply_add(int16 a, int16 w, int16 acc)
{
    __asm__("vpdpwssd %2, %1, %0" : "+v"(acc) : "v"(a), "v"(w));
    return acc;
}
#define HBY_MULTIPLY_ADD(a, w, acc) hby_multiply_add(a, w, acc)
#else
#define HBY_WEIGHTS(p, i) HBY_GETV_4(p, i)
#define HBY_MULTIPLY_ADD(a, w, acc) ((a) * (w) + (acc))
#endif
#endif

/* The inputs of the vector's channels, at the pixel whose channel 0 is p. */
static inline hby_vc hby_inputs(const __global HBY_T *p, int channel, int multiplier)
{
#if HBY_SPREAD
    if (multiplier % HBY_LANES == 0)
        return (hby_vc)(HBY_LOAD(p, channel / multiplier));
    HBY_C lane[HBY_LANES];
    for (int l = 0; l < HBY_LANES; l++)
        lane[l] = HBY_LOAD(p, (channel + l) / multiplier); /* up to 15 elements past the pixel: slack */
    return HBY_V(vload)(0, lane);
#else
    return HBY_GETV(HBY_TYPE, p, channel);
#endif
}

__kernel HBY_TILE_GROUP void hby_depthwise(struct hby_args_conv p, int tiles_per_line, int channels_padded, const __global HBY_T *in,
    const __global HBY_T *zero, const __global HBY_W *w, const __global HBY_FOLD *fold, const __global int *mult, const __global int *shift, __global HBY_T *out)
{
    const int channel = get_global_id(0) * HBY_LANES, line = get_global_id(1) / tiles_per_line;
    const int x0 = (get_global_id(1) - line * tiles_per_line) * HBY_MR;
    const int b = line / p.out_h, y0 = (line - b * p.out_h) * p.stride_h - p.pad_top;
    if (channel >= p.out_c || b >= p.batch)
        return;
    const int first = x0 * p.stride_w - p.pad_left;
    const bool interior = first >= 0 && first + (HBY_MR - 1) * p.stride_w + (p.k_w - 1) * p.dilation_w < p.in_w;

    hby_vc acc[HBY_MR];
    const hby_vc f = HBY_RAWV(fold, channel);
    HBY_EACH_ROW acc[r] = f;
    for (int i = 0; i < p.k_h; i++) {
        const int y = y0 + i * p.dilation_h;
        const bool inside = y >= 0 && y < p.in_h;
        const __global HBY_T *a = inside ? in + (size_t)(b * p.in_h + y) * p.in_w * p.in_c : zero;
        const int step = inside ? p.in_c : 0;
        for (int j = 0; j < p.k_w; j++) {
            const hby_vc wv = HBY_WEIGHTS(w, (i * p.k_w + j) * channels_padded + channel);
            const int x = first + j * p.dilation_w;
            if (interior) {
                HBY_EACH_ROW acc[r] = HBY_MULTIPLY_ADD(hby_inputs(a + (x + r * p.stride_w) * step, channel, p.depth_multiplier), wv, acc[r]);
            } else
                HBY_EACH_ROW {
                    const int xr = x + r * p.stride_w;
                    acc[r] = HBY_MULTIPLY_ADD(hby_inputs(xr >= 0 && xr < p.in_w ? a + xr * step : zero, channel, p.depth_multiplier), wv, acc[r]);
                }
        }
    }

#if !HBY_FLOAT
    const hby_vi m = HBY_RAWV(mult, channel), e = HBY_RAWV(shift, channel);
#endif
    const int n = min(HBY_LANES, p.out_c - channel);
    HBY_EACH_ROW {
#if HBY_FLOAT
        acc[r] = hby_clamp_float(acc[r], p.f_min, p.f_max);
#else
        acc[r] = clamp(hby_rescale_lanes(acc[r], m, e) + p.out_zp, (hby_vi)(p.act_min), (hby_vi)(p.act_max));
#endif
    }
    out += (size_t)line * p.out_w * p.out_c + channel;
    if (n == HBY_LANES) {
        HBY_EACH_ROW if (x0 + r < p.out_w) HBY_V(HBY_STORE)(acc[r], out, (x0 + r) * p.out_c);
        return;
    }
    HBY_C edge[HBY_MR][HBY_LANES];
    HBY_EACH_ROW HBY_V(vstore)(acc[r], 0, edge[r]);
    for (int r = 0; r < HBY_MR && x0 + r < p.out_w; r++)
        for (int c = 0; c < n; c++)
            HBY_STORE(edge[r][c], out, (x0 + r) * p.out_c + c);
}
