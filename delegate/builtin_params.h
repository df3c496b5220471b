/* TFLite's structs of builtin parameters, as far as our operators need them. They were only ever appended to: "since" names what an older
 * runtime lacks (all others are older than 2.5). */
#ifndef HBY_DELEGATE_BUILTIN_PARAMS_H
#define HBY_DELEGATE_BUILTIN_PARAMS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* What C++ wrote as a bool: a byte, which becomes one of ours by conversion, whatever it holds. */
typedef unsigned char hby_tfl_bool;

enum { HBY_TFL_PADDING_SAME = 1, HBY_TFL_PADDING_VALID = 2 };

struct hby_tfl_conv {
    int32_t padding;
    int stride_width, stride_height;
    int32_t activation;
    int dilation_width, dilation_height;
    /* quantized_bias_type, since 2.13: never read, the bias tensor has a type */
};

struct hby_tfl_conv_3d {
    int32_t padding;
    int stride_width, stride_height, stride_depth, dilation_width, dilation_height, dilation_depth;
    int32_t activation;
};

struct hby_tfl_depthwise {
    int32_t padding;
    int stride_width, stride_height, depth_multiplier;
    int32_t activation;
    int dilation_width, dilation_height;
};

struct hby_tfl_pool {
    int32_t padding;
    int stride_width, stride_height, filter_width, filter_height;
    int32_t activation;
};

struct hby_tfl_transpose_conv {
    int32_t padding;
    int stride_width, stride_height;
    int32_t activation;          /* operator version 4, since 2.12 */
    int32_t quantized_bias_type; /* operator version 5: enum hby_tfl_type */
};

struct hby_tfl_fully_connected {
    int32_t activation;
    int32_t weights_format;
    hby_tfl_bool keep_num_dims, asymmetric_quantize_inputs;
    int32_t quantized_bias_type; /* version 11: enum hby_tfl_type */
};

/* ADD, SUB; MUL and DIV have the first field only. */
struct hby_tfl_arith {
    int32_t activation;
    hby_tfl_bool pot_scale_int16; /* ADD, SUB */
};

struct hby_tfl_concatenation {
    int axis;
    int32_t activation;
};

struct hby_tfl_softmax {
    float beta;
};

struct hby_tfl_leaky_relu {
    float alpha;
};

struct hby_tfl_l2_norm {
    int32_t activation;
};

struct hby_tfl_local_response {
    int radius;
    float bias, alpha, beta;
};

struct hby_tfl_cumsum {
    hby_tfl_bool exclusive, reverse;
};

struct hby_tfl_one_hot {
    int axis;
};

/* SPACE_TO_DEPTH, DEPTH_TO_SPACE */
struct hby_tfl_block {
    int block_size;
};

struct hby_tfl_gather {
    int axis;
    int batch_dims; /* operator version 5, since 2.5 */
};

struct hby_tfl_batch_matmul {
    hby_tfl_bool adj_x, adj_y;
    hby_tfl_bool asymmetric_quantize_inputs; /* operator version 4 */
};

struct hby_tfl_unpack {
    int num, axis;
};

enum { HBY_TFL_MIRROR_REFLECT = 1, HBY_TFL_MIRROR_SYMMETRIC = 2 };

struct hby_tfl_mirror_pad {
    int32_t mode;
};

struct hby_tfl_gelu {
    hby_tfl_bool approximate;
};

struct hby_tfl_resize {
    hby_tfl_bool align_corners, half_pixel_centers;
};

struct hby_tfl_reducer {
    hby_tfl_bool keep_dims;
};

struct hby_tfl_split {
    int num_splits;
};

struct hby_tfl_out_type { /* SHAPE, ARG_MAX, ARG_MIN */
    int32_t type;
};

struct hby_tfl_pack {
    int values_count, axis;
};

struct hby_tfl_reshape {
    int32_t shape[8];
    int num_dimensions;
};

struct hby_tfl_squeeze {
    int32_t squeeze_dims[8];
    int num_squeeze_dims;
};

struct hby_tfl_strided_slice {
    int begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    hby_tfl_bool offset; /* operator version 8, since 2.14 */
};

struct hby_tfl_sequence_lstm {
    int32_t activation;
    float cell_clip, proj_clip;
    hby_tfl_bool time_major, asymmetric_quantize_inputs;
};

struct hby_tfl_sequence_rnn {
    hby_tfl_bool time_major;
    int32_t activation;
    hby_tfl_bool asymmetric_quantize_inputs;
};

struct hby_tfl_svdf {
    int rank;
    int32_t activation;
    hby_tfl_bool asymmetric_quantize_inputs;
};

static_assert(offsetof(struct hby_tfl_conv, dilation_width) == 16, "conv");
static_assert(offsetof(struct hby_tfl_depthwise, dilation_width) == 20, "depthwise");
static_assert(offsetof(struct hby_tfl_pool, activation) == 20, "pool");
static_assert(offsetof(struct hby_tfl_fully_connected, asymmetric_quantize_inputs) == 9, "fully_connected");
static_assert(offsetof(struct hby_tfl_fully_connected, quantized_bias_type) == 12, "fully_connected");
static_assert(offsetof(struct hby_tfl_strided_slice, offset) == 20, "strided_slice");

#endif
