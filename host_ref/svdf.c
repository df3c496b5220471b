/* SVDF: tflite/kernels/internal/reference/svdf.h. */
#include "host_ref/recurrent.h"
#include "host_ref/ref.h"
#include "partition/fixedpoint.h"

enum { X, FEATURE, TIME, BIAS };

/* Filter f's memory times its weights over time: in four lanes, then what is left over. */
static float over_time(const struct hby_ref_call *c, int f, const float *memory)
{
    const struct hby_args_svdf *a = &c->args->svdf;
    float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f}, sum = 0.0f;
    for (int m = 0; m < a->memory; m++) {
        const size_t at = (size_t)f * (size_t)a->memory + (size_t)m;
        const float w = c->in_type[TIME] == HBY_I8 ? (float)((const int8_t *)c->in[TIME])[at] * a->scale[1] : hby_load_float(c->in[TIME], c->in_type[TIME], at);
        if (m < a->memory / 4 * 4)
            lane[m % 4] += w * memory[m];
        else
            sum = (m == a->memory / 4 * 4 ? lane[0] + lane[1] + lane[2] + lane[3] : sum) + w * memory[m];
    }
    return a->memory % 4 ? sum : lane[0] + lane[1] + lane[2] + lane[3];
}

static void svdf_float(const struct hby_ref_call *c, bool hybrid)
{
    const struct hby_args_svdf *a = &c->args->svdf;
    const size_t memory = (size_t)a->memory;
    for (int b = 0; b < a->batch; b++) {
        const struct hby_recurrent_vector x = hby_recurrent_vector(c->in[X], (size_t)b * (size_t)a->n_in, a->n_in, hybrid, a->asymmetric, c->state[1]);
        for (int u = 0; u < a->filters / a->rank; u++) {
            float lane[4] = {0.0f, 0.0f, 0.0f, 0.0f}, sum = 0.0f;
            for (int r = 0; r < a->rank; r++) {
                const int f = u * a->rank + r;
                const size_t at = ((size_t)b * (size_t)a->filters + (size_t)f) * memory;
                const float *before = (const float *)c->in[4] + at;
                float *after = (float *)c->state[0] + at;
                memcpy(after, before + 1, (memory - 1) * sizeof *after);
                after[memory - 1] = hby_recurrent_add(0.0f, c->in[FEATURE], c->in_type[FEATURE], f, &x, a->n_in, a->scale[0]);
                const float dot = over_time(c, f, after);
                if (r < a->rank / 4 * 4)
                    lane[r % 4] += dot;
                else
                    sum = (r == a->rank / 4 * 4 ? lane[0] + lane[1] + lane[2] + lane[3] : sum) + dot;
            }
            if (a->rank % 4 == 0)
                sum = lane[0] + lane[1] + lane[2] + lane[3];
            if (c->in[BIAS])
                sum += hby_load_float(c->in[BIAS], HBY_F32, (size_t)u);
            ((float *)c->out)[(size_t)b * (size_t)(a->filters / a->rank) + (size_t)u] = hby_recurrent_act(a->activation, sum);
        }
    }
}

void hby_ref_svdf_f32(const struct hby_ref_call *c)
{
    svdf_float(c, false);
}

void hby_ref_svdf_f32w8(const struct hby_ref_call *c)
{
    svdf_float(c, true);
}

/* The newest value of filter f's memory. */
static int16_t newest(const struct hby_ref_call *c, int b, int f)
{
    const struct hby_args_svdf *a = &c->args->svdf;
    const int8_t *w = (const int8_t *)c->in[FEATURE] + (size_t)f * (size_t)a->n_in, *x = (const int8_t *)c->in[X] + (size_t)b * (size_t)a->n_in;
    uint32_t sum = 0;
    for (int i = 0; i < a->n_in; i++)
        sum += (uint32_t)(w[i] * (x[i] - a->in_zp));
    return (int16_t)hby_clamp32(hby_rescale_double(hby_wrap32(sum), a->feature.mult, a->feature.shift), INT16_MIN, INT16_MAX);
}

void hby_ref_svdf_i8(const struct hby_ref_call *c)
{
    const struct hby_args_svdf *a = &c->args->svdf;
    const size_t memory = (size_t)a->memory;
    for (int b = 0; b < a->batch; b++)
        for (int u = 0; u < a->filters / a->rank; u++) {
            uint32_t sum = c->in[BIAS] ? (uint32_t)hby_load_int(c->in[BIAS], HBY_I32, (size_t)u) : 0;
            for (int r = 0; r < a->rank; r++) {
                const int f = u * a->rank + r;
                const size_t at = ((size_t)b * (size_t)a->filters + (size_t)f) * memory;
                int16_t *after = (int16_t *)c->state[0] + at;
                memcpy(after, (const int16_t *)c->in[4] + at + 1, (memory - 1) * sizeof *after);
                after[memory - 1] = newest(c, b, f);
                for (size_t m = 0; m < memory; m++)
                    sum += (uint32_t)(hby_load_int(c->in[TIME], HBY_I16, (size_t)f * memory + m) * after[m]);
            }
            const int32_t v = hby_add32(hby_rescale_double(hby_wrap32(sum), a->out.mult, a->out.shift), a->out.zero_point);
            ((int8_t *)c->out)[(size_t)b * (size_t)(a->filters / a->rank) + (size_t)u] = (int8_t)hby_clamp32(v, -128, 127);
        }
}
