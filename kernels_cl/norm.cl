/* LOG_SOFTMAX, L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION over the rows of [rows, depth]: see struct hby_args_norm. A work-group takes a row. HBY_NORM_FN
 * is the function.
 *
 * table_0, table_1: LOG_SOFTMAX of 8 bits, the exponential of a distance from the row's largest element in Q19, and minus the distance in Q26 (int[256]). */
#include "args_reduce.h"
#include "any.clh"
#include "group.clh"

#ifndef HBY_NORM_FN
#define HBY_NORM_FN HBY_NORM_LOG_SOFTMAX
#endif

/* x * 2^e, saturating */
static inline int hby_up_to(int x, int e)
{
    return (int)clamp((long)x << e, (long)INT_MIN, (long)INT_MAX);
}

#if HBY_NORM_FN == HBY_NORM_LOG_SOFTMAX && HBY_FLOAT

HBY_WITH_LOCAL void hby_row(const struct hby_args_norm *p, __global const HBY_P(HBY_TYPE) *x, __global HBY_P(HBY_TYPE) *y, __global const int *table_0,
                           __global const int *table_1, __local HBY_C *part)
{
    const int first = (int)get_local_id(0), step = (int)get_local_size(0);
    float most = -MAXFLOAT, sum = 0.0f;
    for (int i = first; i < p->depth; i += step)
        most = max(most, (float)HBY_GET(HBY_TYPE, x, i));
    most = hby_group_max(most, part);
    for (int i = first; i < p->depth; i += step)
        sum += exp(HBY_GET(HBY_TYPE, x, i) - most);
    const float log_sum = log(hby_group_sum(sum, part));
    for (int i = first; i < p->depth; i += step)
        HBY_SET(HBY_TYPE, HBY_GET(HBY_TYPE, x, i) - most - log_sum, y, i);
}

#elif HBY_NORM_FN == HBY_NORM_LOG_SOFTMAX

/* 1 / (1 + a) for a in [0, 1), both in Q31: hby_reciprocal of partition/fixedpoint.h. */
static inline int hby_one_over(int a)
{
    const int d = (int)(((long)a + INT_MAX + 1) / 2);
    int x = 1515870810 + hby_high_mul(d, -1010580540);
    for (int i = 0; i < 3; i++)
        x += hby_up_to(hby_high_mul(x, (1 << 29) - hby_high_mul(d, x)), 2);
    return hby_up_to(x, 1);
}

/* log(x) in Q26 for x >= 1 in Q19: host_ref/log_softmax.c. */
static inline int hby_log_of(int x)
{
    const int half_root = 1518500250, fourth_root = 1805811301, quarter = 1 << 23;
    const int zeros = (int)clz((uint)x), room = (int)clz((uint)hby_high_mul(x, half_root)) - 1;
    const int a = hby_up_to(hby_high_mul(hby_up_to(x, zeros - 1), half_root), 1), b = hby_up_to(x, room);
    const int power = max(((12 - zeros) << 25) + quarter, hby_up_to(12 - room, 25) - quarter), r = min(a, b);
    const int m = (int)(((long)r + fourth_root + 1) / 2), q = 2 * (r - fourth_root), q2 = hby_high_mul(q, q);
    const int above = hby_high_mul(q, r) + hby_high_mul(hby_high_mul(q, q2), 117049297);
    const int below = hby_high_mul(m, 1057819769 + q + hby_high_mul(127690142, q2)) + hby_high_mul(638450708, q);
    return hby_up_to(hby_high_mul(power, 1488522236) + hby_high_mul(hby_shift_away(above, 6), hby_one_over(below)), 1);
}

HBY_WITH_LOCAL void hby_row(const struct hby_args_norm *p, __global const HBY_P(HBY_TYPE) *x, __global HBY_P(HBY_TYPE) *y, __global const int *table_0,
                           __global const int *table_1, __local HBY_C *part)
{
    const int first = (int)get_local_id(0), step = (int)get_local_size(0);
    int most = p->act_min, sum = 0;
    for (int i = first; i < p->depth; i += step)
        most = max(most, (int)x[i]);
    most = hby_group_max(most, part);
    for (int i = first; i < p->depth; i += step)
        sum += table_0[most - x[i]];
    const int log_sum = hby_log_of(hby_group_sum(sum, part));
    const int below = max(p->diff_min - 1, hby_rescale_double((int)((uint)log_sum + 0x80000000u), p->mult, p->shift));
    for (int i = first; i < p->depth; i += step) {
        const int d = most - x[i];
        const int v = -d > below ? hby_shift_away((int)((uint)table_1[d] - (uint)log_sum), 22) + p->act_max : p->act_min;
        HBY_SET(HBY_TYPE, clamp(v, p->act_min, p->act_max), y, i);
    }
}

