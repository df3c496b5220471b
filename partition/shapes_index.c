/* Shapes of ONE_HOT, EMBEDDING_LOOKUP, TOPK_V2, DYNAMIC_UPDATE_SLICE, SCATTER_ND and WHERE. */
#include "partition/shapes.h"

enum hby_status hby_shape_one_hot(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *index = hby_shape_input(c, 0);
    struct hby_known depth;
    enum hby_status st = hby_shape_values(c, 1, &depth);
    if (st)
        return st;
    const int given = c->node->params.one_hot.axis, axis = given == -1 ? index->rank : given;
    if (depth.n != 1 || depth.value[0] < 0 || axis < 0 || axis > index->rank)
        return hby_say(HBY_BAD_MODEL, c->why, "axis %d for %d dimensions, or a depth that is no number", given, index->rank);
    if (index->rank == HBY_MAX_RANK)
        return hby_say(HBY_UNSUPPORTED, c->why, "its result has more than %d dimensions", HBY_MAX_RANK);
    out->rank = index->rank + 1;
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = i == axis ? depth.value[0] : index->dim[i < axis ? i : i - 1];
    return HBY_OK;
}

enum hby_status hby_shape_embedding_lookup(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *index = hby_shape_input(c, 0), *table = hby_shape_input(c, 1);
    if (index->rank != 1 || table->rank < 2)
        return hby_say(HBY_BAD_MODEL, c->why, "EMBEDDING_LOOKUP needs a vector and a table");
    hby_shape_same(table, out);
    out->dim[0] = index->dim[0];
    return HBY_OK;
}

enum hby_status hby_shape_topk(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0);
    struct hby_known k;
    enum hby_status st = hby_shape_values(c, 1, &k);
    if (st)
        return st;
    if (in->rank < 1 || k.n != 1 || k.value[0] > in->dim[in->rank - 1])
        return hby_say(HBY_BAD_MODEL, c->why, "TOPK_V2 wants more elements than there are");
    for (int i = 0; i < c->node->n_out; i++) {
        hby_shape_same(in, &out[i]);
        out[i].dim[in->rank - 1] = k.value[0] < 0 ? 0 : k.value[0];
    }
    return HBY_OK;
}

enum hby_status hby_shape_update(const struct hby_shape_call *c, struct hby_shape *out)
{
    hby_shape_same(hby_shape_input(c, 0), out);
    return HBY_OK;
}

enum hby_status hby_shape_scatter(const struct hby_shape_call *c, struct hby_shape *out)
{
    struct hby_known want;
    enum hby_status st = hby_shape_values(c, 2, &want);
    if (!st && want.n > HBY_MAX_RANK)
        st = hby_say(HBY_UNSUPPORTED, c->why, "the shape has %d dimensions; the limit is %d", want.n, HBY_MAX_RANK);
    for (int i = 0; !st && i < want.n; i++)
        out->dim[out->rank++] = want.value[i];
    return st;
}

enum hby_status hby_shape_where(const struct hby_shape_call *c, struct hby_shape *out)
{
    (void)out;
    return hby_say(HBY_UNSUPPORTED, c->why, "WHERE's result is as long as its data say, which is known only while the model runs");
}
