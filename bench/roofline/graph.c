/* A layer as a graph of one node. Values are random but of ordinary size: kernels take as long for one as for another, subnormal floats apart. */
#include <math.h>
#include <string.h>

#include "bench/roofline/roofline.h"
#include "partition/half.h"

struct maker {
    struct hby_graph *g;
    enum hby_scheme scheme;
    uint32_t seed;
    bool no_memory;
};

static const enum hby_type activation_type[HBY_SCHEME_COUNT] = {
    [HBY_SCHEME_f32] = HBY_F32, [HBY_SCHEME_f16] = HBY_F32,   [HBY_SCHEME_i8] = HBY_I8,   [HBY_SCHEME_u8] = HBY_U8,
    [HBY_SCHEME_i16] = HBY_I16, [HBY_SCHEME_f32w8] = HBY_F32, [HBY_SCHEME_i32] = HBY_I32,
};

static void *room(struct maker *m, size_t bytes)
{
    void *p = m->no_memory ? NULL : hby_pool_alloc(&m->g->pool, bytes);
    m->no_memory |= !p;
    return p;
}

static int add(struct maker *m, enum hby_type type, int rank, const int32_t *dim)
{
    struct hby_tensor t = {.type = type, .rank = rank, .runtime_index = -1, .name = "t"};
    int id = 0;
    memcpy(t.dim, dim, (size_t)rank * sizeof *dim);
    t.bytes = (size_t)hby_tensor_count(&t) * hby_type_size(type);
    m->no_memory |= m->no_memory || hby_graph_add_tensor(m->g, &t, &id) != HBY_OK;
    return m->no_memory ? 0 : id;
}

/* Per tensor with count 1, else per channel along `axis`, slightly different scales. Answers with the scales, or NULL. */
static float *quantize(struct maker *m, int id, int count, int axis, float scale, int zero_point)
{
    float *s = room(m, sizeof *s * (size_t)count);
    int32_t *z = room(m, sizeof *z * (size_t)count);
    if (m->no_memory)
        return NULL;
    for (int i = 0; i < count; i++) {
        s[i] = scale * (1.0f + 0.05f * (float)(i % 8));
        z[i] = zero_point;
    }
    m->g->tensor[id].quant = (struct hby_quant){.count = count, .axis = axis, .scale = s, .zero_point = z};
    return s;
}

/* The range of a RELU6, in every type. */
static const float act_range = 6.0f;

static int activation(struct maker *m, int rank, const int32_t *dim)
{
    const int id = add(m, activation_type[m->scheme], rank, dim);
    if (m->scheme == HBY_SCHEME_i8)
        quantize(m, id, 1, 0, act_range / 255, -128);
    else if (m->scheme == HBY_SCHEME_u8)
        quantize(m, id, 1, 0, act_range / 255, 0);
    else if (m->scheme == HBY_SCHEME_i16)
        quantize(m, id, 1, 0, act_range / 32767, 0);
    return id;
}

static uint32_t next(struct maker *m)
{
    m->seed = m->seed * 1664525u + 1013904223u;
    return m->seed >> 8;
}

static float real(struct maker *m)
{
    return (float)next(m) / 8388608.0f - 1.0f;
}

static int weights(struct maker *m, const int32_t *dim, int rank, int axis, int products)
{
    static const enum hby_type type[HBY_SCHEME_COUNT] = {
        [HBY_SCHEME_f32] = HBY_F32, [HBY_SCHEME_f16] = HBY_F16, [HBY_SCHEME_i8] = HBY_I8,
        [HBY_SCHEME_u8] = HBY_U8,   [HBY_SCHEME_i16] = HBY_I8,  [HBY_SCHEME_f32w8] = HBY_I8,
    };
    const int id = add(m, type[m->scheme], rank, dim);
    const size_t bytes = m->no_memory ? 0 : m->g->tensor[id].bytes, size = hby_type_size(type[m->scheme]);
    unsigned char *data = room(m, bytes);
    const float typical = 1.0f / sqrtf((float)products);
    for (size_t i = 0; i < bytes && !m->no_memory; i += size) {
        const float f = real(m) * typical;
        const uint16_t h = hby_float_to_half(f);
        const int q = (int)(next(m) % 255) - 127;
        if (size == 4)
            memcpy(data + i, &f, size);
        else if (size == 2)
            memcpy(data + i, &h, size);
        else
            data[i] = (unsigned char)(m->scheme == HBY_SCHEME_u8 ? q + 128 : q);
    }
    if (m->no_memory)
        return 0;
    m->g->tensor[id].data = data;
    if (m->scheme == HBY_SCHEME_u8)
        quantize(m, id, 1, 0, typical / 64, 128);
    else if (size == 1)
        quantize(m, id, dim[axis], axis, typical / 64, 0);
    return id;
}

