/* Shape of BATCH_MATMUL. */
#include "partition/shapes.h"

enum hby_status hby_shape_batch_matmul(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *a = hby_shape_input(c, 0), *b = hby_shape_input(c, 1);
    if (a->rank < 2 || b->rank < 2)
        return hby_say(HBY_BAD_MODEL, c->why, "BATCH_MATMUL needs two inputs of at least two dimensions");
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < out->rank - 2; i++) { /* outwards from the matrix */
        const int x = a->rank - 3 - i, y = b->rank - 3 - i;
        const int64_t p = x < 0 ? 1 : a->dim[x], q = y < 0 ? 1 : b->dim[y];
        if (p != q && p != 1 && q != 1)
            return hby_say(HBY_BAD_MODEL, c->why, "batches of %lld and %lld do not broadcast", (long long)p, (long long)q);
        out->dim[out->rank - 3 - i] = p == 1 ? q : p;
    }
    out->dim[out->rank - 2] = a->dim[c->node->params.batch_matmul.adj_x ? a->rank - 1 : a->rank - 2];
    out->dim[out->rank - 1] = b->dim[c->node->params.batch_matmul.adj_y ? b->rank - 2 : b->rank - 1];
    return HBY_OK;
}
