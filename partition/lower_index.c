/* ONE_HOT, EMBEDDING_LOOKUP, TOPK_V2, DYNAMIC_UPDATE_SLICE, SCATTER_ND; WHERE, which has no place in a plan. */
#include <string.h>

#include "partition/lower_move.h"

enum hby_status hby_lower_one_hot(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_one_hot a = {.outer = 1, .inner = 1};
    int64_t depth;
    hby_i32 count;
    int n;
    enum hby_status st = hby_count_of(lo, node->in[0], &count);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], 1, &depth, &n);
    for (int i = 2; i < 4 && !st; i++) {
        st = hby_check_movable(lo, node->in[i], node->out[0]);
        if (!st && hby_tensor_count(hby_tensor_of(lo, node->in[i])) != 1)
            st = hby_say(HBY_UNSUPPORTED, lo->why, "ONE_HOT's input %d must be a scalar", i);
    }
    if (!st)
        st = hby_count_of(lo, node->out[0], &count);
    if (st)
        return st;
    const struct hby_tensor *index = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    const int axis = node->params.one_hot.axis == -1 ? index->rank : node->params.one_hot.axis;
    if (!hby_has_ref(node->op, scheme))
        return hby_refuse_type(lo, node, out->type);
    if (index->type != HBY_I32 && index->type != HBY_I64)
        return hby_say(HBY_UNSUPPORTED, lo->why, "indices '%.60s' are %s; they must be int32 or int64", hby_name_of(lo, node->in[0]),
                       hby_type_name(index->type));
    if (n != 1 || depth < 1 || depth > INT32_MAX || axis < 0 || axis > index->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "ONE_HOT has depth %lld and axis %d for %d dimensions", (long long)depth, axis, index->rank);
    for (int i = 0; i < index->rank; i++)
        *(i < axis ? &a.outer : &a.inner) *= index->dim[i];
    a.depth = (hby_i32)depth;
    if ((int64_t)a.outer * a.depth * a.inner != count)
        return hby_say(HBY_UNSUPPORTED, lo->why, "ONE_HOT's output does not have the shape that its depth gives");
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_one_hot, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    a.elem_size = (hby_i32)hby_type_size(lo->plan->storage[node->out[0]]);
    s->n_in = 3;
    s->in[1] = node->in[2];
    s->in[2] = node->in[3];
    s->in[3] = -1;
    s->args.one_hot = a;
    return HBY_OK;
}

/* --- EMBEDDING_LOOKUP --- */

/* Floats from a table of integers, whose rows share a scale or have their own. */
static enum hby_status dequantized_rows(struct hby_lowering *lo, const struct hby_node *node, struct hby_args_embedding *a)
{
    const struct hby_tensor *table = hby_tensor_of(lo, node->in[1]);
    const struct hby_quant *q = &table->quant;
    if (table->type != HBY_I8 && table->type != HBY_I4)
        return hby_say(HBY_UNSUPPORTED, lo->why, "EMBEDDING_LOOKUP from a table of %s to float is not supported", hby_type_name(table->type));
    if (!table->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the table is computed while the model runs; it must be a constant");
    enum hby_status st = hby_check_weights_quant(lo, node->in[1], 0, a->rows);
    if (st)
        return st;
    if (table->type == HBY_I4 && a->columns % 2)
        return hby_say(HBY_UNSUPPORTED, lo->why, "a table of int4 has %d columns; TFLite's rows begin at whole bytes", (int)a->columns);
    a->per_row = q->count > 1;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_embedding, HBY_SCHEME_f32w8);
    if (!s)
        return HBY_UNSUPPORTED;
    s->in[0] = node->in[1];
    s->in[1] = node->in[0];
    s->args.embedding = *a;
    float *scale = hby_step_table(lo, s, (size_t)q->count * sizeof *scale);
    if (!scale)
        return HBY_NO_MEMORY;
    memcpy(scale, q->scale, (size_t)q->count * sizeof *scale);
    return HBY_OK;
}

