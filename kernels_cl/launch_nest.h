/* What the launch rules of the light loop nests share (all but convolutions and pools); the device's side of it is nest.clh. */
#ifndef HBY_KERNELS_CL_LAUNCH_NEST_H
#define HBY_KERNELS_CL_LAUNCH_NEST_H

#include "kernels_cl/kernel.h"

/* a / b, rounded up; a >= 0, b > 0. */
static inline int hby_ceil_div(int a, int b)
{
    return a / b + (a % b != 0);
}

/* The program that holds the light nests' kernels. */
extern const char *const hby_nest_program;

/* nest.clh's HBY_LANES on this device. */
int hby_nest_lanes(const struct hby_cl_device *dev);
/* The storage type that nest.clh takes for the scheme. */
enum hby_type hby_nest_type(enum hby_scheme scheme);
/* The type that a tensor of the plan is stored in. */
enum hby_type hby_nest_stored(const struct hby_cl_site *site, int tensor);
/* Is it what a float kernel reads: float32 or float16? */
bool hby_nest_is_float(enum hby_type type);

/* What the report calls the arithmetic of a kernel that computes in the type. */
const char *hby_nest_arithmetic(enum hby_type type);

/* The step's table i as an argument, or none. */
void hby_nest_arg_table(struct hby_cl_launch *l, const struct hby_step *s, int i);

/* Defines nest.clh's HBY_ELEM where it differs from what the scheme implies, so that most moves share one program with the rest. */
void hby_nest_define_element(const struct hby_cl_site *site, struct hby_cl_launch *l, int bytes);

/* Indices are 32 bits and run past the end by up to a work-group's share: tensors of more than 2^30 elements are refused, with the reason. */
bool hby_nest_fits(const struct hby_cl_site *site, struct hby_reason *why);
/* A match function's answer where the tensors fit: 1, or 0 with the reason where there is no kernel for the types that they are stored in. */
int hby_nest_takes(const struct hby_cl_site *site, bool has_kernel, struct hby_reason *why);

/* How a nest of `rows` rows of `inner` elements is cut: a work-item takes `chunk` elements of each of `rows_each` rows. */
struct hby_nest_cut {
    int chunk, rows, rows_each;
};
/* `work` is how much more one element costs than a copy (1 for copies, 4 for arithmetic): the dearer, the finer the cut. */
struct hby_nest_cut hby_nest_cut(const struct hby_cl_device *dev, int rows, int inner, int work);
/* The three integers as arguments, and the grid. */
void hby_nest_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_nest_cut *cut, int inner);
/* x by y work-groups, each for `length` elements at a time, of as many work-items as are of use (group.clh). */
void hby_nest_grid_groups(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t x, size_t y, int length);
/* One for each of `rows` rows. */
void hby_nest_grid_rows(const struct hby_cl_site *site, struct hby_cl_launch *l, int rows, int length);
/* A grid of x by y work-items that do not cooperate; kernels guard against the surplus. */
void hby_nest_grid_2d(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t x, size_t y);

/* Must float sums be rounded as the reference rounds them, product by product? They must where an integer is made of a float later on: a last bit decides a
 * rounding there, and layers behind it make a visible difference of that. So in partitions with dynamic range operators, and where QUANTIZE reads what was
 * computed. */
bool hby_nest_rounds_apart(const struct hby_cl_site *site);

/* Defines types.clh's HBY_IN_WHOLES: every vector of four that the program moves from or to a tensor begins at a multiple of four elements, as it does where
 * `unit`, of which every offset is a multiple, is one. Not on CPUs, which move more than four. */
void hby_nest_define_whole(const struct hby_cl_site *site, struct hby_cl_launch *l, int unit);
/* For it: the strides of n dimensions, or'ed together; those of one element do not count. */
int hby_nest_unit(const hby_i32 *dim, const hby_i32 *stride, int n);

/* Bytes that the step's first input and its output take: what a kernel that computes little costs. */
double hby_nest_bytes(const struct hby_cl_site *site);

#endif
