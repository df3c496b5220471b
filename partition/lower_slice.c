/* SLICE and STRIDED_SLICE: one move each, at an offset and with strides. */
#include "partition/lower_move.h"

enum hby_status hby_lower_slice(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t begin[HBY_MAX_RANK], size[HBY_MAX_RANK], dense[HBY_MAX_RANK], offset = 0;
    int n_begin, n_size;
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], HBY_MAX_RANK, begin, &n_begin);
    if (!st)
        st = hby_constant_ints(lo, node->in[2], HBY_MAX_RANK, size, &n_size);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    if (n_begin != in->rank || n_size != in->rank || out->rank != in->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "SLICE has %d begins and %d sizes for %d dimensions", n_begin, n_size, in->rank);
    struct hby_walk w = {.rank = in->rank};
    hby_dense_strides(in, dense);
    hby_dense_strides(out, w.stride[1]);
    for (int i = 0; i < in->rank; i++) {
        const int64_t length = size[i] == -1 ? in->dim[i] - begin[i] : size[i];
        if (begin[i] < 0 || length < 0 || begin[i] > in->dim[i] || length > in->dim[i] - begin[i] || length != out->dim[i])
            return hby_say(HBY_UNSUPPORTED, lo->why, "SLICE takes %lld elements from %lld on of a dimension of %d, and its output has %d", (long long)size[i],
                           (long long)begin[i], (int)in->dim[i], (int)out->dim[i]);
        w.dim[i] = length;
        w.stride[0][i] = dense[i];
        offset += begin[i] * dense[i];
    }
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, offset, 0);
}

/* What STRIDED_SLICE says about one dimension of the input after new axes were put in. */
struct span {
    int64_t size, stride_of_input; /* the dimension */
    int64_t begin, end, stride;
    bool begin_open, end_open, shrink;
};

/* The specification of a STRIDED_SLICE as it stands in the model. */
struct spec {
    int n;
    int64_t begin[HBY_SHAPE_RANK], end[HBY_SHAPE_RANK], stride[HBY_SHAPE_RANK];
    int begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    bool offset;
};

/* Spreads the specification over the dimensions: the ellipsis takes what the others leave, a new axis is a dimension of 1 that the input lacks.
 * The number of spans, or -1. */
static int spread(const struct hby_lowering *lo, const struct spec *s, const struct hby_tensor *in, struct span *span)
{
    int64_t dense[HBY_MAX_RANK];
    int added = 0, ellipses = 0, n = 0, from = 0; /* from: the input's next dimension */
    hby_dense_strides(in, dense);
    for (int i = 0; i < s->n; i++) {
        const bool ellipsis = s->ellipsis_mask >> i & 1;
        ellipses += ellipsis;
        added += !ellipsis && (s->new_axis_mask >> i & 1);
    }
    const int total = in->rank + added;
    /* TFLite lets an ellipsis take at least one dimension, whatever the others need: such a model is refused */
    if (ellipses > 1 || total > HBY_SHAPE_RANK || s->n > total) {
        hby_say(HBY_UNSUPPORTED, lo->why, "STRIDED_SLICE has %d entries with %d ellipses for %d dimensions", s->n, ellipses, in->rank);
        return -1;
    }
    for (int i = 0; i < s->n || n < total; i++) {
        const bool beyond = i >= s->n, ellipsis = !beyond && (s->ellipsis_mask >> i & 1);
        if (ellipsis || beyond) {
            for (int k = beyond ? total - n : total - (s->n - 1); k > 0; k--, from++)
                span[n++] = (struct span){.size = in->dim[from], .stride_of_input = dense[from], .stride = 1, .begin_open = true, .end_open = true};
        } else if (s->new_axis_mask >> i & 1) {
            span[n++] = (struct span){.size = 1, .stride = 1, .end = 1};
        } else {
            span[n] = (struct span){.size = in->dim[from], .stride_of_input = dense[from], .begin = s->begin[i], .end = s->end[i], .stride = s->stride[i]};
            span[n].begin_open = s->begin_mask >> i & 1;
            span[n].end_open = s->end_mask >> i & 1;
            span[n++].shrink = s->shrink_axis_mask >> i & 1;
            from++;
        }
    }
    return n;
}

