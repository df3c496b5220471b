/* DIV: tflite/kernels/internal/reference/div.h. */
#include "host_ref/binary.h"

void hby_ref_div_float(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const float x = hby_load_float(c->in[0], c->in_type[0], (size_t)o.a), y = hby_load_float(c->in[1], c->in_type[1], (size_t)o.b);
        hby_store_float(c->out, c->out_type, i, hby_clamp_float(x / y, a->f_min, a->f_max));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* int32, towards zero. */
void hby_ref_div_i32(const struct hby_ref_call *c)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int64_t x = hby_load_int(c->in[0], HBY_I32, (size_t)o.a), y = hby_load_int(c->in[1], HBY_I32, (size_t)o.b);
        *c->bad_data = *c->bad_data || y == 0;
        hby_store_int(c->out, HBY_I32, i, hby_clamp_plain((uint64_t)(y ? x / y : 0), HBY_I32, a));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

/* x / 2^e, ties away from zero, for any e: shifts count modulo 32, their mask modulo 64, as the runtime's builds have them. */
static int32_t shift_away(int32_t x, int e)
{
    const int32_t mask = hby_wrap32((UINT64_C(1) << (e & 63)) - 1), rest = x & mask, half = (mask >> 1) + (x < 0);
    return hby_add32(x >> (e & 31), rest > half);
}

/* x / y = x * (1 / (1 + f)) / 2^bits for y = (1 + f) 2^bits; x is shifted left as far as it goes. */
static int32_t quotient(int32_t x, int32_t y, const struct hby_args_binary *a)
{
    if (y == 0)
        return a->out.zero_point;
    if (y < 0) {
        x = -x;
        y = -y;
    }
    const int zeros = __builtin_clz((uint32_t)y), room = x ? __builtin_clrsb(x) : 31;
    const int32_t inverse = hby_reciprocal(hby_wrap32(((uint64_t)(uint32_t)y << zeros) - (UINT64_C(1) << 31)));
    const int32_t unscaled = hby_srdhm(hby_shl32(x, room), inverse);
    return hby_add32(a->out.zero_point, shift_away(hby_srdhm(unscaled, a->out.mult), 31 - zeros + room - a->out.shift));
}

HBY_INLINE void div_quantized(const struct hby_ref_call *c, enum hby_type type)
{
    const struct hby_args_binary *a = &c->args->binary;
    struct hby_odometer o = {.a = 0};
    for (size_t i = 0; i < (size_t)a->count; i++) {
        const int32_t x = hby_load_int(c->in[0], type, (size_t)o.a) - a->a.zero_point, y = hby_load_int(c->in[1], type, (size_t)o.b) - a->b.zero_point;
        *c->bad_data = *c->bad_data || y == 0;
        hby_store_int(c->out, type, i, hby_clamp32(quotient(x, y, a), a->act_min, a->act_max));
        hby_odometer_next(&o, HBY_BINARY_RANK, a->dim, a->a_stride, a->b_stride);
    }
}

void hby_ref_div_i8(const struct hby_ref_call *c)
{
    div_quantized(c, HBY_I8);
}

void hby_ref_div_u8(const struct hby_ref_call *c)
{
    div_quantized(c, HBY_U8);
}

void hby_ref_div_i16(const struct hby_ref_call *c)
{
    div_quantized(c, HBY_I16);
}
