/* UNIDIRECTIONAL_SEQUENCE_LSTM: float, dynamic range, and int8 with int16 cells. */
#include "partition/lstm.h"

#include <math.h>
#include <stdio.h>

#include "partition/lower_recurrent.h"
#include "partition/lstm_tables.h"

static const char *const gate_names[HBY_GATES] = {"input", "forget", "cell", "output"};

/* What the node is made of, as it is read. */
struct lstm {
    struct hby_lowering *lo;
    const struct hby_node *node;
    enum hby_scheme scheme;
    enum hby_type weights, vector, bias; /* of matrices, of peepholes and normalization, of biases */
    struct hby_args_lstm args;
};

static int input(const struct lstm *l, int i)
{
    return i < l->node->n_in ? l->node->in[i] : -1;
}

static enum hby_status check(const struct lstm *l, int i, const char *kind, const char *gate, enum hby_type type, int rank, int d0, int d1)
{
    char what[64];
    snprintf(what, sizeof what, "%s%s%s%s", kind, gate ? " of the " : "", gate ? gate : "", gate ? " gate" : "");
    const struct hby_operand o = {.what = what, .tensor = input(l, i), .constant = true, .type = type, .half = rank == 2, .rank = rank, .d0 = d0, .d1 = d1};
    return hby_check_operand(l->lo, &o);
}

static bool has(const struct lstm *l, int first, int gate)
{
    return input(l, first + gate) >= 0;
}

/* The input gate's operands are all there or all absent; so are peepholes and normalization. */
static enum hby_status check_presence(struct lstm *l)
{
    struct hby_args_lstm *a = &l->args;
    a->cifg = !has(l, HBY_LSTM_W, HBY_GATE_INPUT);
    a->peephole = input(l, hby_lstm_peephole(HBY_GATE_OUTPUT)) >= 0;
    a->layer_norm = has(l, HBY_LSTM_NORM, HBY_GATE_FORGET);
    a->projection = input(l, HBY_LSTM_PROJECTION) >= 0;
    for (int g = a->cifg; g < HBY_GATES; g++) {
        const int p = hby_lstm_peephole(g);
        if (!has(l, HBY_LSTM_W, g) || !has(l, HBY_LSTM_R, g) || !has(l, HBY_LSTM_BIAS, g))
            return hby_say(HBY_UNSUPPORTED, l->lo->why, "the %s gate lacks weights or a bias", gate_names[g]);
        if ((p >= 0 && (input(l, p) >= 0) != a->peephole) || has(l, HBY_LSTM_NORM, g) != a->layer_norm)
            return hby_say(HBY_UNSUPPORTED, l->lo->why, "some gates have peephole weights or layer normalization, and the %s gate differs", gate_names[g]);
    }
    if (a->cifg && (has(l, HBY_LSTM_R, 0) || has(l, HBY_LSTM_P, 0) || has(l, HBY_LSTM_BIAS, 0) || has(l, HBY_LSTM_NORM, 0)))
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "the input gate has only some of its operands");
    if (!a->projection && input(l, HBY_LSTM_PROJECTION_BIAS) >= 0)
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "there is a bias of the projection, and no projection");
    return HBY_OK;
}

static enum hby_status check_sizes(struct lstm *l)
{
    struct hby_args_lstm *a = &l->args;
    const struct hby_tensor *x = hby_tensor_of(l->lo, input(l, HBY_LSTM_X)), *w = hby_tensor_of(l->lo, input(l, HBY_LSTM_W + HBY_GATE_OUTPUT));
    const int r = input(l, HBY_LSTM_R + HBY_GATE_OUTPUT);
    const struct hby_tensor *recurrent = r >= 0 ? hby_tensor_of(l->lo, r) : NULL;
    if (x->rank != 3 || w->rank != 2 || !recurrent || recurrent->rank < 1 || recurrent->rank > 2)
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "its input has %d dimensions and its weights %d; 3 and 2 are supported", x->rank, w->rank);
    a->time_major = l->node->params.recurrent.time_major;
    a->batch = x->dim[a->time_major ? 1 : 0];
    a->time = x->dim[a->time_major ? 0 : 1];
    a->n_in = x->dim[2];
    a->n_cell = w->dim[0];
    a->n_out = recurrent->dim[recurrent->rank - 1];
    if (!a->projection && a->n_out != a->n_cell)
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "without a projection its output has %d features and its cell %d", (int)a->n_out, (int)a->n_cell);
    return HBY_OK;
}

