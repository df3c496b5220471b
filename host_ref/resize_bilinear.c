/* RESIZE_BILINEAR: tflite/kernels/internal/reference/resize_bilinear.h. int8 and int16 interpolate in 1/1024, uint8 in float32. */
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"

/* The two input positions around an output position, and how far it lies behind the first. */
struct between {
    hby_i32 low, high;
    float f_rest;
    hby_i32 rest; /* in 1/1024 */
};

static struct between between_float(hby_i32 out, float scale, hby_i32 in_size, bool centers)
{
    const float at = centers ? ((float)out + 0.5f) * scale - 0.5f : (float)out * scale;
    const hby_i32 low = (hby_i32)floorf(at), high = (hby_i32)ceilf(at);
    struct between p = {.low = low > 0 ? low : 0, .high = high < in_size - 1 ? high : in_size - 1};
    p.f_rest = at - (float)p.low;
    return p;
}

static struct between between_int(hby_i32 out, hby_i32 scale, hby_i32 in_size, bool centers)
{
    const hby_i32 at = centers ? out * scale + scale / 2 - 512 : out * scale, low = at / 1024, high = (at + 1023) / 1024;
    struct between p = {.low = low < 0 ? 0 : low < in_size - 1 ? low : in_size - 1, .high = high < in_size - 1 ? high : in_size - 1};
    p.rest = at - 1024 * p.low; /* the step is rounded: low without its upper bound would lead past the input, as it does in TFLite */
    return p;
}

static size_t index_of(const struct hby_args_resize *a, hby_i32 b, hby_i32 y, hby_i32 x, hby_i32 k)
{
    return (((size_t)b * (size_t)a->in_h + (size_t)y) * (size_t)a->in_w + (size_t)x) * (size_t)a->channels + (size_t)k;
}

/* XNNPACK's places: clamped before they are split; the rest in 1/2048. */
static struct between between_q11(hby_i32 out, float scale, hby_i32 in_size, bool centers)
{
    const float most = (float)(in_size - 1);
    const volatile float scaled = (float)out * scale;
    float at = scaled;
    if (centers) {
        const volatile float offset = 0.5f * scale - 0.5f;
        at = fmaxf(scaled + offset, 0.0f);
    }
    at = fminf(at, most);
    struct between p = {.low = (hby_i32)at};
    p.high = p.low + 1 < in_size ? p.low + 1 : in_size - 1;
    p.rest = (hby_i32)lrintf((at - (float)p.low) * 2048.0f);
    return p;
}

HBY_INLINE void resize_q11(const struct hby_ref_call *c, enum hby_type type)
{
    const struct hby_args_resize *a = &c->args->resize;
    size_t to = 0;
    for (hby_i32 b = 0; b < a->batch; b++)
        for (hby_i32 y = 0; y < a->out_h; y++)
            for (hby_i32 x = 0; x < a->out_w; x++) {
                const struct between v = between_q11(y, a->scale_h, a->in_h, a->half_pixel_centers),
                                     h = between_q11(x, a->scale_w, a->in_w, a->half_pixel_centers);
                for (hby_i32 k = 0; k < a->channels; k++, to++) {
                    const int64_t ul = hby_load_int64(c->in[0], type, index_of(a, b, v.low, h.low, k)),
                                  ur = hby_load_int64(c->in[0], type, index_of(a, b, v.low, h.high, k));
                    const int64_t ll = hby_load_int64(c->in[0], type, index_of(a, b, v.high, h.low, k)),
                                  lr = hby_load_int64(c->in[0], type, index_of(a, b, v.high, h.high, k));
                    const int64_t top = ul * 2048 + (ur - ul) * h.rest, bottom = ll * 2048 + (lr - ll) * h.rest;
                    hby_store_int(c->out, type, to, (top * 2048 + (bottom - top) * v.rest + (1 << 21)) >> 22);
                }
            }
}

/* The weighted sum of four neighbours, in TFLite's order of operations. */
static float mix(float v00, float v10, float v01, float v11, float dy, float dx)
{
    return v00 * (1.0f - dy) * (1.0f - dx) + v10 * dy * (1.0f - dx) + v01 * (1.0f - dy) * dx + v11 * dy * dx;
}

/* The same as the optimized kernel orders it. */
static float mix_weights(float v00, float v10, float v01, float v11, float dy, float dx)
{
    const volatile float w00 = (1.0f - dy) * (1.0f - dx), w01 = (1.0f - dy) * dx, w10 = dy * (1.0f - dx), w11 = dy * dx;
    return v00 * w00 + v01 * w01 + v10 * w10 + v11 * w11;
}