#elif HBY_NORM_FN == HBY_NORM_L2 && HBY_FLOAT

HBY_WITH_LOCAL void hby_row(const struct hby_args_norm *p, __global const HBY_P(HBY_TYPE) *x, __global HBY_P(HBY_TYPE) *y, __global const int *table_0,
                           __global const int *table_1, __local HBY_C *part)
{
    const int first = (int)get_local_id(0), step = (int)get_local_size(0);
    float sum = 0.0f;
    for (int i = first; i < p->depth; i += step) {
        const float v = HBY_GET(HBY_TYPE, x, i);
        sum += v * v;
    }
    const float norm = sqrt(hby_group_sum(sum, part)), divisor = norm < 1e-6f ? 1e-6f : norm; /* not max(): NaN stays */
    for (int i = first; i < p->depth; i += step)
        HBY_SET(HBY_TYPE, HBY_GET(HBY_TYPE, x, i) / divisor, y, i);
}

#elif HBY_NORM_FN == HBY_NORM_L2

/* 1 / sqrt(x) as a multiplier and a shift: hby_inverse_root of partition/fixedpoint.h. */
static inline int hby_inverse_root(int x, int *shift)
{
    *shift = 0;
    if (x <= 1)
        return INT_MAX;
    int right = 11;
    for (; x >= 1 << 29; x /= 4)
        right++;
    const int pairs = ((int)clz((uint)x) - 1) / 2 - 1;
    right -= pairs;
    x <<= 2 * pairs;
    const int half_x = hby_shift_away(x >> 1, 1);
    int y = 1 << 28;
    for (int i = 0; i < 5; i++) {
        const int cube = hby_up_to(hby_high_mul(hby_high_mul(y, y), y), 6);
        y = hby_up_to(hby_high_mul((1 << 28) + (1 << 27), y) - hby_high_mul(half_x, cube), 3);
    }
    y = hby_high_mul(y, 1518500250);
    *shift = right < 0 ? 0 : -right;
    return right < 0 ? (int)((uint)y << -right) : y;
}

HBY_WITH_LOCAL void hby_row(const struct hby_args_norm *p, __global const HBY_P(HBY_TYPE) *x, __global HBY_P(HBY_TYPE) *y, __global const int *table_0,
                           __global const int *table_1, __local HBY_C *part)
{
    const int first = (int)get_local_id(0), step = (int)get_local_size(0);
    int sum = 0, shift;
    for (int i = first; i < p->depth; i += step)
        sum += (x[i] - p->in_zp) * (x[i] - p->in_zp);
    const int mult = hby_inverse_root(hby_group_sum(sum, part), &shift);
    for (int i = first; i < p->depth; i += step) {
        const int v = x[i] - p->in_zp;
#if HBY_TYPE == 2
        const int scaled = hby_rescale_double(v, mult, shift + 7);
#else
        const int scaled = 128 + hby_rescale_double(128 * v, mult, shift);
#endif
        HBY_SET(HBY_TYPE, clamp(scaled, p->act_min, p->act_max), y, i);
    }
}

#else

HBY_WITH_LOCAL void hby_row(const struct hby_args_norm *p, __global const HBY_P(HBY_TYPE) *x, __global HBY_P(HBY_TYPE) *y, __global const int *table_0,
                           __global const int *table_1, __local HBY_C *part)
{
    for (int k = (int)get_local_id(0); k < p->depth; k += (int)get_local_size(0)) {
        const int from = k > p->radius ? k - p->radius : 0, to = p->radius < p->depth - k ? k + p->radius : p->depth;
        float sum = 0.0f;
        for (int i = from; i < to; i++) {
            const float v = HBY_GET(HBY_TYPE, x, i);
            sum += v * v;
        }
        HBY_SET(HBY_TYPE, HBY_GET(HBY_TYPE, x, k) * pow(p->bias + p->alpha * sum, -p->beta), y, k);
    }
}

#endif

HBY_NEST_KERNEL void hby_norm(const struct hby_args_norm p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out, __global const int *table_0,
                              __global const int *table_1)
{
    __local HBY_C part[HBY_GROUP];
    const int row = (int)get_group_id(0);
    hby_row(&p, in + row * p.depth, out + row * p.depth, table_0, table_1, part);
}
