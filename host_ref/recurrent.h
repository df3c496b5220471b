/* What the recurrent operators share: activations, and the terms of a sum. */
#ifndef HBY_HOST_REF_RECURRENT_H
#define HBY_HOST_REF_RECURRENT_H

#include <math.h>

#include "host_ref/hybrid.h"
#include "partition/args_recurrent.h"

/* The runtime's tanh and logistic are Eigen's: rational approximations without fused multiply-adds, the same on every element but for the logistic, which takes
 * whole packets of four one way and what is left over at the ends another way. */
HBY_INLINE float hby_recurrent_tanh(float x)
{
    const float most = 7.90738964080810547f;
    x = x > most ? most : x < -most ? -most : x;
    const float x2 = x * x, x3 = x2 * x;
    float p = x2 * 1.394553628e-8f + 2.102733560e-5f, q = x2 * 8.015776984e-7f + 3.326951409e-4f;
    p = x2 * p + 3.520756727e-3f;
    p = x2 * p + 1.340216100e-1f;
    q = x2 * q + 2.597254514e-2f;
    q = x2 * q + 4.673548340e-1f;
    q = x2 * q + 1.0f;
    return (x3 * p + x) / q;
}

/* exp(x) as the square of exp(x / 2), that as 2^m * exp(r). */
HBY_INLINE float hby_recurrent_logistic_packet(float x)
{
    if (x < -104.0f)
        return 0.0f;
    x = (x > 16.6355324f ? 16.6355324f : x) * 0.5f;
    const float m = floorf(x * 1.44269504088896341f + 0.5f);
    float r = m * -0.693359375f + x;
    r = m * 2.12194440e-4f + r;
    const float r2 = r * r, even = r2 * 4.1898667812347412109375e-2f + 0.49999141693115234375f,
                odd = r2 * 8.33471305668354034423828125e-3f + 0.16666877269744873046875f;
    const float half = ldexpf(r2 * (r * odd + even) + (r + 1.0f), (int)m), e = half * half;
    return e / (1.0f + e);
}

HBY_INLINE float hby_recurrent_logistic(float x)
{
    const float e = expf(x > 16.6355324f ? 16.6355324f : x);
    return e / (1.0f + e);
}

/* Does element i of `n` lie in a whole packet, when the first lies `offset` elements behind a multiple of four? */
HBY_INLINE bool hby_recurrent_in_packet(size_t offset, size_t n, size_t i)
{
    const size_t start = (4 - offset % 4) % 4;
    return i >= start && start < n && i < start + (n - start) / 4 * 4;
}

HBY_INLINE float hby_recurrent_act(int act, float x)
{
    switch (act) {
    case HBY_RECURRENT_RELU:
        return x > 0.0f ? x : 0.0f;
    case HBY_RECURRENT_RELU_N1_TO_1:
        return x > 1.0f ? 1.0f : x >= -1.0f ? x : -1.0f; /* the least of NaN, as in the runtime */
    case HBY_RECURRENT_RELU6:
        return x > 6.0f ? 6.0f : x > 0.0f ? x : 0.0f;
    case HBY_RECURRENT_TANH:
        return hby_recurrent_tanh(x);
    case HBY_RECURRENT_SIGN_BIT:
        return signbit(x) ? 1.0f : 0.0f;
    default:
        return x;
    }
}

/* Where step t of batch b begins in a tensor of `n` features. */
HBY_INLINE size_t hby_recurrent_at(int time_major, int batch, int time, int b, int t, int n)
{
    return (time_major ? (size_t)t * (size_t)batch + (size_t)b : (size_t)b * (size_t)time + (size_t)t) * (size_t)n;
}

/* A vector that weights are multiplied with. Float: as it is. Dynamic range: quantized, less its zero point, as floats. */
struct hby_recurrent_vector {
    const float *value;
    float scale; /* dynamic range: of the quantized values */
};

/* `room` takes the quantized values. */
HBY_INLINE struct hby_recurrent_vector hby_recurrent_vector(const void *x, size_t first, int n, bool hybrid, bool asymmetric, float *room)
{
    const float *value = (const float *)x + first;
    if (!hybrid)
        return (struct hby_recurrent_vector){value, 1.0f};
    const struct hby_hybrid_row row = hby_hybrid_row(x, HBY_F32, first, (size_t)n, asymmetric);
    for (int i = 0; i < n; i++)
        room[i] = (float)hby_hybrid_value(&row, value[i]);
    return (struct hby_recurrent_vector){room, row.scale};
}

/* `sum` and row `row` of the weights times the vector. int8 weights: exact in integers, then scaled. Float: in four lanes, then what is left over, as the
 * runtime's vector code on x86-64 has it. */
HBY_INLINE float hby_recurrent_add(float sum, const void *w, enum hby_type type, int row, const struct hby_recurrent_vector *v, int n, float scale)
{
    const size_t at = (size_t)row * (size_t)n;
    if (type == HBY_I8) {
        uint32_t dot = 0;
        for (int i = 0; i < n; i++)
            dot += (uint32_t)((int32_t)v->value[i] * ((const int8_t *)w)[at + (size_t)i]);
        return sum + (float)hby_wrap32(dot) * (v->scale * scale);
    }
    float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int i = 0; i < n / 4 * 4; i++)
        lane[i % 4] += hby_load_float(w, type, at + (size_t)i) * v->value[i];
    sum += lane[0] + lane[1] + lane[2] + lane[3];
    for (int i = n / 4 * 4; i < n; i++)
        sum += hby_load_float(w, type, at + (size_t)i) * v->value[i];
    return sum;
}

#endif
