/* Weights, biases and zero points of the convolutions, packed on the host.
 *
 * Integer sums: with a the stored activation plus act_bias, z the input's zero point plus act_bias, w a signed weight and v its zero point (0 but for uint8),
 *   sum (a - z)(w - v) = sum a w - z sum w - v sum a + K z v.
 * The second and last terms go into the bias here; the third the kernel subtracts (conv_i8.cl), or it stores w - v (depthwise.cl). K counts every tap, for taps
 * outside the image read bytes of value z. All of it wraps at 32 bits, as TFLite's own sums do. */
#include "kernels_cl/pack.h"

#include <stdlib.h>
#include <string.h>

#include "partition/element.h"

struct hby_conv_shape hby_conv_shape_of(const struct hby_step *step, bool gather)
{
    const struct hby_args_conv *p = &step->args.conv;
    struct hby_conv_shape s;
    s.group_in = p->group_c;
    s.groups = p->in_c / p->group_c;
    s.group_out = p->out_c / s.groups;
    s.blocks_per_group = (s.group_out + HBY_BLOCK - 1) / HBY_BLOCK;
    s.taps = p->k_h * p->k_w;
    if (gather) {
        s.group_in *= p->k_w;
        s.taps = p->k_h;
    }
    return s;
}

int8_t *hby_pack_signed_weights(const struct hby_plan *plan, const struct hby_step *step)
{
    const struct hby_tensor *t = &plan->graph->tensor[step->in[1]];
    const size_t n = (size_t)hby_tensor_count(t);
    int8_t *w = malloc(n + 1);
    if (!w)
        return NULL;
    if (t->type == HBY_I4) {
        for (size_t i = 0; i < n; i++)
            w[i] = (int8_t)hby_load_int(t->data, HBY_I4, i);
    } else if (t->type == HBY_U8) {
        const uint8_t *b = t->data;
        for (size_t i = 0; i < n; i++)
            w[i] = (int8_t)(b[i] - 128);
    } else {
        memcpy(w, t->data, n);
    }
    return w;
}

static const struct hby_tensor *bias_of(const struct hby_plan *plan, const struct hby_step *step)
{
    return step->in[2] >= 0 ? &plan->graph->tensor[step->in[2]] : NULL;
}

float hby_bias_float(const struct hby_plan *plan, const struct hby_step *step, int channel)
{
    const struct hby_tensor *t = bias_of(plan, step);
    return t ? hby_load_float(t->data, plan->storage[step->in[2]], (size_t)channel) : 0.0f; /* a float32 tensor may lie in the plan as float16 */
}

int64_t hby_bias_int(const struct hby_plan *plan, const struct hby_step *step, int channel)
{
    const struct hby_tensor *t = bias_of(plan, step);
    return t ? hby_load_int64(t->data, t->type, (size_t)channel) : 0;
}

bool hby_pack_is_narrow(const struct hby_plan *plan, const struct hby_step *step, int64_t depth)
{
    const struct hby_args_conv *p = &step->args.conv;
    const int32_t *mult = step->table[0].data, *shift = step->table[1].data;
    const int weight = plan->graph->tensor[step->in[1]].type == HBY_U8 ? 255 : 128; /* the largest, its zero point taken off */
    if (p->rounding != HBY_ROUND_DOUBLE && p->rounding != HBY_ROUND_RUY)
        return false;
    for (int c = 0; c < p->out_c; c++) {
        const int64_t bias = hby_bias_int(plan, step, c), most = depth * 255 * weight + (bias < 0 ? -bias : bias);
        if (mult[c] < 0 || shift[c] > -1 || shift[c] < -20 || most >= 1 << 29)
            return false;
    }
    return true;
}

enum hby_status hby_pack_rescale(const struct hby_step *step, struct hby_cl_launch *l, const int *place, size_t padded)
{
    int32_t *table = calloc(padded, sizeof *table);
    if (!table)
        return HBY_NO_MEMORY;
    for (int which = 0; which < 2; which++) {
        const int32_t *from = step->table[which].data;
        for (int c = 0; c < step->args.conv.out_c; c++)
            table[place[c]] = from[c];
        hby_cl_arg_const(l, table, padded * sizeof *table);
    }
    free(table);
    return HBY_OK;
}

