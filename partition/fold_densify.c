/* TFLite's sparse constants -> dense ones. The schema (SparsityParameters) names, for each level of a nested walk, whether all positions follow each other
 * (DENSE) or only those that `indices` lists between two `segments` (SPARSE_CSR). Levels below the tensor's rank walk over dimensions; later ones walk inside
 * blocks of the dimension that block_map names. */
#include <string.h>

#include "partition/fold.h"

enum { MAX_LEVELS = 2 * HBY_MAX_RANK };

struct walk {
    const struct hby_sparsity *sp;
    const unsigned char *values;
    unsigned char *dense;
    size_t size, n_values, n_dense; /* size of an element; counts in elements */
    size_t step[MAX_LEVELS];        /* how far one position of a level moves in the dense tensor, in elements */
};

/* Walks the levels from `level` on. `segment` counts the nodes of the level above; `at` is the place in the dense tensor. False for data that contradict the
 * metadata. Depth is at most MAX_LEVELS. */
static bool walk_level(const struct walk *w, int level, size_t segment, size_t at)
{
    if (level == w->sp->n_dims) {
        if (segment >= w->n_values || at >= w->n_dense)
            return false;
        memcpy(w->dense + at * w->size, w->values + segment * w->size, w->size);
        return true;
    }
    const struct hby_sparse_dim *d = &w->sp->dim[level];
    if (!d->is_csr) {
        for (size_t i = 0; i < (size_t)d->dense_size; i++)
            if (!walk_level(w, level + 1, segment * (size_t)d->dense_size + i, at + i * w->step[level]))
                return false;
        return true;
    }
    if (segment + 1 >= (size_t)d->n_segments)
        return false;
    for (int32_t k = d->segments[segment]; k < d->segments[segment + 1]; k++)
        if (k < 0 || k >= d->n_indices || d->indices[k] < 0 || !walk_level(w, level + 1, (size_t)k, at + (size_t)d->indices[k] * w->step[level]))
            return false;
    return true;
}

/* Segments that never overlap: then the walk takes each index once, and ends. */
static bool ascends(const struct hby_sparse_dim *d)
{
    for (int i = 1; i < d->n_segments; i++)
        if (d->segments[i] < d->segments[i - 1])
            return false;
    return true;
}

/* Sizes of the blocks, and from them how far each level moves. */
static bool find_steps(struct walk *w, const struct hby_tensor *dense)
{
    const struct hby_sparsity *sp = w->sp;
    int rank = dense->rank, block[HBY_MAX_RANK];
    bool seen[MAX_LEVELS] = {false};
    if (sp->n_dims != rank + sp->n_block_map || sp->n_dims > MAX_LEVELS || sp->n_traversal != sp->n_dims || rank < 1)
        return false;
    for (int i = 0; i < rank; i++)
        block[i] = 1;
    for (int level = 0; level < sp->n_dims; level++) {
        int d = sp->traversal[level];
        if (d < 0 || d >= sp->n_dims || seen[d])
            return false;
        seen[d] = true;
        if (sp->dim[level].is_csr ? !ascends(&sp->dim[level]) : sp->dim[level].dense_size < 0)
            return false;
        if (d < rank)
            continue;
        int of = sp->block_map[d - rank];
        if (of < 0 || of >= rank || block[of] != 1 || sp->dim[level].is_csr || sp->dim[level].dense_size < 1)
            return false;
        block[of] = sp->dim[level].dense_size;
    }
    size_t stride[HBY_MAX_RANK];
    stride[rank - 1] = 1;
    for (int i = rank - 1; i > 0; i--)
        stride[i - 1] = stride[i] * (size_t)dense->dim[i];
    for (int level = 0; level < sp->n_dims; level++) {
        int d = sp->traversal[level];
        w->step[level] = d < rank ? stride[d] * (size_t)block[d] : stride[sp->block_map[d - rank]];
        int of = d < rank ? d : -1;
        if (of >= 0 && !sp->dim[level].is_csr && (int64_t)sp->dim[level].dense_size * block[of] != dense->dim[of])
            return false;
    }
    return true;
}

enum hby_status hby_fold_densify(struct hby_graph *g, const struct hby_tensor *sparse, const struct hby_tensor *dense, void **data)
{
    size_t size = hby_type_size(dense->type);
    if (!sparse->data || !sparse->sparsity || sparse->type != dense->type || (dense->type != HBY_F32 && dense->type != HBY_F16 && dense->type != HBY_I8))
        return HBY_UNSUPPORTED;
    int64_t count = hby_tensor_count(dense);
    struct walk w = {.sp = sparse->sparsity, .values = sparse->data, .size = size, .n_values = sparse->bytes / size, .n_dense = (size_t)count};
    if (count < 1 || dense->rank > HBY_MAX_RANK || !hby_same_shape(sparse, dense) || !find_steps(&w, dense))
        return HBY_UNSUPPORTED;
    w.dense = hby_pool_alloc(&g->pool, (size_t)count * size);
    if (!w.dense)
        return HBY_NO_MEMORY;
    if (!walk_level(&w, 0, 0, 0))
        return HBY_UNSUPPORTED;
    *data = w.dense;
    return HBY_OK;
}
