/* RESHAPE, SQUEEZE, EXPAND_DIMS, TRANSPOSE, CONCATENATION, PACK, SPLIT and SPLIT_V: strided copies. */
#include "partition/lower_move.h"

#include <math.h>
#include <string.h>

enum hby_status hby_check_movable(const struct hby_lowering *lo, int in, int out)
{
    hby_i32 count;
    enum hby_status st = hby_count_of(lo, in, &count);
    if (!st)
        st = hby_count_of(lo, out, &count);
    if (!st)
        st = hby_check_same_type(lo, in, out);
    if (!st)
        st = hby_check_stored_alike(lo, in, out);
    if (!st && !hby_type_size(hby_tensor_of(lo, in)->type))
        st = hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is %s, which cannot be moved by elements", hby_name_of(lo, in),
                     hby_type_name(hby_tensor_of(lo, in)->type));
    return st;
}

enum hby_status hby_check_same_scale(const struct hby_lowering *lo, const struct hby_node *node)
{
    const struct hby_quant *a = &hby_tensor_of(lo, node->in[0])->quant, *b = &hby_tensor_of(lo, node->out[0])->quant;
    if (a->count != b->count || (a->count == 1 && (a->scale[0] != b->scale[0] || a->zero_point[0] != b->zero_point[0])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s needs one scale and zero point for input and output", hby_ops[node->op].name);
    return HBY_OK;
}

int hby_axis_of(const struct hby_lowering *lo, int64_t axis, int rank)
{
    const int64_t a = axis < 0 ? axis + rank : axis;
    if (a >= 0 && a < rank)
        return (int)a;
    hby_say(HBY_UNSUPPORTED, lo->why, "axis %lld of a tensor of %d dimensions", (long long)axis, rank);
    return -1;
}

enum hby_status hby_lower_one_move(struct hby_lowering *lo, const struct hby_node *node, int in, int out, struct hby_walk *w, int64_t in_offset,
                                   int64_t out_offset)
{
    int64_t count = 1;
    for (int i = 0; i < w->rank; i++)
        count *= w->dim[i];
    if (!hby_walk_collapse(w, 2, HBY_MOVE_RANK))
        return hby_say(HBY_UNSUPPORTED, lo->why, "more than %d dimensions are left to walk over", HBY_MOVE_RANK);
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_move, hby_scheme_of(lo, out));
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = s->n_out = 1;
    for (int i = 0; i < HBY_STEP_INPUTS; i++)
        s->in[i] = i ? -1 : in;
    s->out[0] = out;
    struct hby_args_move *a = &s->args.move;
    a->count = (hby_i32)count;
    a->elem_size = (hby_i32)hby_type_size(lo->plan->storage[out]);
    a->in_offset = (hby_i32)in_offset;
    a->out_offset = (hby_i32)out_offset;
    for (int i = 0; i < HBY_MOVE_RANK; i++) {
        a->dim[i] = (hby_i32)w->dim[i];
        a->in_stride[i] = (hby_i32)w->stride[0][i];
        a->out_stride[i] = (hby_i32)w->stride[1][i];
    }
    return HBY_OK;
}

enum hby_status hby_lower_copy(struct hby_lowering *lo, const struct hby_node *node)
{
    if (node->n_in > 1 && !hby_tensor_of(lo, node->in[1])->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "'%.60s' says the new shape while the model runs; it must be a constant", hby_name_of(lo, node->in[1]));
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_check_same_count(lo, node->in[0], node->out[0]);
    if (!st && node->op == HBY_OP_expand_dims)
        st = hby_check_same_scale(lo, node);
    if (st)
        return st;
    struct hby_walk w = {.rank = 1, .dim = {hby_tensor_count(hby_tensor_of(lo, node->in[0]))}, .stride = {{1}, {1}}};
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, 0, 0);
}

enum hby_status hby_lower_transpose(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t perm[HBY_MAX_RANK], dense[HBY_MAX_RANK];
    int n;
    bool seen[HBY_MAX_RANK] = {false};
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], HBY_MAX_RANK, perm, &n);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    if (n != in->rank || out->rank != in->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "TRANSPOSE has %d axes for %d dimensions", n, in->rank);
    struct hby_walk w = {.rank = n};
    hby_dense_strides(in, dense);
    hby_dense_strides(out, w.stride[1]);
    for (int i = 0; i < n; i++) {
        const int from = hby_axis_of(lo, perm[i], n);
        if (from < 0 || seen[from] || out->dim[i] != in->dim[from])
            return hby_say(HBY_UNSUPPORTED, lo->why, "TRANSPOSE's axes are no permutation that gives the output's shape");
        seen[from] = true;
        w.dim[i] = out->dim[i];
        w.stride[0][i] = dense[from];
    }
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, 0, 0);
}

