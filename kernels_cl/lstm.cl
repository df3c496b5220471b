/* UNIDIRECTIONAL_SEQUENCE_LSTM (args_recurrent.h): hby_lstm_input multiplies all steps' inputs with their weights, hby_lstm_steps goes through time, a
 * work-group for each batch. `cells` and `outs` are n_cell and n_out, rounded up to 16.
 *
 * w, r, proj   blocks of 16 features (recurrent.clh): w and r [4][cells], proj [outs]
 * sums         int[8][cells]: of w's and then of r's rows. int8: what is added to a dot product (zero points, bias); dynamic range: the sums of the weights
 * bias         float[4][cells]
 * gates        [batch * time, in the input's order][4][cells]: the terms from the input; float, or short with int8
 * peep         [3][cells] (input, forget, output) as float or int; int8 with time first: such a table for each batch
 * norm         [2][4][cells] as float or int: weights, biases; norm_numbers int[4][3]
 * psum         [2][outs]: as `sums` for the projection; its bias as float
 * work         per batch of 4-byte words: pre [4][cells], c [cells], hidden [wide], h [wide], q_h [wide / 4], q_hidden [wide / 4], wide = max(cells, outs) */
#include "args_recurrent.h"
#include "recurrent.clh"

#if HBY_SCHEME_i8
#define HBY_G short  /* gates */
#define HBY_X char   /* x, h, out */
#define HBY_V int    /* vectors: work, peep, norm */
#define HBY_S short  /* the cell's state */
typedef hby_ri hby_rv;
typedef int4 hby_statistic;
#define hby_keep_rv hby_keep_ri
#else
#define HBY_G float
#define HBY_X float
#define HBY_V float
#define HBY_S float
typedef hby_rf hby_rv;
typedef float4 hby_statistic;
#define hby_keep_rv hby_keep_rf
#endif

static inline hby_ri hby_sat16(hby_ri x)
{
    return clamp(x, (hby_ri)(-32768), (hby_ri)(32767));
}

/* Saturating, as gates are. */
static inline hby_ri hby_scaled(hby_ri x, int mult, int shift)
{
#if HBY_DEVICE_CPU
    return hby_rescale16(x, (int16)(mult), (int16)(shift));
#else
    return hby_rescale_double(x, mult, shift);
#endif
}

/* x / 2^e, ties away from zero; |x| <= 2^30, e in [1, 30]. */
static inline hby_ri hby_shifted(hby_ri x, int e)
{
    return (x + (1 << (e - 1)) + (x >> 31)) >> e;
}

#if HBY_SCHEME_f32
/* Row sums in the order of the matrix products that the runtime calls: four lanes, or, with several batches at a time, one after the other. */
static inline hby_rf hby_dot_float(const __global HBY_W *w, const __global float *v, int n, bool one_by_one)
{
    hby_rf a = (hby_rf)(0.0f), b = a, c = a, d = a;
    const int in_lanes = one_by_one ? 0 : n / 4 * 4;
    for (int k = 0; k < in_lanes; k += 4) {
        a += HBY_R_WEIGHT(w, 16 * k) * v[k];
        b += HBY_R_WEIGHT(w, 16 * k + 16) * v[k + 1];
        c += HBY_R_WEIGHT(w, 16 * k + 32) * v[k + 2];
        d += HBY_R_WEIGHT(w, 16 * k + 48) * v[k + 3];
    }
    hby_rf sum = (a + c) + (b + d);
    for (int k = in_lanes; k < n; k++)
        sum += HBY_R_WEIGHT(w, 16 * k) * v[k];
    return sum;
}
#endif

