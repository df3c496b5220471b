/* GATHER and GATHER_ND: strided copies where the indices are constants in equal steps, a nest of their own otherwise. */
#include "partition/element.h"
#include "partition/lower_move.h"

static enum hby_status check_indices(const struct hby_lowering *lo, int tensor)
{
    const enum hby_type type = hby_tensor_of(lo, tensor)->type;
    if (type != HBY_I16 && type != HBY_I32 && type != HBY_I64)
        return hby_say(HBY_UNSUPPORTED, lo->why, "indices '%.60s' are %s; they must be int16, int32 or int64", hby_name_of(lo, tensor), hby_type_name(type));
    return HBY_OK;
}

static int64_t index_at(const struct hby_tensor *t, int64_t i)
{
    return hby_load_int64(t->data, t->type, (size_t)i);
}

/* The runtime fails on a constant index that is outside: so be it. */
static enum hby_status check_constant(const struct hby_lowering *lo, int tensor, const struct hby_args_gather *a)
{
    const struct hby_tensor *t = hby_tensor_of(lo, tensor);
    for (int64_t i = 0, n = t->data ? hby_tensor_count(t) : 0; i < n; i++)
        if (index_at(t, i) < 0 || index_at(t, i) >= a->dim[i % a->n_dims])
            return hby_say(HBY_UNSUPPORTED, lo->why, "index %lld is outside a dimension of %d", (long long)index_at(t, i), (int)a->dim[i % a->n_dims]);
    return HBY_OK;
}

static enum hby_status append(struct hby_lowering *lo, const struct hby_node *node, const struct hby_args_gather *a)
{
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_gather, hby_scheme_of(lo, node->out[0]));
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.gather = *a;
    s->args.gather.elem_size = (hby_i32)hby_type_size(lo->plan->storage[node->out[0]]);
    return HBY_OK;
}

/* Constant indices in equal steps, one set for all: a strided copy. */
static bool is_strided(const struct hby_tensor *t, const struct hby_args_gather *a, int64_t *first, int64_t *step)
{
    if (!t->data || a->batch != 1)
        return false;
    *first = index_at(t, 0);
    *step = a->n_index > 1 ? index_at(t, 1) - *first : 0;
    for (int64_t i = 1; i < a->n_index; i++)
        if (index_at(t, i) != *first + i * *step)
            return false;
    return true;
}

static enum hby_status check_both(const struct hby_lowering *lo, const struct hby_node *node)
{
    hby_i32 unused;
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_count_of(lo, node->in[1], &unused);
    return st ? st : check_indices(lo, node->in[1]);
}

enum hby_status hby_lower_gather(struct hby_lowering *lo, const struct hby_node *node)
{
    enum hby_status st = check_both(lo, node);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *index = hby_tensor_of(lo, node->in[1]);
    const int axis = hby_axis_of(lo, node->params.gather.axis, in->rank);
    const int given = node->params.gather.batch_dims, batch_dims = given < 0 ? given + index->rank : given;
    if (axis < 0)
        return HBY_UNSUPPORTED;
    if (batch_dims < 0 || batch_dims > axis || batch_dims > index->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "GATHER has %d batch dimensions, axis %d and %d dimensions of indices", given, axis, index->rank);
    struct hby_args_gather a = {.batch = 1, .outer = 1, .n_index = 1, .inner = 1, .n_dims = 1};
    for (int i = 0; i < in->rank; i++) {
        if (i < batch_dims && in->dim[i] != index->dim[i])
            return hby_say(HBY_UNSUPPORTED, lo->why, "GATHER's batch dimension %d is %d and %d", i, (int)in->dim[i], (int)index->dim[i]);
        if (i != axis)
            *(i < batch_dims ? &a.batch : i < axis ? &a.outer : &a.inner) *= in->dim[i];
    }
    for (int i = batch_dims; i < index->rank; i++)
        a.n_index *= index->dim[i];
    a.dim[0] = in->dim[axis];
    a.stride[0] = a.inner;
    a.span = a.dim[0] * a.inner;
    if ((int64_t)a.batch * a.outer * a.n_index * a.inner != hby_tensor_count(hby_tensor_of(lo, node->out[0])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "GATHER's output does not have the shape that its indices give");
    st = check_constant(lo, node->in[1], &a);
    int64_t first, step;
    if (st || !is_strided(index, &a, &first, &step))
        return st ? st : append(lo, node, &a);
    struct hby_walk w = {.rank = 3, .dim = {a.outer, a.n_index, a.inner}, .stride = {{a.span, step * a.inner, 1}, {(int64_t)a.n_index * a.inner, a.inner, 1}}};
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, first * a.inner, 0);
}

enum hby_status hby_lower_gather_nd(struct hby_lowering *lo, const struct hby_node *node)
{
    enum hby_status st = check_both(lo, node);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *index = hby_tensor_of(lo, node->in[1]);
    struct hby_args_gather a = {.batch = 1, .outer = 1, .n_index = 1, .inner = 1, .n_dims = index->rank > 0 ? index->dim[index->rank - 1] : 0};
    if (a.n_dims < 1 || a.n_dims > in->rank || a.n_dims > HBY_GATHER_DIMS)
        return hby_say(HBY_UNSUPPORTED, lo->why, "GATHER_ND with %d indices into %d dimensions", (int)a.n_dims, in->rank);
    for (int i = in->rank; i-- > 0;) {
        if (i < a.n_dims) {
            a.dim[i] = in->dim[i];
            a.stride[i] = i == a.n_dims - 1 ? a.inner : a.stride[i + 1] * a.dim[i + 1];
        } else {
            a.inner *= in->dim[i];
        }
    }
    for (int i = 0; i < index->rank - 1; i++)
        a.n_index *= index->dim[i];
    if ((int64_t)a.n_index * a.inner != hby_tensor_count(hby_tensor_of(lo, node->out[0])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "GATHER_ND's output does not have the shape that its indices give");
    st = check_constant(lo, node->in[1], &a);
    return st ? st : append(lo, node, &a);
}
