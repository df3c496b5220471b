/* UNIDIRECTIONAL_SEQUENCE_LSTM: tflite/kernels/lstm_eval.cc. One batch after the other: they do not touch each other. */
#include "partition/lstm.h"

#include "host_ref/recurrent.h"
#include "host_ref/ref.h"
#include "partition/fixedpoint.h"

/* --- float and dynamic range --- */

/* One batch in the making. Arrays of n_cell, but for h and the vectors' rooms. */
struct lstm_float {
    const struct hby_ref_call *c;
    const struct hby_args_lstm *a;
    bool hybrid;
    int batch;
    float *gate[HBY_GATES], *hidden, *x_room, *h_room;
    float *h, *cell;
};

static float lstm_weight(const struct hby_ref_call *c, int input, int i)
{
    return hby_load_float(c->in[input], c->in_type[input], (size_t)i);
}

/* `sum` and row `row` of the weights times the vector. Float: in the order of the matrix products on x86-64 that the runtime calls, four lanes for one batch,
 * one after the other for several. */
static float lstm_add(const struct lstm_float *l, float sum, int w, int row, const struct hby_recurrent_vector *v, int n, float scale)
{
    const struct hby_ref_call *c = l->c;
    const size_t at = (size_t)row * (size_t)n;
    if (l->hybrid)
        return hby_recurrent_add(sum, c->in[w], c->in_type[w], row, v, n, scale);
    const int in_lanes = l->a->time_major && l->a->batch > 1 ? 0 : n / 4 * 4;
    float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int i = 0; i < in_lanes; i++)
        lane[i % 4] += hby_load_float(c->in[w], c->in_type[w], at + (size_t)i) * v->value[i];
    float dot = (lane[0] + lane[2]) + (lane[1] + lane[3]);
    for (int i = in_lanes; i < n; i++)
        dot += hby_load_float(c->in[w], c->in_type[w], at + (size_t)i) * v->value[i];
    return sum + dot;
}