enum hby_status hby_lower_embedding_lookup(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_embedding a = {.columns = 1};
    enum hby_status st = hby_count_of(lo, node->in[0], &a.n_index);
    if (!st)
        st = hby_count_of(lo, node->in[1], &a.rows);
    if (!st)
        st = hby_count_of(lo, node->out[0], &a.columns);
    if (st)
        return st;
    const struct hby_tensor *index = hby_tensor_of(lo, node->in[0]), *table = hby_tensor_of(lo, node->in[1]), *out = hby_tensor_of(lo, node->out[0]);
    if (index->type != HBY_I32 || index->rank != 1 || table->rank < 2)
        return hby_say(HBY_UNSUPPORTED, lo->why, "EMBEDDING_LOOKUP needs a vector of int32 and a table of two dimensions or more");
    a.columns = a.rows / table->dim[0];
    a.rows = table->dim[0];
    if ((int64_t)a.n_index * a.columns != hby_tensor_count(out))
        return hby_say(HBY_UNSUPPORTED, lo->why, "EMBEDDING_LOOKUP's output does not have the shape that its table gives");
    for (int i = 0; i < a.n_index && index->data; i++) {
        int32_t at;
        memcpy(&at, (const char *)index->data + (size_t)i * sizeof at, sizeof at);
        if (at < 0 || at >= a.rows)
            return hby_say(HBY_UNSUPPORTED, lo->why, "index %d is outside a table of %d rows", (int)at, (int)a.rows);
    }
    if (hby_is_float(lo, node->out[0]) && !hby_is_float(lo, node->in[1]))
        return dequantized_rows(lo, node, &a);
    st = hby_check_movable(lo, node->in[1], node->out[0]);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_gather, hby_scheme_of(lo, node->out[0]));
    if (!s)
        return HBY_UNSUPPORTED;
    s->in[0] = node->in[1];
    s->in[1] = node->in[0];
    s->args.gather =
        (struct hby_args_gather){.batch = 1, .outer = 1, .n_index = a.n_index, .inner = a.columns, .n_dims = 1, .dim = {a.rows}, .stride = {a.columns}};
    s->args.gather.span = (hby_i32)hby_tensor_count(table);
    s->args.gather.elem_size = (hby_i32)hby_type_size(lo->plan->storage[node->out[0]]);
    return HBY_OK;
}

/* --- TOPK_V2 --- */

enum { MOST_RANKED = 1 << 26 }; /* comparisons */

enum hby_status hby_lower_topk(struct hby_lowering *lo, const struct hby_node *node)
{
    hby_i32 n_in, n_out, n_index;
    int64_t k;
    int n;
    enum hby_status st = hby_check_same_type(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_check_stored_alike(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], 1, &k, &n);
    if (!st)
        st = hby_count_of(lo, node->in[0], &n_in);
    if (!st)
        st = hby_count_of(lo, node->out[0], &n_out);
    if (!st)
        st = hby_count_of(lo, node->out[1], &n_index);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]);
    const enum hby_type index = hby_tensor_of(lo, node->out[1])->type;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, scheme) || in->type == HBY_BOOL)
        return hby_refuse_type(lo, node, in->type);
    if (index != HBY_I32 && index != HBY_I16)
        return hby_say(HBY_UNSUPPORTED, lo->why, "TOPK_V2's positions are %s; they must be int32 or int16", hby_type_name(index));
    const int depth = in->rank > 0 ? in->dim[in->rank - 1] : 0;
    if (n != 1 || k < 1 || k > depth)
        return hby_say(HBY_UNSUPPORTED, lo->why, "TOPK_V2 wants %lld of %d elements", (long long)k, depth);
    if (index == HBY_I16 && depth > INT16_MAX)
        return hby_say(HBY_UNSUPPORTED, lo->why, "TOPK_V2's positions are int16, its rows have %d elements", depth);
    if (n_in * k > MOST_RANKED)
        return hby_say(HBY_UNSUPPORTED, lo->why, "TOPK_V2 of %lld among %d: a pass over the row for each is slower than the runtime's sorting", (long long)k,
                       depth);
    struct hby_args_topk a = {.rows = n_in / depth, .depth = depth, .k = (hby_i32)k, .index_size = (hby_i32)hby_type_size(index)};
    if ((int64_t)a.rows * a.k != n_out || n_out != n_index)
        return hby_say(HBY_UNSUPPORTED, lo->why, "TOPK_V2's outputs do not have %d rows of %d elements", (int)a.rows, (int)a.k);
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_topk, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    s->in[1] = -1;
    s->n_out = 2;
    s->out[1] = node->out[1];
    s->args.topk = a;
    return HBY_OK;
}

/* --- DYNAMIC_UPDATE_SLICE --- */

