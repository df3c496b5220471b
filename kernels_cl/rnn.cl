/* UNIDIRECTIONAL_SEQUENCE_RNN (args_recurrent.h): hby_rnn_input multiplies all steps' inputs with their weights, hby_rnn_steps goes through time, a work-group
 * for each batch. `outs` is n_out, rounded up to 16.
 *
 * w, r    blocks of 16 features (recurrent.clh)
 * sums    int[2][outs]: dynamic range, the sums of w's and r's rows
 * sum_x   [batch * time, in the input's order][outs]: bias and the terms from the input
 * work    per batch of 4-byte words: sum [outs], h [outs], q [outs / 4] */
#include "args_recurrent.h"
#include "recurrent.clh"

#if HBY_SCHEME_f32
/* `sum` and a row of the weights times v: in four lanes, then what is left over. */
static inline hby_rf hby_add_row(hby_rf sum, const __global HBY_W *w, const __global float *v, int n)
{
    hby_rf a = (hby_rf)(0.0f), b = a, c = a, d = a;
    for (int k = 0; k < n / 4 * 4; k += 4) {
        a += HBY_R_WEIGHT(w, 16 * k) * v[k];
        b += HBY_R_WEIGHT(w, 16 * k + 16) * v[k + 1];
        c += HBY_R_WEIGHT(w, 16 * k + 32) * v[k + 2];
        d += HBY_R_WEIGHT(w, 16 * k + 48) * v[k + 3];
    }
    sum += ((a + b) + c) + d;
    for (int k = n / 4 * 4; k < n; k++)
        sum += HBY_R_WEIGHT(w, 16 * k) * v[k];
    return sum;
}
#endif

/* bytes_x: what x's rows are multiplied as, `pitch` long; dynamic range only. */
__kernel void hby_rnn_input(const struct hby_args_rnn p, const __global float *x, const __global char *bytes_x, const __global struct hby_hybrid_row *row_x,
                            const __global HBY_W *w, const __global int *sums, const __global float *bias, __global float *sum_x, int pitch, int rows_each)
{
    const int outs = (p.n_out + 15) / 16 * 16, i = (int)get_global_id(0) * HBY_R;
    const int from = (int)get_global_id(1) * rows_each, to = min(p.batch * p.time, from + rows_each);
    if (i >= outs)
        return;
    for (int row = from; row < to; row++) {
#if HBY_SCHEME_f32
        const hby_rf sum = hby_add_row(HBY_R_LOAD(bias, i), hby_r_column(w, i, p.n_in), x + (size_t)row * p.n_in, p.n_in);
#else
        const int words = (p.n_in + 3) / 4;
        const hby_ri dot = hby_r_dot(hby_r_column(w, i, words), bytes_x + (size_t)row * pitch, words);
        const hby_rf sum = HBY_R_LOAD(bias, i) + HBY_R_FLOAT(dot - row_x[row].zero * HBY_R_LOAD(sums, i)) * (row_x[row].scale * p.scale[0]);
#endif
        hby_keep_rf(sum, sum_x + (size_t)row * outs, i);
    }
}

__kernel void hby_rnn_steps(const struct hby_args_rnn p, const __global float *sum_x, const __global HBY_W *r, const __global int *sums,
                            const __global float *h0, __global float *out, __global float *h1, __global float *work)
{
    __local float part[HBY_R_GROUP];
    const int b = (int)get_group_id(0), me = (int)get_local_id(0), step = (int)get_local_size(0), outs = (p.n_out + 15) / 16 * 16;
    __global float *sum = work + (size_t)b * (2 * outs + outs / 4), *h = sum + outs;
    __global char *q = (__global char *)(h + outs);
    for (int i = me; i < outs; i += step)
        h[i] = i < p.n_out ? h0[b * p.n_out + i] : 0.0f;
    HBY_R_FENCE();
    for (int t = 0; t < p.time; t++) {
        const size_t at = p.time_major ? (size_t)t * p.batch + b : (size_t)b * p.time + t;
#if HBY_SCHEME_f32w8
        const int words = (p.n_out + 3) / 4;
        struct hby_hybrid_row row;
        hby_r_quantize(h, p.n_out, p.asymmetric, q, part, &row);
        HBY_R_FENCE();
#endif
        for (int i = me * HBY_R; i < outs; i += step * HBY_R) {
            const hby_rf from_x = HBY_R_LOAD(sum_x, at * outs + i);
#if HBY_SCHEME_f32
            hby_keep_rf(hby_add_row(from_x, hby_r_column(r, i, p.n_out), h, p.n_out), sum, i);
#else
            const hby_ri dot = hby_r_dot(hby_r_column(r, i, words), q, words);
            hby_keep_rf(from_x + HBY_R_FLOAT(dot - row.zero * HBY_R_LOAD(sums, outs + i)) * (row.scale * p.scale[1]), sum, i);
#endif
        }
        HBY_R_FENCE();
        for (int i = me * HBY_R; i < outs; i += step * HBY_R) {
            const hby_rf v = hby_r_act(HBY_R_LOAD(sum, i), p.activation);
            hby_keep_rf(v, h, i);
            hby_put_rf(v, out + at * p.n_out, i, p.n_out);
        }
        HBY_R_FENCE();
    }
    for (int i = me; i < p.n_out; i += step)
        h1[b * p.n_out + i] = h[i];
}
