/* Shapes of the operators with a sliding window, of FULLY_CONNECTED, and of resizing. */
#include "partition/shapes.h"

int64_t hby_shape_of_window(enum hby_padding padding, int64_t in, int64_t k, int64_t stride, int64_t dilation)
{
    int64_t effective = (k - 1) * dilation + 1;
    int64_t out = padding == HBY_PAD_SAME ? (in + stride - 1) / stride : (in + stride - effective) / stride;
    return out < 0 ? 0 : out;
}

/* Input i has rank 4. */
static enum hby_status image(const struct hby_shape_call *c, int i, const struct hby_tensor **t)
{
    *t = hby_shape_input(c, i);
    if ((*t)->rank != 4)
        return hby_say(HBY_UNSUPPORTED, c->why, "input %d of %s has %d dimensions; 4 are needed", i, hby_ops[c->node->op].name, (*t)->rank);
    return HBY_OK;
}

static void window(const struct hby_shape_call *c, const struct hby_tensor *in, int64_t k_h, int64_t k_w, int64_t channels, struct hby_shape *out)
{
    const struct hby_window_params *w = &c->node->params.window;
    *out = (struct hby_shape){.rank = 4, .dim = {in->dim[0], 0, 0, channels}};
    out->dim[1] = hby_shape_of_window(w->padding, in->dim[1], k_h, w->stride_h, w->dilation_h);
    out->dim[2] = hby_shape_of_window(w->padding, in->dim[2], k_w, w->stride_w, w->dilation_w);
}

enum hby_status hby_shape_conv(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in, *w;
    enum hby_status st = image(c, 0, &in);
    if (!st)
        st = image(c, 1, &w);
    if (!st)
        window(c, in, w->dim[1], w->dim[2], w->dim[0], out);
    return st;
}

/* NDHWC; weights [depth, height, width, in, out]. */
enum hby_status hby_shape_conv3d(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0), *w = hby_shape_input(c, 1);
    if (in->rank != 5 || w->rank != 5)
        return hby_say(HBY_BAD_MODEL, c->why, "CONV_3D needs an input and weights of 5 dimensions");
    *out = (struct hby_shape){.rank = 5, .dim = {in->dim[0], 0, 0, 0, w->dim[4]}};
    for (int i = 0; i < 3; i++) {
        if (c->node->params.window_3d.stride[i] < 1 || c->node->params.window_3d.dilation[i] < 1)
            return hby_say(HBY_BAD_MODEL, c->why, "strides and dilations must be positive");
        out->dim[i + 1] = hby_shape_of_window(c->node->params.window_3d.padding, in->dim[i + 1], w->dim[i], c->node->params.window_3d.stride[i],
                                              c->node->params.window_3d.dilation[i]);
    }
    return HBY_OK;
}

enum hby_status hby_shape_depthwise(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in, *w;
    enum hby_status st = image(c, 0, &in);
    if (!st)
        st = image(c, 1, &w);
    if (!st)
        window(c, in, w->dim[1], w->dim[2], w->dim[3], out);
    return st;
}

enum hby_status hby_shape_pool(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    const struct hby_window_params *w = &c->node->params.window;
    enum hby_status st = image(c, 0, &in);
    if (!st)
        window(c, in, w->filter_h, w->filter_w, in->dim[3], out);
    return st;
}

static enum hby_status shape_from_values(const struct hby_shape_call *c, int i, struct hby_shape *out)
{
    struct hby_known k;
    enum hby_status st = hby_shape_values(c, i, &k);
    if (st)
        return st;
    if (k.n > HBY_MAX_RANK)
        return hby_say(HBY_UNSUPPORTED, c->why, "its result has %d dimensions; the limit is %d", k.n, HBY_MAX_RANK);
    out->rank = k.n;
    for (int d = 0; d < k.n; d++)
        out->dim[d] = k.value[d];
    return HBY_OK;
}

enum hby_status hby_shape_transpose_conv(const struct hby_shape_call *c, struct hby_shape *out)
{
    return shape_from_values(c, 0, out);
}

enum hby_status hby_shape_fully_connected(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in = hby_shape_input(c, 0), *w = hby_shape_input(c, 1);
    if (w->rank != 2 || w->dim[1] < 1)
        return hby_say(HBY_UNSUPPORTED, c->why, "FULLY_CONNECTED needs weights of 2 dimensions");
    if (c->node->params.fully_connected.keep_num_dims && in->rank > 0) {
        hby_shape_same(in, out);
        out->dim[in->rank - 1] = w->dim[0];
        return HBY_OK;
    }
    *out = (struct hby_shape){.rank = 2, .dim = {hby_tensor_count(in) / w->dim[1], w->dim[0]}};
    return HBY_OK;
}

enum hby_status hby_shape_resize(const struct hby_shape_call *c, struct hby_shape *out)
{
    const struct hby_tensor *in;
    struct hby_known size;
    enum hby_status st = image(c, 0, &in);
    if (!st)
        st = hby_shape_values(c, 1, &size);
    if (!st && size.n != 2)
        st = hby_say(HBY_BAD_MODEL, c->why, "the new size has %d values; 2 are needed", size.n);
    if (!st)
        *out = (struct hby_shape){.rank = 4, .dim = {in->dim[0], size.value[0], size.value[1], in->dim[3]}};
    return st;
}