/* bytes_x: what x's rows are multiplied as; int8: x itself. `pitch` is the length of such a row. */
__kernel void hby_lstm_input(const struct hby_args_lstm p, const __global HBY_X *x, const __global char *bytes_x, const __global struct hby_hybrid_row *row_x,
                             const __global HBY_W *w, const __global int *sums, const __global float *bias, __global HBY_G *gates, int pitch, int rows_each)
{
    const int cells = (p.n_cell + 15) / 16 * 16, unit = (int)get_global_id(0) * HBY_R, g = unit / cells, i = unit % cells;
    const int from = (int)get_global_id(1) * rows_each, to = min(p.batch * p.time, from + rows_each);
    if (g >= HBY_GATES || g < p.cifg)
        return;
    for (int row = from; row < to; row++) {
        __global HBY_G *out = gates + ((size_t)row * HBY_GATES + g) * cells;
#if HBY_SCHEME_f32
        hby_rf sum = hby_dot_float(hby_r_column(w, unit, p.n_in), x + (size_t)row * p.n_in, p.n_in, p.time_major && p.batch > 1);
        if (!p.layer_norm)
            sum = HBY_R_LOAD(bias, unit) + sum;
        hby_keep_rf(sum, out, i);
#else
        const int words = (p.n_in + 3) / 4;
        const hby_ri dot = hby_r_dot(hby_r_column(w, unit, words), bytes_x + (size_t)row * pitch, words);
#if HBY_SCHEME_i8
        const hby_ri sum = hby_scaled(dot + HBY_R_LOAD(sums, unit), p.mult[HBY_FROM_INPUT][g], p.shift[HBY_FROM_INPUT][g]);
        hby_put_rs(hby_sat16(sum), out, i, cells);
#else
        const hby_rf term = HBY_R_FLOAT(dot - row_x[row].zero * HBY_R_LOAD(sums, unit)) * (row_x[row].scale * p.scale[HBY_FROM_INPUT][g]);
        hby_keep_rf(p.layer_norm ? term : HBY_R_LOAD(bias, unit) + term, out, i);
#endif
#endif
    }
}

/* --- layer normalization: a work-item takes the sums of a gate --- */

#if HBY_SCHEME_i8
/* 1 / sqrt(x) as mult and a right shift. */
static inline int2 hby_inverse_root(int x)
{
    int shift = 11;
    if (x <= 1)
        return (int2)(INT_MAX, 0);
    for (; x >= 1 << 29; x /= 4)
        shift++;
    const int pairs = ((int)clz(x) - 1) / 2 - 1;
    shift -= pairs;
    x <<= 2 * pairs;
    const int half_x = hby_shift_away(x >> 1, 1), three_halves = (1 << 28) + (1 << 27);
    int y = 1 << 28;
    for (int i = 0; i < 5; i++) {
        const int cube = hby_high_mul(hby_high_mul(y, y), y);
        const int y3 = cube > (1 << 25) - 1 ? INT_MAX : cube < -((1 << 25) - 1) ? INT_MIN : cube * 64;
        const int next = hby_high_mul(y, three_halves) - hby_high_mul(y3, half_x);
        y = next > (1 << 28) - 1 ? INT_MAX : next < -((1 << 28) - 1) ? INT_MIN : next * 8;
    }
    y = hby_high_mul(y, 1518500250);
    return shift < 0 ? (int2)((int)((uint)y << -shift), 0) : (int2)(y, shift);
}

/* -> mean, mult, shift */
static inline hby_statistic hby_statistics(const __global int *pre, int n, int least)
{
    long sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += pre[i];
        squares += pre[i] * pre[i];
    }
    const int mean = (int)(sum * 1024 / n);
    const int variance = (int)((squares * ((1 << 20) / n) - (long)mean * mean) / (1 << 20));
    return (int4)(mean, hby_inverse_root(variance < 1 ? least : variance), 0);
}

static inline hby_ri hby_normalized(hby_ri x, hby_statistic s, hby_ri weight, hby_ri bias, __global const int *numbers)
{
    const hby_ri centred = hby_scaled(1024 * x - s.x, s.y, -s.z), weighted = HBY_R_AS_INT(HBY_R_AS_UINT(centred) * HBY_R_AS_UINT(weight) + HBY_R_AS_UINT(bias));
    const hby_ri away = select((hby_ri)(-512), (hby_ri)(512), weighted > 0);
    /* the sum stays within 32 bits but at the very ends, where the quotient is taken of 64 in the reference */
    const hby_ri rounded = (weighted / 1024) + ((weighted % 1024 + away) / 1024);
    return hby_sat16(hby_scaled(rounded, numbers[0], numbers[1] + 12));
}
#else
/* hby_r_divide of one lane. */
static inline float hby_quotient(float n, float d)
{
#if HBY_DEVICE_CPU
    return hby_r_divide((hby_rf)(n), (hby_rf)(d)).s0;
#else
    return hby_r_divide(n, d);
#endif
}