/* Subtracts the mean, divides by the standard deviation. */
static void normalize(float *v, int n)
{
    float sum = 0.0f, squares = 0.0f;
    for (int i = 0; i < n; i++)
        sum += v[i];
    const float mean = sum / (float)n;
    for (int i = 0; i < n; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    const float inverse = 1.0f / sqrtf(squares / (float)n + 1e-8f);
    for (int i = 0; i < n; i++)
        v[i] = (v[i] - mean) * inverse;
}

/* The runtime keeps the gates behind each other, in this order; with time first it takes all batches at once. */
static bool in_packet(const struct lstm_float *l, int g, int i)
{
    static const int place[HBY_GATES] = {0, 2, 1, 3};
    const struct hby_args_lstm *a = l->a;
    const size_t all = (size_t)a->batch * (size_t)a->n_cell, before = (size_t)l->batch * (size_t)a->n_cell, slot = (size_t)(place[g] - a->cifg) * all;
    return a->time_major ? hby_recurrent_in_packet(slot, all, before + (size_t)i) : hby_recurrent_in_packet(slot + before, (size_t)a->n_cell, (size_t)i);
}

static void gate_float(const struct lstm_float *l, int g, const struct hby_recurrent_vector *x, const struct hby_recurrent_vector *h)
{
    const struct hby_ref_call *c = l->c;
    const struct hby_args_lstm *a = l->a;
    const int w = HBY_LSTM_W + g, r = HBY_LSTM_R + g, p = hby_lstm_peephole(g), bias = HBY_LSTM_BIAS + g, norm = HBY_LSTM_NORM + g;
    float *gate = l->gate[g];
    for (int i = 0; i < a->n_cell; i++) {
        float sum = a->layer_norm ? 0.0f : lstm_weight(c, bias, i);
        sum = lstm_add(l, sum, w, i, x, a->n_in, a->scale[HBY_FROM_INPUT][g]);
        if (a->diagonal >> g & 1)
            sum += lstm_weight(c, r, i) * l->h[i];
        else
            sum = lstm_add(l, sum, r, i, h, a->n_out, a->scale[HBY_FROM_STATE][g]);
        if (a->peephole && p >= 0)
            sum += (l->hybrid ? a->scale[HBY_FROM_CELL][g] * (float)((const int8_t *)c->in[p])[i] : lstm_weight(c, p, i)) * l->cell[i];
        gate[i] = sum;
    }
    if (a->layer_norm)
        normalize(gate, a->n_cell);
    for (int i = 0; i < a->n_cell; i++) {
        const float sum = a->layer_norm ? gate[i] * lstm_weight(c, norm, i) + lstm_weight(c, bias, i) : gate[i];
        if (g == HBY_GATE_CELL)
            gate[i] = hby_recurrent_act(a->activation, sum);
        else
            gate[i] = in_packet(l, g, i) ? hby_recurrent_logistic_packet(sum) : hby_recurrent_logistic(sum);
    }
}

static float clip_float(float v, float limit)
{
    return limit > 0.0f ? (v < -limit ? -limit : v < limit ? v : limit) : v; /* the limit of NaN, as in the runtime */
}

static void cell_float(const struct lstm_float *l)
{
    const struct hby_args_lstm *a = l->a;
    for (int i = 0; i < a->n_cell; i++) {
        const float forget = l->gate[HBY_GATE_FORGET][i], kept = forget * l->cell[i];
        const float in = a->cifg ? 1.0f - forget : l->gate[HBY_GATE_INPUT][i];
        l->cell[i] = clip_float(kept + l->gate[HBY_GATE_CELL][i] * in, a->cell_clip);
    }
}

static void output_float(const struct lstm_float *l)
{
    const struct hby_ref_call *c = l->c;
    const struct hby_args_lstm *a = l->a;
    float *to = a->projection ? l->hidden : l->h;
    for (int i = 0; i < a->n_cell; i++)
        to[i] = hby_recurrent_act(a->activation, l->cell[i]) * l->gate[HBY_GATE_OUTPUT][i];
    if (!a->projection)
        return;
    const struct hby_recurrent_vector v = hby_recurrent_vector(l->hidden, 0, a->n_cell, l->hybrid, a->asymmetric, l->h_room);
    for (int i = 0; i < a->n_out; i++) {
        const float bias = c->in[HBY_LSTM_PROJECTION_BIAS] ? lstm_weight(c, HBY_LSTM_PROJECTION_BIAS, i) : 0.0f;
        const float sum = lstm_add(l, bias, HBY_LSTM_PROJECTION, i, &v, a->n_cell, a->proj_scale);
        l->h[i] = clip_float(sum, a->proj_clip);
    }
}

static void step_float(const struct lstm_float *l, size_t in, size_t out)
{
    const struct hby_args_lstm *a = l->a;
    const struct hby_recurrent_vector x = hby_recurrent_vector(l->c->in[HBY_LSTM_X], in, a->n_in, l->hybrid, a->asymmetric, l->x_room);
    const struct hby_recurrent_vector h = hby_recurrent_vector(l->h, 0, a->n_out, l->hybrid, a->asymmetric, l->h_room);
    for (int g = a->cifg; g < HBY_GATE_OUTPUT; g++)
        gate_float(l, g, &x, &h);
    cell_float(l);
    gate_float(l, HBY_GATE_OUTPUT, &x, &h);
    output_float(l);
    memcpy((float *)l->c->out + out, l->h, (size_t)a->n_out * sizeof(float));
}

static void lstm_float(const struct hby_ref_call *c, bool hybrid)
{
    const struct hby_args_lstm *a = &c->args->lstm;
    struct lstm_float l = {.c = c, .a = a, .hybrid = hybrid};
    float *scratch = c->state[HBY_LSTM_SCRATCH - 1];
    for (int g = 0; g < HBY_GATES; g++, scratch += a->n_cell)
        l.gate[g] = scratch;
    l.hidden = scratch;
    l.x_room = l.hidden + a->n_cell;
    l.h_room = l.x_room + a->n_in;
    for (int b = 0; b < a->batch; b++) {
        l.batch = b;
        l.h = (float *)c->state[HBY_LSTM_NEXT_H - 1] + (size_t)b * (size_t)a->n_out;
        l.cell = (float *)c->state[HBY_LSTM_NEXT_C - 1] + (size_t)b * (size_t)a->n_cell;
        memcpy(l.h, (const float *)c->in[HBY_LSTM_H] + (size_t)b * (size_t)a->n_out, (size_t)a->n_out * sizeof(float));
        memcpy(l.cell, (const float *)c->in[HBY_LSTM_C] + (size_t)b * (size_t)a->n_cell, (size_t)a->n_cell * sizeof(float));
        for (int t = 0; t < a->time; t++)
            step_float(&l, hby_recurrent_at(a->time_major, a->batch, a->time, b, t, a->n_in),
                       hby_recurrent_at(a->time_major, a->batch, a->time, b, t, a->n_out));
    }
}

void hby_ref_unidirectional_sequence_lstm_f32(const struct hby_ref_call *c)
{
    lstm_float(c, false);
}

void hby_ref_unidirectional_sequence_lstm_f32w8(const struct hby_ref_call *c)
{
    lstm_float(c, true);
}

/* --- int8 with int16 cells --- */

struct lstm_i8 {
    const struct hby_ref_call *c;
    const struct hby_args_lstm *a;
    int batch;
    int16_t *gate[HBY_GATES], *hidden;
    int8_t *h;
    int16_t *cell;
};

static int16_t sat16(int32_t x)
{
    return (int16_t)hby_clamp32(x, INT16_MIN, INT16_MAX);
}

static int32_t load32(const void *p, int i)
{
    return p ? hby_load_int(p, HBY_I32, (size_t)i) : 0;
}

/* bias + sum of weights times (value - zero point), modulo 2^32. */
static int32_t dot_i8(const int8_t *w, int row, const int8_t *v, int n, int32_t zero_point, int32_t bias)
{
    uint32_t sum = (uint32_t)bias;
    for (int i = 0; i < n; i++)
        sum += (uint32_t)(w[(size_t)row * (size_t)n + (size_t)i] * (v[i] - zero_point));
    return hby_wrap32(sum);
}

static int16_t curve(const struct hby_ref_call *c, int table, int16_t x)
{
    return ((const int16_t *)c->step->table[table].data)[x + 32768];
}

/* 1 / sqrt(x) as mult and a right shift: tflite/kernels/internal/common.h, GetInvSqrtQuantizedMultiplierExp. */
static void inverse_root(int32_t x, int32_t *mult, int *shift)
{
    *mult = INT32_MAX;
    *shift = 0;
    if (x <= 1)
        return;
    *shift = 11;
    for (; x >= 1 << 29; x /= 4)
        ++*shift;
    const int pairs = (__builtin_clz((unsigned)x) - 1) / 2 - 1;
    *shift -= pairs;
    x <<= 2 * pairs;
    const int32_t half = hby_rdbpot(x >> 1, 1), three_halves = (1 << 28) + (1 << 27);
    int32_t y = 1 << 28; /* Q3.28 */
    for (int i = 0; i < 5; i++) {
        const int32_t cube = hby_srdhm(hby_srdhm(y, y), y); /* Q9.22 */
        const int32_t y3 = cube > (1 << 25) - 1 ? INT32_MAX : cube < -((1 << 25) - 1) ? INT32_MIN : cube * 64;
        const int32_t next = hby_srdhm(three_halves, y) - hby_srdhm(half, y3); /* Q6.25 */
        y = next > (1 << 28) - 1 ? INT32_MAX : next < -((1 << 28) - 1) ? INT32_MIN : next * 8;
    }
    *mult = hby_srdhm(y, 1518500250); /* sqrt(2) / 2 */
    if (*shift < 0) {
        *mult = hby_shl32(*mult, -*shift);
        *shift = 0;
    }
}

/* PortableApplyLayerNorm: mean in steps of 1/1024, weights and bias, back to Q3.12. */
static void normalize_i8(const struct lstm_i8 *l, int g)
{
    const int n = l->a->n_cell;
    const int32_t *table = (const int32_t *)l->c->step->table[3].data + 3 * g;
    int16_t *gate = l->gate[g];
    int64_t sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += gate[i];
        squares += gate[i] * gate[i];
    }
    const int32_t mean = (int32_t)(sum * 1024 / n);
    const int64_t spread = squares * ((1 << 20) / n) - (int64_t)mean * mean;
    const int32_t variance = hby_wrap32((uint64_t)(spread / (1 << 20)));
    int32_t mult;
    int shift;
    inverse_root(variance < 1 ? table[2] : variance, &mult, &shift);
    for (int i = 0; i < n; i++) {
        const int32_t centred = hby_rescale_double(1024 * gate[i] - mean, mult, -shift);
        const int32_t weighted =
            hby_add32(hby_mul32(centred, hby_load_int(l->c->in[HBY_LSTM_NORM + g], HBY_I16, (size_t)i)), load32(l->c->in[HBY_LSTM_BIAS + g], i));
        const int64_t rounded = ((int64_t)weighted + (weighted > 0 ? 512 : -512)) / 1024;
        gate[i] = sat16(hby_rescale_double((int32_t)rounded, table[0], table[1] + 12));
    }
}

