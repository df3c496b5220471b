/* Launch rule of SOFTMAX. */
#include <string.h>

#include "kernels_cl/launch_nest.h"
#include "partition/fixedpoint.h"

int hby_cl_match_softmax(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type own = hby_nest_type(s->scheme), in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const int tables = hby_nest_is_float(own) ? 0 : own == HBY_I16 ? 2 : 1;
    return hby_nest_takes(site, in == own && (out == own || (out == HBY_I16 && hby_type_size(own) == 1)) && own != HBY_I32 && s->n_tables >= tables, why);
}

/* The exponentials as they enter the sum: from Q31 to Q19. */
static void bind_summands(const struct hby_step *s, struct hby_cl_launch *l)
{
    int32_t summand[256];
    for (int d = 0; d < 256; d++) {
        int32_t e;
        memcpy(&e, (const char *)s->table[0].data + (size_t)d * sizeof e, sizeof e);
        summand[d] = hby_rdbpot(e, 12);
    }
    hby_cl_arg_const(l, summand, sizeof summand);
}

enum hby_status hby_cl_launch_softmax(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_softmax *p = &s->args.softmax;
    const enum hby_type out = hby_nest_stored(site, s->out[0]);
    if (out != hby_nest_type(s->scheme))
        hby_cl_define(l, "HBY_SOFTMAX_OUT", (int)out);
    enum hby_status st = hby_cl_use(l, hby_nest_program, "hby_softmax");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_nest_arg_table(l, s, 0);
    if (hby_type_size(hby_nest_type(s->scheme)) == 1)
        bind_summands(s, l);
    else
        hby_nest_arg_table(l, s, 1);
    /* some 2000 elements per work-group of a CPU; rows are what a GPU has most of */
    const int units = site->dev->info.compute_units > 0 ? site->dev->info.compute_units : 1, share = p->rows / (4 * units);
    const int many = site->dev->info.kind == HBY_CL_CPU ? (2048 / p->depth < share ? 2048 / p->depth : share) : 1, rows_each = many > 1 ? many : 1;
    hby_cl_arg_i32(l, rows_each);
    hby_nest_grid_rows(site, l, (p->rows + rows_each - 1) / rows_each, p->depth);
    hby_cl_arithmetic(l, hby_nest_arithmetic(hby_nest_type(s->scheme)));
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
