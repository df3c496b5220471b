/* TFLite's builtin parameters -> ours: one reader per name in the `import` column of ops.def. */
#include <string.h>

#include "delegate/builtin_params.h"
#include "delegate/import.h"

static enum hby_status read_act(const struct hby_builtin *b, int32_t value, enum hby_act *act)
{
    if (value < HBY_ACT_NONE || value > HBY_ACT_SIGN_BIT)
        return hby_say(HBY_UNSUPPORTED, b->why, "fused activation %d is not known here; NONE, RELU, RELU_N1_TO_1, RELU6, TANH and SIGN_BIT are", value);
    *act = (enum hby_act)value;
    return HBY_OK;
}

static enum hby_status read_padding(const struct hby_builtin *b, int32_t value, enum hby_padding *padding)
{
    if (value != HBY_TFL_PADDING_SAME && value != HBY_TFL_PADDING_VALID)
        return hby_say(HBY_BAD_MODEL, b->why, "padding %d is neither SAME nor VALID", value);
    *padding = value == HBY_TFL_PADDING_SAME ? HBY_PAD_SAME : HBY_PAD_VALID;
    return HBY_OK;
}

static enum hby_status check_window(const struct hby_builtin *b, const struct hby_window_params *w)
{
    const int bits = w->stride_h | w->stride_w | w->dilation_h | w->dilation_w; /* negative where one is, and beyond INT16_MAX where one is */
    if (bits < 0 || bits > INT16_MAX || !w->stride_h || !w->stride_w || !w->dilation_h || !w->dilation_w)
        return hby_say(HBY_BAD_MODEL, b->why, "strides %d x %d and dilations %d x %d must be between 1 and %d", w->stride_h, w->stride_w, w->dilation_h,
                       w->dilation_w, INT16_MAX);
    return HBY_OK;
}

enum hby_status hby_import_none(const struct hby_builtin *b, struct hby_node *node)
{
    (void)b;
    (void)node;
    return HBY_OK;
}

enum hby_status hby_import_conv(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_conv *p = b->data;
    struct hby_window_params *w = &node->params.window;
    *w = (struct hby_window_params){
        .stride_h = p->stride_height, .stride_w = p->stride_width, .dilation_h = p->dilation_height, .dilation_w = p->dilation_width};
    node->asymmetric_quantize_inputs = true;
    enum hby_status st = read_padding(b, p->padding, &w->padding);
    if (!st)
        st = read_act(b, p->activation, &w->act);
    return st ? st : check_window(b, w);
}

enum hby_status hby_import_conv_3d(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_conv_3d *p = b->data;
    const int stride[3] = {p->stride_depth, p->stride_height, p->stride_width}, dilation[3] = {p->dilation_depth, p->dilation_height, p->dilation_width};
    memcpy(node->params.window_3d.stride, stride, sizeof stride);
    memcpy(node->params.window_3d.dilation, dilation, sizeof dilation);
    enum hby_status st = read_padding(b, p->padding, &node->params.window_3d.padding);
    return st ? st : read_act(b, p->activation, &node->params.window_3d.act);
}

enum hby_status hby_import_depthwise(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_depthwise *p = b->data;
    struct hby_window_params *w = &node->params.window;
    *w = (struct hby_window_params){.stride_h = p->stride_height,
                                    .stride_w = p->stride_width,
                                    .dilation_h = p->dilation_height,
                                    .dilation_w = p->dilation_width,
                                    .depth_multiplier = p->depth_multiplier};
    node->asymmetric_quantize_inputs = true;
    enum hby_status st = read_padding(b, p->padding, &w->padding);
    if (!st)
        st = read_act(b, p->activation, &w->act);
    return st ? st : check_window(b, w);
}

enum hby_status hby_import_transpose_conv(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_transpose_conv *p = b->data;
    struct hby_window_params *w = &node->params.window;
    *w = (struct hby_window_params){.stride_h = p->stride_height, .stride_w = p->stride_width, .dilation_h = 1, .dilation_w = 1};
    enum hby_status st = read_padding(b, p->padding, &w->padding);
    if (!st && b->version >= 4)
        st = read_act(b, p->activation, &w->act);
    w->int32_sums = b->version >= 5 && p->quantized_bias_type == HBY_TFL_INT32;
    return st ? st : check_window(b, w);
}