/* -> mean, 1 / standard deviation */
static inline hby_statistic hby_statistics(const __global float *pre, int n, int least)
{
    float sum = 0.0f, squares = 0.0f;
    for (int i = 0; i < n; i++)
        sum += pre[i];
    const float mean = hby_quotient(sum, (float)n);
    for (int i = 0; i < n; i++)
        squares += (pre[i] - mean) * (pre[i] - mean);
    const float variance = hby_quotient(squares, (float)n) + 1e-8f;
    const float root = HBY_ROUGHLY(sqrt(variance)), better = fma(fma(-root, root, variance), hby_quotient(0.5f, root), root);
    return (float4)(mean, hby_quotient(1.0f, better), 0.0f, 0.0f);
}

static inline hby_rf hby_normalized(hby_rf x, hby_statistic s, hby_rf weight, hby_rf bias, __global const int *numbers)
{
    return ((x - s.x) * s.y) * weight + bias;
}
#endif

/* --- one step --- */

/* What the parts of a step share. */
struct hby_step {
    const __global int *sums, *psum, *numbers;
    const __global HBY_W *r, *proj;
    const __global HBY_V *peep, *norm;
    const __global short *curve;
    __global HBY_V *pre, *c, *hidden, *h;
    __global char *q_h, *q_hidden;
    int b, cells, outs;
};

/* pre[g] = the terms from input and state, for the lanes at unit. */
static inline void hby_sum_gate(const struct hby_args_lstm p, const struct hby_step s, const __global HBY_G *gates, struct hby_hybrid_row row, int unit)
{
    const int g = unit / s.cells;
#if HBY_SCHEME_f32
    const __global HBY_W *r = hby_r_column(s.r, unit, p.n_out);
    hby_rf sum = HBY_R_LOAD(gates, unit);
    if (p.diagonal >> g & 1)
        sum += HBY_R_WEIGHT(r, 0) * HBY_R_LOAD(s.h, unit % s.cells);
    else
        sum = sum + hby_dot_float(r, s.h, p.n_out, p.time_major && p.batch > 1);
    hby_keep_rf(sum, s.pre, unit);
#else
    const int words = (p.n_out + 3) / 4;
    const hby_ri dot = hby_r_dot(hby_r_column(s.r, unit, words), s.q_h, words), of_row = HBY_R_LOAD(s.sums, HBY_GATES * s.cells + unit);
#if HBY_SCHEME_i8
    const hby_ri from_h = hby_scaled(dot + of_row, p.mult[HBY_FROM_STATE][g], p.shift[HBY_FROM_STATE][g]);
    hby_keep_ri(hby_sat16(from_h + HBY_R_INT(HBY_R_LOAD(gates, unit))), s.pre, unit);
#else
    const hby_rf term = HBY_R_FLOAT(dot - row.zero * of_row) * (row.scale * p.scale[HBY_FROM_STATE][g]);
    hby_keep_rf(HBY_R_LOAD(gates, unit) + term, s.pre, unit);
#endif
#endif
}

static inline hby_rv hby_peephole(const struct hby_args_lstm p, const struct hby_step s, int g, int i, hby_rv c)
{
    const hby_rv weight = HBY_R_LOAD(s.peep, (g - (g == HBY_GATE_OUTPUT)) * s.cells + i), sum = HBY_R_LOAD(s.pre, g * s.cells + i);
#if HBY_SCHEME_i8
    return hby_sat16(hby_scaled(weight * c, p.mult[HBY_FROM_CELL][g], p.shift[HBY_FROM_CELL][g]) + sum);
#else
    return sum + weight * c;
#endif
}

