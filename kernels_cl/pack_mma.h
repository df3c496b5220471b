/* Constants of conv_mma.cl. */
#ifndef HBY_KERNELS_CL_PACK_MMA_H
#define HBY_KERNELS_CL_PACK_MMA_H

#include "kernels_cl/conv_mma.clh"
#include "kernels_cl/pack.h"

/* Arguments w, fold, mult, shift and real. `pairs`: of steps, in whole stages. */
enum hby_status hby_pack_conv_mma(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_mma *t, size_t pairs);

#endif
