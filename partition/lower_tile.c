/* TILE, BROADCAST_TO and UNPACK: strided copies in which elements are read more than once, or one slice at a time. */
#include "partition/lower_move.h"

/* How many dimensions the copies of a tensor along axes [from, to) walk over, once neighbours are joined. */
static bool tile_walk(const struct hby_tensor *in, const int64_t *times, int from, int to, struct hby_walk *w)
{
    int64_t dense[HBY_MAX_RANK], out = 1;
    hby_dense_strides(in, dense);
    *w = (struct hby_walk){.rank = 0};
    for (int i = 0; i < in->rank; i++) {
        const bool tiled = i >= from && i < to && times[i] > 1;
        if (tiled) {
            w->dim[w->rank] = times[i];
            w->stride[0][w->rank++] = 0;
        }
        w->dim[w->rank] = in->dim[i];
        w->stride[0][w->rank++] = dense[i];
    }
    for (int i = w->rank; i-- > 0; out *= w->dim[i])
        w->stride[1][i] = out;
    struct hby_walk trial = *w;
    return hby_walk_collapse(&trial, 2, HBY_MOVE_RANK);
}

enum hby_status hby_lower_tile(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t times[HBY_MAX_RANK];
    int n, in = node->in[0];
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], HBY_MAX_RANK, times, &n);
    if (st)
        return st;
    const struct hby_tensor *t = hby_tensor_of(lo, in), *out = hby_tensor_of(lo, node->out[0]);
    if (n != t->rank || out->rank != t->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "TILE has %d multiples for %d dimensions", n, t->rank);
    for (int i = 0; i < n; i++)
        if (times[i] < 1 || times[i] > INT32_MAX || t->dim[i] * times[i] != out->dim[i])
            return hby_say(HBY_UNSUPPORTED, lo->why, "dimension %d of %d, %lld times, does not give the output's %d", i, (int)t->dim[i], (long long)times[i],
                           (int)out->dim[i]);
    /* as many inner axes at a time as one copy can walk over: two at least */
    for (int to = n; to >= 0;) {
        struct hby_walk w;
        int from = 0, next = node->out[0];
        while (!tile_walk(hby_tensor_of(lo, in), times, from, to, &w) && from < to)
            from++;
        if (from > 0) {
            struct hby_tensor like = *hby_tensor_of(lo, in);
            int64_t count = 1;
            for (int i = 0; i < n; i++) {
                like.dim[i] = i >= from && i < to ? like.dim[i] * (int32_t)times[i] : like.dim[i];
                count *= like.dim[i];
            }
            like.bytes = (size_t)count * hby_type_size(like.type);
            like.data = NULL;
            if (hby_step_tensor(lo, &like, lo->plan->storage[node->out[0]], &next))
                return hby_say(HBY_NO_MEMORY, lo->why, "out of memory");
        }
        st = hby_lower_one_move(lo, node, in, next, &w, 0, 0);
        if (st || from == 0)
            return st;
        in = next;
        to = from;
    }
    return HBY_OK;
}

enum hby_status hby_lower_broadcast_to(struct hby_lowering *lo, const struct hby_node *node)
{
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (st)
        return st;
    if (!hby_tensor_of(lo, node->in[1])->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "'%.60s' says the new shape while the model runs; it must be a constant", hby_name_of(lo, node->in[1]));
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    int64_t dense[HBY_MAX_RANK];
    struct hby_walk w = {.rank = out->rank};
    hby_dense_strides(in, dense);
    hby_dense_strides(out, w.stride[1]);
    for (int i = 0; i < out->rank; i++) {
        const int k = i - (out->rank - in->rank);
        w.dim[i] = out->dim[i];
        w.stride[0][i] = k < 0 || in->dim[k] == 1 ? 0 : dense[k];
        if (in->rank > out->rank || (k >= 0 && in->dim[k] != 1 && in->dim[k] != out->dim[i]))
            return hby_say(HBY_UNSUPPORTED, lo->why, "the shape of '%.50s' does not broadcast to that of '%.50s'", hby_name_of(lo, node->in[0]),
                           hby_name_of(lo, node->out[0]));
    }
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, 0, 0);
}

enum hby_status hby_lower_unpack(struct hby_lowering *lo, const struct hby_node *node)
{
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    const int axis = hby_axis_of(lo, node->params.axis.axis, in->rank);
    if (axis < 0)
        return HBY_UNSUPPORTED;
    if (in->dim[axis] != node->n_out)
        return hby_say(HBY_UNSUPPORTED, lo->why, "UNPACK of %d slices into %d tensors", (int)in->dim[axis], node->n_out);
    int64_t dense[HBY_MAX_RANK];
    hby_dense_strides(in, dense);
    for (int i = 0; i < node->n_out; i++) {
        enum hby_status st = hby_check_movable(lo, node->in[0], node->out[i]);
        if (st)
            return st;
        const struct hby_tensor *out = hby_tensor_of(lo, node->out[i]);
        if (hby_tensor_count(out) * node->n_out != hby_tensor_count(in) || out->rank != in->rank - 1)
            return hby_say(HBY_UNSUPPORTED, lo->why, "the shape of '%.50s' is no slice of '%.50s'", hby_name_of(lo, node->out[i]),
                           hby_name_of(lo, node->in[0]));
        if (hby_scale_of(lo, node->in[0]) != hby_scale_of(lo, node->out[i]) || hby_zero_point_of(lo, node->in[0]) != hby_zero_point_of(lo, node->out[i]))
            return hby_say(HBY_UNSUPPORTED, lo->why, "UNPACK needs one scale and zero point; '%.60s' differs from the input", hby_name_of(lo, node->out[i]));
        struct hby_walk w = {.rank = out->rank};
        hby_dense_strides(out, w.stride[1]);
        for (int k = 0; k < out->rank; k++) {
            w.dim[k] = out->dim[k];
            w.stride[0][k] = dense[k < axis ? k : k + 1];
        }
        st = hby_lower_one_move(lo, node, node->in[0], node->out[i], &w, i * dense[axis], 0);
        if (st)
            return st;
    }
    return HBY_OK;
}
