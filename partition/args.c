#include "partition/args.h"

size_t hby_args_size(enum hby_nest nest)
{
    static const size_t size[HBY_NEST_COUNT] = {
#define HBY_NEST(name) [HBY_NEST_##name] = sizeof(struct hby_args_##name),
        HBY_NESTS(HBY_NEST)
#undef HBY_NEST
    };
    return nest < HBY_NEST_COUNT ? size[nest] : 0;
}
