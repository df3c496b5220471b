/* What the recurrent operators share: activations, and the terms of a sum. */
#ifndef HBY_HOST_REF_RECURRENT_H
#define HBY_HOST_REF_RECURRENT_H

#include <math.h>

#include "host_ref/hybrid.h"
#include "partition/args_recurrent.h"

HBY_INLINE float hby_recurrent_act(int act, float x)
{
    switch (act) {
    case HBY_RECURRENT_RELU:
        return x > 0.0f ? x : 0.0f;
    case HBY_RECURRENT_RELU_N1_TO_1:
        return x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x;
    case HBY_RECURRENT_RELU6:
        return x > 6.0f ? 6.0f : x > 0.0f ? x : 0.0f;
    case HBY_RECURRENT_TANH:
        return tanhf(x);
    case HBY_RECURRENT_SIGN_BIT:
        return signbit(x) ? 1.0f : 0.0f;
    case HBY_RECURRENT_SIGMOID:
        return 1.0f / (1.0f + expf(-x));
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

/* Row `row` of the weights times the vector; with int8 weights exact in integers, then scaled. */
HBY_INLINE float hby_recurrent_dot(const void *w, enum hby_type type, int row, const struct hby_recurrent_vector *v, int n, float scale)
{
    const size_t at = (size_t)row * (size_t)n;
    if (type == HBY_I8) {
        uint32_t sum = 0;
        for (int i = 0; i < n; i++)
            sum += (uint32_t)((int32_t)v->value[i] * ((const int8_t *)w)[at + (size_t)i]);
        return (float)hby_wrap32(sum) * (v->scale * scale);
    }
    float sum = 0.0f;
    for (int i = 0; i < n; i++)
        sum += hby_load_float(w, type, at + (size_t)i) * v->value[i];
    return sum;
}

#endif