/* --- pieces along an axis --- */

/* A piece of `whole` along `axis` from `begin`, whose shape is that of `piece`; `whole` is the step's output when `into`. */
static enum hby_status move_piece(struct hby_lowering *lo, const struct hby_node *node, int piece, int whole, int axis, int64_t begin, bool into)
{
    const struct hby_tensor *p = hby_tensor_of(lo, piece), *t = hby_tensor_of(lo, whole);
    struct hby_walk w = {.rank = p->rank};
    int64_t dense[HBY_MAX_RANK] = {1};
    hby_dense_strides(t, dense);
    for (int i = 0; i < p->rank; i++)
        w.dim[i] = p->dim[i];
    hby_dense_strides(p, w.stride[into ? 0 : 1]);
    memcpy(w.stride[into ? 1 : 0], dense, sizeof dense);
    const int64_t offset = begin * dense[axis];
    return into ? hby_lower_one_move(lo, node, piece, whole, &w, 0, offset) : hby_lower_one_move(lo, node, whole, piece, &w, offset, 0);
}

/* `piece` has the shape of `whole` but for `axis`. */
static enum hby_status check_piece(const struct hby_lowering *lo, int piece, int whole, int axis)
{
    const struct hby_tensor *p = hby_tensor_of(lo, piece), *t = hby_tensor_of(lo, whole);
    enum hby_status st = hby_check_movable(lo, piece, whole);
    if (st)
        return st;
    bool fits = p->rank == t->rank;
    for (int i = 0; fits && i < t->rank; i++)
        fits = i == axis ? p->dim[i] <= t->dim[i] : p->dim[i] == t->dim[i];
    return fits ? HBY_OK
                : hby_say(HBY_UNSUPPORTED, lo->why, "the shape of '%.50s' does not fit into that of '%.50s'", hby_name_of(lo, piece), hby_name_of(lo, whole));
}

/* Must a piece of a CONCATENATION be rescaled? TFLite does that for uint8 only, and refuses int8 and int16 that differ. */
static enum hby_status concat_scale(const struct hby_lowering *lo, int in, int out, bool *rescale)
{
    const enum hby_type type = hby_tensor_of(lo, out)->type;
    const bool same = hby_scale_of(lo, in) == hby_scale_of(lo, out) && hby_zero_point_of(lo, in) == hby_zero_point_of(lo, out);
    *rescale = false;
    if (type == HBY_I16 && (hby_zero_point_of(lo, in) || hby_zero_point_of(lo, out)))
        return hby_say(HBY_UNSUPPORTED, lo->why, "CONCATENATION of int16 needs zero points of 0");
    if (same || (type != HBY_U8 && type != HBY_I8))
        return HBY_OK;
    if (type == HBY_I8)
        return hby_say(HBY_UNSUPPORTED, lo->why, "CONCATENATION of int8 needs one scale and zero point; '%.50s' (%g, %d) differs from the output (%g, %d)",
                       hby_name_of(lo, in), (double)hby_scale_of(lo, in), (int)hby_zero_point_of(lo, in), (double)hby_scale_of(lo, out),
                       (int)hby_zero_point_of(lo, out));
    *rescale = true;
    enum hby_status st = hby_check_quant(lo, in);
    return st ? st : hby_check_quant(lo, out);
}

/* The last step becomes out[..] = table[in[..]]: TFLite rescales in float32, one piece at a time. */
static enum hby_status attach_rescale(struct hby_lowering *lo, int in, int out)
{
    struct hby_step *s = &lo->plan->step[lo->plan->n_steps - 1];
    uint8_t *table = hby_step_table(lo, s, 256);
    if (!table)
        return HBY_NO_MEMORY;
    const float inverse = 1.0f / hby_scale_of(lo, out), scale = hby_scale_of(lo, in) * inverse, bias = (float)-hby_zero_point_of(lo, in) * scale;
    for (int q = 0; q < 256; q++) {
        const float v = roundf((float)q * scale + bias) + (float)hby_zero_point_of(lo, out);
        table[q] = (uint8_t)(v < 0.0f ? 0.0f : v > 255.0f ? 255.0f : v);
    }
    s->args.move.has_table = 1;
    return HBY_OK;
}

