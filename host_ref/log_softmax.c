/* LOG_SOFTMAX: tflite/kernels/internal/reference/log_softmax.h, internal/common.h. The exponentials of 8 bits are tables that lowering made. */
#include <float.h>
#include <math.h>

#include "host_ref/ref.h"
#include "partition/element.h"
#include "partition/fixedpoint.h"

void hby_ref_log_softmax_float(const struct hby_ref_call *c)
{
    const struct hby_args_norm *a = &c->args->norm;
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        const size_t first = row * (size_t)a->depth, end = first + (size_t)a->depth;
        float max = -FLT_MAX, sum = 0.0f;
        for (size_t i = first; i < end; i++) {
            const float x = hby_load_float(c->in[0], c->in_type[0], i);
            max = max < x ? x : max;
        }
        for (size_t i = first; i < end; i++)
            sum += expf(hby_load_float(c->in[0], c->in_type[0], i) - max);
        const float log_sum = logf(sum);
        for (size_t i = first; i < end; i++)
            hby_store_float(c->out, c->out_type, i, hby_load_float(c->in[0], c->in_type[0], i) - max - log_sum);
    }
}

/* log(x) in Q26 for x >= 1 in Q19: two estimates of the nearest power of two, a quarter of a step apart, of which the larger is right; what is left, a number
 * around the fourth root of 1/2, goes through a quotient of polynomials. */
static int32_t log_of(int32_t x)
{
    enum { HALF_ROOT = 1518500250, FOURTH_ROOT = 1805811301, LOG_2 = 1488522236, QUARTER = 1 << 23 }; /* sqrt(1/2), its root, log(2) in Q31; 1/4 in Q25 */
    const int zeros = __builtin_clz((uint32_t)x);
    const int32_t a = hby_shl_saturating(hby_srdhm(hby_shl_saturating(x, zeros - 1), HALF_ROOT), 1);
    const int32_t a_power = hby_shl_saturating(12 - zeros, 25) + QUARTER;
    const int room = __builtin_clz((uint32_t)hby_srdhm(x, HALF_ROOT)) - 1;
    const int32_t b = hby_shl_saturating(x, room), b_power = hby_shl_saturating(12 - room, 25) - QUARTER;
    const int32_t r = a < b ? a : b, power = a_power > b_power ? a_power : b_power;
    const int64_t both = (int64_t)r + FOURTH_ROOT;
    const int32_t p = (int32_t)((both + 1) / 2), q = 2 * (r - FOURTH_ROOT), q2 = hby_srdhm(q, q);
    const int32_t above = hby_add32(hby_srdhm(q, r), hby_srdhm(hby_srdhm(q, q2), 117049297));
    const int32_t below = hby_add32(hby_srdhm(p, hby_add32(hby_add32(1057819769, q), hby_srdhm(127690142, q2))), hby_srdhm(638450708, q));
    return hby_shl_saturating(hby_add32(hby_srdhm(power, LOG_2), hby_srdhm(hby_rdbpot(above, 6), hby_reciprocal(below))), 1);
}

void hby_ref_log_softmax_int(const struct hby_ref_call *c)
{
    const struct hby_args_norm *a = &c->args->norm;
    const int32_t *exps = c->step->table[0].data, *reals = c->step->table[1].data;
    for (size_t row = 0; row < (size_t)a->rows; row++) {
        const size_t first = row * (size_t)a->depth, end = first + (size_t)a->depth;
        int32_t max = a->act_min, sum = 0; /* Q19 */
        for (size_t i = first; i < end; i++) {
            const int32_t q = hby_load_int(c->in[0], c->in_type[0], i);
            max = q > max ? q : max;
        }
        for (size_t i = first; i < end; i++)
            sum += exps[max - hby_load_int(c->in[0], c->in_type[0], i)];
        const int32_t log_sum = log_of(sum), least = hby_rescale_double(hby_add32(log_sum, INT32_MIN), a->mult, a->shift);
        const int32_t below = least > a->diff_min - 1 ? least : a->diff_min - 1;
        for (size_t i = first; i < end; i++) {
            const int32_t d = max - hby_load_int(c->in[0], c->in_type[0], i);
            const int32_t y = -d > below ? hby_add32(hby_rdbpot(hby_wrap32((uint64_t)reals[d] - (uint64_t)log_sum), 22), a->act_max) : a->act_min;
            hby_store_int(c->out, c->out_type, i, hby_clamp32(y, a->act_min, a->act_max));
        }
    }
}
