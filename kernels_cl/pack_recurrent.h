/* Constants of the recurrent operators, as recurrent.clh wants them: blocks of 16 features, in which element k of all 16 lies together. */
#ifndef HBY_KERNELS_CL_PACK_RECURRENT_H
#define HBY_KERNELS_CL_PACK_RECURRENT_H

#include "kernels_cl/kernel.h"

/* Matrices of one shape: the inputs tensor[0 .. count) of the step, -1 for none, each [features, depth] or, where `depth` is not its second size, a diagonal.
 */
struct hby_matrices {
    const int *tensor;
    int count, features, depth;
};

/* Are all of them stored in half? */
bool hby_recurrent_in_half(const struct hby_cl_site *site, const struct hby_matrices *m);
/* Binds the packed weights: float or half, or signed bytes four to a word. */
enum hby_status hby_pack_matrices(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_matrices *m, bool half);
/* sums[matrix][padded features] of int8 weights. */
void hby_sum_rows(const struct hby_cl_site *site, const struct hby_matrices *m, int32_t *sums);
/* Features rounded up to whole blocks. */
int hby_recurrent_padded(int features);
/* Element i of a constant tensor as float or as an integer. */
float hby_recurrent_float(const struct hby_cl_site *site, int tensor, int i);
int32_t hby_recurrent_int(const struct hby_cl_site *site, int tensor, int i);
/* The tensor of the step's input, or -1. */
int hby_recurrent_input(const struct hby_cl_site *site, int input);

#endif
