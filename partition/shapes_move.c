/* Shapes of the operators that move elements. */
#include "partition/shapes.h"

static enum hby_status one_axis(const struct hby_shape_call *c, int64_t axis, int rank, int *out)
{
    int64_t a = axis < 0 ? axis + rank : axis;
    if (a < 0 || a >= rank)
        return hby_say(HBY_BAD_MODEL, c->why, "axis %lld is outside %d dimensions", (long long)axis, rank);
    *out = (int)a;
    return HBY_OK;
}

static enum hby_status first_input(const struct hby_shape_call *c, int i, const struct hby_tensor **t)
{
    *t = hby_shape_input(c, i);
    return *t ? HBY_OK : hby_say(HBY_BAD_MODEL, c->why, "%s has no input %d", hby_ops[c->node->op].name, i);
}

/* The one size of -1 is what the others leave. */
static enum hby_status reshape(const struct hby_shape_call *c, const struct hby_tensor *in, struct hby_shape *out)
{
    struct hby_known want;
    enum hby_status st = HBY_OK;
    const struct hby_tensor *shape = hby_shape_input(c, 1);
    if (shape && shape->rank == 1) {
        st = hby_shape_values(c, 1, &want);
    } else if (shape && shape->rank != 1 && !c->node->params.reshape.n) {
        return hby_say(HBY_UNSUPPORTED, c->why, "the new shape is no vector");
    } else {
        want.n = c->node->params.reshape.n;
        for (int i = 0; i < want.n; i++)
            want.value[i] = c->node->params.reshape.dim[i];
        if (want.n == 1 && want.value[0] == 0) /* old models say so for a scalar */
            want.n = 0;
    }
    if (!st && want.n > HBY_MAX_RANK)
        st = hby_say(HBY_UNSUPPORTED, c->why, "the new shape has %d dimensions; the limit is %d", want.n, HBY_MAX_RANK);
    if (st)
        return st;
    int64_t rest = hby_tensor_count(in), product = 1;
    int open = -1;
    out->rank = want.n;
    for (int i = 0; i < want.n; i++) {
        out->dim[i] = want.value[i];
        if (want.value[i] == -1 && open < 0)
            open = i;
        else if (want.value[i] < 0 || __builtin_mul_overflow(product, want.value[i], &product))
            return hby_say(HBY_BAD_MODEL, c->why, "dimension %d of the new shape is %lld", i, (long long)want.value[i]);
    }
    if (open >= 0)
        out->dim[open] = product > 0 ? rest / product : 0;
    if (product * (open >= 0 ? out->dim[open] : 1) != rest)
        return hby_say(HBY_BAD_MODEL, c->why, "%lld elements cannot take the new shape", (long long)rest);
    return HBY_OK;
}

static enum hby_status squeeze(const struct hby_shape_call *c, const struct hby_tensor *in, struct hby_shape *out)
{
    bool drop[HBY_MAX_RANK] = {false};
    for (int i = 0; i < c->node->params.reshape.n; i++) {
        int axis = 0;
        enum hby_status st = one_axis(c, c->node->params.reshape.dim[i], in->rank, &axis);
        if (st)
            return st;
        if (in->dim[axis] != 1)
            return hby_say(HBY_BAD_MODEL, c->why, "SQUEEZE cannot drop a dimension of %d", (int)in->dim[axis]);
        drop[axis] = true;
    }
    out->rank = 0;
    for (int i = 0; i < in->rank; i++)
        if (!drop[i] && (c->node->params.reshape.n || in->dim[i] != 1))
            out->dim[out->rank++] = in->dim[i];
    return HBY_OK;
}

static enum hby_status insert_axis(const struct hby_shape_call *c, const struct hby_tensor *in, int64_t at, int64_t size, struct hby_shape *out)
{
    int axis = 0;
    if (in->rank == HBY_MAX_RANK)
        return hby_say(HBY_UNSUPPORTED, c->why, "its result has %d dimensions; the limit is %d", in->rank + 1, HBY_MAX_RANK);
    enum hby_status st = one_axis(c, at, in->rank + 1, &axis);
    if (st)
        return st;
    out->rank = in->rank + 1;
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = i < axis ? in->dim[i] : i == axis ? size : in->dim[i - 1];
    return HBY_OK;
}

