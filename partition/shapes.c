#include "partition/shapes.h"

#include <stdlib.h>
#include <string.h>

#include "partition/element.h"

static const hby_shape_fn shape_functions[HBY_OP_COUNT] = {
#define HBY_OP(name, builtin, version, import, lower) [HBY_OP_##name] = hby_shape_##lower,
#include "partition/ops.def"
#undef HBY_OP
};

enum hby_status hby_shapes_create(struct hby_graph *g, struct hby_shapes **out)
{
    *out = NULL;
    struct hby_shapes *sh = calloc(1, sizeof *sh);
    if (!sh)
        return HBY_NO_MEMORY;
    sh->graph = g;
    sh->unknown = calloc((size_t)g->n_tensors + 1, sizeof *sh->unknown);
    sh->known = calloc((size_t)g->n_tensors + 1, sizeof *sh->known);
    if (!sh->unknown || !sh->known) {
        hby_shapes_destroy(&sh);
        return HBY_NO_MEMORY;
    }
    *out = sh;
    return HBY_OK;
}

void hby_shapes_destroy(struct hby_shapes **sh)
{
    if (!*sh)
        return;
    hby_pool_destroy(&(*sh)->pool);
    free((*sh)->unknown);
    free((*sh)->known);
    free(*sh);
    *sh = NULL;
}

const struct hby_tensor *hby_shape_input(const struct hby_shape_call *c, int i)
{
    return i < c->node->n_in && c->node->in[i] >= 0 ? &c->graph->tensor[c->node->in[i]] : NULL;
}

static bool read_constant(const struct hby_tensor *t, struct hby_known *k)
{
    int64_t n = hby_tensor_count(t);
    size_t size = hby_type_size(t->type);
    if (!t->data || t->is_sparse || (t->type != HBY_I32 && t->type != HBY_I64) || n > HBY_SHAPE_VALUES || t->bytes < (size_t)n * size)
        return false;
    k->n = (int)n;
    for (int i = 0; i < k->n; i++)
        k->value[i] = hby_load_int64(t->data, t->type, (size_t)i);
    return true;
}

static bool get_values(const struct hby_shapes *sh, int tensor, struct hby_known *k)
{
    if (tensor < 0)
        return false;
    if (sh->known[tensor]) {
        *k = *sh->known[tensor];
        return true;
    }
    return read_constant(&sh->graph->tensor[tensor], k);
}

/* Paddings and crops are matrices; lists are vectors, and a single number may be a scalar. */
static bool rank_is_possible(enum hby_op op, int input, int rank)
{
    switch (op) {
    case HBY_OP_pad:
    case HBY_OP_padv2:
    case HBY_OP_mirror_pad:
        return rank == 2;
    case HBY_OP_space_to_batch_nd:
    case HBY_OP_batch_to_space_nd:
        return rank == input; /* 1: block sizes; 2: paddings or crops */
    case HBY_OP_slice:
    case HBY_OP_strided_slice:
    case HBY_OP_transpose:
    case HBY_OP_broadcast_to:
        return rank == 1;
    case HBY_OP_range:
        return rank == 0;
    default:
        return rank <= 1;
    }
}

enum hby_status hby_shape_values(const struct hby_shape_call *c, int i, struct hby_known *k)
{
    const struct hby_tensor *t = hby_shape_input(c, i);
    if (!rank_is_possible(c->node->op, i, t->rank))
        return hby_say(HBY_BAD_MODEL, c->why, "input %d of %s cannot be of rank %d", i, hby_ops[c->node->op].name, t->rank);
    if (!get_values(c->state, c->node->in[i], k))
        return hby_say(HBY_UNSUPPORTED, c->why, "the shape of its result depends on input %d, which is computed while the model runs", i);
    return HBY_OK;
}

void hby_shape_same(const struct hby_tensor *t, struct hby_shape *s)
{
    s->rank = t->rank;
    for (int i = 0; i < t->rank; i++)
        s->dim[i] = t->dim[i];
}

bool hby_shapes_is_static(const struct hby_shapes *sh, int tensor)
{
    return tensor < 0 || sh->graph->tensor[tensor].data || sh->known[tensor];
}