static int64_t clamp64(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Beyond every dimension, also with another added: models of int64 say "to the end" by the largest number there is. */
static const int64_t far_off = INT64_C(1) << 40;

/* First index and number of indices, as TFLite's reference reads the masks. */
static void resolve(const struct span *s, bool offset, int64_t *first, int64_t *count)
{
    const int64_t low = s->stride > 0 ? 0 : -1, high = s->stride > 0 ? s->size : s->size - 1;
    *first = clamp64(s->begin < 0 ? s->begin + s->size : s->begin, low, high);
    if (s->begin_open)
        *first = s->stride > 0 ? 0 : s->size - 1;
    int64_t end = clamp64(s->end, -far_off, far_off) + (offset ? *first : 0);
    end = clamp64(end < 0 ? end + s->size : end, low, high);
    if (s->end_open)
        end = s->stride > 0 ? s->size : -1;
    if (s->shrink)
        end = *first >= s->size ? *first : *first + 1;
    const int64_t length = s->stride > 0 ? end - *first : *first - end, step = s->stride > 0 ? s->stride : -s->stride;
    *count = length > 0 ? (length + step - 1) / step : 0;
}

static enum hby_status read_spec(const struct hby_lowering *lo, const struct hby_node *node, struct spec *s)
{
    int n_end, n_stride;
    enum hby_status st = hby_constant_ints(lo, node->in[1], HBY_SHAPE_RANK, s->begin, &s->n);
    if (!st)
        st = hby_constant_ints(lo, node->in[2], HBY_SHAPE_RANK, s->end, &n_end);
    if (!st)
        st = hby_constant_ints(lo, node->in[3], HBY_SHAPE_RANK, s->stride, &n_stride);
    if (st)
        return st;
    if (s->n != n_end || s->n != n_stride)
        return hby_say(HBY_UNSUPPORTED, lo->why, "STRIDED_SLICE has %d begins, %d ends and %d strides", s->n, n_end, n_stride);
    for (int i = 0; i < n_stride; i++)
        s->stride[i] = clamp64(s->stride[i], -INT32_MAX, INT32_MAX); /* a longer one leads out of every dimension, too */
    s->begin_mask = node->params.strided_slice.begin_mask;
    s->end_mask = node->params.strided_slice.end_mask;
    s->ellipsis_mask = node->params.strided_slice.ellipsis_mask;
    s->new_axis_mask = node->params.strided_slice.new_axis_mask;
    s->shrink_axis_mask = node->params.strided_slice.shrink_axis_mask;
    s->offset = node->params.strided_slice.offset;
    return HBY_OK;
}

enum hby_status hby_lower_strided_slice(struct hby_lowering *lo, const struct hby_node *node)
{
    struct spec s;
    struct span span[HBY_SHAPE_RANK];
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = read_spec(lo, node, &s);
    if (st)
        return st;
    const struct hby_tensor *out = hby_tensor_of(lo, node->out[0]);
    const int n = spread(lo, &s, hby_tensor_of(lo, node->in[0]), span);
    if (n < 0)
        return HBY_UNSUPPORTED;
    struct hby_walk w = {.rank = n};
    int64_t offset = 0, dense = 1;
    int kept = out->rank; /* the output's dimensions are matched from the last */
    for (int i = n - 1; i >= 0; i--) {
        int64_t first;
        if (span[i].stride == 0)
            return hby_say(HBY_UNSUPPORTED, lo->why, "STRIDED_SLICE has a stride of 0");
        resolve(&span[i], s.offset, &first, &w.dim[i]);
        w.stride[0][i] = span[i].stride * span[i].stride_of_input;
        w.stride[1][i] = dense;
        dense *= w.dim[i];
        offset += first * span[i].stride_of_input;
        const bool matches = span[i].shrink ? w.dim[i] == 1 : kept > 0 && out->dim[--kept] == w.dim[i];
        if (!matches || w.dim[i] < 1)
            return hby_say(HBY_UNSUPPORTED, lo->why, "STRIDED_SLICE's indices give %lld elements along axis %d, which its output's shape contradicts",
                           (long long)w.dim[i], i);
    }
    if (kept)
        return hby_say(HBY_UNSUPPORTED, lo->why, "STRIDED_SLICE's output has %d dimensions more than its indices give", kept);
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, offset, 0);
}