/* The runtime walks over n_out features per batch here, although there are n_cell: with a projection some cells go without, and with time first the rows of
 * later batches move. */
static void peephole_i8(const struct lstm_i8 *l, int g)
{
    const struct hby_args_lstm *a = l->a;
    const int shift = a->shift[HBY_FROM_CELL][g], first = a->time_major ? l->batch * a->n_cell : 0, all = (a->time_major ? a->batch : 1) * a->n_out;
    for (int i = 0; i < a->n_cell && first + i < all; i++) {
        const int32_t weight = hby_load_int(l->c->in[hby_lstm_peephole(g)], HBY_I16, (size_t)((first + i) % a->n_out));
        l->gate[g][i] = sat16(hby_add32(hby_rescale_double(weight * l->cell[i], a->mult[HBY_FROM_CELL][g], shift), l->gate[g][i]));
    }
}

static void gate_i8(const struct lstm_i8 *l, int g, const int8_t *x)
{
    const struct hby_ref_call *c = l->c;
    const struct hby_args_lstm *a = l->a;
    for (int i = 0; i < a->n_cell; i++) {
        const int32_t from_x = dot_i8(c->in[HBY_LSTM_W + g], i, x, a->n_in, a->in_zp, a->layer_norm ? 0 : load32(c->in[HBY_LSTM_BIAS + g], i));
        const int32_t from_h = dot_i8(c->in[HBY_LSTM_R + g], i, l->h, a->n_out, a->state_zp, 0);
        const int16_t sum = sat16(hby_rescale_double(from_x, a->mult[HBY_FROM_INPUT][g], a->shift[HBY_FROM_INPUT][g]));
        l->gate[g][i] = sat16(hby_add32(hby_rescale_double(from_h, a->mult[HBY_FROM_STATE][g], a->shift[HBY_FROM_STATE][g]), sum));
    }
    if (a->peephole && hby_lstm_peephole(g) >= 0)
        peephole_i8(l, g);
    if (a->layer_norm)
        normalize_i8(l, g);
    for (int i = 0; i < a->n_cell; i++)
        l->gate[g][i] = curve(c, g == HBY_GATE_CELL, l->gate[g][i]);
}

