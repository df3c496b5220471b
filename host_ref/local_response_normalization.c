/* LOCAL_RESPONSE_NORMALIZATION: tflite/kernels/internal/reference/reference_ops.h. The window reaches one element less far to the right than to the left. */
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"

void hby_ref_local_response_normalization(const struct hby_ref_call *c)
{
    const struct hby_args_norm *a = &c->args->norm;
    for (size_t row = 0; row < (size_t)a->rows; row++)
        for (int k = 0; k < a->depth; k++) {
            const size_t first = row * (size_t)a->depth;
            const int from = k > a->radius ? k - a->radius : 0, to = a->radius < a->depth - k ? k + a->radius : a->depth;
            float sum = 0.0f;
            for (int i = from; i < to; i++) {
                const float x = hby_load_float(c->in[0], c->in_type[0], first + (size_t)i);
                sum += x * x;
            }
            const float x = hby_load_float(c->in[0], c->in_type[0], first + (size_t)k);
            hby_store_float(c->out, c->out_type, first + (size_t)k, x * powf(a->bias + a->alpha * sum, -a->beta));
        }
}
