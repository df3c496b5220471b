/* STRIDED_SLICE: strides of both signs, open ends, axes that are dropped or added, an ellipsis, `offset`. */
#include "tests/element_cases.h"

struct spec {
    int n, begin[2 * CASE_RANK], end[2 * CASE_RANK], stride[2 * CASE_RANK];
    int begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    bool offset;
    int out_rank, out_dim[2 * CASE_RANK];
};

/* One dimension of `size`: indices first, first + stride, ... while inside [0, size). */
static void take_some(struct check *c, struct spec *s, int size)
{
    const int i = s->n++, stride = check_chance(c, 50) ? 1 : check_chance(c, 50) ? check_int(c, 2, 3) : -check_int(c, 1, 3);
    const int first = check_int(c, 0, size - 1), room = stride > 0 ? (size - 1 - first) / stride : first / -stride, count = 1 + check_int(c, 0, room);
    const int end = first + stride * count; /* may lie outside, which the operator clamps */
    s->stride[i] = stride;
    s->begin[i] = check_chance(c, 30) ? first - size : first;
    s->end[i] = s->offset ? stride * count : end;
    if (end < 0) {
        s->end[i] = -1;
        s->end_mask |= 1 << i; /* "before 0" cannot be said as an index */
    }
    if (first == (stride > 0 ? 0 : size - 1) && check_chance(c, 50)) {
        s->begin_mask |= 1 << i;
        s->begin[i] = check_int(c, -3, 3);
    }
    s->out_dim[s->out_rank++] = count;
}

static void drop(struct check *c, struct spec *s, int size)
{
    const int i = s->n++, first = check_int(c, -size, size - 1);
    s->begin[i] = first;
    s->end[i] = first + 1;
    s->stride[i] = 1;
    s->shrink_axis_mask |= 1 << i;
}

static void add_or_skip(struct spec *s, int *mask)
{
    *mask |= 1 << s->n;
    s->begin[s->n] = s->end[s->n] = 0;
    s->stride[s->n++] = 1;
}

static struct spec random_spec(struct check *c, int rank, const int *dim)
{
    struct spec s = {.offset = check_chance(c, 10)};
    const int gap = !s.offset && rank > 1 && check_chance(c, 25) ? check_int(c, 0, rank - 1) : -1;
    for (int i = 0; i < rank; i++) {
        if (i == gap) {
            const int length = check_int(c, 1, rank - i);
            add_or_skip(&s, &s.ellipsis_mask);
            for (int k = 0; k < length; k++)
                s.out_dim[s.out_rank++] = dim[i + k];
            i += length - 1;
            continue;
        }
        if (!s.offset && check_chance(c, 10)) {
            add_or_skip(&s, &s.new_axis_mask);
            s.out_dim[s.out_rank++] = 1;
        }
        if (!s.offset && check_chance(c, 15))
            drop(c, &s, dim[i]);
        else
            take_some(c, &s, dim[i]);
    }
    return s;
}

static void one(struct check *c, enum hby_scheme scheme)
{
    int dim[CASE_RANK];
    const enum hby_type type = case_type(c, scheme, true);
    const int rank = case_shape(c, 1, 4, dim);
    const struct spec s = random_spec(c, rank, dim);
    const int in[4] = {check_input(c, type, rank, dim), check_const(c, HBY_I32, 1, &s.n, s.begin), check_const(c, HBY_I32, 1, &s.n, s.end),
                       check_const(c, HBY_I32, 1, &s.n, s.stride)};
    const int out = check_output(c, type, s.out_rank, s.out_dim);
    case_same_quant(c, in[0], out);
    struct hby_node *node = check_node(c, HBY_OP_strided_slice, 4, in, 1, &out);
    node->params.strided_slice.begin_mask = s.begin_mask;
    node->params.strided_slice.end_mask = s.end_mask;
    node->params.strided_slice.ellipsis_mask = s.ellipsis_mask;
    node->params.strided_slice.new_axis_mask = s.new_axis_mask;
    node->params.strided_slice.shrink_axis_mask = s.shrink_axis_mask;
    node->params.strided_slice.offset = s.offset;
    check_run(c, 1);
}

void hby_check_strided_slice(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 2 * check_cases(); i++)
        one(c, scheme);
}
