/* Weights in the order in which the lanes of a warp want them. The integers' zero points go into the bias as pack.c says, with act_bias 0. */
#include "kernels_cl/pack_mma.h"

#include <stdlib.h>
#include <string.h>

enum { LANES = 32, STEP_BYTES = 32, OCTET = 8, PAIR_BYTES = LANES * 16 };

struct constants {
    const struct hby_conv_mma *t;
    size_t pairs, segment;  /* segment: of a line of weights, bytes */
    const unsigned char *w; /* of the model, in its order: out_c times lines times segment bytes */
    unsigned char *packed;
    int32_t *fold;
    float *bias, *scale; /* scale: dynamic range */
    int *place;
};

/* The weights of output channel c. Of a step's bytes b, 4 t to 4 t + 3 are lane t's first word, and 16 + 4 t .. its second. */
static void pack_channel(const struct constants *k, int c)
{
    const size_t group = (size_t)(c / k->t->group_out), n = (size_t)(c % k->t->group_out), segment = k->segment, line_steps = (size_t)k->t->line_steps;
    unsigned char *octet = k->packed + (group * (size_t)k->t->octets_per_group + n / OCTET) * k->pairs * PAIR_BYTES;
    for (size_t step = 0; step < (size_t)k->t->steps; step++) {
        const size_t line = step / line_steps, off = step % line_steps * STEP_BYTES, left = segment - off;
        const unsigned char *from = k->w + ((size_t)c * ((size_t)k->t->steps / line_steps) + line) * segment + off;
        for (size_t b = 0; b < STEP_BYTES && b < left; b++) {
            const size_t lane = n % OCTET * 4 + b % 16 / 4, word = step % 2 * 2 + b / 16;
            octet[step / 2 * PAIR_BYTES + lane * 16 + word * 4 + b % 4] = from[b];
        }
    }
}

static int32_t weight_sum(const struct constants *k, int c)
{
    const size_t depth = (size_t)(k->t->steps / k->t->line_steps) * k->segment;
    uint32_t sum = 0;
    for (size_t i = 0; i < depth; i++) {
        const int value = (int8_t)k->w[(size_t)c * depth + i];
        sum += (uint32_t)value;
    }
    return (int32_t)sum;
}

/* bias + K z v - z sum w: all of it wraps at 32 bits. */
static int32_t fold_of(const struct hby_cl_site *site, const struct constants *k, int c)
{
    const struct hby_args_conv *p = &site->step->args.conv;
    const size_t depth = (size_t)(k->t->steps / k->t->line_steps) * k->segment;
    const uint32_t z = (uint32_t)p->in_zp, v = (uint32_t)(p->w_zp - (site->plan->graph->tensor[site->step->in[1]].type == HBY_U8 ? 128 : 0));
    const uint32_t sum = (uint32_t)weight_sum(k, c);
    return (int32_t)((uint32_t)hby_bias_int(site->plan, site->step, c) + (uint32_t)depth * z * v - z * sum);
}

/* Arguments mult and shift. */
static enum hby_status tables(const struct hby_step *step, struct hby_cl_launch *l, const struct constants *k, size_t padded)
{
    if (step->scheme == HBY_SCHEME_f16) {
        hby_cl_arg_tensor(l, -1);
        hby_cl_arg_tensor(l, -1);
    } else if (step->scheme == HBY_SCHEME_f32w8) {
        hby_cl_arg_const(l, k->scale, padded * sizeof *k->scale);
        hby_cl_arg_const(l, k->bias, padded * sizeof *k->bias);
    } else {
        return hby_pack_rescale(step, l, k->place, padded);
    }
    return HBY_OK;
}

enum hby_status hby_pack_conv_mma(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_mma *t, size_t pairs)
{
    if (hby_cl_is_dry(l)) {
        for (int i = 0; i < 5; i++)
            hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    const struct hby_step *step = site->step;
    const struct hby_conv_shape shape = hby_conv_shape_of(step, false);
    const bool is_float = step->scheme == HBY_SCHEME_f16, is_hybrid = step->scheme == HBY_SCHEME_f32w8, is_i16 = step->scheme == HBY_SCHEME_i16;
    const size_t padded = (size_t)shape.groups * (size_t)shape.blocks_per_group * HBY_BLOCK;
    const size_t bytes = (size_t)shape.groups * (size_t)t->octets_per_group * pairs * PAIR_BYTES;
    int8_t *weights = is_float ? NULL : hby_pack_signed_weights(site->plan, step);
    struct constants k = {
        .t = t,
        .pairs = pairs,
        .segment = (size_t)t->segment / (is_i16 ? 2 : 1),
        .w = is_float ? site->plan->graph->tensor[step->in[1]].data : (const unsigned char *)weights,
        .packed = calloc(bytes, 1),
        .fold = calloc(padded, sizeof(int32_t)),
        .bias = calloc(padded, sizeof(float)),
        .scale = calloc(padded, sizeof(float)),
        .place = hby_pack_places(&shape, step->args.conv.out_c),
    };
    enum hby_status st = HBY_NO_MEMORY;
    if (k.w && k.packed && k.fold && k.bias && k.scale && k.place) {
        for (int c = 0; c < step->args.conv.out_c; c++) {
            pack_channel(&k, c);
            if (is_float)
                k.bias[k.place[c]] = hby_bias_float(site->plan, step, c);
            else if (!is_i16)
                k.fold[k.place[c]] = is_hybrid ? weight_sum(&k, c) : fold_of(site, &k, c);
            if (is_hybrid) {
                k.scale[k.place[c]] = ((const float *)step->table[0].data)[c];
                k.bias[k.place[c]] = hby_bias_float(site->plan, step, c);
            }
        }
        hby_cl_arg_const(l, k.packed, bytes);
        if (is_i16) {
            st = hby_pack_finish_i16(site, l, hby_pack_is_wide_i16(site), k.place, padded);
        } else {
            hby_cl_arg_const(l, is_float ? (const void *)k.bias : k.fold, padded * sizeof *k.fold);
            st = tables(step, l, &k, padded);
            hby_cl_arg_tensor(l, -1);
        }
    }
    free(weights);
    free(k.packed);
    free(k.fold);
    free(k.bias);
    free(k.scale);
    free(k.place);
    return st;
}
