/* The one IR: what a TFLite graph, or one partition of it, says. Plain data, no TFLite and no OpenCL type.
 * delegate/import*.c fills it, fold.c rewrites it, lower_*.c reads it. */
#ifndef HBY_PARTITION_GRAPH_H
#define HBY_PARTITION_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "partition/ops.h"
#include "partition/status.h"

enum { HBY_MAX_RANK = 8 };

enum hby_type { HBY_F32, HBY_F16, HBY_I8, HBY_U8, HBY_I16, HBY_I32, HBY_I64, HBY_BOOL, HBY_I4, HBY_OTHER_TYPE };

/* Affine quantization: real = (q - zero_point[c]) * scale[c]. `count` is 0 (none), 1 (per tensor) or dim[axis] (per channel);
 * import expands a single zero point to `count`. Arrays are owned by the graph. */
struct hby_quant {
    int count;
    int axis;
    const float *scale;
    const int32_t *zero_point;
    bool unusable; /* blockwise, multi-axis or malformed: lowering refuses, `why_unusable` says why */
    const char *why_unusable;
    /* Blockwise, weights of FULLY_CONNECTED only (`unusable` for all others): runs of `block` values of the last axis share a scale, zero points are 0;
     * block_scale[all but the last axis][last axis / block], owned by the graph. block is 0 otherwise. */
    int block;
    const float *block_scale;
};

struct hby_tensor {
    enum hby_type type; /* as the model declares it; int4 constants stay packed, two per byte, low nibble first */
    int rank;           /* 0 for a scalar */
    int32_t dim[HBY_MAX_RANK];
    struct hby_quant quant;
    const void *data; /* constant bytes, or NULL where computed at run time; not owned; may be only 4-byte aligned */
    size_t bytes;     /* of the tensor as declared */
    bool data_owned;  /* `data` lies in the graph's pool: folding computed it */
    /* The runtime's own: it holds a value between calls. A node reads it, and leaves the new value in an output of its own with the same runtime_index. */
    bool is_variable;
    bool is_sparse;       /* constant with sparsity parameters: only DENSIFY may read it */
    const void *sparsity; /* struct hby_sparsity, owned by the graph, or NULL */
    int runtime_index;    /* the runtime's tensor index, or -1 for one that we made */
    const char *name;     /* not owned, may be NULL */
};

/* One dimension of TFLite's sparse format (schema: DimensionMetadata). */
struct hby_sparse_dim {
    bool is_csr;
    int dense_size;
    int n_segments, n_indices;
    const int32_t *segments, *indices;
};
struct hby_sparsity {
    int n_traversal, n_block_map, n_dims;
    const int32_t *traversal, *block_map;
    const struct hby_sparse_dim *dim;
};

enum hby_act { HBY_ACT_NONE, HBY_ACT_RELU, HBY_ACT_RELU_N1_TO_1, HBY_ACT_RELU6, HBY_ACT_TANH, HBY_ACT_SIGN_BIT };
enum hby_padding { HBY_PAD_SAME, HBY_PAD_VALID, HBY_PAD_EXPLICIT };

/* CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and the pools. */
struct hby_window_params {
    enum hby_padding padding;
    int stride_h, stride_w, dilation_h, dilation_w;
    int filter_h, filter_w; /* pools only */
    int depth_multiplier;   /* depthwise only */
    int pad_top, pad_left;  /* HBY_PAD_EXPLICIT only (made by fold.c from a PAD) */
    enum hby_act act;
    bool int32_sums; /* 16x8 TRANSPOSE_CONV without a bias: sums are int32, not int64 (quantized_bias_type) */
};

