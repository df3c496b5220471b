/* Launch rule of UNIDIRECTIONAL_SEQUENCE_LSTM: lstm.cl's two kernels, and before them the quantizer of dynamic range inputs. */
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/launch_recurrent.h"
#include "partition/lstm.h"

/* What the launches share. */
struct lstm {
    const struct hby_cl_site *site;
    const struct hby_args_lstm *p;
    enum hby_scheme scheme;
    int w[HBY_GATES], r[HBY_GATES], projection; /* tensors, -1 for none */
    int cells, outs, act_bias;
    bool half_w, half_r; /* r: with the projection */
};

static struct hby_matrices input_matrices(const struct lstm *m)
{
    return (struct hby_matrices){m->w, HBY_GATES, m->p->n_cell, m->p->n_in};
}

static struct hby_matrices state_matrices(const struct lstm *m)
{
    return (struct hby_matrices){m->r, HBY_GATES, m->p->n_cell, m->p->n_out};
}

static struct hby_matrices projection_matrix(const struct lstm *m)
{
    return (struct hby_matrices){&m->projection, 1, m->p->n_out, m->p->n_cell};
}

static struct lstm lstm_of(const struct hby_cl_site *site)
{
    struct lstm m = {.site = site, .p = &site->step->args.lstm, .scheme = site->step->scheme};
    for (int g = 0; g < HBY_GATES; g++) {
        m.w[g] = hby_recurrent_input(site, HBY_LSTM_W + g);
        m.r[g] = hby_recurrent_input(site, HBY_LSTM_R + g);
    }
    m.projection = hby_recurrent_input(site, HBY_LSTM_PROJECTION);
    m.cells = hby_recurrent_padded(m.p->n_cell);
    m.outs = hby_recurrent_padded(m.p->n_out);
    m.act_bias = hby_cl_act_bias(site->dev, m.scheme);
    const struct hby_matrices w = input_matrices(&m), r = state_matrices(&m), projection = projection_matrix(&m);
    m.half_w = m.scheme == HBY_SCHEME_f32 && hby_recurrent_in_half(site, &w);
    m.half_r = m.scheme == HBY_SCHEME_f32 && hby_recurrent_in_half(site, &r) && hby_recurrent_in_half(site, &projection);
    return m;
}

int hby_cl_match_lstm(const struct hby_cl_site *site, struct hby_reason *why)
{
    const struct hby_args_lstm *p = &site->step->args.lstm;
    const int64_t most = INT32_MAX / 64;
    if ((int64_t)p->batch * p->time > most || (int64_t)p->n_cell + p->n_out > most || p->n_in > most) {
        hby_say(HBY_UNSUPPORTED, why, "the LSTM is too large for the device's kernel");
        return 0;
    }
    return 1;
}

/* --- constants --- */

static int zero_point(const struct lstm *m, bool of_state)
{
    return (of_state ? m->p->state_zp : m->p->in_zp) + m->act_bias;
}

/* int[8][cells]: see lstm.cl. */
static void fill_sums(const void *context, int32_t *sums)
{
    const struct lstm *m = context;
    const struct hby_matrices of[] = {input_matrices(m), state_matrices(m)};
    for (int side = 0; side < 2; side++) {
        int32_t *to = sums + side * HBY_GATES * m->cells;
        hby_sum_rows(m->site, &of[side], to);
        if (m->scheme != HBY_SCHEME_i8)
            continue;
        for (int g = 0; g < HBY_GATES; g++)
            for (int i = 0; i < m->p->n_cell; i++) {
                uint32_t *sum = (uint32_t *)&to[g * m->cells + i];
                *sum = 0u - *sum * (uint32_t)zero_point(m, side);
                if (!side && !m->p->layer_norm)
                    *sum += (uint32_t)hby_recurrent_int(m->site, hby_recurrent_input(m->site, HBY_LSTM_BIAS + g), i);
            }
    }
}

/* One 4-byte word of a vector: float, or int with int8. */
static void put_word(const struct lstm *m, int tensor, int i, float scale, int32_t *to)
{
    const struct hby_tensor *t = tensor < 0 ? NULL : &m->site->plan->graph->tensor[tensor];
    if (!t)
        return;
    if (m->scheme == HBY_SCHEME_i8) {
        *to = hby_recurrent_int(m->site, tensor, i);
        return;
    }
    const float v = t->type == HBY_I8 ? scale * (float)hby_recurrent_int(m->site, tensor, i) : hby_recurrent_float(m->site, tensor, i);
    memcpy(to, &v, sizeof v);
}

static void fill_bias(const void *context, int32_t *bias)
{
    const struct lstm *m = context;
    for (int g = 0; g < HBY_GATES; g++)
        for (int i = 0; i < m->p->n_cell; i++)
            put_word(m, hby_recurrent_input(m->site, HBY_LSTM_BIAS + g), i, 1.0f, &bias[g * m->cells + i]);
}

