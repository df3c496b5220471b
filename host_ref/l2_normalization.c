/* L2_NORMALIZATION: tflite/kernels/internal/reference/l2normalization.h, integer_ops/l2normalization.h. */
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_l2_normalization_float(const struct hby_ref_call *c)
{
    const struct hby_args_norm *a = &c->args->norm;
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        const size_t first = row * (size_t)a->depth, end = first + (size_t)a->depth;
        float sum = 0.0f;
        for (size_t i = first; i < end; i++) {
            const float x = hby_load_float(c->in[0], c->in_type[0], i);
            sum += x * x;
        }
        const float norm = sqrtf(sum), divisor = norm < 1e-6f ? 1e-6f : norm;
        for (size_t i = first; i < end; i++)
            hby_store_float(c->out, c->out_type, i, hby_load_float(c->in[0], c->in_type[0], i) / divisor);
    }
}

/* uint8 takes 128 times the difference and shifts right, int8 the difference and shifts by 7 less: they round differently. */
void hby_ref_l2_normalization_int(const struct hby_ref_call *c)
{
    const struct hby_args_norm *a = &c->args->norm;
    const bool is_signed = c->in_type[0] == HBY_I8;
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        const size_t first = row * (size_t)a->depth, end = first + (size_t)a->depth;
        int32_t sum = 0, mult;
        int shift;
        for (size_t i = first; i < end; i++) {
            const int32_t x = hby_load_int(c->in[0], c->in_type[0], i) - a->in_zp;
            sum += x * x;
        }
        hby_inverse_root(sum, &mult, &shift);
        for (size_t i = first; i < end; i++) {
            const int32_t x = hby_load_int(c->in[0], c->in_type[0], i) - a->in_zp;
            const int32_t y = is_signed ? hby_rescale_double(x, mult, shift + 7) : 128 + hby_rescale_double(128 * x, mult, shift);
            hby_store_int(c->out, c->out_type, i, hby_clamp32(y, a->act_min, a->act_max));
        }
    }
}