/* RESHAPE, SQUEEZE, EXPAND_DIMS */
enum hby_status hby_shape_copy(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known axis;
    enum hby_status st = first_input(c, 0, &in);
    if (st)
        return st;
    if (c->node->op == HBY_OP_reshape)
        return reshape(c, in, out);
    if (c->node->op == HBY_OP_squeeze)
        return squeeze(c, in, out);
    if (c->node->op != HBY_OP_expand_dims)
        return hby_say(HBY_UNSUPPORTED, c->why, "the shape of its result is not known");
    st = hby_shape_values(c, 1, &axis);
    if (!st && axis.n != 1)
        st = hby_say(HBY_BAD_MODEL, c->why, "EXPAND_DIMS has %d axes", axis.n);
    return st ? st : insert_axis(c, in, axis.value[0], 1, out);
}

enum hby_status hby_shape_pack(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    enum hby_status st = first_input(c, 0, &in);
    for (int i = 0; i < c->node->n_in && !st; i++) {
        const struct hby_tensor *more = hby_shape_input(c, i);
        if (!hby_same_shape(in, more))
            st = hby_say(HBY_BAD_MODEL, c->why, "PACK of tensors of different shapes");
        else if (more->quant.count != c->graph->tensor[c->node->out[0]].quant.count)
            st = hby_say(HBY_BAD_MODEL, c->why, "PACK of tensors of which some are quantized");
    }
    return st ? st : insert_axis(c, in, c->node->params.axis.axis, c->node->n_in, out);
}

enum hby_status hby_shape_concat(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    int axis = 0;
    enum hby_status st = first_input(c, 0, &in);
    if (!st)
        st = one_axis(c, c->node->params.axis.axis, in->rank, &axis);
    if (st)
        return st;
    hby_shape_same(in, out);
    for (int i = 1; i < c->node->n_in; i++) {
        const struct hby_tensor *more = hby_shape_input(c, i);
        if (more->rank != out->rank)
            return hby_say(HBY_BAD_MODEL, c->why, "input %d has another number of dimensions", i);
        out->dim[axis] += more->dim[axis];
    }
    return HBY_OK;
}

/* SPLIT_V: the sizes are given; one of them may be -1, the rest. */
static enum hby_status split_sizes(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known at, size;
    int axis = 0, open = -1;
    enum hby_status st = first_input(c, 0, &in);
    if (!st)
        st = hby_shape_values(c, 1, &size);
    if (!st)
        st = hby_shape_values(c, 2, &at);
    if (!st && (at.n != 1 || size.n != c->node->n_out))
        st = hby_say(HBY_BAD_MODEL, c->why, "SPLIT_V has %d axes and %d sizes for %d outputs", at.n, size.n, c->node->n_out);
    if (!st)
        st = one_axis(c, at.value[0], in->rank, &axis);
    if (st)
        return st;
    int64_t rest = in->dim[axis];
    for (int i = 0; i < size.n; i++) {
        if (size.value[i] < -1 || size.value[i] > INT32_MAX || (size.value[i] == -1 && open >= 0))
            return hby_say(HBY_BAD_MODEL, c->why, "size %d is %lld", i, (long long)size.value[i]);
        open = size.value[i] == -1 ? i : open;
        rest -= size.value[i] == -1 ? 0 : size.value[i];
    }
    if (rest < 0 || (rest > 0 && open < 0))
        return hby_say(HBY_BAD_MODEL, c->why, "the sizes do not add up to %d", (int)in->dim[axis]);
    for (int i = 0; i < size.n; i++) {
        hby_shape_same(in, &out[i]);
        out[i].dim[axis] = i == open ? rest : size.value[i];
    }
    return HBY_OK;
}

enum hby_status hby_shape_split(const struct hby_shape_call *c, struct hby_shape *out)
{
    if (c->node->op == HBY_OP_split_v)
        return split_sizes(c, out);
    const struct hby_tensor *in;
    struct hby_known at;
    int axis = 0, pieces = c->node->n_out;
    enum hby_status st = first_input(c, 1, &in);
    if (!st)
        st = hby_shape_values(c, 0, &at);
    if (!st)
        st = at.n == 1 ? one_axis(c, at.value[0], in->rank, &axis) : hby_say(HBY_BAD_MODEL, c->why, "SPLIT has %d axes", at.n);
    if (!st && (pieces < 1 || in->dim[axis] % pieces))
        st = hby_say(HBY_BAD_MODEL, c->why, "a dimension of %d cannot be split in %d", (int)in->dim[axis], pieces);
    for (int i = 0; i < pieces && !st; i++) {
        hby_shape_same(in, &out[i]);
        out[i].dim[axis] /= pieces;
    }
    return st;
}

