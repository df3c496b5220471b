/* Constants of dynamic range convolutions, as conv_hybrid.cl, depthwise_hybrid.cl and transpose_hybrid.cl want them. */
#ifndef HBY_KERNELS_CL_PACK_HYBRID_H
#define HBY_KERNELS_CL_PACK_HYBRID_H

#include "kernels_cl/pack.h"

/* Arguments w, w_sum, w_scale, bias. */
enum hby_status hby_pack_conv_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s);
enum hby_status hby_pack_depthwise_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l);
/* Arguments w, w_scale, bias of transpose_hybrid.cl. */
enum hby_status hby_pack_transpose_hybrid(const struct hby_cl_site *site, struct hby_cl_launch *l);

#endif