enum hby_status hby_lower_concat(struct hby_lowering *lo, const struct hby_node *node)
{
    if (node->params.axis.act != HBY_ACT_NONE)
        return hby_say(HBY_UNSUPPORTED, lo->why, "CONCATENATION with a fused activation; give the activation a node of its own");
    const int out = node->out[0], axis = hby_axis_of(lo, node->params.axis.axis, hby_tensor_of(lo, out)->rank);
    int64_t begin = 0;
    for (int i = 0; i < node->n_in; i++) {
        const int in = node->in[i];
        bool rescale;
        if (axis < 0)
            return HBY_UNSUPPORTED;
        enum hby_status st = check_piece(lo, in, out, axis);
        if (!st)
            st = concat_scale(lo, in, out, &rescale);
        if (!st)
            st = move_piece(lo, node, in, out, axis, begin, true);
        if (!st && rescale)
            st = attach_rescale(lo, in, out);
        if (st)
            return st;
        begin += hby_tensor_of(lo, in)->dim[axis];
    }
    if (begin != hby_tensor_of(lo, out)->dim[axis])
        return hby_say(HBY_UNSUPPORTED, lo->why, "CONCATENATION's inputs add up to %lld along axis %d, its output has %d", (long long)begin, axis,
                       (int)hby_tensor_of(lo, out)->dim[axis]);
    return HBY_OK;
}

enum hby_status hby_lower_split(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t value, begin = 0;
    int n;
    const bool sizes = node->op == HBY_OP_split_v; /* (value, sizes, axis) instead of (axis, value); the outputs' shapes say the sizes */
    enum hby_status st = hby_constant_ints(lo, node->in[sizes ? 2 : 0], 1, &value, &n);
    if (st)
        return st;
    const int in = node->in[sizes ? 0 : 1], axis = n == 1 ? hby_axis_of(lo, value, hby_tensor_of(lo, in)->rank) : -1;
    if (axis < 0)
        return HBY_UNSUPPORTED;
    for (int i = 0; i < node->n_out; i++) {
        st = check_piece(lo, node->out[i], in, axis);
        if (!st && begin + hby_tensor_of(lo, node->out[i])->dim[axis] > hby_tensor_of(lo, in)->dim[axis])
            st = hby_say(HBY_UNSUPPORTED, lo->why, "the pieces are longer than the input along axis %d", axis);
        if (!st)
            st = move_piece(lo, node, node->out[i], in, axis, begin, false);
        if (st)
            return st;
        begin += hby_tensor_of(lo, node->out[i])->dim[axis];
    }
    return HBY_OK;
}

enum hby_status hby_lower_pack(struct hby_lowering *lo, const struct hby_node *node)
{
    const struct hby_tensor *out = hby_tensor_of(lo, node->out[0]);
    const int axis = hby_axis_of(lo, node->params.axis.axis, out->rank);
    if (axis < 0)
        return HBY_UNSUPPORTED;
    if (out->dim[axis] != node->n_in)
        return hby_say(HBY_UNSUPPORTED, lo->why, "PACK of %d tensors into %d", node->n_in, (int)out->dim[axis]);
    int64_t dense[HBY_MAX_RANK];
    hby_dense_strides(out, dense);
    for (int i = 0; i < node->n_in; i++) {
        enum hby_status st = hby_check_movable(lo, node->in[i], node->out[0]);
        if (st)
            return st;
        const struct hby_tensor *in = hby_tensor_of(lo, node->in[i]);
        if (in->rank != out->rank - 1 || hby_tensor_count(in) * node->n_in != hby_tensor_count(out))
            return hby_say(HBY_UNSUPPORTED, lo->why, "the shape of '%.50s' does not fit into that of '%.50s'", hby_name_of(lo, node->in[i]),
                           hby_name_of(lo, node->out[0]));
        if (hby_scale_of(lo, node->in[i]) != hby_scale_of(lo, node->out[0]) || hby_zero_point_of(lo, node->in[i]) != hby_zero_point_of(lo, node->out[0]))
            return hby_say(HBY_UNSUPPORTED, lo->why, "PACK needs one scale and zero point; '%.60s' differs from the output", hby_name_of(lo, node->in[i]));
        struct hby_walk w = {.rank = in->rank};
        hby_dense_strides(in, w.stride[0]);
        for (int k = 0; k < in->rank; k++) {
            w.dim[k] = in->dim[k];
            w.stride[1][k] = dense[k < axis ? k : k + 1];
        }
        st = hby_lower_one_move(lo, node, node->in[i], node->out[0], &w, 0, i * dense[axis]);
        if (st)
            return st;
    }
    return HBY_OK;
}