enum hby_status hby_shape_transpose(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known perm;
    enum hby_status st = first_input(c, 0, &in);
    if (!st)
        st = hby_shape_values(c, 1, &perm);
    if (!st && perm.n != in->rank)
        st = hby_say(HBY_BAD_MODEL, c->why, "the permutation has %d entries for %d dimensions", perm.n, in->rank);
    if (st)
        return st;
    out->rank = in->rank;
    unsigned seen = 0;
    for (int i = 0; i < in->rank; i++) {
        int axis = 0;
        st = one_axis(c, perm.value[i], in->rank, &axis);
        if (st)
            return st;
        if (seen & 1u << axis)
            return hby_say(HBY_BAD_MODEL, c->why, "the permutation names dimension %d twice", axis);
        seen |= 1u << axis;
        out->dim[i] = in->dim[axis];
    }
    return HBY_OK;
}

enum hby_status hby_shape_pad(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known pad;
    enum hby_status st = first_input(c, 0, &in);
    if (!st)
        st = hby_shape_values(c, 1, &pad);
    if (!st && pad.n != 2 * in->rank)
        st = hby_say(HBY_BAD_MODEL, c->why, "%d paddings for %d dimensions", pad.n, in->rank);
    if (st)
        return st;
    hby_shape_same(in, out);
    for (int i = 0; i < in->rank; i++) {
        const int64_t before = pad.value[2 * i], after = pad.value[2 * i + 1];
        if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX)
            return hby_say(HBY_BAD_MODEL, c->why, "a padding is %lld; it must be between 0 and 2^31 - 1",
                           (long long)(before < 0 || before > INT32_MAX ? before : after));
        out->dim[i] += before + after;
    }
    return HBY_OK;
}

enum hby_status hby_shape_slice(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known begin, size;
    enum hby_status st = first_input(c, 0, &in);
    if (!st)
        st = hby_shape_values(c, 1, &begin);
    if (!st)
        st = hby_shape_values(c, 2, &size);
    if (!st && (begin.n != in->rank || size.n != in->rank))
        st = hby_say(HBY_BAD_MODEL, c->why, "SLICE has %d begins and %d sizes for %d dimensions", begin.n, size.n, in->rank);
    if (st)
        return st;
    out->rank = in->rank;
    for (int i = 0; i < in->rank; i++) {
        if (begin.value[i] < 0 || begin.value[i] > in->dim[i])
            return hby_say(HBY_BAD_MODEL, c->why, "SLICE begins at %lld in a dimension of %d", (long long)begin.value[i], (int)in->dim[i]);
        out->dim[i] = size.value[i] == -1 ? in->dim[i] - begin.value[i] : size.value[i];
    }
    return HBY_OK;
}

/* SHAPE: one number per dimension.  DENSIFY: the shape of the constant. */
enum hby_status hby_shape_fold_only(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    enum hby_status st = first_input(c, 0, &in);
    if (st)
        return st;
    if (c->node->op == HBY_OP_shape)
        *out = (struct hby_shape){.rank = 1, .dim = {in->rank}};
    else if (c->node->op != HBY_OP_rank)
        hby_shape_same(in, out);
    return HBY_OK;
}

/* --- STRIDED_SLICE --- */

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Beyond every dimension, also with another added: models of int64 say "to the end" by the largest number there is. */
static const int64_t far_off = INT64_C(1) << 40;

