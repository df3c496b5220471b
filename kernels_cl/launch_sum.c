#include "kernels_cl/launch_sum.h"

#include "partition/fuse.h"

bool hby_sum_follows(const struct hby_cl_site *site)
{
    const enum hby_type own = hby_nest_type(site->step->scheme);
    int other;
    return site->limit >= 2 && hby_fuse_is_sum(site->plan, site->first, site->first + 1, &other) && site->step[1].scheme == site->step->scheme &&
           hby_nest_stored(site, site->step->out[0]) == own && hby_nest_stored(site, other) == own && hby_nest_stored(site, site->step[1].out[0]) == own;
}

struct hby_sum_site hby_sum_site_of(const struct hby_cl_site *site, bool fused)
{
    struct hby_sum_site s = {{0}, -1, site->step->out[0]};
    if (!fused || !hby_fuse_is_sum(site->plan, site->first, site->first + 1, &s.other))
        return s;
    const struct hby_args_binary *b = &site->step[1].args.binary;
    const bool first = site->step[1].in[1] == s.other; /* the convolution's result is the first operand; sums do not mind */
    s.out = site->step[1].out[0];
    s.args = (struct hby_sum){
        .present = 1,
        .a = first ? b->a : b->b,
        .b = first ? b->b : b->a,
        .out = b->out,
        .left_shift = b->left_shift,
        .pot_scale = b->pot_scale,
        .act_min = b->act_min,
        .act_max = b->act_max,
        .f_min = b->f_min,
        .f_max = b->f_max,
    };
    return s;
}
