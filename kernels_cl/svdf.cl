/* SVDF (args_recurrent.h): a work-item takes the `rank` filters of one unit of one batch, one after the other.
 *
 * feature [filters][n_in], over_time [filters][memory], before and after [batch][filters][memory], as the model has them.
 * bytes_x, row_x: dynamic range, the quantized rows of x, `pitch` long. */
#include "args_recurrent.h"
#include "recurrent.clh"

#if HBY_SCHEME_i8
#define HBY_X char
#define HBY_M short /* memory */
#define HBY_F char  /* weights */
#define HBY_O short /* weights over time */
#else
#define HBY_X float
#define HBY_M float
#if HBY_SCHEME_f32w8
#define HBY_F char
#define HBY_O char
#elif HBY_HALF_WEIGHTS
#define HBY_F half
#define HBY_O half
#else
#define HBY_F float
#define HBY_O float
#endif
#endif

#if HBY_HALF_WEIGHTS
#define HBY_AT(p, i) vload_half(i, p)
#define HBY_FOUR(p, i) vload_half4(0, (p) + (i))
#else
#define HBY_AT(p, i) ((float)(p)[i])
#define HBY_FOUR(p, i) convert_float4(vload4(0, (p) + (i)))
#endif

/* A row of int8 weights times bytes less their zero point. */
static inline int hby_dot_bytes(const __global char *w, const __global char *x, int n, int zero)
{
    int sum = 0;
    for (int k = 0; k < n; k++)
        sum += w[k] * (x[k] - zero);
    return sum;
}

#if HBY_SCHEME_f32
/* In four lanes, then what is left over. */
static inline float hby_dot_floats(const __global HBY_F *w, const __global float *x, int n)
{
    float4 lanes = (float4)(0.0f);
    for (int k = 0; k < n / 4 * 4; k += 4)
        lanes += HBY_FOUR(w, k) * vload4(0, x + k);
    float sum = ((lanes.x + lanes.y) + lanes.z) + lanes.w;
    for (int k = n / 4 * 4; k < n; k++)
        sum += HBY_AT(w, k) * x[k];
    return sum;
}
#endif

#if HBY_SCHEME_i8
static inline int hby_over_time(const struct hby_args_svdf p, const __global HBY_O *w, const __global HBY_M *memory)
{
    int sum = 0;
    for (int m = 0; m < p.memory; m++)
        sum += w[m] * memory[m];
    return sum;
}
#else
static inline float hby_over_time(const struct hby_args_svdf p, const __global HBY_O *w, const __global HBY_M *memory)
{
#if HBY_SCHEME_f32w8
    const float scale = p.scale[1];
#else
    const float scale = 1.0f;
#endif
    float4 lanes = (float4)(0.0f);
    for (int m = 0; m < p.memory / 4 * 4; m += 4)
        lanes += HBY_FOUR(w, m) * scale * vload4(0, memory + m);
    float sum = ((lanes.x + lanes.y) + lanes.z) + lanes.w;
    for (int m = p.memory / 4 * 4; m < p.memory; m++)
        sum += HBY_AT(w, m) * scale * memory[m];
    return sum;
}

/* One value at a time through functions of many lanes. */
static inline float hby_act_one(float x, int act)
{
#if HBY_DEVICE_CPU
    return hby_r_act((hby_rf)(x), act).s0;
#else
    return hby_r_act(x, act);
#endif
}
#endif

/* The newest value of filter f's memory. */
static inline HBY_M hby_newest(const struct hby_args_svdf p, const __global HBY_X *x, const __global char *bytes_x, const __global struct hby_hybrid_row *row_x,
                               const __global HBY_F *feature, int b, int f, int pitch)
{
    const __global HBY_F *w = feature + (size_t)f * p.n_in;
#if HBY_SCHEME_i8
    return (short)clamp(hby_rescale_double(hby_dot_bytes(w, x + (size_t)b * p.n_in, p.n_in, p.in_zp), p.feature.mult, p.feature.shift), -32768, 32767);
#elif HBY_SCHEME_f32w8
    /* the bytes are HBY_ACT_BIAS too large, of either sign */
    int sum = 0;
    const __global char *q = bytes_x + (size_t)b * pitch;
    for (int k = 0; k < p.n_in; k++)
        sum += w[k] * ((HBY_DOT_UNSIGNED ? (int)(uchar)q[k] : (int)q[k]) - row_x[b].zero);
    return (float)sum * (row_x[b].scale * p.scale[0]);
#else
    return hby_dot_floats(w, x + (size_t)b * p.n_in, p.n_in);
#endif
}

__kernel void hby_svdf(const struct hby_args_svdf p, const __global HBY_X *x, const __global char *bytes_x, const __global struct hby_hybrid_row *row_x,
                       const __global HBY_F *feature, const __global HBY_O *over_time, const __global int *bias, const __global HBY_M *before,
                       __global HBY_X *out, __global HBY_M *after, int pitch, int has_bias)
{
    const int u = (int)get_global_id(0), b = (int)get_global_id(1), units = p.filters / p.rank;
    if (u >= units || b >= p.batch)
        return;
#if HBY_SCHEME_i8
    int sum = has_bias ? bias[u] : 0;
#else
    float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f}, sum = 0.0f;
#endif
    for (int k = 0; k < p.rank; k++) {
        const int f = u * p.rank + k;
        const size_t at = ((size_t)b * p.filters + f) * p.memory;
        for (int m = 0; m + 1 < p.memory; m++)
            after[at + m] = before[at + m + 1];
        after[at + p.memory - 1] = hby_newest(p, x, bytes_x, row_x, feature, b, f, pitch);
#if HBY_SCHEME_i8
        sum += hby_over_time(p, over_time + (size_t)f * p.memory, after + at);
#else
        const float v = hby_over_time(p, over_time + (size_t)f * p.memory, after + at);
        if (k < p.rank / 4 * 4)
            lane[k % 4] += v;
        else
            sum = (k == p.rank / 4 * 4 ? ((lane[0] + lane[1]) + lane[2]) + lane[3] : sum) + v;
#endif
    }
    const size_t to = (size_t)b * units + u;
#if HBY_SCHEME_i8
    out[to] = (char)clamp(hby_rescale_double(sum, p.out.mult, p.out.shift) + p.out.zero_point, -128, 127);
#else
    if (p.rank % 4 == 0)
        sum = ((lane[0] + lane[1]) + lane[2]) + lane[3];
    out[to] = hby_act_one(has_bias ? sum + as_float(bias[u]) : sum, p.activation);
#endif
}
