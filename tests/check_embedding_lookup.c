/* EMBEDDING_LOOKUP: tables of the output's type, of int8 and of int4, with a scale for all or one per row. */
#include "tests/element_cases.h"

void hby_check_embedding_lookup(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 2 * check_cases(); i++) {
        int dim[CASE_RANK], out_dim[CASE_RANK];
        const bool hybrid = scheme == HBY_SCHEME_f32w8, is_i4 = hybrid && check_chance(c, 40);
        const enum hby_type type = hybrid ? HBY_F32 : case_type(c, scheme, false);
        const int rank = 1 + case_shape(c, 1, 3, dim + 1), n = check_int(c, 1, 30);
        dim[0] = check_int(c, 1, 60);
        dim[rank - 1] += is_i4 ? dim[rank - 1] % 2 : 0;
        for (int k = 0; k < rank; k++)
            out_dim[k] = k ? dim[k] : n;
        const int in[2] = {check_input(c, HBY_I32, 1, &n), hybrid || check_chance(c, 50)
                                                               ? check_const(c, hybrid ? (is_i4 ? HBY_I4 : HBY_I8) : type, rank, dim, NULL)
                                                               : check_input(c, type, rank, dim)};
        check_range(c, in[0], 0, dim[0] - 1);
        if (hybrid)
            check_quant(c, in[1], 0, check_chance(c, 50) ? dim[0] : 1, NULL, NULL);
        const int out = check_output(c, type, rank, out_dim);
        case_same_quant(c, in[1], out);
        check_node(c, HBY_OP_embedding_lookup, 2, in, 1, &out);
        check_run(c, 1);
    }
}
