/* Constants of nibbles.cl: int4 weights of FULLY_CONNECTED, which stay packed. */
#ifndef HBY_KERNELS_CL_PACK_NIBBLES_H
#define HBY_KERNELS_CL_PACK_NIBBLES_H

#include "kernels_cl/pack.h"

/* Scales of one channel of a dynamic range step: 1, or one per block of weights. */
int hby_scales_per_channel(const struct hby_step *step);
/* Arguments w, fold, mult, shift. `act_bias`: what the kernel adds to stored activations. */
enum hby_status hby_pack_nibbles_i8(const struct hby_cl_site *site, struct hby_cl_launch *l, int act_bias);
/* Arguments w, w_sum, scale, bias. */
enum hby_status hby_pack_nibbles_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l);

#endif
