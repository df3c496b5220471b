/* One tensor of the runtime -> one tensor of the graph. */
#include <string.h>

#include "delegate/import.h"
#include "partition/half.h"

static enum hby_type type_of(int32_t type)
{
    switch (type) {
    case HBY_TFL_FLOAT32:
        return HBY_F32;
    case HBY_TFL_FLOAT16:
        return HBY_F16;
    case HBY_TFL_INT8:
        return HBY_I8;
    case HBY_TFL_UINT8:
        return HBY_U8;
    case HBY_TFL_INT16:
        return HBY_I16;
    case HBY_TFL_INT32:
        return HBY_I32;
    case HBY_TFL_INT64:
        return HBY_I64;
    case HBY_TFL_BOOL:
        return HBY_BOOL;
    case HBY_TFL_INT4:
        return HBY_I4;
    default:
        return HBY_OTHER_TYPE;
    }
}

static enum hby_status unusable(struct hby_quant *q, const char *why)
{
    q->count = 0;
    q->block = 0;
    q->scale = q->block_scale = NULL;
    q->zero_point = NULL;
    q->unusable = true;
    q->why_unusable = why;
    return HBY_OK;
}

static enum hby_status copy_quant(struct hby_graph *g, struct hby_quant *q, int n, const float *scale, const int *zero_point, bool single_zero_point)
{
    float *s = hby_pool_alloc(&g->pool, (size_t)n * sizeof *s);
    int32_t *z = hby_pool_alloc(&g->pool, (size_t)n * sizeof *z);
    if (!s || !z)
        return HBY_NO_MEMORY;
    for (int i = 0; i < n; i++) {
        s[i] = scale[i];
        z[i] = zero_point ? zero_point[single_zero_point ? 0 : i] : 0;
    }
    q->count = n;
    q->scale = s;
    q->zero_point = z;
    return HBY_OK;
}

static enum hby_status import_affine(struct hby_graph *g, struct hby_tensor *to, const struct hby_tfl_affine *a)
{
    struct hby_quant *q = &to->quant;
    if (!a || !a->scale || a->scale->size == 0)
        return HBY_OK;
    int n = a->scale->size, zeros = a->zero_point ? a->zero_point->size : 0;
    if (n < 0 || (zeros != 0 && zeros != 1 && zeros != n))
        return unusable(q, "it has another number of zero points than of scales");
    q->axis = a->quantized_dimension;
    if (n > 1 && (q->axis < 0 || q->axis >= to->rank || to->dim[q->axis] != n))
        return unusable(q, "its number of scales is not the size of the quantized dimension");
    return copy_quant(g, q, n, a->scale->data, zeros ? a->zero_point->data : NULL, zeros == 1);
}

/* A constant of ctx, or NULL. */
static const struct hby_tfl_tensor *constant_at(const struct hby_tfl_context *ctx, int32_t id)
{
    const struct hby_tfl_tensor *t = id >= 0 && (size_t)id < ctx->tensors_size ? &ctx->tensors[id] : NULL;
    return t && t->allocation_type == HBY_TFL_MEM_MMAP_RO && t->data ? t : NULL;
}

static bool all_zero(const struct hby_tfl_tensor *t)
{
    for (size_t i = 0; i < t->bytes; i++)
        if (((const char *)t->data)[i])
            return false;
    return true;
}

/* Scales are a tensor of float16 (or float32), [rows][last axis / block]. FULLY_CONNECTED knows what to do with it; others see `unusable`. */
static enum hby_status import_blockwise(struct hby_graph *g, struct hby_tensor *to, const struct hby_tfl_context *ctx, const struct hby_tfl_blockwise *b)
{
    struct hby_quant *q = &to->quant;
    unusable(q, "it is quantized in blocks");
    const struct hby_tfl_tensor *scale = b ? constant_at(ctx, b->scale) : NULL, *zero = b ? constant_at(ctx, b->zero_point) : NULL;
    const int last = to->rank > 0 ? to->dim[to->rank - 1] : 0;
    if (!scale || (scale->type != HBY_TFL_FLOAT16 && scale->type != HBY_TFL_FLOAT32) || b->block_size < 1 || last % b->block_size ||
        hby_tensor_count(to) == INT64_MAX)
        return unusable(q, "it is quantized in blocks, and their size or scales are malformed");
    const size_t n = (size_t)(hby_tensor_count(to) / b->block_size), size = scale->type == HBY_TFL_FLOAT16 ? 2 : 4;
    if (scale->bytes != n * size)
        return unusable(q, "it is quantized in blocks, and has another number of scales than of blocks");
    if (zero && !all_zero(zero))
        return unusable(q, "it is quantized in blocks with zero points, which are not supported");
    float *s = hby_pool_alloc(&g->pool, n * sizeof *s);
    if (!s)
        return HBY_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(size == 2 ? (void *)&half : (void *)&s[i], (const char *)scale->data + i * size, size);
        if (size == 2)
            s[i] = hby_half_to_float(half);
    }
    q->block = b->block_size;
    q->block_scale = s;
    return HBY_OK;
}

