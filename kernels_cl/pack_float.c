/* Constants of the float convolutions: weights as the model stores them (float, half, signed bytes, nibbles), in the kernels' order. */
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/launch_nest.h"
#include "kernels_cl/pack.h"

enum { KIND_FLOAT, KIND_HALF, KIND_BYTES, KIND_NIBBLES };

int hby_weight_kind(const struct hby_cl_site *site)
{
    switch (hby_nest_stored(site, site->step->in[1])) {
    case HBY_F16:
        return KIND_HALF;
    case HBY_I8:
        return KIND_BYTES;
    case HBY_I4: /* a depthwise window has few: bytes are cheaper to read */
        return site->step->op == HBY_OP_depthwise_conv_2d ? KIND_BYTES : KIND_NIBBLES;
    default:
        return KIND_FLOAT;
    }
}

double hby_weight_bytes(const struct hby_cl_site *site)
{
    static const double of[] = {[KIND_FLOAT] = 4.0, [KIND_HALF] = 2.0, [KIND_BYTES] = 1.0, [KIND_NIBBLES] = 0.5};
    return of[hby_weight_kind(site)];
}

static bool is_weight_only(const struct hby_cl_site *site)
{
    return hby_weight_kind(site) >= KIND_BYTES;
}

bool hby_weight_has_zero(const struct hby_step *step)
{
    return step->n_tables > 1;
}

const char *hby_weight_arithmetic(const struct hby_cl_site *site)
{
    const bool half = site->step->scheme == HBY_SCHEME_f16;
    switch (hby_nest_stored(site, site->step->in[1])) {
    case HBY_I8:
        return half ? "half storage, float; int8 weights read as such" : "float; int8 weights unpacked in the kernel";
    case HBY_I4:
        if (hby_weight_kind(site) == KIND_BYTES)
            return half ? "half storage, float; int4 weights as bytes" : "float; int4 weights kept as bytes";
        return half ? "half storage, float; int4 weights read as such" : "float; int4 weights unpacked in the kernel";
    default:
        return half ? "half storage, float arithmetic" : "float";
    }
}

/* Arguments scale and w_zero of weight-only steps, floats, channel c at place[c] of `padded`; dummies for other steps. */
static enum hby_status pack_weight_scales(const struct hby_cl_site *site, struct hby_cl_launch *l, const int *place, size_t padded)
{
    if (!is_weight_only(site)) {
        hby_cl_arg_tensor(l, -1);
        hby_cl_arg_tensor(l, -1);
        return HBY_OK;
    }
    const struct hby_step *step = site->step;
    float *scale = calloc(padded, sizeof *scale), *zero = calloc(padded, sizeof *zero);
    const enum hby_status st = scale && zero ? HBY_OK : HBY_NO_MEMORY;
    for (int c = 0; !st && c < step->args.conv.out_c; c++) {
        scale[place[c]] = ((const float *)step->table[0].data)[c];
        zero[place[c]] = hby_weight_has_zero(step) ? (float)((const int32_t *)step->table[1].data)[c] : 0.0f;
    }
    if (!st) {
        hby_cl_arg_const(l, scale, padded * sizeof *scale);
        hby_cl_arg_const(l, zero, padded * sizeof *zero);
    }
    free(scale);
    free(zero);
    return st;
}

/* One weight of the model as it is, to its place. */
static void copy_weight(const struct hby_tensor *t, size_t size, size_t from, void *packed, size_t to)
{
    memcpy((char *)packed + to * size, (const char *)t->data + from * size, size);
}

static unsigned nibble_of(const struct hby_tensor *t, size_t i)
{
    return (unsigned)((const uint8_t *)t->data)[i / 2] >> (i % 2 ? 4 : 0) & 15;
}

/* The weights of channel c, at lane `lane` of its block. */
static void pack_channel(const struct hby_cl_site *site, const struct hby_conv_shape *s, int kind, size_t c, void *packed, size_t block, size_t lane)
{
    const struct hby_tensor *t = &site->plan->graph->tensor[site->step->in[1]];
    const size_t taps = (size_t)s->taps, depth = (size_t)s->group_in, size = (size_t)hby_weight_bytes(site);
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t i = 0; i < depth; i++) {
            const size_t from = (c * taps + tap) * depth + i;
            if (kind == KIND_NIBBLES)
                ((uint8_t *)packed)[((block * taps + tap) * ((depth + 1) / 2) + i / 2) * HBY_BLOCK + lane] |= (uint8_t)(nibble_of(t, from) << (i % 2 ? 4 : 0));
            else
                copy_weight(t, size, from, packed, ((block * taps + tap) * depth + i) * HBY_BLOCK + lane);
        }
}

enum hby_status hby_pack_conv_f(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s)
{
    if (hby_cl_is_dry(l)) {
        for (int i = 0; i < 4; i++)
            hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    const int out_c = site->step->args.conv.out_c, kind = hby_weight_kind(site);
    const size_t padded = (size_t)s->groups * (size_t)s->blocks_per_group * HBY_BLOCK, taps = (size_t)s->taps, depth = (size_t)s->group_in;
    const size_t bytes = padded * taps * (kind == KIND_NIBBLES ? (depth + 1) / 2 : depth * (size_t)hby_weight_bytes(site));
    void *packed = calloc(bytes, 1);
    float *bias = calloc(padded, sizeof *bias);
    int *place = hby_pack_places(s, out_c);
    enum hby_status st = HBY_NO_MEMORY;
    if (packed && bias && place) {
        for (int c = 0; c < out_c; c++) {
            pack_channel(site, s, kind, (size_t)c, packed, (size_t)place[c] / HBY_BLOCK, (size_t)place[c] % HBY_BLOCK);
            bias[place[c]] = hby_bias_float(site->plan, site->step, c);
        }
        hby_cl_arg_const(l, packed, bytes);
        hby_cl_arg_const(l, bias, padded * sizeof *bias);
        st = pack_weight_scales(site, l, place, padded);
    }
    free(packed);
    free(bias);
    free(place);
    return st;
}

enum hby_status hby_pack_depthwise_f(const struct hby_cl_site *site, struct hby_cl_launch *l, size_t padded, size_t taps)
{
    const struct hby_tensor *t = &site->plan->graph->tensor[site->step->in[1]];
    const size_t out_c = (size_t)site->step->args.conv.out_c, size = (size_t)hby_weight_bytes(site), bytes = padded * taps * size;
    int8_t *from = t->type == HBY_I4 ? hby_pack_signed_weights(site->plan, site->step) : NULL;
    void *packed = calloc(bytes, 1);
    float *bias = calloc(padded, sizeof *bias);
    int *place = malloc(out_c * sizeof *place);
    enum hby_status st = HBY_NO_MEMORY;
    if (packed && bias && place && (from || t->type != HBY_I4)) {
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t c = 0; c < out_c; c++)
                if (from)
                    ((int8_t *)packed)[tap * padded + c] = from[tap * out_c + c];
                else
                    copy_weight(t, size, tap * out_c + c, packed, tap * padded + c);
        for (size_t c = 0; c < out_c; c++) {
            bias[c] = hby_bias_float(site->plan, site->step, (int)c);
            place[c] = (int)c;
        }
        hby_cl_arg_const(l, packed, bytes);
        hby_cl_arg_const(l, bias, padded * sizeof *bias);
        st = pack_weight_scales(site, l, place, padded);
    }
    free(from);
    free(packed);
    free(bias);
    free(place);
    return st;
}
