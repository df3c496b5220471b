/* Shapes of the operators that work on single elements or reduce. */
#include "partition/shapes.h"

static enum hby_status same(const struct hby_shape_call *c, struct hby_shape *out)
{
    hby_shape_same(hby_shape_input(c, 0), out);
    return HBY_OK;
}

enum hby_status hby_shape_dequantize(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_quantize(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_table(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_relu(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_leaky_relu(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_softmax(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_math(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_cast(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_norm(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_cumsum(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_logical_not(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

enum hby_status hby_shape_reverse(const struct hby_shape_call *c, struct hby_shape *out)
{
    return same(c, out);
}

static enum hby_status broadcast(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *a = hby_shape_input(c, 0), *b = hby_shape_input(c, 1);
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < out->rank; i++) { /* from the last dimension */
        int64_t x = i < a->rank ? a->dim[a->rank - 1 - i] : 1, y = i < b->rank ? b->dim[b->rank - 1 - i] : 1;
        if (x != y && x != 1 && y != 1)
            return hby_say(HBY_BAD_MODEL, c->why, "sizes %lld and %lld of its inputs do not broadcast", (long long)x, (long long)y);
        out->dim[out->rank - 1 - i] = x == 1 ? y : x;
    }
    return HBY_OK;
}

enum hby_status hby_shape_add_sub(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_mul(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_maximum(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_squared_difference(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_div(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_compare(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_logical(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_floor_div(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_pow(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_prelu(const struct hby_shape_call *c, struct hby_shape *out)
{
    return broadcast(c, out);
}

enum hby_status hby_shape_reduce(const struct hby_shape_call *c, struct hby_shape *out)
{
    return hby_shape_mean(c, out);
}

enum hby_status hby_shape_mean(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0);
    struct hby_known axes;
    bool reduced[HBY_MAX_RANK] = {false};
    enum hby_status st = hby_shape_values(c, 1, &axes);
    if (st)
        return st;
    for (int i = 0; i < axes.n; i++) {
        int64_t axis = axes.value[i] < 0 ? axes.value[i] + in->rank : axes.value[i];
        if (axis < 0 || axis >= in->rank)
            return in->rank == 0 ? same(c, out) : hby_say(HBY_BAD_MODEL, c->why, "axis %lld is outside %d dimensions", (long long)axes.value[i], in->rank);
        reduced[axis] = true;
    }
    out->rank = 0;
    for (int i = 0; i < in->rank; i++)
        if (!reduced[i])
            out->dim[out->rank++] = in->dim[i];
        else if (c->node->params.reducer.keep_dims)
            out->dim[out->rank++] = 1;
    return HBY_OK;
}

enum hby_status hby_shape_arg(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0);
    struct hby_known axis;
    enum hby_status st = hby_shape_values(c, 1, &axis);
    if (st)
        return st;
    const int64_t at = axis.n != 1 ? -1 : axis.value[0] < 0 ? axis.value[0] + in->rank : axis.value[0];
    if (at < 0 || at >= in->rank)
        return hby_say(HBY_BAD_MODEL, c->why, "the axis is outside %d dimensions", in->rank);
    for (int i = 0; i < in->rank; i++)
        if (i != at)
            out->dim[out->rank++] = in->dim[i];
    return HBY_OK;
}
