/* BATCH_MATMUL: batches that broadcast, transposed operands, constants. */
#include <math.h>

#include "tests/element_cases.h"

/* A matrix behind `batches` dimensions, of which some are 1. */
static int shape_of(struct check *c, int batches, const int *batch, int rows, int columns, bool adj, bool single, int *dim)
{
    const int skip = check_chance(c, 20) ? check_int(c, 0, batches) : 0;
    int rank = 0;
    for (int i = skip; i < batches; i++)
        dim[rank++] = single || check_chance(c, 25) ? 1 : batch[i];
    dim[rank++] = adj ? columns : rows;
    dim[rank++] = adj ? rows : columns;
    return rank;
}

static void one(struct check *c, enum hby_scheme scheme)
{
    int batch[3], a_dim[5], b_dim[5], out_dim[5];
    const bool hybrid = scheme == HBY_SCHEME_f32w8, adj_x = check_chance(c, 25), adj_y = check_chance(c, 50), constant = hybrid || check_chance(c, 40);
    const int batches = hybrid ? check_int(c, 0, 1) : check_int(c, 0, 3), m = check_int(c, 1, 20),
              n = check_chance(c, 20) ? check_int(c, 40, 90) : check_int(c, 1, 33);
    const int k = check_chance(c, 15) ? check_int(c, 200, 700) : check_int(c, 1, 70);
    for (int i = 0; i < batches; i++)
        batch[i] = check_int(c, 1, 3);
    const bool single = hybrid || (constant && check_chance(c, 70));
    const int a_rank = shape_of(c, batches, batch, m, k, adj_x, false, a_dim), b_rank = shape_of(c, batches, batch, k, n, adj_y, single, b_dim);
    const int rank = a_rank > b_rank ? a_rank : b_rank;
    for (int i = 0; i < rank - 2; i++) {
        const int x = a_rank - 3 - i, y = b_rank - 3 - i, p = x < 0 ? 1 : a_dim[x], q = y < 0 ? 1 : b_dim[y];
        out_dim[rank - 3 - i] = p == 1 ? q : p;
    }
    out_dim[rank - 2] = m;
    out_dim[rank - 1] = n;
    const enum hby_type type = check_type(scheme);
    const enum hby_type b_type = hybrid || (scheme == HBY_SCHEME_i16 && check_chance(c, 50)) ? HBY_I8
                                 : case_is_float(scheme) && constant && check_chance(c, 30)  ? HBY_F16
                                                                                             : type;
    const int in[2] = {check_input(c, type, a_rank, a_dim), constant ? check_const(c, b_type, b_rank, b_dim, NULL) : check_input(c, b_type, b_rank, b_dim)};
    const int out = check_output(c, type, rank, out_dim);
    if (hybrid && check_chance(c, 50))
        check_quant(c, in[1], adj_y ? b_rank - 2 : b_rank - 1, n, NULL, NULL);
    else if (hybrid || scheme == HBY_SCHEME_i16 || (scheme == HBY_SCHEME_i8 && check_chance(c, 60)))
        case_set_quant(c, in[1], check_scale(c, in[1]), 0);
    if (case_is_quantized(scheme))
        case_set_quant(c, out, check_scale(c, in[0]) * check_scale(c, in[1]) * sqrtf((float)k) * (scheme == HBY_SCHEME_i16 ? 2000.0f : 60.0f),
                       scheme == HBY_SCHEME_i16 ? 0 : check_int(c, -128, 127));
    struct hby_node *node = check_node(c, HBY_OP_batch_matmul, 2, in, 1, &out);
    node->params.batch_matmul.adj_x = adj_x;
    node->params.batch_matmul.adj_y = adj_y;
    node->params.batch_matmul.asymmetric_quantize_inputs = check_chance(c, 50);
    check_run(c, k);
}

void hby_check_batch_matmul(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 2 * check_cases(); i++)
        one(c, scheme);
}