/* One dimension of `size` under entry i of the specification. */
static void take_range(const struct hby_shape_call *c, int i, int64_t size, const struct hby_known *begin, const struct hby_known *end,
                       const struct hby_known *step, struct hby_slice_range *r)
{
    const int begin_mask = c->node->params.strided_slice.begin_mask, end_mask = c->node->params.strided_slice.end_mask;
    const int64_t s = clamp(step->value[i], -INT32_MAX, INT32_MAX), low = s > 0 ? 0 : -1, high = s > 0 ? size : size - 1;
    *r = (struct hby_slice_range){.step = s, .shrunk = c->node->params.strided_slice.shrink_axis_mask >> i & 1};
    r->begin = clamp(begin->value[i] < 0 ? begin->value[i] + size : begin->value[i], low, high);
    if (begin_mask >> i & 1)
        r->begin = s > 0 ? 0 : size - 1;
    int64_t stop = clamp(end->value[i], -far_off, far_off) + (c->node->params.strided_slice.offset ? r->begin : 0);
    stop = clamp(stop < 0 ? stop + size : stop, low, high);
    if (end_mask >> i & 1)
        stop = s > 0 ? size : -1;
    if (r->shrunk)
        stop = r->begin + 1;
    int64_t length = s > 0 ? stop - r->begin : r->begin - stop, pace = s > 0 ? s : -s;
    r->count = r->shrunk ? 1 : length > 0 ? (length + pace - 1) / pace : 0;
}

enum hby_status hby_shape_slice_ranges(const struct hby_shape_call *c, struct hby_slice_range *range, int *n)
{
    const struct hby_tensor *in;
    struct hby_known begin, end, step;
    enum hby_status st = first_input(c, 0, &in);
    if (!st)
        st = hby_shape_values(c, 1, &begin);
    if (!st)
        st = hby_shape_values(c, 2, &end);
    if (!st)
        st = hby_shape_values(c, 3, &step);
    if (!st && (begin.n != end.n || begin.n != step.n))
        st = hby_say(HBY_BAD_MODEL, c->why, "STRIDED_SLICE has %d begins, %d ends and %d strides", begin.n, end.n, step.n);
    if (st)
        return st;
    const int ellipsis = c->node->params.strided_slice.ellipsis_mask, new_axis = c->node->params.strided_slice.new_axis_mask;
    int added = 0, from = 0;
    for (int i = 0; i < begin.n; i++) {
        added += !(ellipsis >> i & 1) && (new_axis >> i & 1);
        if (step.value[i] == 0)
            return hby_say(HBY_BAD_MODEL, c->why, "STRIDED_SLICE has a stride of 0");
    }
    const int total = in->rank + added;
    if ((ellipsis & (ellipsis - 1)) || total > HBY_SHAPE_VALUES || begin.n - (ellipsis != 0) > total)
        return hby_say(HBY_UNSUPPORTED, c->why, "STRIDED_SLICE has %d entries for %d dimensions", begin.n, in->rank);
    *n = 0;
    for (int i = 0; i < begin.n || *n < total; i++) {
        bool beyond = i >= begin.n;
        if (beyond || (ellipsis >> i & 1)) {
            for (int k = beyond ? total - *n : total - (begin.n - 1); k > 0 && from < in->rank; k--, from++)
                range[(*n)++] = (struct hby_slice_range){.step = 1, .count = in->dim[from]};
            if (beyond)
                break;
        } else if (new_axis >> i & 1) {
            range[(*n)++] = (struct hby_slice_range){.step = 1, .count = 1, .added = true};
        } else if (from < in->rank) {
            if (step.value[i] < 0 && (c->node->params.strided_slice.shrink_axis_mask >> i & 1))
                return hby_say(HBY_BAD_MODEL, c->why, "STRIDED_SLICE has a negative stride in a dimension that it drops");
            take_range(c, i, in->dim[from++], &begin, &end, &step, &range[(*n)++]);
        } else {
            return hby_say(HBY_BAD_MODEL, c->why, "STRIDED_SLICE has more entries than dimensions");
        }
    }
    return HBY_OK;
}

enum hby_status hby_shape_strided_slice(const struct hby_shape_call *c, struct hby_shape *out)
{
    struct hby_slice_range range[HBY_SHAPE_VALUES];
    int n;
    enum hby_status st = hby_shape_slice_ranges(c, range, &n);
    out->rank = 0;
    for (int i = 0; i < n && !st; i++) {
        if (range[i].shrunk)
            continue;
        if (out->rank == HBY_MAX_RANK)
            return hby_say(HBY_UNSUPPORTED, c->why, "its result has more than %d dimensions", HBY_MAX_RANK);
        out->dim[out->rank++] = range[i].count;
    }
    return st;
}