static enum hby_status import_quant(struct hby_graph *g, struct hby_tensor *to, const struct hby_tfl_context *ctx, const struct hby_tfl_tensor *t)
{
    switch (t->quantization.type) {
    case HBY_TFL_QUANT_AFFINE:
        return import_affine(g, to, t->quantization.params);
    case HBY_TFL_QUANT_BLOCKWISE:
        return import_blockwise(g, to, ctx, t->quantization.params);
    case HBY_TFL_QUANT_MULTI_AXIS:
        return unusable(&to->quant, "it is quantized along several axes");
    case HBY_TFL_QUANT_NONE:
        /* Set by old code that knows only the per-tensor form. */
        return t->params.scale != 0.0f ? copy_quant(g, &to->quant, 1, &t->params.scale, &t->params.zero_point, true) : HBY_OK;
    default:
        return unusable(&to->quant, "its kind of quantization is not known here");
    }
}

static enum hby_status copy_ints(struct hby_graph *g, const struct hby_tfl_ints *from, int *n, const int32_t **to)
{
    *n = from ? from->size : 0;
    *to = NULL;
    if (*n <= 0) {
        *n = 0;
        return HBY_OK;
    }
    int32_t *copy = hby_pool_alloc(&g->pool, (size_t)*n * sizeof *copy);
    if (!copy)
        return HBY_NO_MEMORY;
    memcpy(copy, from->data, (size_t)*n * sizeof *copy);
    *to = copy;
    return HBY_OK;
}

static enum hby_status import_sparsity(struct hby_graph *g, struct hby_tensor *to, const struct hby_tfl_sparsity *from)
{
    struct hby_sparsity *s = hby_pool_alloc(&g->pool, sizeof *s);
    int n = from->dim && from->dim_size > 0 ? from->dim_size : 0;
    struct hby_sparse_dim *dim = hby_pool_alloc(&g->pool, (size_t)n * sizeof *dim);
    if (!s || !dim)
        return HBY_NO_MEMORY;
    enum hby_status st = copy_ints(g, from->traversal_order, &s->n_traversal, &s->traversal);
    if (!st)
        st = copy_ints(g, from->block_map, &s->n_block_map, &s->block_map);
    for (int i = 0; i < n && !st; i++) {
        dim[i].is_csr = from->dim[i].format == 1;
        dim[i].dense_size = from->dim[i].dense_size;
        if (!dim[i].is_csr)
            continue;
        st = copy_ints(g, from->dim[i].segments, &dim[i].n_segments, &dim[i].segments);
        if (!st)
            st = copy_ints(g, from->dim[i].indices, &dim[i].n_indices, &dim[i].indices);
    }
    s->n_dims = n;
    s->dim = dim;
    to->is_sparse = true;
    to->sparsity = s;
    return st;
}

enum hby_status hby_import_tensor(struct hby_graph *g, int id, const struct hby_tfl_context *ctx, bool *unknown)
{
    static const char nothing[8];
    const struct hby_tfl_tensor *t = &ctx->tensors[id];
    struct hby_tensor *to = &g->tensor[id];
    to->type = type_of(t->type);
    to->runtime_index = id;
    to->name = t->name;
    to->bytes = t->bytes;
    to->is_variable = t->is_variable;
    if (!t->dims || t->dims->size < 0 || t->dims->size > HBY_MAX_RANK) {
        *unknown = true;
        return HBY_OK;
    }
    to->rank = t->dims->size;
    for (int i = 0; i < to->rank; i++)
        to->dim[i] = t->dims->data[i];
    if (t->allocation_type == HBY_TFL_MEM_MMAP_RO)
        to->data = t->data || t->bytes ? t->data : nothing;
    enum hby_status st = import_quant(g, to, ctx, t);
    if (!st && t->sparsity)
        st = import_sparsity(g, to, t->sparsity);
    return st;
}

enum hby_status hby_import_check_tensor(const struct hby_shapes *in, int id, struct hby_reason *why)
{
    const struct hby_tensor *t = &in->graph->tensor[id];
    const char *name = t->name ? t->name : "";
    if (in->unknown[id])
        return hby_say(HBY_UNSUPPORTED, why, "tensor %d '%.40s' has a shape that is only known while the model runs", id, name);
    if (t->type == HBY_OTHER_TYPE)
        return hby_say(HBY_UNSUPPORTED, why,
                       "tensor %d '%.40s' has a type that is not known here; float32, float16, int8, uint8, int16, int32, int64, bool and int4 are", id, name);
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++) {
        int d = t->dim[i];
        if (d < 0 || (d == 0 && !t->data))
            return hby_say(HBY_UNSUPPORTED, why, "tensor %d '%.40s' has no elements: dimension %d is %d", id, name, i, d);
        if (__builtin_mul_overflow(count, (int64_t)d, &count) || count > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, why, "tensor %d '%.40s' has 2^31 or more elements", id, name);
    }
    size_t need = (size_t)count * hby_type_size(t->type);
    if (t->data && !t->is_sparse && t->bytes < need)
        return hby_say(HBY_BAD_MODEL, why, "constant %d '%.40s' has %zu bytes; its shape needs %zu", id, name, t->bytes, need);
    return HBY_OK;
}
