#include "kernels_cl/launch_sum.h"

#include "partition/fuse.h"

static bool is_whole(const struct hby_rescale *r)
{
    return r->mult == 1 << 30 && r->shift == 0;
}

/* Bytes: one operand with half the common scale, the output's multiplier from 2^-21 on (conv_bytes.clh). All sums but those with absurd scales. */
static bool is_usual(const struct hby_step *s)
{
    const struct hby_args_binary *b = &s->args.binary;
    return (s->scheme != HBY_SCHEME_i8 && s->scheme != HBY_SCHEME_u8) || ((is_whole(&b->a) || is_whole(&b->b)) && b->out.shift <= -1 && b->out.shift >= -21);
}

bool hby_sum_follows(const struct hby_cl_site *site)
{
    const enum hby_type own = hby_nest_type(site->step->scheme);
    int other;
    if (site->limit < 2 || site->step[1].nest != HBY_NEST_binary || !is_usual(&site->step[1]))
        return false;
    return hby_fuse_is_sum(site->plan, site->first, site->first + 1, &other) && site->step[1].scheme == site->step->scheme &&
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
