/* Shapes and strides, for the lowerings onto the elementwise and the moving loop nests. */
#ifndef HBY_PARTITION_LOWER_SHAPE_H
#define HBY_PARTITION_LOWER_SHAPE_H

#include "partition/lower.h"

/* The most dimensions that lowering handles before it collapses them: the IR's, and what a STRIDED_SLICE may add. */
enum { HBY_SHAPE_RANK = 2 * HBY_MAX_RANK };

/* hby_tensor_name of a tensor of the lowering's graph. */
const char *hby_name_of(const struct hby_lowering *lo, int tensor);
const struct hby_tensor *hby_tensor_of(const struct hby_lowering *lo, int tensor);

/* Elements of a tensor, 1 .. INT32_MAX; an empty tensor or a larger one is refused. */
enum hby_status hby_count_of(const struct hby_lowering *lo, int tensor, hby_i32 *count);
/* `a` and `b` hold the same kind of element: equal types, or both float (float16 constants stand for float32 tensors). */
enum hby_status hby_check_same_type(const struct hby_lowering *lo, int a, int b);
/* And are stored alike, as what is copied byte by byte must be: a half is no float. */
enum hby_status hby_check_stored_alike(const struct hby_lowering *lo, int a, int b);
/* Says that the operator is not supported for the type. */
enum hby_status hby_refuse_type(const struct hby_lowering *lo, const struct hby_node *node, enum hby_type type);
/* As many elements in `b` as in `a`. */
enum hby_status hby_check_same_count(const struct hby_lowering *lo, int a, int b);
bool hby_is_float(const struct hby_lowering *lo, int tensor);

/* Scale and zero point as TFLite's legacy params say them: 0 and 0 unless the tensor is quantized per tensor. */
float hby_scale_of(const struct hby_lowering *lo, int tensor);
int32_t hby_zero_point_of(const struct hby_lowering *lo, int tensor);

/* As hby_quantize_multiplier, but where the shift exceeds 30 it is what the runtime's builds for x86-64 and AArch64 make of `1 << shift`: it counts
 * modulo 32. Models with such scales exist (they saturate). */
enum hby_status hby_multiplier_as_built(double real, int32_t *mult, int32_t *shift);

/* Row-major strides in elements. */
void hby_dense_strides(const struct hby_tensor *t, int64_t *stride);

/* A strided walk over one index space that `n` tensors share. */
struct hby_walk {
    int rank;
    int64_t dim[HBY_SHAPE_RANK], stride[4][HBY_SHAPE_RANK];
};
/* Drops dimensions of 1 and joins neighbours that all `n` tensors walk as one, then right-aligns the rest in `rank` places (leading ones are 1, stride 0).
 * False when more than `rank` remain. */
bool hby_walk_collapse(struct hby_walk *w, int n, int rank);

#endif
