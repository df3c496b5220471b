/* ARG_MIN. */
#include "host_ref/arg.h"

void hby_ref_arg_min_float(const struct hby_ref_call *c)
{
    hby_ref_arg(c, true, true);
}

void hby_ref_arg_min_int(const struct hby_ref_call *c)
{
    hby_ref_arg(c, false, true);
}
