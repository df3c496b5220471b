/* SOFTMAX: tflite/kernels/internal/reference/softmax.h. The exponentials of the integer types are tables that lowering made. */
#include <float.h>
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_softmax_float(const struct hby_ref_call *c)
{
    const struct hby_args_softmax *a = &c->args->softmax;
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        const size_t first = row * (size_t)a->depth, end = first + (size_t)a->depth;
        float max = -FLT_MAX, sum = 0.0f;
        for (size_t i = first; i < end; i++) {
            const float x = hby_load_float(c->in[0], c->in_type[0], i);
            max = max < x ? x : max;
        }
        for (size_t i = first; i < end; i++)
            sum += expf((hby_load_float(c->in[0], c->in_type[0], i) - max) * a->beta);
        for (size_t i = first; i < end; i++)
            hby_store_float(c->out, c->out_type, i, expf((hby_load_float(c->in[0], c->in_type[0], i) - max) * a->beta) / sum);
    }
}

static int leading_zeros(uint32_t x)
{
    return x ? __builtin_clz(x) : 32;
}

/* exp in Q31, their sum in Q19 (12 integer bits, modulo 2^32 beyond 4096), its reciprocal in Q31 times a power of two. */
HBY_INLINE void softmax_8(const struct hby_ref_call *c, enum hby_type type)
{
    const struct hby_args_softmax *a = &c->args->softmax;
    const int32_t *exps = c->step->table[0].data;
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        const size_t first = row * (size_t)a->depth, end = first + (size_t)a->depth;
        int32_t max = INT32_MIN, sum = 0;
        for (size_t i = first; i < end; i++) {
            const int32_t q = hby_load_int(c->in[0], type, i);
            max = q > max ? q : max;
        }
        for (size_t i = first; i < end; i++)
            sum = hby_add32(sum, hby_rdbpot(exps[max - hby_load_int(c->in[0], type, i)], 12));
        const int zeros = leading_zeros((uint32_t)sum), down = 12 - zeros + 31 - a->out_bits; /* sum = (1 + x) 2^(12 - zeros) */
        const int32_t scale = hby_reciprocal(hby_wrap32((uint64_t)((uint32_t)sum << (zeros & 31)) - (UINT64_C(1) << 31)));
        for (size_t i = first; i < end; i++) {
            const int32_t e = exps[max - hby_load_int(c->in[0], type, i)];
            const int32_t y = down > 31 ? 0 : hby_rdbpot(hby_srdhm(scale, e), down); /* TFLite aborts there: 512 elements near the largest */
            hby_store_int(c->out, c->out_type, i, hby_clamp32(y + a->act_min, a->act_min, a->act_max));
        }
    }
}

void hby_ref_softmax_i8(const struct hby_ref_call *c)
{
    softmax_8(c, HBY_I8);
}

void hby_ref_softmax_u8(const struct hby_ref_call *c)
{
    softmax_8(c, HBY_U8);
}

/* 512 steps over int16, interpolated linearly. */
static int16_t lookup_16(const int16_t *table, int32_t x)
{
    const int k = 256 + (x >> 7), rest = x & 0x7f, slope = (int16_t)(table[k + 1] - table[k]);
    return (int16_t)(table[k] + ((slope * rest + 64) >> 7));
}

void hby_ref_softmax_i16(const struct hby_ref_call *c)
{
    const struct hby_args_softmax *a = &c->args->softmax;
    const int16_t *exps = c->step->table[0].data, *reciprocals = c->step->table[1].data;
    int16_t *out = c->out;
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        const size_t first = row * (size_t)a->depth, end = first + (size_t)a->depth;
        int32_t max = INT16_MIN, sum = 0; /* Q15 */
        for (size_t i = first; i < end; i++) {
            const int32_t q = hby_load_int(c->in[0], HBY_I16, i);
            max = q > max ? q : max;
        }
        for (size_t i = first; i < end; i++) {
            const int32_t d = hby_add32(hby_rescale_double(hby_load_int(c->in[0], HBY_I16, i) - max, a->mult, a->shift), 32767);
            out[i] = lookup_16(exps, hby_clamp32(d, INT16_MIN, INT16_MAX));
            sum = hby_add32(sum, out[i]);
        }
        const int zeros = leading_zeros((uint32_t)sum), right = 31 - zeros; /* sum = (1 + x) 2^right */
        const int32_t x = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14) - ((1 << 15) + (1 << 16));
        const int16_t scale = lookup_16(reciprocals, hby_clamp32(x, INT16_MIN, INT16_MAX));
        for (size_t i = first; i < end; i++) {
            const int32_t y = hby_wrap32((uint64_t)(((int64_t)out[i] * scale + (1 << (right - 1))) >> right));
            out[i] = (int16_t)hby_clamp32(y, 0, INT16_MAX);
        }
    }
}