static enum hby_status check_gate(struct lstm *l, int g)
{
    struct hby_args_lstm *a = &l->args;
    const char *name = gate_names[g];
    const int p = hby_lstm_peephole(g), r = input(l, HBY_LSTM_R + g);
    enum hby_status st = check(l, HBY_LSTM_W + g, "weights", name, l->weights, 2, a->n_cell, a->n_in);
    if (!st && l->scheme == HBY_SCHEME_f32 && r >= 0 && hby_tensor_of(l->lo, r)->rank == 1) {
        a->diagonal |= 1 << g;
        st = check(l, HBY_LSTM_R + g, "diagonal recurrent weights", name, HBY_F32, 1, a->n_cell, 0);
    } else if (!st) {
        st = check(l, HBY_LSTM_R + g, "recurrent weights", name, l->weights, 2, a->n_cell, a->n_out);
    }
    if (!st && a->diagonal >> g & 1 && a->n_out != a->n_cell)
        st = hby_say(HBY_UNSUPPORTED, l->lo->why, "diagonal recurrent weights with a projection are not supported");
    if (!st)
        st = check(l, HBY_LSTM_BIAS + g, "bias", name, l->bias, 1, a->n_cell, 0);
    if (!st && a->peephole && p >= 0)
        st = check(l, p, "peephole weights", name, l->vector, 1, a->n_cell, 0);
    if (!st && a->layer_norm)
        st = check(l, HBY_LSTM_NORM + g, "layer normalization", name, l->scheme == HBY_SCHEME_i8 ? HBY_I16 : HBY_F32, 1, a->n_cell, 0);
    return st;
}

static enum hby_status check_state(const struct lstm *l, int i, const char *what, enum hby_type type, int features)
{
    const struct hby_operand o = {.what = what, .tensor = input(l, i), .type = type, .d0 = l->args.batch * features};
    return hby_check_operand(l->lo, &o);
}

static enum hby_status check_operands(struct lstm *l)
{
    struct hby_args_lstm *a = &l->args;
    const bool i8 = l->scheme == HBY_SCHEME_i8;
    l->weights = l->scheme == HBY_SCHEME_f32 ? HBY_F32 : HBY_I8;
    l->vector = i8 ? HBY_I16 : l->weights;
    l->bias = i8 ? HBY_I32 : HBY_F32;
    enum hby_status st = HBY_OK;
    for (int g = a->cifg; g < HBY_GATES && !st; g++)
        st = check_gate(l, g);
    if (!st && a->projection)
        st = check(l, HBY_LSTM_PROJECTION, "weights of the projection", NULL, l->weights, 2, a->n_out, a->n_cell);
    if (!st && input(l, HBY_LSTM_PROJECTION_BIAS) >= 0)
        st = check(l, HBY_LSTM_PROJECTION_BIAS, "bias of the projection", NULL, l->bias, 1, a->n_out, 0);
    if (!st)
        st = check_state(l, HBY_LSTM_H, "output state", i8 ? HBY_I8 : HBY_F32, a->n_out);
    if (!st)
        st = check_state(l, HBY_LSTM_C, "cell state", i8 ? HBY_I16 : HBY_F32, a->n_cell);
    const struct hby_operand out = {
        .what = "results", .tensor = l->node->out[0], .type = i8 ? HBY_I8 : HBY_F32, .d0 = (int)((int64_t)a->batch * a->time * a->n_out)};
    return st ? st : hby_check_operand(l->lo, &out);
}

/* One scale for the whole tensor, zero point 0. */
static enum hby_status weight_scale(const struct lstm *l, int i, float *scale)
{
    if (i < 0 || input(l, i) < 0)
        return HBY_OK;
    enum hby_status st = hby_check_weights_quant(l->lo, input(l, i), 0, 1);
    if (!st)
        *scale = hby_scale_of(l->lo, input(l, i));
    return st;
}

/* The scales of every gate's three kinds of weights, in `scale`; 1 where there are none. */
static enum hby_status weight_scales(struct lstm *l)
{
    struct hby_args_lstm *a = &l->args;
    enum hby_status st = HBY_OK;
    for (int g = 0; g < HBY_GATES && !st; g++) {
        for (int k = 0; k < HBY_FROM_COUNT; k++)
            a->scale[k][g] = 1.0f;
        st = weight_scale(l, HBY_LSTM_W + g, &a->scale[HBY_FROM_INPUT][g]);
        if (!st)
            st = weight_scale(l, HBY_LSTM_R + g, &a->scale[HBY_FROM_STATE][g]);
        if (!st && a->peephole)
            st = weight_scale(l, hby_lstm_peephole(g), &a->scale[HBY_FROM_CELL][g]);
    }
    a->proj_scale = 1.0f;
    return st ? st : weight_scale(l, HBY_LSTM_PROJECTION, &a->proj_scale);
}

/* --- int8 --- */

