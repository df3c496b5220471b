/* Random cases of RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: enlarging, shrinking, by whole factors or not. */
#ifndef HBY_TESTS_RESIZE_CASES_H
#define HBY_TESTS_RESIZE_CASES_H

#include "tests/element_cases.h"

static inline void resize_case(struct check *c, enum hby_op op, enum hby_scheme scheme)
{
    int dim[4] = {check_int(c, 1, 3), check_int(c, 1, 15), check_int(c, 1, 15),
                  check_chance(c, 40)   ? 16 * check_int(c, 1, 2)
                  : check_chance(c, 40) ? check_int(c, 3, 8)
                                        : check_int(c, 1, 20)};
    int size[2], out_dim[4];
    for (int i = 0; i < 2; i++)
        size[i] = check_chance(c, 30) ? dim[i + 1] * check_int(c, 1, 3) : check_int(c, 1, 33);
    for (int i = 0; i < 4; i++)
        out_dim[i] = i == 1 || i == 2 ? size[i - 1] : dim[i];
    const int in[2] = {check_input(c, check_type(scheme), 4, dim), check_const(c, HBY_I32, 1, (int[]){2}, size)},
              out = check_output(c, check_type(scheme), 4, out_dim);
    case_same_quant(c, in[0], out);
    struct hby_node *node = check_node(c, op, 2, in, 1, &out);
    const int mode = check_int(c, 0, op == HBY_OP_resize_bilinear ? 2 : 3);
    node->params.resize.align_corners = mode == 1 || mode == 3;
    node->params.resize.half_pixel_centers = mode >= 2;
    check_run(c, 4);
}

#endif