/* Gate g's value for the lanes at i, from its finished sum. */
#if HBY_SCHEME_i8
static inline hby_ri hby_look_up(const __global short *curve, hby_ri x)
{
#if HBY_DEVICE_CPU
    union {
        int16 v;
        int lane[16];
    } u;
    u.v = x + 32768;
    for (int k = 0; k < 16; k++)
        u.lane[k] = curve[u.lane[k]];
    return u.v;
#else
    return curve[x + 32768];
#endif
}

static inline hby_ri hby_gate(const struct hby_args_lstm p, const struct hby_step s, hby_statistic statistic, int g, int i)
{
    hby_ri x = HBY_R_LOAD(s.pre, g * s.cells + i);
    if (p.layer_norm)
        x = hby_normalized(x, statistic, HBY_R_LOAD(s.norm, g * s.cells + i), HBY_R_LOAD(s.norm, (HBY_GATES + g) * s.cells + i), s.numbers + 3 * g);
    return hby_look_up(s.curve + (g == HBY_GATE_CELL ? 65536 : 0), x);
}
#else
static inline hby_rf hby_gate(const struct hby_args_lstm p, const struct hby_step s, hby_statistic statistic, int g, int i)
{
    hby_rf x = HBY_R_LOAD(s.pre, g * s.cells + i);
    if (p.layer_norm)
        x = hby_normalized(x, statistic, HBY_R_LOAD(s.norm, g * s.cells + i), HBY_R_LOAD(s.norm, (HBY_GATES + g) * s.cells + i), s.numbers);
    if (g == HBY_GATE_CELL)
        return hby_r_act(x, p.activation);
    /* where the runtime keeps this gate: input, cell, forget, output; with time first all batches follow each other */
    const int place = (g == HBY_GATE_FORGET ? 2 : g) - p.cifg, all = p.batch * p.n_cell, before = s.b * p.n_cell;
    return p.time_major ? hby_r_logistic(x, place * all, all, before + i) : hby_r_logistic(x, place * all + before, p.n_cell, i);
}
#endif

/* The new cell. */
static inline void hby_cell(const struct hby_args_lstm p, const struct hby_step s, hby_rv forget, hby_rv in, hby_rv g, int i)
{
    const hby_rv c = HBY_R_LOAD(s.c, i);
#if HBY_SCHEME_i8
    const hby_ri next = hby_sat16(hby_shifted(forget * c, 15) + hby_shifted(in * g, 30 + p.cell_scale));
    hby_keep_ri(p.q_cell_clip > 0 ? clamp(next, (hby_ri)(-p.q_cell_clip), (hby_ri)(p.q_cell_clip)) : next, s.c, i);
#else
    const hby_rf kept = forget * c;
    hby_keep_rf(hby_r_clip(kept + g * in, p.cell_clip), s.c, i);
#endif
}

/* The hidden value, which without a projection is the output. */
static inline void hby_hide(const struct hby_args_lstm p, const struct hby_step s, hby_rv gate, int i, __global HBY_X *out)
{
    const hby_rv c = HBY_R_LOAD(s.c, i);
#if HBY_SCHEME_i8
    const hby_ri v = hby_scaled(gate * hby_look_up(s.curve + 131072, c), p.hidden.mult, p.hidden.shift);
    const hby_ri q = clamp(v + (p.projection ? -p.hidden.zero_point : p.hidden.zero_point), (hby_ri)(-128), (hby_ri)(127));
    if (p.projection) {
        hby_put_rc(q, s.q_hidden, i, s.cells);
    } else {
        hby_put_rc(q, s.q_h, i, s.cells);
        hby_put_rc(q, out, i, p.n_out);
    }
#else
    const hby_rf v = hby_r_act(c, p.activation) * gate;
    hby_keep_rf(v, p.projection ? s.hidden : s.h, i);
    if (!p.projection)
        hby_put_rf(v, out, i, p.n_out);
#endif
}

