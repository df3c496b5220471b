/* What the lowerings onto sliding windows share: convolutions, FULLY_CONNECTED, pools. */
#ifndef HBY_PARTITION_LOWER_WINDOW_H
#define HBY_PARTITION_LOWER_WINDOW_H

#include "partition/lower_shape.h"

/* One axis of a window: sizes, and the padding before the first element that lowering computes. */
struct hby_window_axis {
    const char *name; /* "height" or "width" */
    int32_t in, k, stride, dilation, out, pad;
};

/* Checks strides and sizes, and that `out` is what TFLite's formula gives for `padding`; computes `pad` (for HBY_PAD_EXPLICIT it is given). */
enum hby_status hby_window_fit(const struct hby_lowering *lo, enum hby_padding padding, struct hby_window_axis *a);

/* A tensor of rank 4 with 1 .. 2^31 - 1 elements. */
enum hby_status hby_check_image(const struct hby_lowering *lo, int tensor);

/* What weights an operator takes besides constants of 8 bits and more: packed int4; floats that are computed while the model runs; integers that stand for the
 * floats of a DEQUANTIZE. */
enum { HBY_ALLOW_INT4 = 1, HBY_ALLOW_COMPUTED = 2, HBY_ALLOW_DEQUANTIZED = 4 };
static inline unsigned hby_allow_of(const struct hby_node *node)
{
    return node->weight_only ? HBY_ALLOW_DEQUANTIZED : 0;
}
/* The scheme of activations x weights, or a refusal: the pair of types, weights that are sparse or not a constant. `allow`: HBY_ALLOW_* bits. */
enum hby_status hby_weights_scheme(const struct hby_lowering *lo, int input, int weights, int output, unsigned allow, enum hby_scheme *scheme);

/* The bias (-1: none) is a constant of `channels` elements and of a type that the scheme adds: int32, int64 too for i16, else float. */
enum hby_status hby_check_bias(const struct hby_lowering *lo, int bias, int channels, enum hby_scheme scheme);
/* TFLite also wants the bias in the accumulator's scale, within 0.02 of the output's, where the weights are quantized per tensor and the operator looks. */
enum hby_status hby_check_bias_scale(const struct hby_lowering *lo, int input, int weights, int bias, int output);

/* The shapes in a convolution's args; the rest is 0. Strides, dilations and padding are the axes'. */
struct hby_args_conv hby_conv_of_images(const struct hby_tensor *in, const struct hby_tensor *out, const struct hby_window_axis *h,
                                        const struct hby_window_axis *x, int32_t group_c, int32_t depth_multiplier);
/* A product of `rows` rows of `depth` with `units` columns as a 1x1 convolution: rows are pixels of one image, or (`apart`, where each is quantized by itself)
 * images of one pixel. */
struct hby_args_conv hby_conv_of_rows(int32_t rows, int32_t depth, int32_t units, bool apart);

/* How accumulators of this step are rescaled by default (not FULLY_CONNECTED): HBY_ROUND_*. */
int hby_conv_rounding(const struct hby_lowering *lo, enum hby_scheme scheme, int weights, int bias);

/* Quantization of input, weights (channels along `axis`) and output; clamp and zero points go into the args. Integer schemes only. */
enum hby_status hby_conv_quant(const struct hby_lowering *lo, int input, int weights, int axis, int output, enum hby_act act, struct hby_args_conv *args);

/* Clamp of a float scheme; no bound is the largest finite float, as in TFLite. */
enum hby_status hby_float_clamp(const struct hby_lowering *lo, enum hby_act act, hby_f32 *f_min, hby_f32 *f_max);

/* The step of a convolution whose args are complete but for the tables: in = {input, weights, bias}, and tables by scheme. */
enum hby_status hby_conv_step(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, int input, int weights, int bias,
                              const struct hby_args_conv *args);

/* The real factor of channel i in double, as FULLY_CONNECTED's reference has it. */
double hby_conv_real(const struct hby_lowering *lo, int input, int weights, int output, int i);

#endif