static int16_t product(int16_t a, int16_t b, int shift)
{
    return (int16_t)(uint16_t)hby_rdbpot(a * b, shift);
}

static void cell_i8(const struct lstm_i8 *l)
{
    const struct hby_args_lstm *a = l->a;
    for (int i = 0; i < a->n_cell; i++) {
        const int16_t forget = l->gate[HBY_GATE_FORGET][i], in = a->cifg ? (int16_t)(INT16_MAX - forget) : l->gate[HBY_GATE_INPUT][i];
        const int16_t kept = product(forget, l->cell[i], 15), added = product(in, l->gate[HBY_GATE_CELL][i], 30 + a->cell_scale);
        l->cell[i] = sat16(kept + added);
        if (a->q_cell_clip > 0)
            l->cell[i] = (int16_t)hby_clamp32(l->cell[i], -a->q_cell_clip, a->q_cell_clip);
    }
}

static void output_i8(const struct lstm_i8 *l)
{
    const struct hby_ref_call *c = l->c;
    const struct hby_args_lstm *a = l->a;
    const int32_t zero_point = a->projection ? -a->hidden.zero_point : a->hidden.zero_point; /* as the runtime has it: its projection adds the zero point */
    int8_t *hidden = a->projection ? (int8_t *)l->hidden : l->h;
    for (int i = 0; i < a->n_cell; i++) {
        const int32_t v = l->gate[HBY_GATE_OUTPUT][i] * curve(c, 2, l->cell[i]);
        hidden[i] = (int8_t)hby_clamp32(hby_add32(hby_rescale_double(v, a->hidden.mult, a->hidden.shift), zero_point), -128, 127);
    }
    for (int i = 0; i < a->n_out && a->projection; i++) {
        const int32_t sum = dot_i8(c->in[HBY_LSTM_PROJECTION], i, hidden, a->n_cell, zero_point, load32(c->in[HBY_LSTM_PROJECTION_BIAS], i));
        const int32_t v = hby_clamp32(hby_add32(hby_rescale_double(sum, a->proj.mult, a->proj.shift), a->state_zp), -128, 127);
        l->h[i] = (int8_t)(a->q_proj_clip > 0 ? hby_clamp32(v, -a->q_proj_clip, a->q_proj_clip) : v);
    }
}

