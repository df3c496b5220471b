/* kernels.def -> the table that sessions walk. */
#include "kernels_cl/kernel.h"

const struct hby_cl_kernel hby_cl_kernels[] = {
#define HBY_KERNEL(name, nest, schemes, match, launch) {#name, HBY_NEST_##nest, schemes, hby_cl_match_##match, hby_cl_launch_##launch},
#include "kernels_cl/kernels.def"
#undef HBY_KERNEL
    {NULL, HBY_NEST_COUNT, 0, NULL, NULL},
};