enum hby_status hby_import_pool(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_pool *p = b->data;
    struct hby_window_params *w = &node->params.window;
    *w = (struct hby_window_params){
        .stride_h = p->stride_height, .stride_w = p->stride_width, .dilation_h = 1, .dilation_w = 1, .filter_h = p->filter_height, .filter_w = p->filter_width};
    enum hby_status st = read_padding(b, p->padding, &w->padding);
    if (!st)
        st = read_act(b, p->activation, &w->act);
    if (!st && (w->filter_h < 1 || w->filter_w < 1))
        st = hby_say(HBY_BAD_MODEL, b->why, "a pooling window of %d x %d must be positive", w->filter_h, w->filter_w);
    return st ? st : check_window(b, w);
}

enum hby_status hby_import_arith(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_arith *p = b->data;
    if (node->op == HBY_OP_add || node->op == HBY_OP_sub)
        node->params.arith.pot_scale_int16 = p->pot_scale_int16;
    return read_act(b, p->activation, &node->params.arith.act);
}

enum hby_status hby_import_fully_connected(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_fully_connected *p = b->data;
    node->params.fully_connected.weights_format = p->weights_format;
    node->params.fully_connected.keep_num_dims = p->keep_num_dims;
    node->params.fully_connected.asymmetric_quantize_inputs = p->asymmetric_quantize_inputs;
    node->params.fully_connected.int32_sums = b->version >= 11 && p->quantized_bias_type == HBY_TFL_INT32;
    node->asymmetric_quantize_inputs = p->asymmetric_quantize_inputs;
    return read_act(b, p->activation, &node->params.fully_connected.act);
}

enum hby_status hby_import_concat(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_concatenation *p = b->data;
    node->params.axis.axis = p->axis;
    node->params.axis.count = node->n_in;
    return read_act(b, p->activation, &node->params.axis.act);
}

enum hby_status hby_import_pack(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_pack *p = b->data;
    node->params.axis.axis = p->axis;
    node->params.axis.count = p->values_count;
    if (p->values_count != node->n_in)
        return hby_say(HBY_BAD_MODEL, b->why, "it says that it packs %d values, and has %d", p->values_count, node->n_in);
    return HBY_OK;
}

enum hby_status hby_import_split(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_split *p = b->data;
    node->params.axis.count = p->num_splits;
    if (p->num_splits != node->n_out)
        return hby_say(HBY_BAD_MODEL, b->why, "it says that it has %d results, and has %d", p->num_splits, node->n_out);
    return HBY_OK;
}

enum hby_status hby_import_softmax(const struct hby_builtin *b, struct hby_node *node)
{
    node->params.softmax.beta = ((const struct hby_tfl_softmax *)b->data)->beta;
    return HBY_OK;
}

enum hby_status hby_import_leaky_relu(const struct hby_builtin *b, struct hby_node *node)
{
    node->params.leaky_relu.alpha = ((const struct hby_tfl_leaky_relu *)b->data)->alpha;
    return HBY_OK;
}

enum hby_status hby_import_l2_norm(const struct hby_builtin *b, struct hby_node *node)
{
    return read_act(b, ((const struct hby_tfl_l2_norm *)b->data)->activation, &node->params.norm.act);
}

enum hby_status hby_import_local_response(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_local_response *p = b->data;
    node->params.norm.radius = p->radius;
    node->params.norm.bias = p->bias;
    node->params.norm.alpha = p->alpha;
    node->params.norm.beta = p->beta;
    return HBY_OK;
}

enum hby_status hby_import_cumsum(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_cumsum *p = b->data;
    node->params.cumsum.exclusive = p->exclusive;
    node->params.cumsum.reverse = p->reverse;
    return HBY_OK;
}

enum hby_status hby_import_one_hot(const struct hby_builtin *b, struct hby_node *node)
{
    node->params.one_hot.axis = ((const struct hby_tfl_one_hot *)b->data)->axis;
    return HBY_OK;
}

enum hby_status hby_import_block(const struct hby_builtin *b, struct hby_node *node)
{
    node->params.block.size = ((const struct hby_tfl_block *)b->data)->block_size;
    return HBY_OK;
}

enum hby_status hby_import_gather(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_gather *p = b->data;
    node->params.gather.axis = p->axis;
    node->params.gather.batch_dims = p->batch_dims;
    return HBY_OK;
}

enum hby_status hby_import_batch_matmul(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_batch_matmul *p = b->data;
    node->params.batch_matmul.adj_x = p->adj_x;
    node->params.batch_matmul.adj_y = p->adj_y;
    node->params.batch_matmul.asymmetric_quantize_inputs = b->version >= 4 && p->asymmetric_quantize_inputs;
    return HBY_OK;
}

