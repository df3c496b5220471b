/* Launch rule of the lookup in a table of 256 entries. */
#include "kernels_cl/launch_nest.h"

int hby_cl_match_table(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    const enum hby_type in = hby_nest_stored(site, s->in[0]), out = hby_nest_stored(site, s->out[0]);
    const size_t entry = hby_type_size(out);
    return hby_nest_takes(site, hby_type_size(in) == 1 && entry && s->n_tables == 1 && s->table[0].bytes == 256 * entry, why);
}

/* Is every entry the index with the same bits turned? Which ones, or -1. */
static int flipped_bits(const struct hby_table *t)
{
    const uint8_t *entry = t->data;
    for (int i = 0; i < 256; i++)
        if (t->bytes != 256 || entry[i] != (i ^ entry[0]))
            return -1;
    return entry[0];
}

enum hby_status hby_cl_launch_table(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_table *p = &s->args.table;
    hby_nest_define_element(site, l, (int)hby_type_size(hby_nest_stored(site, s->out[0])));
    hby_cl_any_bytes(l);
    enum hby_status st = hby_cl_use(l, hby_nest_program, "hby_table");
    if (st)
        return st;
    const struct hby_nest_cut cut = hby_nest_cut(site->dev, 1, p->count, 4);
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    hby_cl_arg_const(l, s->table[0].data, s->table[0].bytes);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_i32(l, cut.chunk);
    hby_cl_arg_i32(l, flipped_bits(&s->table[0]));
    hby_nest_grid_2d(site, l, ((size_t)p->count + (size_t)cut.chunk - 1) / (size_t)cut.chunk, 1);
    hby_cl_arithmetic(l, "lookup");
    hby_cl_cost(l, 0.0, hby_nest_bytes(site));
    return HBY_OK;
}
