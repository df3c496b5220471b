/* Convolutions that end in a sum with another tensor (partition/fuse_sum.c): rows of kernels.def of two steps. */
#ifndef HBY_KERNELS_CL_LAUNCH_SUM_H
#define HBY_KERNELS_CL_LAUNCH_SUM_H

#include "kernels_cl/launch_nest.h"
#include "kernels_cl/sum_args.clh"

/* Is the step behind the site's such a sum, of tensors stored as the scheme says? */
bool hby_sum_follows(const struct hby_cl_site *site);

/* What a launch of one step or of two has to say about it. */
struct hby_sum_site {
    struct hby_sum args; /* present: 0 for one step */
    int other;           /* the tensor added; -1 */
    int out;             /* the tensor that is written */
};
struct hby_sum_site hby_sum_site_of(const struct hby_cl_site *site, bool fused);

#endif
