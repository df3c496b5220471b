/* The layers, and what follows from their sizes. */
#include <stdio.h>

#include "bench/roofline/roofline.h"

const struct roof_layer roof_layers[] = {
#define HBY_LAYER(op, size, channels, outputs, k, stride, from) {HBY_OP_##op, size, channels, outputs, k, stride, from},
#include "bench/roofline/layers.def"
#undef HBY_LAYER
    {0},
};

static bool has_weights(const struct roof_layer *l)
{
    return l->op == HBY_OP_conv_2d || l->op == HBY_OP_depthwise_conv_2d || l->op == HBY_OP_fully_connected;
}

bool roof_layer_has(const struct roof_layer *l, enum hby_scheme scheme)
{
    return scheme != HBY_SCHEME_i32 && (scheme != HBY_SCHEME_f32w8 || has_weights(l));
}

int roof_layer_out(const struct roof_layer *l)
{
    switch (l->op) {
    case HBY_OP_resize_bilinear:
    case HBY_OP_resize_nearest_neighbor:
        return l->outputs;
    case HBY_OP_average_pool_2d:
    case HBY_OP_mean:
        return 1;
    default:
        return (l->size + l->stride - 1) / l->stride;
    }
}

double roof_layer_macs(const struct roof_layer *l)
{
    const double out = roof_layer_out(l);
    if (!has_weights(l))
        return 0;
    return out * out * l->outputs * l->k * l->k * (l->op == HBY_OP_depthwise_conv_2d ? 1 : l->channels);
}

void roof_layer_name(const struct roof_layer *l, char *text, size_t size)
{
    char stride[16] = "";
    if (l->stride > 1)
        snprintf(stride, sizeof stride, "/%d", l->stride);
    switch (l->op) {
    case HBY_OP_conv_2d:
        snprintf(text, size, "conv %dx%d%s %dx%dx%d -> %d", l->k, l->k, stride, l->size, l->size, l->channels, l->outputs);
        break;
    case HBY_OP_depthwise_conv_2d:
        snprintf(text, size, "depthwise %dx%d%s %dx%dx%d", l->k, l->k, stride, l->size, l->size, l->channels);
        break;
    case HBY_OP_fully_connected:
        snprintf(text, size, "fully_connected %d -> %d", l->channels, l->outputs);
        break;
    case HBY_OP_softmax:
        snprintf(text, size, "softmax %d", l->channels);
        break;
    case HBY_OP_concatenation:
        snprintf(text, size, "concatenation %dx%dx%d twice", l->size, l->size, l->channels);
        break;
    case HBY_OP_resize_bilinear:
    case HBY_OP_resize_nearest_neighbor:
        snprintf(text, size, "resize_%s %dx%dx%d -> %dx%d", l->op == HBY_OP_resize_bilinear ? "bilinear" : "nearest", l->size, l->size, l->channels, l->outputs,
                 l->outputs);
        break;
    default:
        snprintf(text, size, "%s %dx%dx%d", hby_ops[l->op].name, l->size, l->size, l->channels);
        break;
    }
}