static inline void hby_project(const struct hby_args_lstm p, const struct hby_step s, struct hby_hybrid_row row, int i, __global HBY_X *out)
{
#if HBY_SCHEME_f32
    const hby_rf bias = HBY_R_AS_FLOAT(HBY_R_LOAD(s.psum, s.outs + i));
    const hby_rf v = hby_r_clip(bias + hby_dot_float(hby_r_column(s.proj, i, p.n_cell), s.hidden, p.n_cell, p.time_major && p.batch > 1), p.proj_clip);
    hby_keep_rf(v, s.h, i);
    hby_put_rf(v, out, i, p.n_out);
#else
    const int words = (p.n_cell + 3) / 4;
    const hby_ri dot = hby_r_dot(hby_r_column(s.proj, i, words), s.q_hidden, words), of_row = HBY_R_LOAD(s.psum, i);
#if HBY_SCHEME_i8
    const hby_ri v = clamp(hby_scaled(dot + of_row, p.proj.mult, p.proj.shift) + p.state_zp, (hby_ri)(-128), (hby_ri)(127));
    const hby_ri q = p.q_proj_clip > 0 ? clamp(v, (hby_ri)(-p.q_proj_clip), (hby_ri)(p.q_proj_clip)) : v;
    hby_put_rc(q, s.q_h, i, s.outs);
    hby_put_rc(q, out, i, p.n_out);
#else
    const hby_rf bias = HBY_R_AS_FLOAT(HBY_R_LOAD(s.psum, s.outs + i));
    const hby_rf v = hby_r_clip(bias + HBY_R_FLOAT(dot - row.zero * of_row) * (row.scale * p.proj_scale), p.proj_clip);
    hby_keep_rf(v, s.h, i);
    hby_put_rf(v, out, i, p.n_out);
#endif
#endif
}

/* Gates, cell and hidden value of one step; every work-item of the group comes here. */
HBY_WITH_LOCAL void hby_take_step(const struct hby_args_lstm p, const struct hby_step s, const __global HBY_G *gates, __global HBY_X *out,
                                  __local float *part, __local hby_statistic *statistics)
{
    const int me = (int)get_local_id(0) * HBY_R, stride = (int)get_local_size(0) * HBY_R;
    struct hby_hybrid_row row = {1.0f, 0.0f, 0, 0};
#if HBY_SCHEME_f32w8
    hby_r_quantize(s.h, p.n_out, p.asymmetric, s.q_h, part, &row);
    HBY_R_FENCE();
#endif
    for (int unit = p.cifg * s.cells + me; unit < HBY_GATES * s.cells; unit += stride)
        hby_sum_gate(p, s, gates, row, unit);
    HBY_R_FENCE();
    if (p.peephole)
        for (int i = me; i < s.cells; i += stride) {
            const hby_rv c = HBY_R_LOAD(s.c, i);
            for (int g = p.cifg; g < HBY_GATE_CELL; g++)
                hby_keep_rv(hby_peephole(p, s, g, i, c), s.pre, g * s.cells + i);
        }
    if (p.layer_norm) {
        HBY_R_FENCE();
        for (int g = p.cifg + (int)get_local_id(0); g < HBY_GATE_OUTPUT; g += (int)get_local_size(0))
            statistics[g] = hby_statistics(s.pre + g * s.cells, p.n_cell, s.numbers[3 * g + 2]);
        HBY_R_FENCE();
    }
    for (int i = me; i < s.cells; i += stride) {
        const hby_rv forget = hby_gate(p, s, statistics[HBY_GATE_FORGET], HBY_GATE_FORGET, i);
#if HBY_SCHEME_i8
        const hby_rv in = p.cifg ? 32767 - forget : hby_gate(p, s, statistics[HBY_GATE_INPUT], HBY_GATE_INPUT, i);
#else
        const hby_rv in = p.cifg ? 1.0f - forget : hby_gate(p, s, statistics[HBY_GATE_INPUT], HBY_GATE_INPUT, i);
#endif
        hby_cell(p, s, forget, in, hby_gate(p, s, statistics[HBY_GATE_CELL], HBY_GATE_CELL, i), i);
        if (p.peephole)
            hby_keep_rv(hby_peephole(p, s, HBY_GATE_OUTPUT, i, HBY_R_LOAD(s.c, i)), s.pre, HBY_GATE_OUTPUT * s.cells + i);
    }
    if (p.layer_norm) {
        HBY_R_FENCE();
        if (get_local_id(0) == 0)
            statistics[HBY_GATE_OUTPUT] = hby_statistics(s.pre + HBY_GATE_OUTPUT * s.cells, p.n_cell, s.numbers[3 * HBY_GATE_OUTPUT + 2]);
        HBY_R_FENCE();
    }
    for (int i = me; i < s.cells; i += stride)
        hby_hide(p, s, hby_gate(p, s, statistics[HBY_GATE_OUTPUT], HBY_GATE_OUTPUT, i), i, out);
    HBY_R_FENCE();
    if (!p.projection)
        return;
#if HBY_SCHEME_f32w8
    hby_r_quantize(s.hidden, p.n_cell, p.asymmetric, s.q_hidden, part, &row);
    HBY_R_FENCE();
#endif
    for (int i = me; i < s.outs; i += stride)
        hby_project(p, s, row, i, out);
    HBY_R_FENCE();
}

