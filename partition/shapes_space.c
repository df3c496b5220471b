/* Shapes of the operators that rearrange blocks, repeat, or mirror. */
#include "partition/shapes.h"

static enum hby_status first_input(const struct hby_shape_call *c, const struct hby_tensor **t)
{
    *t = hby_shape_input(c, 0);
    return *t ? HBY_OK : hby_say(HBY_BAD_MODEL, c->why, "%s has no input 0", hby_ops[c->node->op].name);
}

enum hby_status hby_shape_space_depth(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    const int64_t s = c->node->params.block.size;
    const bool to_depth = c->node->op == HBY_OP_space_to_depth;
    enum hby_status st = first_input(c, &in);
    if (st)
        return st;
    if (in->rank != 4 || s < 1 || s > INT16_MAX || (to_depth ? in->dim[1] % s || in->dim[2] % s : in->dim[3] % (s * s)))
        return hby_say(HBY_BAD_MODEL, c->why, "blocks of %lld do not divide its input's shape", (long long)s);
    hby_shape_same(in, out);
    for (int i = 1; i < 3; i++)
        out->dim[i] = to_depth ? in->dim[i] / s : in->dim[i] * s;
    out->dim[3] = to_depth ? in->dim[3] * s * s : in->dim[3] / (s * s);
    return HBY_OK;
}

enum hby_status hby_shape_space_batch(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known block, edge;
    enum hby_status st = first_input(c, &in);
    if (!st)
        st = hby_shape_values(c, 1, &block);
    if (!st)
        st = hby_shape_values(c, 2, &edge);
    if (!st && (in->rank < 3 || in->rank > 4 || block.n != in->rank - 2 || edge.n != 2 * block.n))
        st = hby_say(HBY_UNSUPPORTED, c->why, "%d block sizes and %d edges for %d dimensions", block.n, edge.n, in->rank);
    if (st)
        return st;
    hby_shape_same(in, out);
    for (int i = 0; i < block.n; i++) {
        const int64_t b = block.value[i], before = edge.value[2 * i], after = edge.value[2 * i + 1];
        if (b < 1 || b > INT32_MAX || before < 0 || before > INT32_MAX || after < 0 || after > INT32_MAX)
            return hby_say(HBY_BAD_MODEL, c->why, "a block of %lld with edges of %lld and %lld", (long long)b, (long long)before, (long long)after);
        const int64_t edges = before + after;
        if (c->node->op == HBY_OP_space_to_batch_nd) {
            if ((in->dim[i + 1] + edges) % b)
                return hby_say(HBY_BAD_MODEL, c->why, "blocks of %lld do not divide a dimension of %lld", (long long)b, (long long)(in->dim[i + 1] + edges));
            if (out->dim[0] > INT32_MAX / b)
                return hby_say(HBY_UNSUPPORTED, c->why, "blocks of %lld make more than %d batches of %lld", (long long)b, INT32_MAX, (long long)out->dim[0]);
            out->dim[i + 1] = (in->dim[i + 1] + edges) / b;
            out->dim[0] *= b;
        } else {
            if (out->dim[0] % b)
                return hby_say(HBY_BAD_MODEL, c->why, "blocks of %lld do not divide %lld batches", (long long)b, (long long)out->dim[0]);
            out->dim[i + 1] = in->dim[i + 1] * b - edges;
            out->dim[0] /= b;
        }
    }
    return HBY_OK;
}

enum hby_status hby_shape_tile(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known times;
    enum hby_status st = first_input(c, &in);
    if (!st)
        st = hby_shape_values(c, 1, &times);
    if (!st && times.n != in->rank)
        st = hby_say(HBY_BAD_MODEL, c->why, "%d multiples for %d dimensions", times.n, in->rank);
    if (st)
        return st;
    hby_shape_same(in, out);
    for (int i = 0; i < in->rank; i++)
        if (times.value[i] < 0 || times.value[i] > INT32_MAX)
            return hby_say(HBY_BAD_MODEL, c->why, "multiple %d is %lld", i, (long long)times.value[i]);
        else
            out->dim[i] *= times.value[i];
    return HBY_OK;
}

enum hby_status hby_shape_broadcast_to(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known want;
    enum hby_status st = first_input(c, &in);
    if (!st)
        st = hby_shape_values(c, 1, &want);
    if (!st && (want.n > HBY_MAX_RANK || want.n < in->rank))
        st = hby_say(HBY_UNSUPPORTED, c->why, "%d dimensions for a tensor of %d", want.n, in->rank);
    if (st)
        return st;
    out->rank = want.n;
    for (int i = 0; i < want.n; i++)
        out->dim[i] = want.value[i];
    return HBY_OK;
}

enum hby_status hby_shape_unpack(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    enum hby_status st = first_input(c, &in);
    if (st)
        return st;
    const int given = c->node->params.axis.axis, axis = given < 0 ? given + in->rank : given;
    if (axis < 0 || axis >= in->rank || in->dim[axis] != c->node->n_out)
        return hby_say(HBY_BAD_MODEL, c->why, "axis %d cannot be unpacked into %d tensors", given, c->node->n_out);
    for (int k = 0; k < c->node->n_out; k++)
        for (int i = 0; i < in->rank; i++)
            if (i != axis)
                out[k].dim[out[k].rank++] = in->dim[i];
    return HBY_OK;
}

enum hby_status hby_shape_mirror_pad(const struct hby_shape_call *c, struct hby_shape *out)
{
    return hby_shape_pad(c, out);
}
