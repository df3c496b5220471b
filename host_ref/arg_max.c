/* ARG_MAX. */
#include "host_ref/arg.h"

void hby_ref_arg_max_float(const struct hby_ref_call *c)
{
    hby_ref_arg(c, true, false);
}

void hby_ref_arg_max_int(const struct hby_ref_call *c)
{
    hby_ref_arg(c, false, false);
}
