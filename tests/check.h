/* Ring 2: every device kernel that can run a step, against host_ref, on random and edge shapes.
 *
 * tests/check_OP.c defines hby_check_OP, which builds one-node graphs and calls check_run on each; the driver (check.c) runs the graph on host_ref and then on
 * every row of kernels.def that takes it (each row in turn is denied, until none is left), and compares: integers bit for bit, floats within check_bound.
 * One table expands ops.def, so an operator without a check is a link error. */
#ifndef HBY_TESTS_CHECK_H
#define HBY_TESTS_CHECK_H

#include "partition/backend.h"

struct check; /* the graph in the making, the random state, the counts */

#define HBY_OP(name, builtin, version, import, lower) void hby_check_##name(struct check *c, enum hby_scheme scheme);
#include "partition/ops.def"
#undef HBY_OP

/* --- random values: all from one seed, which is printed --- */
int check_int(struct check *c, int lo, int hi); /* inclusive */
double check_real(struct check *c, double lo, double hi);
bool check_chance(struct check *c, int percent);

/* --- building a graph: tensors first, then one node (or a few), then check_run --- */

/* The type that activations have in the model under this scheme (f16 and f32w8: float32). */
enum hby_type check_type(enum hby_scheme scheme);
/* A run-time input of the graph. Integer types get a random scale in [1e-3, 0.1] and a zero point that the type allows (int16: 0). */
int check_input(struct check *c, enum hby_type type, int rank, const int *dim);
/* The integers that a run-time input holds, inclusive, where not its type's own: indices, divisors. Four of them a graph. */
void check_range(struct check *c, int tensor, int lo, int hi);
/* A constant with random contents: floats in [-1, 1], int8 weights in [-127, 127] with an occasional -128, int32 in +-20000. data != NULL: these bytes instead.
 */
int check_const(struct check *c, enum hby_type type, int rank, const int *dim, const void *data);
/* What passes from one node to the next. */
int check_between(struct check *c, enum hby_type type, int rank, const int *dim);
/* The output of a node. */
int check_output(struct check *c, enum hby_type type, int rank, const int *dim);
/* Sets quantization; count scales and zero points along axis (count 1: per tensor). scale or zero_point NULL: random per-channel scales, zeros. */
void check_quant(struct check *c, int tensor, int axis, int count, const float *scale, const int32_t *zero_point);
/* Random scales for every `block` values of the last axis, which is a multiple of it. */
void check_blocks(struct check *c, int tensor, int block);
float check_scale(const struct check *c, int tensor);
const struct hby_tensor *check_tensor(const struct check *c, int tensor);
/* Adds a node; version is the newest. */
struct hby_node *check_node(struct check *c, enum hby_op op, int n_in, const int *in, int n_out, const int *out);

/* Takes the outputs to span at least `times` the largest magnitude of the first input, for the float bounds: the sum of many terms of both signs may come
 * out as nearly nothing, and its rounding errors are not smaller for it. */
void check_span(struct check *c, double times);
/* No infinities, NaN or the like among the inputs. */
void check_plain(struct check *c);
/* host_ref alone may have a kernel for it; without this, a graph that no row of kernels.def takes is a failure. */
void check_may_stay(struct check *c);
/* Where the reference adds n terms one by one in float32: the bound of the run whose inputs are one constant is at least n * 2^-25, for equal terms err the
 * same way at every addition. */
void check_equal_terms(struct check *c, int n);

/* Runs and compares the graph just built, four times with other inputs (random, extremes, constant, odd: NaN, infinities, the ends of int32), then forgets it.
 * `sum_length` is the number of products in one sum (1 for elementwise), for the float bounds. */
void check_run(struct check *c, int sum_length);
/* Forgets the graph in the making. */
void check_forget(struct check *c);
/* Expects that the graph just built is refused by lowering, with a reason that contains `word`. */
void check_refused(struct check *c, const char *word);

/* The allowed difference (check_equal_terms aside) as a fraction of the largest magnitude of the reference's output (or of check_span), written down before any
 * kernel was measured: f32    1e-5                        fp32 sums in another order f16    2^-10 * (2 + sqrt(n) / 16)  two roundings to half, and sums of n
 * products of which short runs may be accumulated in half f32w8  1e-6                        the integer part is exact; what is left is one float multiply-add
 *   integers 0 */
double check_bound(enum hby_scheme scheme, int sum_length);

/* How many random cases a check should do for one scheme (environment HBY_CHECK_CASES; default 12). */
int check_cases(void);

#endif