enum hby_status hby_import_unpack(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_unpack *p = b->data;
    node->params.axis.axis = p->axis;
    node->params.axis.count = p->num;
    if (p->num != node->n_out)
        return hby_say(HBY_BAD_MODEL, b->why, "it says that it has %d results, and has %d", p->num, node->n_out);
    return HBY_OK;
}

enum hby_status hby_import_mirror_pad(const struct hby_builtin *b, struct hby_node *node)
{
    const int32_t mode = ((const struct hby_tfl_mirror_pad *)b->data)->mode;
    if (mode != HBY_TFL_MIRROR_REFLECT && mode != HBY_TFL_MIRROR_SYMMETRIC)
        return hby_say(HBY_BAD_MODEL, b->why, "mode %d is neither REFLECT nor SYMMETRIC", mode);
    node->params.mirror_pad.reflect = mode == HBY_TFL_MIRROR_REFLECT;
    return HBY_OK;
}

enum hby_status hby_import_gelu(const struct hby_builtin *b, struct hby_node *node)
{
    node->params.gelu.approximate = ((const struct hby_tfl_gelu *)b->data)->approximate;
    return HBY_OK;
}

enum hby_status hby_import_reducer(const struct hby_builtin *b, struct hby_node *node)
{
    node->params.reducer.keep_dims = ((const struct hby_tfl_reducer *)b->data)->keep_dims;
    return HBY_OK;
}

enum hby_status hby_import_resize(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_resize *p = b->data;
    node->params.resize.align_corners = p->align_corners;
    node->params.resize.half_pixel_centers = p->half_pixel_centers;
    return HBY_OK;
}

static enum hby_status read_dims(const struct hby_builtin *b, const int32_t *dims, int n, struct hby_node *node)
{
    if (n < 0 || n > HBY_MAX_RANK)
        return hby_say(HBY_BAD_MODEL, b->why, "%d dimensions are given; the limit is %d", n, HBY_MAX_RANK);
    node->params.reshape.n = n;
    memcpy(node->params.reshape.dim, dims, (size_t)n * sizeof *dims);
    return HBY_OK;
}

enum hby_status hby_import_reshape(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_reshape *p = b->data;
    return read_dims(b, p->shape, p->num_dimensions, node);
}

enum hby_status hby_import_squeeze(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_squeeze *p = b->data;
    return read_dims(b, p->squeeze_dims, p->num_squeeze_dims, node);
}

enum hby_status hby_import_strided_slice(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_strided_slice *p = b->data;
    node->params.strided_slice.begin_mask = p->begin_mask;
    node->params.strided_slice.end_mask = p->end_mask;
    node->params.strided_slice.ellipsis_mask = p->ellipsis_mask;
    node->params.strided_slice.new_axis_mask = p->new_axis_mask;
    node->params.strided_slice.shrink_axis_mask = p->shrink_axis_mask;
    node->params.strided_slice.offset = b->version >= 8 && p->offset;
    return HBY_OK;
}

enum hby_status hby_import_sequence_lstm(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_sequence_lstm *p = b->data;
    node->params.recurrent.cell_clip = p->cell_clip;
    node->params.recurrent.proj_clip = p->proj_clip;
    node->params.recurrent.time_major = p->time_major;
    node->asymmetric_quantize_inputs = p->asymmetric_quantize_inputs;
    return read_act(b, p->activation, &node->params.recurrent.act);
}

enum hby_status hby_import_sequence_rnn(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_sequence_rnn *p = b->data;
    node->params.recurrent.time_major = p->time_major;
    node->asymmetric_quantize_inputs = p->asymmetric_quantize_inputs;
    return read_act(b, p->activation, &node->params.recurrent.act);
}

enum hby_status hby_import_svdf(const struct hby_builtin *b, struct hby_node *node)
{
    const struct hby_tfl_svdf *p = b->data;
    node->params.recurrent.rank = p->rank;
    node->asymmetric_quantize_inputs = p->asymmetric_quantize_inputs;
    return read_act(b, p->activation, &node->params.recurrent.act);
}

typedef enum hby_status (*reader)(const struct hby_builtin *b, struct hby_node *node);

static const reader readers[HBY_OP_COUNT] = {
#define HBY_OP(name, builtin, version, import, lower) [HBY_OP_##name] = hby_import_##import,
#include "partition/ops.def"
#undef HBY_OP
};

enum hby_status hby_import_params(enum hby_op op, const struct hby_builtin *b, struct hby_node *node)
{
    reader read = readers[op];
    if (read == hby_import_none)
        return HBY_OK;
    if (!b->data)
        return hby_say(HBY_BAD_MODEL, b->why, "%s has no builtin parameters", hby_ops[op].name);
    return read(b, node);
}