static bool peepholes_differ(const struct lstm *m)
{
    return m->scheme == HBY_SCHEME_i8 && m->p->time_major && m->p->n_out != m->p->n_cell;
}

/* [tables][3][cells]. int8: the runtime walks over n_out weights per batch, although there are n_cell (host_ref has the same). */
static void fill_peepholes(const struct lstm *m, int tables, int32_t *peep)
{
    for (int b = 0; b < tables; b++)
        for (int g = 0; g < HBY_GATES; g++)
            for (int i = 0; i < m->p->n_cell && hby_lstm_peephole(g) >= 0; i++) {
                const int at = b * m->p->n_cell + i, all = tables * m->p->n_out;
                if (m->scheme == HBY_SCHEME_i8 && at >= all)
                    continue;
                put_word(m, hby_recurrent_input(m->site, hby_lstm_peephole(g)), m->scheme == HBY_SCHEME_i8 ? at % m->p->n_out : i,
                         m->p->scale[HBY_FROM_CELL][g], &peep[(b * (HBY_GATES - 1) + g - (g == HBY_GATE_OUTPUT)) * m->cells + i]);
            }
}

static void fill_norm(const void *context, int32_t *norm)
{
    const struct lstm *m = context;
    for (int g = 0; g < HBY_GATES; g++)
        for (int i = 0; i < m->p->n_cell; i++) {
            put_word(m, hby_recurrent_input(m->site, HBY_LSTM_NORM + g), i, 1.0f, &norm[g * m->cells + i]);
            put_word(m, hby_recurrent_input(m->site, HBY_LSTM_BIAS + g), i, 1.0f, &norm[(HBY_GATES + g) * m->cells + i]);
        }
}

/* [2][outs] */
static void fill_projection(const void *context, int32_t *psum)
{
    const struct lstm *m = context;
    const struct hby_matrices matrix = projection_matrix(m);
    const int bias = hby_recurrent_input(m->site, HBY_LSTM_PROJECTION_BIAS);
    if (m->scheme != HBY_SCHEME_f32)
        hby_sum_rows(m->site, &matrix, psum);
    for (int i = 0; i < m->p->n_out; i++)
        if (m->scheme == HBY_SCHEME_i8) /* the runtime's hidden values are less the zero point, and this adds it */
            psum[i] = (int32_t)((uint32_t)hby_recurrent_int(m->site, bias, i) - (uint32_t)psum[i] * (uint32_t)(m->act_bias - m->p->hidden.zero_point));
        else
            put_word(m, bias, i, 1.0f, &psum[m->outs + i]);
}

static void fill_one_peephole(const void *context, int32_t *peep)
{
    fill_peepholes(context, 1, peep);
}

static void fill_all_peepholes(const void *context, int32_t *peep)
{
    const struct lstm *m = context;
    fill_peepholes(m, m->p->batch, peep);
}

/* The three curves behind each other. */
static enum hby_status bind_curves(const struct lstm *m, struct hby_cl_launch *l)
{
    const struct hby_table *t = m->site->step->table;
    if (m->scheme != HBY_SCHEME_i8 || hby_cl_is_dry(l)) {
        hby_cl_arg_tensor(l, -1);
        return HBY_OK;
    }
    char *all = malloc(3 * t[0].bytes);
    if (!all)
        return HBY_NO_MEMORY;
    for (size_t i = 0; i < 3; i++)
        memcpy(all + i * t[0].bytes, t[i].data, t[0].bytes);
    hby_cl_arg_const(l, all, 3 * t[0].bytes);
    free(all);
    return HBY_OK;
}

/* --- launches --- */

static struct hby_recurrent_rows rows_of(const struct lstm *m)
{
    return (struct hby_recurrent_rows){m->site->step->in[HBY_LSTM_X], m->p->batch * m->p->time, m->p->n_in, m->p->asymmetric};
}

static void gates_arg(const struct lstm *m, struct hby_cl_launch *l)
{
    hby_cl_arg_scratch(l, HBY_RECURRENT_SUMS, (size_t)rows_of(m).rows * HBY_GATES * (size_t)m->cells * (m->scheme == HBY_SCHEME_i8 ? 2 : 4));
}