void hby_ref_unidirectional_sequence_lstm_i8(const struct hby_ref_call *c)
{
    const struct hby_args_lstm *a = &c->args->lstm;
    struct lstm_i8 l = {.c = c, .a = a};
    int16_t *scratch = c->state[HBY_LSTM_SCRATCH - 1];
    for (int g = 0; g < HBY_GATES; g++, scratch += a->n_cell)
        l.gate[g] = scratch;
    l.hidden = scratch;
    for (int b = 0; b < a->batch; b++) {
        l.batch = b;
        l.h = (int8_t *)c->state[HBY_LSTM_NEXT_H - 1] + (size_t)b * (size_t)a->n_out;
        l.cell = (int16_t *)c->state[HBY_LSTM_NEXT_C - 1] + (size_t)b * (size_t)a->n_cell;
        memcpy(l.h, (const int8_t *)c->in[HBY_LSTM_H] + (size_t)b * (size_t)a->n_out, (size_t)a->n_out);
        memcpy(l.cell, (const int16_t *)c->in[HBY_LSTM_C] + (size_t)b * (size_t)a->n_cell, (size_t)a->n_cell * sizeof(int16_t));
        for (int t = 0; t < a->time; t++) {
            const int8_t *x = (const int8_t *)c->in[HBY_LSTM_X] + hby_recurrent_at(a->time_major, a->batch, a->time, b, t, a->n_in);
            for (int g = a->cifg; g < HBY_GATE_OUTPUT; g++)
                gate_i8(&l, g, x);
            cell_i8(&l);
            gate_i8(&l, HBY_GATE_OUTPUT, x);
            output_i8(&l);
            memcpy((int8_t *)c->out + hby_recurrent_at(a->time_major, a->batch, a->time, b, t, a->n_out), l.h, (size_t)a->n_out);
        }
    }
}