enum hby_status hby_lower_update(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_update a = {0};
    hby_i32 unused;
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_check_movable(lo, node->in[1], node->out[0]);
    if (!st)
        st = hby_count_of(lo, node->in[2], &unused);
    if (!st)
        st = hby_count_of(lo, node->out[0], &a.count);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *update = hby_tensor_of(lo, node->in[1]), *start = hby_tensor_of(lo, node->in[2]);
    if (start->type != HBY_I32 && start->type != HBY_I64)
        return hby_say(HBY_UNSUPPORTED, lo->why, "positions '%.60s' are %s; they must be int32 or int64", hby_name_of(lo, node->in[2]),
                       hby_type_name(start->type));
    if (in->rank > HBY_GATHER_DIMS || in->rank < 1 || update->rank != in->rank || start->rank != 1 || start->dim[0] != in->rank ||
        !hby_same_shape(in, hby_tensor_of(lo, node->out[0])))
        return hby_say(HBY_UNSUPPORTED, lo->why, "DYNAMIC_UPDATE_SLICE has %d dimensions, an update of %d; at most %d are supported", in->rank, update->rank,
                       HBY_GATHER_DIMS);
    a.skip = HBY_GATHER_DIMS - in->rank;
    for (int i = 0; i < HBY_GATHER_DIMS; i++) {
        a.dim[i] = i < a.skip ? 1 : in->dim[i - a.skip];
        a.update_dim[i] = i < a.skip ? 1 : update->dim[i - a.skip];
        if (a.update_dim[i] > a.dim[i])
            return hby_say(HBY_UNSUPPORTED, lo->why, "an update of %d elements in a dimension of %d", (int)a.update_dim[i], (int)a.dim[i]);
    }
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_update, hby_scheme_of(lo, node->out[0]));
    if (!s)
        return HBY_UNSUPPORTED;
    a.elem_size = (hby_i32)hby_type_size(lo->plan->storage[node->out[0]]);
    s->args.update = a;
    return HBY_OK;
}

/* --- SCATTER_ND --- */

enum hby_status hby_lower_scatter(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_scatter a = {.n_index = 1, .slice = 1, .rows = 1};
    hby_i32 unused;
    enum hby_status st = hby_check_movable(lo, node->in[1], node->out[0]);
    if (!st)
        st = hby_count_of(lo, node->in[0], &unused);
    if (st)
        return st;
    const struct hby_tensor *index = hby_tensor_of(lo, node->in[0]), *update = hby_tensor_of(lo, node->in[1]), *out = hby_tensor_of(lo, node->out[0]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, scheme))
        return hby_refuse_type(lo, node, out->type);
    if (!hby_tensor_of(lo, node->in[2])->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "'%.60s' says the shape while the model runs; it must be a constant", hby_name_of(lo, node->in[2]));
    if (index->type != HBY_I32)
        return hby_say(HBY_UNSUPPORTED, lo->why, "indices '%.60s' are %s; they must be int32", hby_name_of(lo, node->in[0]), hby_type_name(index->type));
    const int outer = index->rank - 1;
    a.n_dims = outer >= 0 ? index->dim[outer] : 0;
    bool fits = a.n_dims >= 1 && a.n_dims <= HBY_GATHER_DIMS && a.n_dims <= out->rank && update->rank == outer + out->rank - a.n_dims;
    for (int i = 0; fits && i < update->rank; i++)
        fits = update->dim[i] == (i < outer ? index->dim[i] : out->dim[a.n_dims + i - outer]);
    if (!fits)
        return hby_say(HBY_UNSUPPORTED, lo->why, "SCATTER_ND's indices, updates and shape do not go together");
    for (int i = 0; i < update->rank; i++)
        *(i < outer ? &a.n_index : &a.slice) *= update->dim[i];
    for (int d = a.n_dims - 1; d >= 0; d--) {
        a.dim[d] = out->dim[d];
        a.stride[d] = a.rows;
        a.rows *= out->dim[d];
    }
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_scatter, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 2;
    s->in[2] = -1;
    s->args.scatter = a;
    return HBY_OK;
}

enum hby_status hby_lower_where(struct hby_lowering *lo, const struct hby_node *node)
{
    (void)node;
    return hby_say(HBY_UNSUPPORTED, lo->why, "WHERE's result is as long as its data say, which is known only while the model runs");
}
