/* node -> steps, or UNSUPPORTED plus a reason. supported == lowers: the same call answers and compiles. */
#ifndef HBY_PARTITION_LOWER_H
#define HBY_PARTITION_LOWER_H

#include "partition/plan.h"

/* What one lowering sees. Tensors are plan->graph->tensor[id]; storage types plan->storage[id]. */
struct hby_lowering {
    struct hby_plan *plan;
    const struct hby_graph *graph;
    int node_id;
    struct hby_reason *why;
    enum hby_scheme float_scheme; /* f32, or f16 when tensors are stored in half */
};

typedef enum hby_status (*hby_lower_fn)(struct hby_lowering *lo, const struct hby_node *node);

#define HBY_OP(name, builtin, version, import, lower) enum hby_status hby_lower_##lower(struct hby_lowering *lo, const struct hby_node *node);
#include "partition/ops.def"
#undef HBY_OP

/* The lower function of each operator. */
extern const hby_lower_fn hby_lower[HBY_OP_COUNT];

/* Does host_ref have this pair (refs.def)? Appending a step without one is refused. */
bool hby_has_ref(enum hby_op op, enum hby_scheme scheme);

/* Appends a step for the node (op, n_in, in[] and the first of out[] copied from the node; change them after). NULL when out of memory or without host_ref row:
 * then *lo->why is set and the lowering returns HBY_UNSUPPORTED. The pointer holds until the next hby_step_add. */
struct hby_step *hby_step_add(struct hby_lowering *lo, const struct hby_node *node, enum hby_nest nest, enum hby_scheme scheme);
/* A table of `bytes`, zeroed, owned by the plan and attached to the step as its next one; NULL when out of memory. */
void *hby_step_table(struct hby_lowering *lo, struct hby_step *step, size_t bytes);

/* A tensor between two steps of one node, shaped like *like and stored as `storage`. graph->tensor may move. Fails with HBY_NO_MEMORY only. */
enum hby_status hby_step_tensor(struct hby_lowering *lo, const struct hby_tensor *like, enum hby_type storage, int *id);

/* The scheme of a tensor's type for operators whose activations decide it: float -> lo->float_scheme, int8 -> i8 ...; HBY_SCHEME_COUNT for others. */
enum hby_scheme hby_scheme_of(const struct hby_lowering *lo, int tensor);

/* Per-tensor quantization that integer arithmetic can use: scale finite, positive and normal; zero point in the type's range, and 0 for int16.
 * Refuses with the tensor's name and the value. */
enum hby_status hby_check_quant(const struct hby_lowering *lo, int tensor);
/* The same of every input and the output. */
enum hby_status hby_check_quants(const struct hby_lowering *lo, const struct hby_node *node);
/* The same for a weights tensor: `channels` entries along `axis`, or one; zero points all 0 unless the type is uint8. */
enum hby_status hby_check_weights_quant(const struct hby_lowering *lo, int tensor, int axis, int channels);

/* rounding=single, and a type that XNNPACK computes with: int8 or uint8. */
bool hby_as_xnnpack(const struct hby_lowering *lo, int tensor);

/* TFLite's QuantizeMultiplier: real = mult * 2^(shift - 31), mult in [2^30, 2^31) or 0; shift clamped below -31 to (0, 0) as TFLite does.
 * HBY_UNSUPPORTED when the shift exceeds 30 or real is not finite and non-negative. */
enum hby_status hby_quantize_multiplier(double real, int32_t *mult, int32_t *shift);

/* CalculateActivationRangeQuantized: the clamp of a fused activation in the output's quantized values. Refuses TANH and SIGN_BIT. */
enum hby_status hby_act_range_int(const struct hby_lowering *lo, enum hby_act act, int tensor, hby_i32 *act_min, hby_i32 *act_max);
enum hby_status hby_act_range_float(const struct hby_lowering *lo, enum hby_act act, hby_f32 *f_min, hby_f32 *f_max);

/* A constant integer tensor (int32 or int64) as int64 values; refuses one that is computed at run time. */
enum hby_status hby_constant_ints(const struct hby_lowering *lo, int tensor, int max, int64_t *value, int *n);

#endif
