/* FILL, REVERSE_V2 and RANGE. */
#include "partition/lower_move.h"

/* One element over and over. */
enum hby_status hby_lower_fill(struct hby_lowering *lo, const struct hby_node *node)
{
    enum hby_status st = hby_check_movable(lo, node->in[1], node->out[0]);
    if (st)
        return st;
    const struct hby_tensor *value = hby_tensor_of(lo, node->in[1]), *out = hby_tensor_of(lo, node->out[0]);
    if (!hby_tensor_of(lo, node->in[0])->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "'%.60s' says the shape while the model runs; it must be a constant", hby_name_of(lo, node->in[0]));
    if (value->rank != 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "FILL's value has %d dimensions; it must be a scalar", value->rank);
    if (hby_scale_of(lo, node->in[1]) != hby_scale_of(lo, node->out[0]) || hby_zero_point_of(lo, node->in[1]) != hby_zero_point_of(lo, node->out[0]))
        return hby_say(HBY_UNSUPPORTED, lo->why, "FILL needs one scale and zero point; its output has others than its value");
    struct hby_walk w = {.rank = 1, .dim = {hby_tensor_count(out)}, .stride = {{0}, {1}}};
    return hby_lower_one_move(lo, node, node->in[1], node->out[0], &w, 0, 0);
}

/* Backwards along some axes, which must be neighbours as in TFLite. */
enum hby_status hby_lower_reverse(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t axis[HBY_MAX_RANK];
    int n;
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], HBY_MAX_RANK, axis, &n);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    if (!hby_same_shape(in, hby_tensor_of(lo, node->out[0])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "REVERSE_V2's output does not have its input's shape");
    struct hby_walk w = {.rank = in->rank};
    bool turned[HBY_MAX_RANK] = {false};
    int64_t offset = 0;
    int first = HBY_MAX_RANK, last = -1;
    hby_dense_strides(in, w.stride[0]);
    hby_dense_strides(in, w.stride[1]);
    for (int i = 0; i < in->rank; i++)
        w.dim[i] = in->dim[i];
    for (int i = 0; i < n; i++) {
        const int at = hby_axis_of(lo, axis[i], in->rank);
        if (at < 0)
            return HBY_UNSUPPORTED;
        if (turned[at])
            return hby_say(HBY_UNSUPPORTED, lo->why, "REVERSE_V2 names axis %d twice", at);
        turned[at] = true;
        offset += (w.dim[at] - 1) * w.stride[0][at];
        w.stride[0][at] = -w.stride[0][at];
        first = at < first ? at : first;
        last = at > last ? at : last;
    }
    if (n > 0 && last - first != n - 1)
        return hby_say(HBY_UNSUPPORTED, lo->why, "REVERSE_V2 of axes that are not neighbours fails in TFLite");
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, offset, 0);
}

enum hby_status hby_lower_range(struct hby_lowering *lo, const struct hby_node *node)
{
    (void)node;
    return hby_say(HBY_UNSUPPORTED, lo->why,
                   "RANGE is supported only where its start, limit and step are known before the model runs, and its size is moderate");
}