static enum hby_status multiply_inputs(const struct lstm *m, struct hby_cl_launch *l)
{
    const bool hybrid = m->scheme == HBY_SCHEME_f32w8;
    const struct hby_recurrent_rows rows = rows_of(m);
    const int rows_each = hby_recurrent_rows_each(m->site, rows.rows);
    const struct hby_matrices w = input_matrices(m);
    hby_cl_define(l, "HBY_HALF_WEIGHTS", m->half_w);
    enum hby_status st = hby_cl_use(l, "lstm.cl", "hby_lstm_input");
    if (st)
        return st;
    hby_cl_arg_args(l, m->p, sizeof *m->p);
    hby_cl_arg_tensor(l, rows.tensor);
    if (hybrid) {
        hby_recurrent_row_args(l, &rows);
    } else {
        hby_cl_arg_tensor(l, rows.tensor);
        hby_cl_arg_tensor(l, -1);
    }
    if ((st = hby_pack_matrices(m->site, l, &w, m->half_w)) ||
        (st = hby_recurrent_words(l, m->scheme != HBY_SCHEME_f32, (size_t)m->cells * HBY_GATES * 2, fill_sums, m)) ||
        (st = hby_recurrent_words(l, m->scheme != HBY_SCHEME_i8, (size_t)m->cells * HBY_GATES, fill_bias, m)))
        return st;
    gates_arg(m, l);
    hby_cl_arg_i32(l, hybrid ? hby_recurrent_pitch(&rows) : m->p->n_in);
    hby_cl_arg_i32(l, rows_each);
    hby_recurrent_grid(m->site, l, m->cells * HBY_GATES, rows.rows, rows_each);
    return HBY_OK;
}

static enum hby_status take_steps(const struct lstm *m, struct hby_cl_launch *l)
{
    const struct hby_step *s = m->site->step;
    const struct hby_matrices r = state_matrices(m), projection = projection_matrix(m);
    const bool differ = peepholes_differ(m), i8 = m->scheme == HBY_SCHEME_i8;
    const int wide = m->cells > m->outs ? m->cells : m->outs, tables = differ ? m->p->batch : 1;
    hby_cl_define(l, "HBY_HALF_WEIGHTS", m->half_r);
    enum hby_status st = hby_cl_use(l, "lstm.cl", "hby_lstm_steps");
    if (st)
        return st;
    hby_cl_arg_args(l, m->p, sizeof *m->p);
    gates_arg(m, l);
    if ((st = hby_pack_matrices(m->site, l, &r, m->half_r)) ||
        (st = hby_recurrent_words(l, m->scheme != HBY_SCHEME_f32, (size_t)m->cells * HBY_GATES * 2, fill_sums, m)) ||
        (st =
             hby_recurrent_words(l, m->p->peephole, (size_t)tables * (size_t)m->cells * (HBY_GATES - 1), differ ? fill_all_peepholes : fill_one_peephole, m)) ||
        (st = hby_recurrent_words(l, m->p->layer_norm, (size_t)m->cells * HBY_GATES * 2, fill_norm, m)))
        return st;
    /* read in the float forms, too, but of no use there */
    static const int32_t no_numbers[HBY_GATES * 3];
    hby_cl_arg_const(l, i8 ? s->table[3].data : no_numbers, sizeof no_numbers);
    if (m->p->projection)
        st = hby_pack_matrices(m->site, l, &projection, m->half_r);
    else
        hby_cl_arg_tensor(l, -1);
    if (st || (st = hby_recurrent_words(l, m->p->projection, (size_t)m->outs * 2, fill_projection, m)) || (st = bind_curves(m, l)))
        return st;
    hby_cl_arg_tensor(l, s->in[HBY_LSTM_H]);
    hby_cl_arg_tensor(l, s->in[HBY_LSTM_C]);
    for (int i = HBY_LSTM_OUT; i <= HBY_LSTM_NEXT_C; i++)
        hby_cl_arg_tensor(l, s->out[i]);
    hby_cl_arg_scratch(l, HBY_RECURRENT_WORK, (size_t)m->p->batch * ((size_t)m->cells * (HBY_GATES + 1) + (size_t)wide * 5 / 2) * 4);
    hby_cl_arg_i32(l, differ ? m->cells * (HBY_GATES - 1) : 0);
    hby_recurrent_steps_grid(m->site, l, m->p->batch, m->cells * HBY_GATES);
    return HBY_OK;
}

enum hby_status hby_cl_launch_lstm(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    static const char *const arithmetic[HBY_SCHEME_COUNT] = {
        [HBY_SCHEME_f32] = "float", [HBY_SCHEME_f32w8] = "int8 x int8 -> int32 -> float", [HBY_SCHEME_i8] = "int8 x int8 -> int32, int16 cells"};
    const struct lstm m = lstm_of(site);
    const struct hby_recurrent_rows rows = rows_of(&m);
    enum hby_status st = m.scheme == HBY_SCHEME_f32w8 ? hby_recurrent_quantize(site, l, &rows) : HBY_OK;
    if (!st)
        st = multiply_inputs(&m, l);
    if (!st)
        st = take_steps(&m, l);
    if (st)
        return st;
    const double per_step = (double)m.p->n_cell * HBY_GATES * ((double)m.p->n_in + m.p->n_out) + (m.p->projection ? (double)m.p->n_cell * m.p->n_out : 0.0);
    hby_cl_arithmetic(l, arithmetic[m.scheme]);
    hby_cl_cost(l, per_step * rows.rows, hby_nest_bytes(site));
    return HBY_OK;
}
