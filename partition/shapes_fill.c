/* Shapes of SELECT, FILL and RANGE. */
#include "partition/shapes.h"

#include <math.h>
#include <string.h>

static bool is_single(const struct hby_tensor *t)
{
    return hby_tensor_count(t) == 1;
}

/* SELECT: a condition of the others' shape, a scalar, or one value per slice of the first dimension; SELECT_V2 broadcasts. */
enum hby_status hby_shape_select(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in[3];
    for (int i = 0; i < 3; i++) {
        in[i] = hby_shape_input(c, i);
    }
    const struct hby_tensor *declared = &c->graph->tensor[c->node->out[0]];
    if (is_single(in[0]) && is_single(in[1]) && is_single(in[2]) && is_single(declared)) {
        hby_shape_same(declared, out); /* the runtime leaves it alone */
        return HBY_OK;
    }
    if (c->node->op == HBY_OP_select) {
        const bool low = in[0]->rank == 0 || (in[0]->rank == 1 && in[1]->rank > 0 && in[0]->dim[0] == in[1]->dim[0]);
        if (!hby_same_shape(in[1], in[2]) || !(low || hby_same_shape(in[0], in[1])))
            return hby_say(HBY_BAD_MODEL, c->why, "SELECT's inputs have shapes that do not go together");
        hby_shape_same(in[1], out);
        return HBY_OK;
    }
    for (int i = 0; i < 3; i++)
        out->rank = in[i]->rank > out->rank ? in[i]->rank : out->rank;
    for (int k = 0; k < out->rank; k++) { /* from the last dimension */
        int64_t *size = &out->dim[out->rank - 1 - k];
        *size = 1;
        for (int i = 0; i < 3; i++) {
            const int64_t d = k < in[i]->rank ? in[i]->dim[in[i]->rank - 1 - k] : 1;
            if (d != 1 && *size != 1 && d != *size)
                return hby_say(HBY_BAD_MODEL, c->why, "sizes %lld and %lld of its inputs do not broadcast", (long long)*size, (long long)d);
            *size = d == 1 ? *size : d;
        }
    }
    return HBY_OK;
}

enum hby_status hby_shape_fill(const struct hby_shape_call *c, struct hby_shape *out)
{
    struct hby_known want;
    enum hby_status st = hby_shape_values(c, 0, &want);
    if (!st && want.n > HBY_MAX_RANK)
        st = hby_say(HBY_UNSUPPORTED, c->why, "the shape has %d dimensions; the limit is %d", want.n, HBY_MAX_RANK);
    if (st)
        return st;
    out->rank = want.n;
    memcpy(out->dim, want.value, sizeof out->dim);
    return HBY_OK;
}

static enum hby_status no_end(const struct hby_shape_call *c)
{
    return hby_say(HBY_BAD_MODEL, c->why, "RANGE's step does not lead from its start to its limit");
}

static enum hby_status float_range(const struct hby_shape_call *c, struct hby_shape *out)
{
    float v[3];
    for (int i = 0; i < 3; i++) {
        const struct hby_tensor *t = hby_shape_input(c, i);
        if (t->type != HBY_F32 || hby_tensor_count(t) != 1)
            return hby_say(HBY_BAD_MODEL, c->why, "RANGE needs three scalars of one type");
        if (!t->data)
            return hby_say(HBY_UNSUPPORTED, c->why, "the shape of its result depends on input %d, which is computed while the model runs", i);
        memcpy(&v[i], t->data, sizeof v[i]);
    }
    if (!((v[0] >= v[1] && v[2] < 0.0f) || (v[0] <= v[1] && v[2] > 0.0f)))
        return no_end(c);
    const float size = ceilf(fabsf((v[1] - v[0]) / v[2]));
    if (!(size < 2147483648.0f))
        return hby_say(HBY_UNSUPPORTED, c->why, "RANGE has %g values", (double)size);
    out->dim[0] = (int64_t)size;
    return HBY_OK;
}

enum hby_status hby_shape_range(const struct hby_shape_call *c, struct hby_shape *out)
{
    struct hby_known k[3];
    const struct hby_tensor *first = hby_shape_input(c, 0);
    out->rank = 1;
    for (int i = 0; i < 3; i++)
        if (hby_shape_input(c, i)->rank != 0)
            return hby_say(HBY_BAD_MODEL, c->why, "RANGE needs three scalars");
    if (first->type == HBY_F32)
        return float_range(c, out);
    for (int i = 0; i < 3; i++) {
        enum hby_status st = hby_shape_values(c, i, &k[i]);
        if (!st && k[i].n != 1)
            st = hby_say(HBY_BAD_MODEL, c->why, "RANGE needs three scalars");
        if (st)
            return st;
    }
    const int64_t start = k[0].value[0], limit = k[1].value[0], step = k[2].value[0];
    int64_t gap;
    if (!((start >= limit && step < 0) || (start <= limit && step > 0)))
        return no_end(c);
    if (__builtin_sub_overflow(limit, start, &gap) || step == INT64_MIN || gap == INT64_MIN)
        return hby_say(HBY_UNSUPPORTED, c->why, "RANGE's limits are too far apart");
    out->dim[0] = gap / step + (gap % step != 0);
    return HBY_OK;
}
