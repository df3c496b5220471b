/* Shapes of a node's outputs from the shapes of its inputs, as the runtime's own kernels compute them: the model's file may hold old ones, and a
 * resized input changes those behind it. Also follows the small integer vectors (SHAPE, STRIDED_SLICE, PACK ...) that RESHAPE and others take as shapes. */
#ifndef HBY_PARTITION_SHAPES_H
#define HBY_PARTITION_SHAPES_H

#include "partition/graph.h"

/* The longest integer vector that is followed: the paddings of a tensor of full rank. */
enum { HBY_SHAPE_VALUES = 2 * HBY_MAX_RANK };

/* Values of an int32 or int64 tensor that do not depend on the data. */
struct hby_known {
    int n;
    int64_t value[HBY_SHAPE_VALUES];
};

struct hby_shapes {
    struct hby_graph *graph;
    bool *unknown;            /* per tensor: its shape is only known while the model runs */
    struct hby_known **known; /* per tensor, NULL where the values are not known */
    struct hby_pool *pool;
};

/* The shape of one output that a shape function found. */
struct hby_shape {
    int rank;
    int64_t dim[HBY_MAX_RANK];
};

/* What a shape function sees. */
struct hby_shape_call {
    struct hby_shapes *state;
    const struct hby_graph *graph;
    const struct hby_node *node;
    struct hby_reason *why;
};

enum hby_status hby_shapes_create(struct hby_graph *g, struct hby_shapes **out);
void hby_shapes_destroy(struct hby_shapes **sh);

/* Writes rank, dim and bytes of the node's outputs. Nodes come in execution order. HBY_UNSUPPORTED, with the reason, where a shape depends on data; then
 * the outputs are marked unknown. */
enum hby_status hby_shapes_node(struct hby_shapes *sh, const struct hby_node *node, struct hby_reason *why);
/* Are the tensor's values the same in every call: a constant, or followed? */
bool hby_shapes_is_static(const struct hby_shapes *sh, int tensor);
/* From here on the tensor has these values. */
enum hby_status hby_shapes_set_values(struct hby_shapes *sh, int tensor, const struct hby_known *values);

/* --- for shape functions --- */

/* Shapes of the outputs; `out` has node->n_out entries, zeroed. One function per name in the `lower` column of ops.def. */
typedef enum hby_status (*hby_shape_fn)(const struct hby_shape_call *c, struct hby_shape *out);

#define HBY_OP(name, builtin, version, import, lower) enum hby_status hby_shape_##lower(const struct hby_shape_call *c, struct hby_shape *out);
#include "partition/ops.def"
#undef HBY_OP

/* Input i, or NULL when it is absent. */
const struct hby_tensor *hby_shape_input(const struct hby_shape_call *c, int i);
/* The values of input i as int64; HBY_UNSUPPORTED when they are computed from data. */
enum hby_status hby_shape_values(const struct hby_shape_call *c, int i, struct hby_known *k);
/* *s = the shape of t. */
void hby_shape_same(const struct hby_tensor *t, struct hby_shape *s);
/* Positions of a window of k elements along `in` of them, SAME or VALID, as TFLite divides. */
int64_t hby_shape_of_window(enum hby_padding padding, int64_t in, int64_t k, int64_t stride, int64_t dilation);

/* What a STRIDED_SLICE takes of one dimension: `added` is a new axis of 1, `shrunk` one that the result lacks. */
struct hby_slice_range {
    int64_t begin, step, count;
    bool shrunk, added;
};
/* `range` has HBY_SHAPE_VALUES entries. */
enum hby_status hby_shape_slice_ranges(const struct hby_shape_call *c, struct hby_slice_range *range, int *n);

#endif