static enum hby_status intermediate(const struct lstm *l, int i, float *scale, int32_t *zero_point)
{
    if (l->node->n_mid != 5 || l->node->mid[i] < 0)
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "an integer LSTM needs 5 intermediate tensors; it has %d", l->node->n_mid);
    const struct hby_quant *q = &hby_tensor_of(l->lo, l->node->mid[i])->quant;
    if (q->count < 1 || !isnormal(q->scale[0]) || q->scale[0] < 0.0f || q->zero_point[0] < -128 || q->zero_point[0] > 127)
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "intermediate tensor %d has no usable quantization", i);
    *scale = q->scale[0];
    *zero_point = q->zero_point[0];
    return HBY_OK;
}

/* 2^e == scale, as closely as the runtime looks. */
static enum hby_status cell_exponent(const struct lstm *l, hby_i32 *e)
{
    const float scale = hby_scale_of(l->lo, input(l, HBY_LSTM_C)), log2_scale = logf(scale) * (1.0f / logf(2.0f)), rounded = roundf(log2_scale);
    if (!(fabsf(log2_scale - rounded) < 1e-3f) || rounded < -15.0f || rounded > -9.0f)
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "the cell's scale is %g; it must be a power of two from 2^-15 to 2^-9", (double)scale);
    *e = (hby_i32)rounded;
    return HBY_OK;
}

/* The factors that take each term of gate g to the gate's own scale, computed in the runtime's precision. */
static enum hby_status gate_factors(struct lstm *l, int g, float gate_scale)
{
    struct hby_args_lstm *a = &l->args;
    const float in = hby_scale_of(l->lo, input(l, HBY_LSTM_X)), state = hby_scale_of(l->lo, input(l, HBY_LSTM_H));
    const float real[HBY_FROM_COUNT] = {
        [HBY_FROM_INPUT] = a->scale[HBY_FROM_INPUT][g] * in / gate_scale,
        [HBY_FROM_STATE] = a->scale[HBY_FROM_STATE][g] * state / gate_scale,
        [HBY_FROM_CELL] = (float)(ldexp(1.0, a->cell_scale) * (double)a->scale[HBY_FROM_CELL][g] / (double)gate_scale),
    };
    enum hby_status st = HBY_OK;
    for (int k = 0; k < HBY_FROM_COUNT && !st; k++)
        if (k != HBY_FROM_CELL || (a->peephole && hby_lstm_peephole(g) >= 0))
            st = hby_recurrent_rescale(l->lo, gate_names[g], real[k], &a->mult[k][g], &a->shift[k][g]);
    return st;
}

static enum hby_status output_factors(struct lstm *l)
{
    struct hby_args_lstm *a = &l->args;
    float hidden = 1.0f;
    enum hby_status st = intermediate(l, 4, &hidden, &a->hidden.zero_point);
    if (!st)
        st = hby_recurrent_rescale(l->lo, "the hidden value", (float)(ldexp(1.0, -15) / (double)hidden * ldexp(1.0, -15)), &a->hidden.mult, &a->hidden.shift);
    if (!st && a->projection)
        st = hby_recurrent_rescale(l->lo, "the projection", a->proj_scale * hidden / hby_scale_of(l->lo, input(l, HBY_LSTM_H)), &a->proj.mult, &a->proj.shift);
    return st;
}

static hby_i32 clip(float real, float scale, float lowest, float highest)
{
    return real > 0.0f ? (hby_i32)fminf(fmaxf(real / scale, lowest), highest) : 0;
}

static enum hby_status integer_factors(struct lstm *l)
{
    struct hby_args_lstm *a = &l->args;
    const int quantized[] = {input(l, HBY_LSTM_X), input(l, HBY_LSTM_H), input(l, HBY_LSTM_C), l->node->out[0]};
    enum hby_status st = HBY_OK;
    for (int i = 0; i < 4 && !st; i++)
        st = hby_check_quant(l->lo, quantized[i]);
    if (!st)
        st = cell_exponent(l, &a->cell_scale);
    if (!st && a->peephole && a->n_out > a->n_cell)
        st = hby_say(HBY_UNSUPPORTED, l->lo->why, "with peepholes the output must not have more features than the cell: the runtime reads beyond them");
    for (int g = a->cifg; g < HBY_GATES && !st; g++) {
        float gate_scale = 0x1p-12f;
        int32_t ignored;
        if (a->layer_norm)
            st = intermediate(l, g, &gate_scale, &ignored);
        if (!st)
            st = gate_factors(l, g, gate_scale);
    }
    if (!st)
        st = output_factors(l);
    a->in_zp = hby_zero_point_of(l->lo, input(l, HBY_LSTM_X));
    a->state_zp = hby_zero_point_of(l->lo, input(l, HBY_LSTM_H));
    if (!st) {
        a->q_cell_clip = clip(a->cell_clip, hby_scale_of(l->lo, input(l, HBY_LSTM_C)), -32768.0f, 32767.0f);
        a->q_proj_clip = clip(a->proj_clip, hby_scale_of(l->lo, l->node->out[0]), -128.0f, 127.0f);
    }
    return st;
}

