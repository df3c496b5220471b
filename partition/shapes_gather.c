/* Shapes of GATHER and GATHER_ND. */
#include "partition/shapes.h"

static enum hby_status append(const struct hby_shape_call *c, struct hby_shape *out, int32_t dim)
{
    if (out->rank == HBY_MAX_RANK)
        return hby_say(HBY_UNSUPPORTED, c->why, "its result has more than %d dimensions", HBY_MAX_RANK);
    out->dim[out->rank++] = dim;
    return HBY_OK;
}

enum hby_status hby_shape_gather(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0), *index = hby_shape_input(c, 1);
    const int axis = c->node->params.gather.axis + (c->node->params.gather.axis < 0 ? in->rank : 0);
    const int batch_dims = c->node->params.gather.batch_dims + (c->node->params.gather.batch_dims < 0 ? index->rank : 0);
    if (axis < 0 || axis >= in->rank || batch_dims < 0 || batch_dims > axis || batch_dims > index->rank)
        return hby_say(HBY_BAD_MODEL, c->why, "axis %d and %d batch dimensions do not go with %d dimensions", axis, batch_dims, in->rank);
    enum hby_status st = HBY_OK;
    for (int i = 0; i < axis && !st; i++)
        st = append(c, out, in->dim[i]);
    for (int i = batch_dims; i < index->rank && !st; i++)
        st = append(c, out, index->dim[i]);
    for (int i = axis + 1; i < in->rank && !st; i++)
        st = append(c, out, in->dim[i]);
    return st;
}

enum hby_status hby_shape_gather_nd(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0), *index = hby_shape_input(c, 1);
    if (index->rank < 1 || index->dim[index->rank - 1] < 0 || index->dim[index->rank - 1] > in->rank)
        return hby_say(HBY_BAD_MODEL, c->why, "GATHER_ND's indices do not go with its input");
    enum hby_status st = HBY_OK;
    for (int i = 0; i < index->rank - 1 && !st; i++)
        st = append(c, out, index->dim[i]);
    for (int i = index->dim[index->rank - 1]; i < in->rank && !st; i++)
        st = append(c, out, in->dim[i]);
    return st;
}