union hby_params {
    struct hby_window_params window;
    struct {
        enum hby_padding padding;
        int stride[3], dilation[3]; /* depth, height, width */
        enum hby_act act;
    } window_3d;
    struct {
        enum hby_act act;
        bool pot_scale_int16; /* ADD, SUB: 16-bit power-of-two arithmetic */
    } arith;
    struct {
        enum hby_act act;
        bool keep_num_dims, asymmetric_quantize_inputs;
        int weights_format; /* 0 default, 1 shuffled 4x16 int8 (refused) */
        bool int32_sums;    /* 16x8 without a bias: the optimized kernels sum in int32 (quantized_bias_type) */
    } fully_connected;
    struct {
        int axis;  /* CONCATENATION, PACK, UNPACK */
        int count; /* PACK values, SPLIT outputs */
        enum hby_act act;
    } axis;
    struct {
        bool keep_dims;
    } reducer;
    struct {
        float beta;
    } softmax;
    struct {
        float alpha;
    } leaky_relu;
    struct {
        enum hby_act act; /* L2_NORMALIZATION */
        int radius;       /* LOCAL_RESPONSE_NORMALIZATION, to the end */
        float bias, alpha, beta;
    } norm;
    struct {
        bool exclusive, reverse;
    } cumsum;
    struct {
        int axis;
    } one_hot;
    struct {
        bool approximate; /* by tanh */
    } gelu;
    struct {
        int axis, batch_dims;
    } gather;
    struct {
        bool adj_x, adj_y, asymmetric_quantize_inputs;
    } batch_matmul;
    struct {
        int size; /* SPACE_TO_DEPTH, DEPTH_TO_SPACE */
    } block;
    struct {
        int reflect; /* 1: the edge is not repeated; 0: SYMMETRIC */
    } mirror_pad;
    struct {
        bool align_corners, half_pixel_centers;
    } resize;
    struct {
        int n; /* RESHAPE without a shape input: the new shape; SQUEEZE: the axes to drop, none: all of size 1 */
        int32_t dim[HBY_MAX_RANK];
    } reshape;
    struct {
        enum hby_act act;
        bool time_major;
        float cell_clip, proj_clip; /* LSTM; 0: none */
        int rank;                   /* SVDF */
    } recurrent;
    struct {
        int begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
        bool offset;
    } strided_slice;
};

struct hby_node {
    enum hby_op op;
    int version;
    int n_in, n_out;
    int *in, *out;   /* tensor ids of this graph; -1 is an absent optional input; owned by the graph */
    int n_mid, *mid; /* tensors that only tell how values inside the operator are quantized (an integer LSTM's gates); owned by the graph */
    union hby_params params;
    bool weight_only;                /* made by fold.c: the weights are an integer constant that stands for the floats of its DEQUANTIZE, which is folded */
    bool asymmetric_quantize_inputs; /* hybrid CONV_2D, DEPTHWISE_CONV_2D take it from the weights: always true there */
    int runtime_index;               /* index in the runtime's GetNodeAndRegistration */
    int fused_into;                  /* node id that does this node's work, or -1 */
    bool stays;                      /* with the runtime, because it cannot run here: a selection does not bring it along as a constant */
    bool folded;                     /* nothing left to run: constant, or fused into another */
};

struct hby_graph {
    int n_tensors, n_nodes, n_inputs, n_outputs;
    int tensor_capacity; /* of `tensor`; 0: just n_tensors */
    struct hby_tensor *tensor;
    struct hby_node *node; /* in execution order */
    int *input, *output;   /* tensors that cross the partition's border, in the runtime's order; constants excluded */
    struct hby_pool *pool; /* owns every array above */
};

/* A growing set of allocations that is freed as one. */
void *hby_pool_alloc(struct hby_pool **pool, size_t bytes); /* zeroed, 64-byte aligned; NULL when out of memory */
void hby_pool_destroy(struct hby_pool **pool);

enum hby_status hby_graph_create(struct hby_graph **out);
void hby_graph_destroy(struct hby_graph **g);
/* Appends a run-time tensor that we made, a copy of *like with no data; *id is its number. g->tensor may move. */
enum hby_status hby_graph_add_tensor(struct hby_graph *g, const struct hby_tensor *like, int *id);
/* The nodes listed (ids of `whole`, ascending) as a graph of their own. Tensors keep their ids; input and output are what crosses the
 * border (a tensor that a node outside the list, or the whole graph's output list, reads is an output). A node outside the list that
 * reads constants only (the DEQUANTIZE of a float16 weight) comes along when a listed node needs its result. `whole` must not be folded. */
enum hby_status hby_graph_select(const struct hby_graph *whole, const int *node, int n, struct hby_graph **out);

/* For messages: "(unnamed)" where it has none. */
const char *hby_tensor_name(const struct hby_tensor *t);
size_t hby_type_size(enum hby_type t); /* bytes per element; 0 for int4 and unknown types */
const char *hby_type_name(enum hby_type t);
int64_t hby_tensor_count(const struct hby_tensor *t); /* INT64_MAX where the product is beyond it */
bool hby_same_shape(const struct hby_tensor *a, const struct hby_tensor *b);
/* Same count, scales and zero points. */
bool hby_same_quant(const struct hby_quant *a, const struct hby_quant *b);

#endif
