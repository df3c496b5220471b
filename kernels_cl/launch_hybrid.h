/* What the launch rules of dynamic range steps share: launch_hybrid.c. */
#ifndef HBY_KERNELS_CL_LAUNCH_HYBRID_H
#define HBY_KERNELS_CL_LAUNCH_HYBRID_H

#include "kernels_cl/hybrid_args.clh"
#include "kernels_cl/launch_nest.h"

/* How a step runs: `p` as the kernels want it, with the image's border in memory. */
struct hby_hybrid {
    struct hby_args_conv p;
    struct hby_hybrid_args h;
    int tiles_per_line; /* depthwise */
};

/* False where an image with its border has more than INT32_MAX bytes. */
bool hby_hybrid_of(const struct hby_cl_site *site, struct hby_hybrid *y);
/* The launches that quantize the step's activations into scratch memory. */
enum hby_status hby_hybrid_quantize(const struct hby_cl_site *site, struct hby_cl_launch *l, struct hby_hybrid *y);
/* Arguments: the bytes, and how each image is quantized. */
void hby_hybrid_arg_bytes(struct hby_cl_launch *l, const struct hby_hybrid *y);
void hby_hybrid_arg_rows(struct hby_cl_launch *l, const struct hby_hybrid *y);

#endif