/* 10000 times the scale is the least variance: it keeps the runtime's arithmetic from overflowing. */
static enum hby_status norm_table(const struct lstm *l, int32_t *table)
{
    enum hby_status st = HBY_OK;
    for (int g = l->args.cifg; g < HBY_GATES && l->args.layer_norm && !st; g++) {
        float scale = 1.0f;
        int32_t *row = table + 3 * g;
        st = weight_scale(l, HBY_LSTM_NORM + g, &scale);
        if (!st)
            st = hby_recurrent_rescale(l->lo, "a layer normalization", scale, &row[0], &row[1]);
        if (!st && row[1] > 18)
            st = hby_say(HBY_UNSUPPORTED, l->lo->why, "a layer normalization's scale %g is out of range", (double)scale);
        row[2] = 10000.0f * scale > 1.0f ? (int32_t)(10000.0f * scale) : 1;
    }
    return st;
}

static enum hby_status integer_tables(const struct lstm *l, int step)
{
    int16_t *curve[3];
    for (int i = 0; i < 3; i++) {
        curve[i] = hby_step_table(l->lo, &l->lo->plan->step[step], HBY_LSTM_TABLE * sizeof *curve[i]);
        if (!curve[i])
            return HBY_NO_MEMORY;
    }
    hby_lstm_logistic_table(3, curve[0]);
    hby_lstm_tanh_table(3, curve[1]);
    hby_lstm_tanh_table(15 + l->args.cell_scale, curve[2]);
    int32_t *norm = hby_step_table(l->lo, &l->lo->plan->step[step], HBY_GATES * 3 * sizeof *norm);
    return norm ? norm_table(l, norm) : HBY_NO_MEMORY;
}

/* --- */

static enum hby_status read_params(struct lstm *l)
{
    struct hby_args_lstm *a = &l->args;
    a->activation = (hby_i32)l->node->params.recurrent.act;
    a->cell_clip = l->node->params.recurrent.cell_clip;
    a->proj_clip = l->node->params.recurrent.proj_clip;
    a->asymmetric = l->node->asymmetric_quantize_inputs;
    if (!(a->cell_clip >= 0.0f) || !(a->proj_clip >= 0.0f))
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "a clip is %g or %g; it must not be negative", (double)a->cell_clip, (double)a->proj_clip);
    if (l->scheme == HBY_SCHEME_i8)
        a->activation = HBY_RECURRENT_TANH; /* whatever the model says */
    if (a->activation == HBY_RECURRENT_NONE)
        return hby_say(HBY_UNSUPPORTED, l->lo->why, "without an activation the runtime's own result is undefined");
    return HBY_OK;
}

enum hby_status hby_lower_sequence_lstm(struct hby_lowering *lo, const struct hby_node *node)
{
    struct lstm l = {.lo = lo, .node = node};
    if (node->n_in != HBY_LSTM_INPUTS && node->n_in != HBY_LSTM_INPUTS_WITHOUT_NORM)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the node has %d inputs; it must have 20 or 24", node->n_in);
    enum hby_status st = hby_recurrent_scheme(lo, node->in[HBY_LSTM_X], node->in[HBY_LSTM_W + HBY_GATE_OUTPUT], true, &l.scheme);
    if (!st)
        st = check_presence(&l);
    if (!st)
        st = check_sizes(&l);
    if (!st)
        st = check_operands(&l);
    if (!st)
        st = read_params(&l);
    if (!st && l.scheme != HBY_SCHEME_f32)
        st = weight_scales(&l);
    if (!st && l.scheme == HBY_SCHEME_i8)
        st = integer_factors(&l);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_lstm, l.scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    const int step = lo->plan->n_steps - 1;
    s->args.lstm = l.args;
    /* gates, the hidden value, x and h quantized or not */
    const int64_t widest = l.args.n_out > l.args.n_cell ? l.args.n_out : l.args.n_cell;
    st = hby_recurrent_outputs(lo, step, node, l.scheme == HBY_SCHEME_i8 ? HBY_I16 : HBY_F32, ((int64_t)HBY_GATES + 1) * l.args.n_cell + l.args.n_in + widest);
    return st || l.scheme != HBY_SCHEME_i8 ? st : integer_tables(&l, step);
}