int *hby_pack_places(const struct hby_conv_shape *s, int out_c)
{
    int *place = malloc((size_t)out_c * sizeof *place);
    for (int c = 0; place && c < out_c; c++)
        place[c] = c / s->group_out * s->blocks_per_group * HBY_BLOCK + c % s->group_out;
    return place;
}

struct i8_constants {
    int8_t *w, *packed;
    int32_t *fold, *tap_fold;
    int *place;
};

static void fill_i8(const struct hby_cl_site *site, const struct hby_conv_shape *s, int act_bias, struct i8_constants *k)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const bool transposed = site->step->op == HBY_OP_transpose_conv;
    const int is_u8 = site->plan->graph->tensor[site->step->in[1]].type == HBY_U8;
    const uint32_t z = (uint32_t)(p->in_zp + act_bias), v = (uint32_t)(p->w_zp - (is_u8 ? 128 : 0));
    const size_t k4 = ((size_t)s->group_in + 3) / 4;
    for (int c = 0; c < p->out_c; c++) {
        const size_t block = (size_t)k->place[c] / HBY_BLOCK, lane = (size_t)k->place[c] % HBY_BLOCK;
        uint32_t fold = (uint32_t)hby_bias_int(site->plan, site->step, c);
        for (int tap = 0; tap < s->taps; tap++) {
            const int8_t *from = k->w + ((size_t)c * (size_t)s->taps + (size_t)tap) * (size_t)s->group_in;
            int8_t *to = k->packed + ((block * (size_t)s->taps + (size_t)tap) * k4 * HBY_BLOCK + lane) * 4;
            uint32_t sum = 0;
            for (int i = 0; i < s->group_in; i++) {
                to[(size_t)(i / 4) * HBY_BLOCK * 4 + (size_t)(i % 4)] = from[i];
                const int value = from[i];
                sum += (uint32_t)value;
            }
            const uint32_t part = (uint32_t)s->group_in * z * v - z * sum;
            if (transposed)
                k->tap_fold[(block * (size_t)s->taps + (size_t)tap) * HBY_BLOCK + lane] = (int32_t)part;
            else
                fold += part;
        }
        k->fold[k->place[c]] = (int32_t)fold;
    }
}

enum hby_status hby_pack_conv_i8(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s, int act_bias)
{
    if (hby_cl_is_dry(l)) {
        for (int i = 0; i < 5; i++)
            hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    const bool transposed = site->step->op == HBY_OP_transpose_conv;
    const size_t padded = (size_t)s->groups * (size_t)s->blocks_per_group * HBY_BLOCK, k4 = ((size_t)s->group_in + 3) / 4;
    const size_t bytes = padded * (size_t)s->taps * k4 * 4, taps = transposed ? (size_t)s->taps : 1;
    struct i8_constants k = {
        .w = hby_pack_signed_weights(site->plan, site->step),
        .packed = calloc(bytes, 1),
        .fold = calloc(padded, sizeof(int32_t)),
        .tap_fold = calloc(padded * taps, sizeof(int32_t)),
        .place = hby_pack_places(s, site->step->args.conv.out_c),
    };
    enum hby_status st = HBY_NO_MEMORY;
    if (k.w && k.packed && k.fold && k.tap_fold && k.place) {
        fill_i8(site, s, act_bias, &k);
        hby_cl_arg_const(l, k.packed, bytes);
        hby_cl_arg_const(l, k.fold, padded * sizeof *k.fold);
        hby_cl_arg_const(l, k.tap_fold, (transposed ? padded * taps : 1) * sizeof *k.tap_fold);
        st = hby_pack_rescale(site->step, l, k.place, padded);
    }
    free(k.w);
    free(k.packed);
    free(k.fold);
    free(k.tap_fold);
    free(k.place);
    return st;
}

enum hby_status hby_pack_zeros(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t count)
{
    if (hby_cl_is_dry(l)) {
        hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    /* the slack after it is read too, but only against zero weights; real 0 of int16 and float is 0 */
    const bool byte = site->step->scheme == HBY_SCHEME_i8 || site->step->scheme == HBY_SCHEME_u8;
    const size_t bytes = byte ? count : count * sizeof(float);
    void *zeros = malloc(bytes);
    if (!zeros)
        return HBY_NO_MEMORY;
    memset(zeros, byte ? site->step->args.conv.in_zp : 0, bytes);
    hby_cl_arg_const(l, zeros, bytes);
    free(zeros);
    return HBY_OK;
}
