/* Launch rules of UNIDIRECTIONAL_SEQUENCE_RNN and SVDF, and what they share with the LSTM's. */
#include "kernels_cl/launch_recurrent.h"

#include <stdlib.h>
#include <string.h>

#include "kernels_cl/hybrid_args.clh"

/* --- shared --- */

int hby_recurrent_pitch(const struct hby_recurrent_rows *r)
{
    return (r->width + 3) / 4 * 4;
}

void hby_recurrent_row_args(struct hby_cl_launch *l, const struct hby_recurrent_rows *r)
{
    hby_cl_arg_scratch(l, HBY_RECURRENT_BYTES, (size_t)r->rows * (size_t)hby_recurrent_pitch(r));
    hby_cl_arg_scratch(l, HBY_RECURRENT_ROWS, (size_t)r->rows * sizeof(struct hby_hybrid_row));
}

enum hby_status hby_recurrent_quantize(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_recurrent_rows *r)
{
    const struct hby_hybrid_args h = {
        .batch = r->rows, .lines = 1, .width = r->width, .padded_lines = 1, .pitch = hby_recurrent_pitch(r), .asymmetric = r->asymmetric};
    hby_cl_define(l, "HBY_IN_TYPE", 0);
    enum hby_status st = hby_cl_use(l, "hybrid.cl", "hby_hybrid_whole");
    if (st)
        return st;
    hby_cl_arg_args(l, &h, sizeof h);
    hby_cl_arg_tensor(l, r->tensor);
    hby_cl_arg_scratch(l, HBY_RECURRENT_ROWS, (size_t)r->rows * sizeof(struct hby_hybrid_row));
    hby_cl_arg_scratch(l, HBY_RECURRENT_BYTES, (size_t)r->rows * (size_t)hby_recurrent_pitch(r));
    hby_nest_grid_rows(site, l, h.batch, h.width);
    return HBY_OK;
}

static bool is_cpu(const struct hby_cl_site *site)
{
    return site->dev->info.kind == HBY_CL_CPU;
}

int hby_recurrent_rows_each(const struct hby_cl_site *site, int rows)
{
    return is_cpu(site) ? (rows + 7) / 8 : 1;
}

void hby_recurrent_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, int units, int rows, int rows_each)
{
    hby_nest_grid_2d(site, l, (size_t)(units / (is_cpu(site) ? 16 : 1)), (size_t)((rows + rows_each - 1) / rows_each));
}

void hby_recurrent_steps_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, int batch, int units)
{
    enum { MOST = 256 }; /* HBY_R_GROUP */
    const size_t most = hby_cl_max_group(l);
    size_t group = 1;
    while (!is_cpu(site) && group * 2 <= MOST && group * 2 <= most && group * 2 <= site->dev->info.max_work_item[0] && group < (size_t)units)
        group *= 2;
    hby_cl_grid(l, (const size_t[3]){group * (size_t)batch, 1, 1}, (const size_t[3]){group, 1, 1});
}

enum hby_status hby_recurrent_words(struct hby_cl_launch *l, bool wanted, size_t words, void (*fill)(const void *context, int32_t *to), const void *context)
{
    if (!wanted || hby_cl_is_dry(l)) {
        hby_cl_arg_tensor(l, -1);
        return HBY_OK;
    }
    int32_t *table = calloc(words, sizeof *table);
    if (!table)
        return HBY_NO_MEMORY;
    fill(context, table);
    hby_cl_arg_const(l, table, words * sizeof *table);
    free(table);
    return HBY_OK;
}

/* --- UNIDIRECTIONAL_SEQUENCE_RNN --- */

int hby_cl_match_rnn(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_args_rnn *p = &site->step->args.rnn;
    const int64_t most = INT32_MAX / 64;
    if ((int64_t)p->batch * p->time > most || p->n_in > most || p->n_out > most) {
        hby_say(HBY_UNSUPPORTED, why, "the RNN is too large for the device's kernel");
        return 0;
    }
    return 1;
}

static void fill_rnn_sums(const void *context, int32_t *sums)
{
    const struct hby_cl_site *site = context;
    const struct hby_args_rnn *p = &site->step->args.rnn;
    const struct hby_matrices w = {&site->step->in[1], 1, p->n_out, p->n_in}, r = {&site->step->in[2], 1, p->n_out, p->n_out};
    hby_sum_rows(site, &w, sums);
    hby_sum_rows(site, &r, sums + hby_recurrent_padded(p->n_out));
}

static void fill_rnn_bias(const void *context, int32_t *bias)
{
    const struct hby_cl_site *site = context;
    memcpy(bias, site->plan->graph->tensor[site->step->in[3]].data, (size_t)site->step->args.rnn.n_out * sizeof *bias);
}