void hby_ref_resize_bilinear_float(const struct hby_ref_call *c)
{
    const struct hby_args_resize *a = &c->args->resize;
    size_t to = 0;
    for (hby_i32 b = 0; b < a->batch; b++)
        for (hby_i32 y = 0; y < a->out_h; y++)
            for (hby_i32 x = 0; x < a->out_w; x++) {
                const struct between v = between_float(y, a->scale_h, a->in_h, a->half_pixel_centers),
                                     h = between_float(x, a->scale_w, a->in_w, a->half_pixel_centers);
                for (hby_i32 k = 0; k < a->channels; k++, to++)
                    hby_store_float(c->out, c->out_type, to,
                                    mix(hby_load_float(c->in[0], c->in_type[0], index_of(a, b, v.low, h.low, k)),
                                        hby_load_float(c->in[0], c->in_type[0], index_of(a, b, v.high, h.low, k)),
                                        hby_load_float(c->in[0], c->in_type[0], index_of(a, b, v.low, h.high, k)),
                                        hby_load_float(c->in[0], c->in_type[0], index_of(a, b, v.high, h.high, k)), v.f_rest, h.f_rest));
            }
}

void hby_ref_resize_bilinear_u8(const struct hby_ref_call *c)
{
    const struct hby_args_resize *a = &c->args->resize;
    if (a->blend == HBY_BLEND_Q11) {
        resize_q11(c, HBY_U8);
        return;
    }
    float (*const f)(float, float, float, float, float, float) = a->blend == HBY_BLEND_OPT ? mix_weights : mix;
    const uint8_t *in = c->in[0];
    uint8_t *out = c->out;
    size_t to = 0;
    for (hby_i32 b = 0; b < a->batch; b++)
        for (hby_i32 y = 0; y < a->out_h; y++)
            for (hby_i32 x = 0; x < a->out_w; x++) {
                const struct between v = between_float(y, a->scale_h, a->in_h, a->half_pixel_centers),
                                     h = between_float(x, a->scale_w, a->in_w, a->half_pixel_centers);
                for (hby_i32 k = 0; k < a->channels; k++, to++) {
                    const float q = f((float)in[index_of(a, b, v.low, h.low, k)], (float)in[index_of(a, b, v.high, h.low, k)],
                                      (float)in[index_of(a, b, v.low, h.high, k)], (float)in[index_of(a, b, v.high, h.high, k)], v.f_rest, h.f_rest);
                    out[to] = (uint8_t)(hby_i32)(q + 0.5f);
                }
            }
}

HBY_INLINE void resize_int(const struct hby_ref_call *c, enum hby_type type)
{
    const struct hby_args_resize *a = &c->args->resize;
    size_t to = 0;
    for (hby_i32 b = 0; b < a->batch; b++)
        for (hby_i32 y = 0; y < a->out_h; y++)
            for (hby_i32 x = 0; x < a->out_w; x++) {
                const struct between v = between_int(y, a->scale_h_10, a->in_h, a->half_pixel_centers),
                                     h = between_int(x, a->scale_w_10, a->in_w, a->half_pixel_centers);
                for (hby_i32 k = 0; k < a->channels; k++, to++) {
                    const int64_t sum = hby_load_int64(c->in[0], type, index_of(a, b, v.low, h.low, k)) * (1024 - v.rest) * (1024 - h.rest) +
                                        hby_load_int64(c->in[0], type, index_of(a, b, v.high, h.low, k)) * v.rest * (1024 - h.rest) +
                                        hby_load_int64(c->in[0], type, index_of(a, b, v.low, h.high, k)) * (1024 - v.rest) * h.rest +
                                        hby_load_int64(c->in[0], type, index_of(a, b, v.high, h.high, k)) * v.rest * h.rest;
                    hby_store_int(c->out, type, to, (sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20)); /* in 2^-20, ties away from zero */
                }
            }
}

void hby_ref_resize_bilinear_i8(const struct hby_ref_call *c)
{
    if (c->args->resize.blend == HBY_BLEND_Q11)
        resize_q11(c, HBY_I8);
    else
        resize_int(c, HBY_I8);
}

void hby_ref_resize_bilinear_i16(const struct hby_ref_call *c)
{
    resize_int(c, HBY_I16);
}
