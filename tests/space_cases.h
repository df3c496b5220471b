/* Random cases of the operators that rearrange blocks of pixels. */
#ifndef HBY_TESTS_SPACE_CASES_H
#define HBY_TESTS_SPACE_CASES_H

#include "tests/element_cases.h"

static inline void space_depth_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    const int s = check_int(c, 1, 4), h = check_int(c, 1, 5), w = check_int(c, 1, 9), ch = check_chance(c, 30) ? 1 : check_int(c, 1, 20),
              batch = check_int(c, 1, 3);
    const int space[4] = {batch, h * s, w * s, ch}, deep[4] = {batch, h, w, ch * s * s};
    const enum hby_type type = case_type(c, scheme, false);
    const bool to_depth = op == HBY_OP_space_to_depth;
    const int in = check_input(c, type, 4, to_depth ? space : deep), out = check_output(c, type, 4, to_depth ? deep : space);
    case_same_quant(c, in, out);
    check_node(c, op, 1, &in, 1, &out)->params.block.size = s;
    check_run(c, 1);
}

static inline void space_batch_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    const bool flat = check_chance(c, 25), to_batch = op == HBY_OP_space_to_batch_nd, edged = check_chance(c, 60);
    const int spatial = flat ? 1 : 2, batch = check_int(c, 1, 3), ch = check_int(c, 1, 20);
    const int pair[2] = {spatial, 2};
    int32_t block[2], edge[4];
    int image[4] = {batch}, parts[4] = {batch};
    for (int i = 0; i < spatial; i++) {
        block[i] = check_int(c, 1, 4);
        parts[i + 1] = check_int(c, 2, 6);
        const int whole = parts[i + 1] * block[i], room = edged ? whole - 1 : 0;
        edge[2 * i] = check_int(c, 0, room < 3 ? room : 3);
        edge[2 * i + 1] = check_int(c, 0, room - edge[2 * i] < 3 ? room - edge[2 * i] : 3);
        image[i + 1] = whole - edge[2 * i] - edge[2 * i + 1];
        parts[0] *= block[i];
    }
    image[spatial + 1] = parts[spatial + 1] = ch;
    const enum hby_type type = case_type(c, scheme, false);
    const int in[3] = {check_input(c, type, spatial + 2, to_batch ? image : parts), check_const(c, HBY_I32, 1, &spatial, block),
                       check_const(c, HBY_I32, 2, pair, edge)};
    const int out = check_output(c, type, spatial + 2, to_batch ? parts : image);
    case_same_quant(c, in[0], out);
    check_node(c, op, 3, in, 1, &out);
    check_run(c, 1);
}

#endif