static enum hby_status rnn_input(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_recurrent_rows *rows)
{
    const struct hby_step *s = site->step;
    const struct hby_args_rnn *p = &s->args.rnn;
    const struct hby_matrices w = {&s->in[1], 1, p->n_out, p->n_in};
    const bool hybrid = s->scheme == HBY_SCHEME_f32w8, half = !hybrid && hby_recurrent_in_half(site, &w);
    const int padded = hby_recurrent_padded(p->n_out), rows_each = hby_recurrent_rows_each(site, rows->rows);
    hby_cl_define(l, "HBY_HALF_WEIGHTS", half);
    enum hby_status st = hby_cl_use(l, "rnn.cl", "hby_rnn_input");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    if (hybrid)
        hby_recurrent_row_args(l, rows);
    for (int i = 0; i < 2 && !hybrid; i++)
        hby_cl_arg_tensor(l, -1);
    if ((st = hby_pack_matrices(site, l, &w, half)) || (st = hby_recurrent_words(l, hybrid, (size_t)padded * 2, fill_rnn_sums, site)) ||
        (st = hby_recurrent_words(l, true, (size_t)padded, fill_rnn_bias, site)))
        return st;
    hby_cl_arg_scratch(l, HBY_RECURRENT_SUMS, (size_t)rows->rows * (size_t)padded * sizeof(float));
    hby_cl_arg_i32(l, hby_recurrent_pitch(rows));
    hby_cl_arg_i32(l, rows_each);
    hby_recurrent_grid(site, l, padded, rows->rows, rows_each);
    return HBY_OK;
}

static enum hby_status rnn_steps(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_recurrent_rows *rows)
{
    const struct hby_step *s = site->step;
    const struct hby_args_rnn *p = &s->args.rnn;
    const struct hby_matrices r = {&s->in[2], 1, p->n_out, p->n_out};
    const bool hybrid = s->scheme == HBY_SCHEME_f32w8, half = !hybrid && hby_recurrent_in_half(site, &r);
    const int padded = hby_recurrent_padded(p->n_out);
    hby_cl_define(l, "HBY_HALF_WEIGHTS", half);
    enum hby_status st = hby_cl_use(l, "rnn.cl", "hby_rnn_steps");
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_scratch(l, HBY_RECURRENT_SUMS, (size_t)rows->rows * (size_t)padded * sizeof(float));
    if ((st = hby_pack_matrices(site, l, &r, half)) || (st = hby_recurrent_words(l, hybrid, (size_t)padded * 2, fill_rnn_sums, site)))
        return st;
    hby_cl_arg_tensor(l, s->in[4]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_tensor(l, s->out[1]);
    hby_cl_arg_scratch(l, HBY_RECURRENT_WORK, (size_t)p->batch * (size_t)padded * 9);
    hby_recurrent_steps_grid(site, l, p->batch, padded);
    return HBY_OK;
}

enum hby_status hby_cl_launch_rnn(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_args_rnn *p = &site->step->args.rnn;
    const bool hybrid = site->step->scheme == HBY_SCHEME_f32w8;
    const struct hby_recurrent_rows rows = {site->step->in[0], p->batch * p->time, p->n_in, p->asymmetric};
    enum hby_status st = hybrid ? hby_recurrent_quantize(site, l, &rows) : HBY_OK;
    if (!st)
        st = rnn_input(site, l, &rows);
    if (!st)
        st = rnn_steps(site, l, &rows);
    if (st)
        return st;
    hby_cl_arithmetic(l, hybrid ? "int8 x int8 -> int32 -> float" : "float");
    hby_cl_cost(l, (double)rows.rows * p->n_out * ((double)p->n_in + p->n_out), hby_nest_bytes(site));
    return HBY_OK;
}

/* --- SVDF --- */

int hby_cl_match_svdf(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_step *s = site->step;
    if (s->scheme == HBY_SCHEME_f32 && site->plan->storage[s->in[1]] != site->plan->storage[s->in[2]]) {
        hby_say(HBY_UNSUPPORTED, why, "one of SVDF's weights is float16, and the other is not");
        return 0;
    }
    return 1;
}

enum hby_status hby_cl_launch_svdf(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    const struct hby_step *s = site->step;
    const struct hby_args_svdf *p = &s->args.svdf;
    const bool hybrid = s->scheme == HBY_SCHEME_f32w8;
    const struct hby_recurrent_rows rows = {s->in[0], p->batch, p->n_in, p->asymmetric};
    enum hby_status st = hybrid ? hby_recurrent_quantize(site, l, &rows) : HBY_OK;
    if (st)
        return st;
    hby_cl_define(l, "HBY_HALF_WEIGHTS", site->plan->storage[s->in[1]] == HBY_F16);
    if ((st = hby_cl_use(l, "svdf.cl", "hby_svdf")) != HBY_OK)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    hby_cl_arg_tensor(l, s->in[0]);
    if (hybrid)
        hby_recurrent_row_args(l, &rows);
    for (int i = 0; i < 2 && !hybrid; i++)
        hby_cl_arg_tensor(l, -1);
    for (int i = 1; i < 5; i++)
        hby_cl_arg_tensor(l, s->in[i]);
    hby_cl_arg_tensor(l, s->out[0]);
    hby_cl_arg_tensor(l, s->out[1]);
    hby_cl_arg_i32(l, hby_recurrent_pitch(&rows));
    hby_cl_arg_i32(l, s->in[3] >= 0);
    hby_nest_grid_2d(site, l, (size_t)(p->filters / p->rank), (size_t)p->batch);
    hby_cl_arithmetic(l, s->scheme == HBY_SCHEME_i8 ? "int8 x int8 -> int32, int16 memory" : hybrid ? "int8 x int8 -> int32 -> float" : "float");
    hby_cl_cost(l, (double)p->batch * p->filters * ((double)p->n_in + p->memory), hby_nest_bytes(site));
    return HBY_OK;
}