static int bias(struct maker *m, int channels, int input, int weight)
{
    const bool is_float = activation_type[m->scheme] == HBY_F32, wide = m->scheme == HBY_SCHEME_i16;
    const int id = add(m, is_float ? HBY_F32 : wide ? HBY_I64 : HBY_I32, 1, &channels);
    void *data = room(m, (size_t)channels * 8);
    for (int i = 0; i < channels && !m->no_memory; i++) {
        const float f = real(m);
        if (is_float)
            ((float *)data)[i] = f;
        else if (wide)
            ((int64_t *)data)[i] = (int64_t)(f * 100000);
        else
            ((int32_t *)data)[i] = (int32_t)(f * 1000);
    }
    if (m->no_memory)
        return 0;
    m->g->tensor[id].data = data;
    if (is_float)
        return id;
    const struct hby_quant *q = &m->g->tensor[weight].quant;
    float *scale = quantize(m, id, q->count, 0, 1.0f, 0);
    for (int i = 0; i < q->count && scale; i++)
        scale[i] = m->g->tensor[input].quant.scale[0] * q->scale[i];
    return id;
}

static int ints(struct maker *m, int n, const int32_t *value)
{
    const int id = add(m, HBY_I32, 1, &n);
    int32_t *data = room(m, (size_t)n * sizeof *data);
    if (m->no_memory)
        return 0;
    memcpy(data, value, (size_t)n * sizeof *data);
    m->g->tensor[id].data = data;
    return id;
}

static int *copy_ids(struct maker *m, int n, const int *id)
{
    int *copy = room(m, (size_t)n * sizeof *copy);
    if (copy)
        memcpy(copy, id, (size_t)n * sizeof *copy);
    return copy;
}

/* The tensors of a layer with weights: input, weights, bias. */
static void weighted(struct maker *m, const struct roof_layer *l, int in[3])
{
    const int products = l->k * l->k * (l->op == HBY_OP_depthwise_conv_2d ? 1 : l->channels);
    if (l->op == HBY_OP_fully_connected) {
        in[0] = activation(m, 2, (const int32_t[]){1, l->channels});
        in[1] = weights(m, (const int32_t[]){l->outputs, l->channels}, 2, 0, products);
    } else {
        in[0] = activation(m, 4, (const int32_t[]){1, l->size, l->size, l->channels});
        if (l->op == HBY_OP_depthwise_conv_2d)
            in[1] = weights(m, (const int32_t[]){1, l->k, l->k, l->outputs}, 4, 3, products);
        else
            in[1] = weights(m, (const int32_t[]){l->outputs, l->k, l->k, l->channels}, 4, 0, products);
    }
    in[2] = bias(m, l->outputs, in[0], in[1]);
}

static void set_output_quant(struct maker *m, const struct roof_layer *l, int out)
{
    if (m->no_memory || l->op != HBY_OP_softmax)
        return;
    if (m->scheme == HBY_SCHEME_i16)
        quantize(m, out, 1, 0, 1.0f / 32768, 0);
    else if (m->scheme == HBY_SCHEME_i8 || m->scheme == HBY_SCHEME_u8)
        quantize(m, out, 1, 0, 1.0f / 256, m->scheme == HBY_SCHEME_i8 ? -128 : 0);
}

