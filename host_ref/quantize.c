/* QUANTIZE: tflite/kernels/internal/reference/quantize.h and requantize.h (8-bit input: table.c). */
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

/* As x86's cvttss2si: what does not fit becomes INT32_MIN. */
static int32_t to_int(float x)
{
    return x >= -2147483648.0f && x < 2147483648.0f ? (int32_t)x : INT32_MIN;
}

/* XNNPACK's: times the reciprocal, ties to even; a NaN is the largest value. */
static void quantize_even(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    const float low = (float)(a->act_min - a->out.zero_point), high = (float)(a->act_max - a->out.zero_point);
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const volatile float product = hby_load_float(c->in[0], c->in_type[0], i) * a->scale;
        const float x = product < high ? product : high;
        hby_store_int(c->out, c->out_type, i, (int32_t)lrintf(x > low ? x : low) + a->out.zero_point);
    }
}

void hby_ref_quantize_float(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    if (a->fn == HBY_FN_QUANTIZE_EVEN) {
        quantize_even(c);
        return;
    }
    const float *scales = c->step->table[0].data;
    const int32_t *zero_points = c->step->table[1].data;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const size_t channel = a->channels > 1 ? i / (size_t)a->channel_inner % (size_t)a->channels : 0;
        const float scale = a->channels > 1 ? scales[channel] : a->scale;
        const int32_t zero_point = a->channels > 1 ? zero_points[channel] : a->out.zero_point;
        const int32_t q = to_int(roundf(hby_load_float(c->in[0], c->in_type[0], i) / scale));
        hby_store_int(c->out, c->out_type, i, hby_clamp32(hby_add32(q, zero_point), a->act_min, a->act_max));
    }
}

/* int16 and int32 input. */
void hby_ref_requantize(const struct hby_ref_call *c)
{
    const struct hby_args_unary *a = &c->args->unary;
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t y = hby_rescale_double(hby_add32(hby_load_int(c->in[0], c->in_type[0], i), hby_wrap32(-(uint64_t)(int64_t)a->in.zero_point)), a->out.mult,
                                             a->out.shift);
        hby_store_int(c->out, c->out_type, i, hby_clamp32(hby_add32(y, a->out.zero_point), a->act_min, a->act_max));
    }
}
