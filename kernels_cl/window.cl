/* Every convolution, plainly: one work-item per output element, weights in the model's order. The row that takes what the tiled kernels do not.
 *
 * in     NHWC.   w   signed bytes (uint8 less 128) for integers, else of HBY_WEIGHT_KIND: 0 float, 1 half, 2 bytes, 3 nibbles, low one first
 * bias   [out_c] long for integers, else float.   mult, shift   [out_c] int.   real   [out_c] double, HBY_ROUND_EXACT only
 *        kinds 2 and 3 (weight-only): weight = (w - shift[n]) * real[n], with real float and shift int
 * w_zp   zero point of the weights as signed bytes
 * -D HBY_KIND 0 CONV_2D and FULLY_CONNECTED, 1 DEPTHWISE_CONV_2D, 2 TRANSPOSE_CONV; HBY_WIDE (int64 sums); HBY_ROUNDING; HBY_WEIGHT_KIND */
#ifndef HBY_KIND
#define HBY_KIND 0
#endif
#include "types.clh"
#include "fixedpoint.clh"
#include "args_conv.h"

#if HBY_ROUNDING == HBY_ROUND_EXACT && HBY_HAS_FP64 && !HBY_FLOAT
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define HBY_REAL double
#else
#define HBY_REAL float
#endif

#if HBY_FLOAT
#if HBY_WEIGHT_KIND == 1
#define HBY_W half
#define HBY_WEIGHT(p, i) vload_half(i, p)
#elif HBY_WEIGHT_KIND == 2
#define HBY_W char
#define HBY_WEIGHT(p, i) ((float)((p)[i] - w_zero) * w_scale)
#elif HBY_WEIGHT_KIND == 3
#define HBY_W char
#define HBY_WEIGHT(p, i) ((float)(((int)(p)[(i) >> 1] << ((i) & 1 ? 24 : 28) >> 28) - w_zero) * w_scale)
#else
#define HBY_W float
#define HBY_WEIGHT(p, i) ((p)[i])
#endif
#define HBY_SUM float
#define HBY_BIAS float
#else
#define HBY_W char
#define HBY_BIAS long
#if HBY_WIDE
#define HBY_SUM long
#else
#define HBY_SUM int
#endif
#endif

/* Along one axis: the input position that tap i of output position `at` reads, or -1. */
static inline int hby_tap(int at, int i, int stride, int dilation, int pad, int in)
{
#if HBY_KIND == 2
    const int t = at + pad - i;
    return t >= 0 && t % stride == 0 && t / stride < in ? t / stride : -1;
#else
    const int t = at * stride - pad + i * dilation;
    return t >= 0 && t < in ? t : -1;
#endif
}

#if !HBY_FLOAT
/* Of the tables only those that the rounding needs are there to be read. */
static inline int hby_finish(HBY_SUM sum, const __global int *mult, const __global int *shift, const __global HBY_REAL *real)
{
#if HBY_ROUNDING == HBY_ROUND_EXACT
    const HBY_REAL v = round((HBY_REAL)sum * *real);
    return v >= (HBY_REAL)-2147483648.0f && v < (HBY_REAL)2147483648.0f ? HBY_CUT(convert_int)(v) : INT_MIN; /* as x86 converts it */
#elif HBY_ROUNDING == HBY_ROUND_WIDE16
    return hby_rescale_wide16(sum, *mult, *shift);
#else
    return hby_rescale((int)sum, *mult, *shift);
#endif
}
#endif

__kernel void hby_window(struct hby_args_conv p, int count, int w_zp, const __global HBY_T *in, const __global HBY_W *w, const __global HBY_BIAS *bias,
    const __global int *mult, const __global int *shift, const __global HBY_REAL *real, __global HBY_T *out)
{
    const int at = get_global_id(0);
    if (at >= count)
        return;
    const int n = at % p.out_c, pixel = at / p.out_c, x = pixel % p.out_w, line = pixel / p.out_w, y = line % p.out_h, b = line / p.out_h;
    const int per_group = p.out_c / (p.in_c / p.group_c), c0 = HBY_KIND == 1 ? n / p.depth_multiplier : n / per_group * p.group_c;
#if HBY_FLOAT && HBY_WEIGHT_KIND >= 2
    const float w_scale = real[n];
    const int w_zero = shift[n];
#endif
    HBY_SUM sum = 0;
    for (int i = 0; i < p.k_h; i++) {
        const int in_y = hby_tap(y, i, p.stride_h, p.dilation_h, p.pad_top, p.in_h);
        if (in_y < 0)
            continue;
        for (int j = 0; j < p.k_w; j++) {
            const int in_x = hby_tap(x, j, p.stride_w, p.dilation_w, p.pad_left, p.in_w);
            if (in_x < 0)
                continue;
            const size_t from = ((size_t)(b * p.in_h + in_y) * p.in_w + in_x) * p.in_c + c0;
            const size_t tap = HBY_KIND == 1 ? (size_t)(i * p.k_w + j) * p.out_c + n : ((size_t)(n * p.k_h + i) * p.k_w + j) * p.group_c;
            for (int k = 0; k < p.group_c; k++) {
#if HBY_FLOAT
                sum = HBY_SUM_PRODUCT(HBY_LOAD(in, from + k), HBY_WEIGHT(w, tap + k), sum);
#else
                sum += (HBY_LOAD(in, from + k) - p.in_zp) * ((int)w[tap + k] - w_zp);
#endif
            }
        }
    }
    sum += (HBY_SUM)bias[n];
#if HBY_FLOAT
    sum = sum < p.f_min ? p.f_min : sum > p.f_max ? p.f_max : sum;
    HBY_STORE(sum, out, at);
#else
    HBY_STORE(clamp(hby_finish(sum, mult + n, shift + n, real + n) + p.out_zp, p.act_min, p.act_max), out, at);
#endif
}