__kernel void hby_lstm_steps(const struct hby_args_lstm p, const __global HBY_G *gates, const __global HBY_W *r, const __global int *sums,
                             const __global HBY_V *peep, const __global HBY_V *norm, const __global int *numbers, const __global HBY_W *proj,
                             const __global int *psum, const __global short *curve, const __global HBY_X *h0, const __global HBY_S *c0, __global HBY_X *out,
                             __global HBY_X *h1, __global HBY_S *c1, __global HBY_V *work, int peep_stride)
{
    __local float part[HBY_R_GROUP];
    __local hby_statistic statistics[HBY_GATES];
    const int b = (int)get_group_id(0), me = (int)get_local_id(0), step = (int)get_local_size(0);
    const int cells = (p.n_cell + 15) / 16 * 16, outs = (p.n_out + 15) / 16 * 16, wide = max(cells, outs);
    struct hby_step s = {.sums = sums, .psum = psum, .numbers = numbers, .r = r, .proj = proj, .peep = peep + (size_t)b * peep_stride, .norm = norm,
                         .curve = curve, .b = b, .cells = cells, .outs = outs};
    s.pre = work + (size_t)b * (HBY_GATES * cells + cells + 2 * wide + wide / 2);
    s.c = s.pre + HBY_GATES * cells;
    s.hidden = s.c + cells;
    s.h = s.hidden + wide;
    s.q_h = (__global char *)(s.h + wide);
    s.q_hidden = s.q_h + wide;
    for (int g = me; g < HBY_GATES; g += step)
        statistics[g] = (hby_statistic)(0);
    for (int i = me; i < wide; i += step) {
#if HBY_SCHEME_i8
        s.q_h[i] = i < p.n_out ? h0[b * p.n_out + i] : (char)0;
        s.q_hidden[i] = 0;
#else
        s.h[i] = i < p.n_out ? h0[b * p.n_out + i] : 0.0f;
#endif
        if (i < cells)
            s.c[i] = i < p.n_cell ? c0[b * p.n_cell + i] : (HBY_S)0;
    }
    HBY_R_FENCE();
    for (int t = 0; t < p.time; t++) {
        const int at = p.time_major ? t * p.batch + b : b * p.time + t;
        hby_take_step(p, s, gates + (size_t)at * HBY_GATES * cells, out + (size_t)at * p.n_out, part, statistics);
    }
    for (int i = me; i < p.n_out; i += step)
#if HBY_SCHEME_i8
        h1[b * p.n_out + i] = s.q_h[i];
#else
        h1[b * p.n_out + i] = s.h[i];
#endif
    for (int i = me; i < p.n_cell; i += step)
        c1[b * p.n_cell + i] = (HBY_S)s.c[i];
}