/* Input ids to `in`, their number back; the first `*n_inputs` of them are computed at run time. */
static int inputs_of(struct maker *m, const struct roof_layer *l, int in[3], int *n_inputs)
{
    const int32_t image[] = {1, l->size, l->size, l->channels}, row[] = {1, l->channels};
    const int out = roof_layer_out(l);
    *n_inputs = 1;
    switch (l->op) {
    case HBY_OP_conv_2d:
    case HBY_OP_depthwise_conv_2d:
    case HBY_OP_fully_connected:
        weighted(m, l, in);
        return 3;
    case HBY_OP_add:
    case HBY_OP_concatenation:
        in[0] = activation(m, 4, image);
        in[1] = activation(m, 4, image);
        *n_inputs = 2;
        return 2;
    case HBY_OP_mean:
        in[0] = activation(m, 4, image);
        in[1] = ints(m, 2, (const int32_t[]){1, 2});
        return 2;
    case HBY_OP_resize_bilinear:
    case HBY_OP_resize_nearest_neighbor:
        in[0] = activation(m, 4, image);
        in[1] = ints(m, 2, (const int32_t[]){out, out});
        return 2;
    case HBY_OP_softmax:
        in[0] = activation(m, 2, row);
        return 1;
    default:
        in[0] = activation(m, 4, image);
        return 1;
    }
}

static void set_params(const struct roof_layer *l, union hby_params *p)
{
    const struct hby_window_params window = {.padding = HBY_PAD_SAME,
                                             .stride_h = l->stride,
                                             .stride_w = l->stride,
                                             .dilation_h = 1,
                                             .dilation_w = 1,
                                             .filter_h = l->k,
                                             .filter_w = l->k,
                                             .depth_multiplier = 1,
                                             .act = HBY_ACT_RELU6};
    switch (l->op) {
    case HBY_OP_conv_2d:
    case HBY_OP_depthwise_conv_2d:
        p->window = window;
        break;
    case HBY_OP_average_pool_2d:
        p->window = window;
        p->window.padding = HBY_PAD_VALID;
        p->window.act = HBY_ACT_NONE;
        break;
    case HBY_OP_concatenation:
        p->axis.axis = 3;
        break;
    case HBY_OP_mean:
        p->reducer.keep_dims = true;
        break;
    case HBY_OP_softmax:
        p->softmax.beta = 1.0f;
        break;
    default:
        break;
    }
}

enum hby_status roof_layer_graph(const struct roof_layer *l, enum hby_scheme scheme, struct hby_graph **out, struct hby_reason *why)
{
    struct maker m = {.scheme = scheme, .seed = 1};
    const int32_t size = roof_layer_out(l), row[] = {1, l->outputs};
    const bool resized = l->op == HBY_OP_resize_bilinear || l->op == HBY_OP_resize_nearest_neighbor;
    const int32_t image[] = {1, size, size, resized ? l->channels : l->outputs};
    const bool is_row = l->op == HBY_OP_fully_connected || l->op == HBY_OP_softmax;
    int in[3] = {0}, n_inputs;
    *out = NULL;
    if (hby_graph_create(&m.g))
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    const int n_in = inputs_of(&m, l, in, &n_inputs);
    const int id = is_row ? activation(&m, 2, row) : activation(&m, 4, image);
    set_output_quant(&m, l, id);
    m.g->node = room(&m, sizeof *m.g->node);
    if (!m.no_memory) {
        m.g->node[0] = (struct hby_node){.op = l->op, .version = hby_ops[l->op].version, .n_in = n_in, .n_out = 1, .fused_into = -1};
        set_params(l, &m.g->node[0].params);
        m.g->node[0].in = copy_ids(&m, n_in, in);
        m.g->node[0].out = copy_ids(&m, 1, &id);
        m.g->input = copy_ids(&m, n_inputs, in);
        m.g->output = copy_ids(&m, 1, &id);
        m.g->n_nodes = m.g->n_outputs = 1;
        m.g->n_inputs = n_inputs;
    }
    if (m.no_memory) {
        hby_graph_destroy(&m.g);
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    }
    *out = m.g;
    return HBY_OK;
}
