/* SELECT and SELECT_V2. */
#include "partition/lower_move.h"

/* Strides of a tensor aligned to the output on the right; those of SELECT's condition of one dimension, on the left. */
static bool align(const struct hby_tensor *t, const struct hby_tensor *out, bool left, int64_t *stride)
{
    int64_t dense[HBY_MAX_RANK];
    const int shift = left ? 0 : out->rank - t->rank;
    hby_dense_strides(t, dense);
    for (int i = 0; i < out->rank; i++) {
        const int k = i - shift;
        stride[i] = 0;
        if (k < 0 || k >= t->rank || t->dim[k] == 1)
            continue;
        if (t->dim[k] != out->dim[i])
            return false;
        stride[i] = dense[k];
    }
    return t->rank <= out->rank;
}

enum hby_status hby_lower_select(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_select a = {0};
    hby_i32 unused;
    enum hby_status st = HBY_OK;
    for (int i = 1; i < 3 && !st; i++)
        st = hby_check_movable(lo, node->in[i], node->out[0]);
    for (int i = 0; i < 3 && !st; i++)
        st = hby_count_of(lo, node->in[i], &unused);
    if (!st)
        st = hby_count_of(lo, node->out[0], &a.count);
    if (st)
        return st;
    const struct hby_tensor *condition = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    if (condition->type != HBY_BOOL)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s's condition is %s; it must be bool", hby_ops[node->op].name, hby_type_name(condition->type));
    struct hby_walk w = {.rank = out->rank};
    for (int i = 0; i < out->rank; i++)
        w.dim[i] = out->dim[i];
    const bool by_rows = node->op == HBY_OP_select && condition->rank == 1;
    bool fits = align(condition, out, by_rows, w.stride[0]);
    for (int i = 1; i < 3; i++)
        fits = fits && align(hby_tensor_of(lo, node->in[i]), out, false, w.stride[i]);
    if (!fits)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s's inputs do not broadcast to its output", hby_ops[node->op].name);
    hby_dense_strides(out, w.stride[3]);
    if (!hby_walk_collapse(&w, 4, HBY_BINARY_RANK))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the broadcast alternates over more than %d dimensions", HBY_BINARY_RANK);
    for (int i = 0; i < HBY_BINARY_RANK; i++) {
        a.dim[i] = (hby_i32)w.dim[i];
        a.c_stride[i] = (hby_i32)w.stride[0][i];
        a.a_stride[i] = (hby_i32)w.stride[1][i];
        a.b_stride[i] = (hby_i32)w.stride[2][i];
    }
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_select, hby_scheme_of(lo, node->out[0]));
    if (!s)
        return HBY_UNSUPPORTED;
    a.elem_size = (hby_i32)hby_type_size(lo->plan->storage[node->out[0]]);
    s->args.select = a;
    return HBY_OK;
}
