/* Every args struct, and the union that a step carries. C only; a kernel includes just the header of its own family. */
#ifndef HBY_PARTITION_ARGS_H
#define HBY_PARTITION_ARGS_H

#include <assert.h>
#include <stddef.h>

#include "partition/args_conv.h"
#include "partition/args_elementwise.h"
#include "partition/args_gather.h"
#include "partition/args_matmul.h"
#include "partition/args_move.h"
#include "partition/args_recurrent.h"
#include "partition/args_reduce.h"
#include "partition/args_table.h"

/* The loop nests: HBY_NEST(name) has struct hby_args_NAME. */
/* clang-format off */
#define HBY_NESTS(HBY_NEST) \
    HBY_NEST(conv) HBY_NEST(conv3d) HBY_NEST(matmul) HBY_NEST(pool) HBY_NEST(binary) HBY_NEST(unary) HBY_NEST(table) HBY_NEST(mean) HBY_NEST(arg) HBY_NEST(softmax) HBY_NEST(norm) HBY_NEST(cumsum) HBY_NEST(move) HBY_NEST(pad) HBY_NEST(resize) \
    HBY_NEST(gather) HBY_NEST(one_hot) HBY_NEST(embedding) HBY_NEST(topk) HBY_NEST(update) HBY_NEST(scatter) HBY_NEST(select) HBY_NEST(lstm) HBY_NEST(rnn) HBY_NEST(svdf)
/* clang-format on */

enum hby_nest {
#define HBY_NEST(name) HBY_NEST_##name,
    HBY_NESTS(HBY_NEST)
#undef HBY_NEST
        HBY_NEST_COUNT
};

union hby_args {
#define HBY_NEST(name) struct hby_args_##name name;
    HBY_NESTS(HBY_NEST)
#undef HBY_NEST
};

static_assert(sizeof(union hby_args) <= 256, "an args struct is passed to a kernel by value: at most 256 bytes");

#endif
