/* POW: tflite/kernels/pow.cc. One exponent for a tensor of bases is multiplied out where it is a positive whole number (internal/optimized/optimized_ops.h,
 * also for the reference kernels); all else goes through the C library's pow. */
#include <math.h>

#include "host_ref/binary.h"

static float multiplied(float x, int n, const struct hby_args_binary *a)
{
    float y = x;
    for (int bit = 30 - __builtin_clz((uint32_t)n); bit >= 0; bit--) {
        y = hby_clamp_float(y * y, a->f_min, a->f_max);
        if (n >> bit & 1)
            y = hby_clamp_float(x * y, a->f_min, a->f_max);
    }
    return y;
}

void hby_ref_pow_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b), whole = roundf(y);
        const bool is_whole = a->pot_scale && fabsf(y - whole) < 1e-5f && whole >= 1.0f && whole < 2147483648.0f;
        hby_store_float(c->out, c->out_type, i, is_whole ? multiplied(x, (int)whole, a) : powf(x, y));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* Modulo 2^32. */
static int32_t wrapped(int32_t x, int32_t n)
{
    int32_t y = 1;
    for (int bit = 31 - __builtin_clz((uint32_t)n); bit >= 0; bit--)
        y = hby_mul32(hby_mul32(y, y), n >> bit & 1 ? x : 1);
    return y;
}

/* What does not fit becomes INT32_MIN, as x86 converts it. */
static int32_t through_double(int32_t x, int32_t n)
{
    const double y = pow(x, n);
    return y >= -2147483648.0 && y < 2147483648.0 ? (int32_t)y : INT32_MIN;
}

void hby_ref_pow_i32(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = hby_load_int(c->in[0], HBY_I32, (size_t)o.a), n = hby_load_int(c->in[1], HBY_I32, (size_t)o.b);
        *c->bad_data = *c->bad_data || n < 0;
        hby_store_int(c->out, HBY_I32, i, a->pot_scale && n > 0 ? wrapped(x, n) : through_double(x, n));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}
