/* Loop nests over a sliding window: convolution (and FULLY_CONNECTED as one of 1x1), depthwise, transposed, pooling. NHWC throughout. */
#ifndef HBY_PARTITION_ARGS_CONV_H
#define HBY_PARTITION_ARGS_CONV_H
#include "partition/args_base.h"

/* out[b,y,x,n] = rescale(bias[n] + sum over (i,j,c) of (in[b, y*stride_h - pad_top + i*dilation_h, x*..., g*group_c + c] - in_zp)
 *                                                   * (w[n,i,j,c] - w_zp));  positions outside the input count as in_zp (real 0).
 * Step inputs: 0 activations, 1 weights (constant, TFLite's layout), 2 bias (constant int32, int64 or float; may be absent).
 * Step tables, by scheme:
 *   integers           0 mult[out_c], 1 shift[out_c], and with HBY_ROUND_EXACT 2 real[out_c] (double)
 *   f32w8              0 weight scale[out_c] (float), or of FULLY_CONNECTED with blocks scale[out_c][in_c / block], more than out_c of them
 *                      (a block that is the whole row is one per channel)
 *   f32, f16           with integer weights (weight-only) 0 scale[out_c] (float), and where a zero point is not 0 also 1 zero_point[out_c]:
 *                      w = (q - zero_point) * scale
 * f32w8: each of the `batch` inputs is quantized as one; FULLY_CONNECTED there has batch = rows, in_w = 1.
 * The weights' type is the tensor's: float32 or float16; int8, uint8 or packed int4. Their shape, by operator:
 *   CONV_2D            [out_c, k_h, k_w, group_c]; in_c = group_c * groups
 *   FULLY_CONNECTED    [out_c, in_c]; in_h = k_h = 1, in_w = rows, group_c = in_c
 *   DEPTHWISE_CONV_2D  [1, k_h, k_w, out_c]; out_c = in_c * depth_multiplier, group_c = 1
 *   TRANSPOSE_CONV     [out_c, k_h, k_w, in_c]; the window runs over the output: out[y] gathers in[(y + pad_top - i) / stride_h] where that
 *                      divides */
struct hby_args_conv {
    hby_i32 batch, in_h, in_w, in_c, out_h, out_w, out_c;
    hby_i32 k_h, k_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    hby_i32 group_c, depth_multiplier;
    hby_i32 in_zp, w_zp, out_zp; /* as stored: real = (q - zp) * scale */
    hby_i32 act_min, act_max;    /* quantized clamp, integer schemes */
    hby_f32 f_min, f_max;        /* float schemes; -INFINITY, INFINITY when there is none */
    hby_i32 rounding;            /* HBY_ROUND_* */
    hby_i32 has_bias;
    hby_i32 per_channel; /* f32w8: weight scales differ per channel */
    hby_i32 asymmetric;  /* f32w8: rows quantized with a zero point */
};

/* CONV_3D of floats: in[batch][in][in_c], weights[k][in_c][out_c], both float32 or float16; depth, height, width. */
struct hby_args_conv3d {
    hby_i32 batch, in_c, out_c;
    hby_i32 in[3], out[3], k[3], stride[3], dilation[3], pad[3];
    hby_f32 f_min, f_max;
};

/* AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D: over the part of the window inside the input. */
struct hby_args_pool {
    hby_i32 batch, in_h, in_w, channels, out_h, out_w;
    hby_i32 k_h, k_w, stride_h, stride_w, pad_top, pad_left;
    hby_i32 is_max;
    hby_i32 squares; /* L2_POOL_2D, floats: the root of the average square */
    hby_i32 act_min, act_max;
    hby_f32 f_min, f_max;
};
#endif
