#include "host_ref/ref.h"

hby_ref_fn hby_ref_function(enum hby_op op, enum hby_scheme scheme)
{
    static const hby_ref_fn fn[HBY_OP_COUNT][HBY_SCHEME_COUNT] = {
#define HBY_REF(op, scheme, function) [HBY_OP_##op][HBY_SCHEME_##scheme] = hby_ref_##function,
#include "partition/refs.def"
#undef HBY_REF
    };
    return op < HBY_OP_COUNT && scheme < HBY_SCHEME_COUNT ? fn[op][scheme] : NULL;
}
