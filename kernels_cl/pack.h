/* Constants of the convolutions, as their kernels want them. Everything here is for steps of the conv nest whose weights and bias are constants. */
#ifndef HBY_KERNELS_CL_PACK_H
#define HBY_KERNELS_CL_PACK_H

#include "kernels_cl/kernel.h"

enum { HBY_BLOCK = 16 }; /* output channels that lie together in packed weights */

/* How a convolution's channels fall into groups and blocks. */
struct hby_conv_shape {
    int groups, group_in, group_out, blocks_per_group, taps;
};
/* `gather`: a line of the window is one tap (conv_rows.clh). */
struct hby_conv_shape hby_conv_shape_of(const struct hby_step *step, bool gather);

/* Weights of 8 bits or packed 4 bits as signed bytes (uint8 less 128), in the model's order; NULL when out of memory. Free with free(). */
int8_t *hby_pack_signed_weights(const struct hby_plan *plan, const struct hby_step *step);
/* The bias as float, int32 (as uint32, so that sums wrap) or int64; zeros where there is none. `n` elements, of which out_c count. */
float hby_bias_float(const struct hby_plan *plan, const struct hby_step *step, int channel);
int64_t hby_bias_int(const struct hby_plan *plan, const struct hby_step *step, int channel);

/* fixedpoint.clh's HBY_NARROW: every sum of `depth` products and a bias is below 2^29, and every shift in [-20, -1]. */
bool hby_pack_is_narrow(const struct hby_plan *plan, const struct hby_step *step, int64_t depth);

/* Where channel c lies when every group is padded to whole blocks; NULL when out of memory. Free with free(). */
int *hby_pack_places(const struct hby_conv_shape *s, int out_c);
/* Arguments mult and shift, channel c at place[c] of `padded` elements. */
enum hby_status hby_pack_rescale(const struct hby_step *step, struct hby_cl_launch *l, const int *place, size_t padded);

/* Arguments for conv_i8.cl: w, fold, tap_fold, mult, shift. `act_bias`: what the kernel adds to stored activations. */
enum hby_status hby_pack_conv_i8(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s, int act_bias);
/* Arguments for conv_i16.cl: w, bias, mult, shift, real (pack_i16.c). `wide`: 64-bit sums. */
enum hby_status hby_pack_conv_i16(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s, bool wide);
/* Its last four: bias, mult, shift, real, channel c at place[c] of `padded` elements. */
enum hby_status hby_pack_finish_i16(const struct hby_cl_site *site, struct hby_cl_launch *l, bool wide, const int *place, size_t padded);
/* 16x8: sums are 64 bits unless the bias is int32, as in TFLite. */
bool hby_pack_is_wide_i16(const struct hby_cl_site *site);
/* How many pairs of products of this step's weights and any int16 fit 32 bits. */
int hby_pack_pairs_i16(const struct hby_cl_site *site, const struct hby_cl_launch *l);
/* weights.clh's HBY_WEIGHT_KIND of a float step's weights. */
int hby_weight_kind(const struct hby_cl_site *site);
/* Bytes that one weight of this kind takes in packed weights; nibbles: a half. */
double hby_weight_bytes(const struct hby_cl_site *site);
/* Weight-only: has a channel a zero point that is not 0? */
bool hby_weight_has_zero(const struct hby_step *step);
/* The report's words for how floats are computed with these weights. */
const char *hby_weight_arithmetic(const struct hby_cl_site *site);

/* Arguments for conv_f.cl: w, bias, scale, w_zero. Gathered windows count as one tap. */
enum hby_status hby_pack_conv_f(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s);
/* Arguments for depthwise.cl: w, fold, mult, shift. */
enum hby_status hby_pack_depthwise(const struct hby_cl_site *site, struct hby_cl_launch *l);
/* The same for floats; `padded` channels, `taps` of the window. */
enum hby_status hby_pack_depthwise_f(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t padded, size_t taps);
/* `count` elements of the scheme's storage type that stand for real 0. */
enum hby_status hby_pack_zeros(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t count);

#endif