static enum hby_status write_shape(struct hby_tensor *t, const struct hby_shape *s, struct hby_reason *why)
{
    int64_t count = 1;
    if (s->rank < 0 || s->rank > HBY_MAX_RANK)
        return hby_say(HBY_UNSUPPORTED, why, "its result has %d dimensions; the limit is %d", s->rank, HBY_MAX_RANK);
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] < 0)
            return hby_say(HBY_UNSUPPORTED, why, "dimension %d of its result is %lld; it cannot be negative", i, (long long)s->dim[i]);
        if (s->dim[i] > INT32_MAX || __builtin_mul_overflow(count, s->dim[i], &count) || count > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, why, "dimension %d of its result is %lld, which makes more than %d values, the limit", i, (long long)s->dim[i],
                           INT32_MAX);
    }
    t->rank = s->rank;
    memset(t->dim, 0, sizeof t->dim);
    for (int i = 0; i < s->rank; i++)
        t->dim[i] = (int32_t)s->dim[i];
    if (hby_type_size(t->type))
        t->bytes = (size_t)count * hby_type_size(t->type);
    return HBY_OK;
}

/* --- integer vectors --- */

static bool append_values(struct hby_known *to, const struct hby_known *from)
{
    if (to->n + from->n > HBY_SHAPE_VALUES)
        return false;
    memcpy(to->value + to->n, from->value, (size_t)from->n * sizeof *to->value);
    to->n += from->n;
    return true;
}

/* ADD, SUB, MUL of vectors of one length, or of a vector and a scalar. */
static bool combine(enum hby_op op, const struct hby_known *a, const struct hby_known *b, struct hby_known *out)
{
    int n = a->n > b->n ? a->n : b->n;
    if ((a->n != n && a->n != 1) || (b->n != n && b->n != 1))
        return false;
    out->n = n;
    for (int i = 0; i < n; i++) {
        int64_t x = a->value[a->n == 1 ? 0 : i], y = b->value[b->n == 1 ? 0 : i], *to = &out->value[i];
        bool over = op == HBY_OP_add   ? __builtin_add_overflow(x, y, to)
                    : op == HBY_OP_sub ? __builtin_sub_overflow(x, y, to)
                                       : __builtin_mul_overflow(x, y, to);
        if (over)
            return false;
    }
    return true;
}

static bool slice_values(const struct hby_shape_call *c, const struct hby_known *from, struct hby_known *out)
{
    struct hby_slice_range r[HBY_SHAPE_VALUES];
    struct hby_known begin, size;
    int n = 0, at = 0;
    if (c->graph->tensor[c->node->in[0]].rank != 1)
        return false;
    if (c->node->op == HBY_OP_slice) {
        if (hby_shape_values(c, 1, &begin) || hby_shape_values(c, 2, &size) || begin.n != 1 || size.n != 1)
            return false;
        r[0] = (struct hby_slice_range){.begin = begin.value[0], .step = 1, .count = size.value[0] < 0 ? from->n - begin.value[0] : size.value[0]};
        n = 1;
    } else if (hby_shape_slice_ranges(c, r, &n)) {
        return false;
    }
    while (at < n && r[at].added)
        at++;
    out->n = 0;
    for (int64_t i = 0; at < n && i < r[at].count; i++) {
        int64_t index = r[at].begin + i * r[at].step;
        if (index < 0 || index >= from->n || out->n >= HBY_SHAPE_VALUES)
            return false;
        out->value[out->n++] = from->value[index];
    }
    return at < n;
}

static bool join_values(const struct hby_shape_call *c, struct hby_known *out)
{
    struct hby_known part;
    out->n = 0;
    for (int i = 0; i < c->node->n_in; i++)
        if (c->graph->tensor[c->node->in[i]].rank > 1 || !get_values(c->state, c->node->in[i], &part) || !append_values(out, &part))
            return false;
    return true;
}

/* RANGE of integers. */
static bool count_values(const struct hby_shape_call *c, struct hby_known *out)
{
    struct hby_known start, step;
    const int64_t n = hby_tensor_count(&c->graph->tensor[c->node->out[0]]);
    if (!get_values(c->state, c->node->in[0], &start) || !get_values(c->state, c->node->in[2], &step) || n > HBY_SHAPE_VALUES)
        return false;
    out->n = (int)n;
    for (int i = 0; i < out->n; i++)
        if (__builtin_mul_overflow(step.value[0], i, &out->value[i]) || __builtin_add_overflow(start.value[0], out->value[i], &out->value[i]))
            return false;
    return true;
}

/* The values of the node's output, where they follow from shapes and constants. */
static bool find_values(const struct hby_shape_call *c, struct hby_known *out)
{
    const struct hby_node *n = c->node;
    struct hby_known a, b;
    if (n->op == HBY_OP_shape) {
        const struct hby_tensor *t = &c->graph->tensor[n->in[0]];
        out->n = t->rank;
        for (int i = 0; i < t->rank; i++)
            out->value[i] = t->dim[i];
        return true;
    }
    if (n->op == HBY_OP_rank) {
        *out = (struct hby_known){.n = 1, .value = {c->graph->tensor[n->in[0]].rank}};
        return true;
    }
    if (n->op == HBY_OP_range)
        return count_values(c, out);
    if (n->op == HBY_OP_pack || n->op == HBY_OP_concatenation)
        return join_values(c, out);
    if (!get_values(c->state, n->in[0], &a))
        return false;
    if (n->op == HBY_OP_reshape || n->op == HBY_OP_squeeze || n->op == HBY_OP_expand_dims || n->op == HBY_OP_cast) {
        *out = a;
        return true;
    }
    if (n->op == HBY_OP_strided_slice || n->op == HBY_OP_slice)
        return slice_values(c, &a, out);
    if (n->op == HBY_OP_add || n->op == HBY_OP_sub || n->op == HBY_OP_mul)
        return get_values(c->state, n->in[1], &b) && combine(n->op, &a, &b, out);
    return false;
}

enum hby_status hby_shapes_set_values(struct hby_shapes *sh, int tensor, const struct hby_known *values)
{
    struct hby_known *keep = hby_pool_alloc(&sh->pool, sizeof *keep);
    if (!keep)
        return HBY_NO_MEMORY;
    *keep = *values;
    sh->known[tensor] = keep;
    return HBY_OK;
}

static enum hby_status follow_values(const struct hby_shape_call *c)
{
    if (c->node->n_out != 1)
        return HBY_OK;
    const struct hby_tensor *out = &c->graph->tensor[c->node->out[0]];
    struct hby_known found;
    if ((out->type != HBY_I32 && out->type != HBY_I64) || hby_tensor_count(out) > HBY_SHAPE_VALUES)
        return HBY_OK;
    struct hby_reason unused;
    struct hby_shape_call quiet = *c;
    quiet.why = &unused;
    if (!find_values(&quiet, &found) || found.n != (int)hby_tensor_count(out))
        return HBY_OK;
    return hby_shapes_set_values(c->state, c->node->out[0], &found);
}

static enum hby_status infer(const struct hby_shape_call *c)
{
    struct hby_graph *g = c->state->graph;
    const struct hby_node *node = c->node;
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] >= 0 && c->state->unknown[node->in[i]])
            return hby_say(HBY_UNSUPPORTED, c->why, "tensor %d has a shape that is only known while the model runs", node->in[i]);
    struct hby_shape *shape = calloc((size_t)node->n_out + 1, sizeof *shape);
    if (!shape)
        return HBY_NO_MEMORY;
    enum hby_status st = shape_functions[node->op](c, shape);
    for (int i = 0; i < node->n_out && !st; i++)
        if (!g->tensor[node->out[i]].data)
            st = write_shape(&g->tensor[node->out[i]], &shape[i], c->why);
    for (int i = 0; i < node->n_out && !st; i++)
        c->state->unknown[node->out[i]] = false;
    free(shape);
    return st ? st : follow_values(c);
}

enum hby_status hby_shapes_node(struct hby_shapes *sh, const struct hby_node *node, struct hby_reason *why)
{
    const struct hby_shape_call c = {.state = sh, .graph = sh->graph, .node = node, .why = why};
    enum hby_status st = infer(&c);
    for (int i = 0; st && i < node->n_out; i++)
        sh->unknown[node->out[i]] = true;
    return st;
}
