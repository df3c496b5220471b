/* Folding: what becomes a constant, what is fused, and what must be left alone. */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host_ref/ref.h"
#include "partition/fold.h"
#include "tests/build_graph.h"

static struct hby_graph *graph(void)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    return g;
}

static void fold(struct hby_graph *g)
{
    const struct hby_plan_options opt = {0};
    const struct hby_folder f = {.graph = g, .host = hby_host_ref_backend(), .opt = &opt};
    assert_true(g->n_tensors >= 0);
    assert_int_equal(hby_fold(&f), HBY_OK);
}

/* SHAPE -> STRIDED_SLICE -> PACK -> RESHAPE, as Keras writes Flatten: all but RESHAPE vanish. */
static void shape_chain_folds(void **state)
{
    (void)state;
    struct hby_graph *g = graph();
    static const int32_t begin[1] = {0}, end[1] = {1}, stride[1] = {1}, minus_one = -1;
    int x = add_tensor(g, HBY_F32, NULL, 4, 2, 3, 3, 4), shape = add_tensor(g, HBY_I32, NULL, 1, 4);
    int b = add_tensor(g, HBY_I32, begin, 1, 1), e = add_tensor(g, HBY_I32, end, 1, 1), s = add_tensor(g, HBY_I32, stride, 1, 1);
    int batch = add_tensor(g, HBY_I32, NULL, 0), rest = add_tensor(g, HBY_I32, &minus_one, 0), packed = add_tensor(g, HBY_I32, NULL, 1, 2);
    int y = add_tensor(g, HBY_F32, NULL, 2, 2, 36);
    add_node(g, HBY_OP_shape, shape, 1, x);
    add_node(g, HBY_OP_strided_slice, batch, 4, shape, b, e, s)->params.strided_slice.shrink_axis_mask = 1;
    add_node(g, HBY_OP_pack, packed, 2, batch, rest)->params.axis.count = 2;
    add_node(g, HBY_OP_reshape, y, 2, x, packed);
    set_border(g, x, y);
    fold(g);
    assert_true(g->node[0].folded && g->node[1].folded && g->node[2].folded);
    assert_false(g->node[3].folded);
    assert_non_null(g->tensor[packed].data);
    assert_int_equal(((const int32_t *)g->tensor[packed].data)[0], 2);
    assert_int_equal(((const int32_t *)g->tensor[packed].data)[1], -1);
    hby_graph_destroy(&g);
}

/* Each part of a constant is computed while none of them is a constant yet. */
static void split_of_a_constant_folds(void **state)
{
    (void)state;
    struct hby_graph *g = graph();
    static const float whole[6] = {1, 2, 3, 4, 5, 6};
    static const int32_t axis = 0;
    int a = add_tensor(g, HBY_I32, &axis, 0), w = add_tensor(g, HBY_F32, whole, 1, 6);
    int part[3], x = add_tensor(g, HBY_F32, NULL, 1, 2), y = add_tensor(g, HBY_F32, NULL, 1, 2);
    for (int i = 0; i < 3; i++)
        part[i] = add_tensor(g, HBY_F32, NULL, 1, 2);
    struct hby_node *split = add_node(g, HBY_OP_split, part[0], 2, a, w);
    split->n_out = 3;
    split->out = part;
    split->params.axis.count = 3;
    add_node(g, HBY_OP_add, y, 2, x, part[2]);
    set_border(g, x, y);
    fold(g);
    assert_true(g->node[0].folded);
    for (int i = 0; i < 3; i++) {
        assert_non_null(g->tensor[part[i]].data);
        assert_memory_equal(g->tensor[part[i]].data, whole + 2 * i, 2 * sizeof *whole);
    }
    hby_graph_destroy(&g);
}

static void half_weights_are_read_directly(void **state)
{
    (void)state;
    struct hby_graph *g = graph();
    static const uint16_t w16[6] = {0x3c00, 0x4000, 0xbc00, 0x3800, 0, 0x3c00}, b16[2] = {0x3c00, 0xc000};
    int x = add_tensor(g, HBY_F32, NULL, 2, 1, 3), w = add_tensor(g, HBY_F16, w16, 2, 2, 3), wf = add_tensor(g, HBY_F32, NULL, 2, 2, 3);
    int b = add_tensor(g, HBY_F16, b16, 1, 2), bf = add_tensor(g, HBY_F32, NULL, 1, 2), y = add_tensor(g, HBY_F32, NULL, 2, 1, 2);
    add_node(g, HBY_OP_dequantize, wf, 1, w);
    add_node(g, HBY_OP_dequantize, bf, 1, b);
    add_node(g, HBY_OP_fully_connected, y, 3, x, wf, bf);
    set_border(g, x, y);
    fold(g);
    assert_true(g->node[0].folded && g->node[1].folded);
    assert_int_equal(g->node[2].in[1], w);
    assert_null(g->tensor[wf].data); /* never expanded */
    assert_int_equal(g->node[2].in[2], bf);
    assert_true(((const float *)g->tensor[bf].data)[0] == 1.0f && ((const float *)g->tensor[bf].data)[1] == -2.0f);
    hby_graph_destroy(&g);
}

/* Two scales along `axis`: FULLY_CONNECTED takes int8 weights behind DEQUANTIZE as they are where those are per output channel, and else as floats. */
static void weight_only(int axis)
{
    struct hby_graph *g = graph();
    static const int8_t w8[4] = {1, -2, 3, -128};
    static const float scale[2] = {0.5f, 0.25f};
    static const int32_t zero[2] = {0, 1};
    int x = add_tensor(g, HBY_F32, NULL, 2, 1, 2), w = add_tensor(g, HBY_I8, w8, 2, 2, 2), wf = add_tensor(g, HBY_F32, NULL, 2, 2, 2);
    int y = add_tensor(g, HBY_F32, NULL, 2, 1, 2);
    g->tensor[w].quant = (struct hby_quant){.count = 2, .axis = axis, .scale = scale, .zero_point = zero};
    add_node(g, HBY_OP_dequantize, wf, 1, w);
    add_node(g, HBY_OP_fully_connected, y, 2, x, wf);
    set_border(g, x, y);
    fold(g);
    assert_true(g->node[0].folded);
    assert_false(g->node[1].folded);
    assert_int_equal(g->node[1].weight_only, axis == 0);
    assert_int_equal(g->node[1].in[1], axis == 0 ? w : wf);
    assert_int_equal(g->tensor[wf].data != NULL, axis == 1);
    if (axis == 1) {
        const float want[4] = {0.5f, -0.75f, 1.5f, -32.25f};
        assert_memory_equal(g->tensor[wf].data, want, sizeof want);
    }
    hby_graph_destroy(&g);
}

static void integer_weights_are_read_directly(void **state)
{
    (void)state;
    weight_only(0);
    weight_only(1);
}

/* A [4, 4] matrix whose second dimension is CSR, and one in 2x2 blocks of which only two are stored. */
static void densify_follows_the_metadata(void **state)
{
    (void)state;
    struct hby_graph *g = graph();
    static const float values[3] = {1, 2, 3};
    static const int32_t traversal[2] = {0, 1}, segments[5] = {0, 1, 1, 3, 3}, indices[3] = {2, 0, 3};
    static const struct hby_sparse_dim dims[2] = {{.dense_size = 4},
                                                  {.is_csr = true, .n_segments = 5, .n_indices = 3, .segments = segments, .indices = indices}};
    static const struct hby_sparsity sp = {.n_traversal = 2, .n_dims = 2, .traversal = traversal, .dim = dims};
    int s = add_tensor(g, HBY_F32, values, 2, 4, 4), d = add_tensor(g, HBY_F32, NULL, 2, 4, 4);
    g->tensor[s].bytes = sizeof values;
    g->tensor[s].is_sparse = true;
    g->tensor[s].sparsity = &sp;
    void *data = NULL;
    assert_int_equal(hby_fold_densify(g, &g->tensor[s], &g->tensor[d], &data), HBY_OK);
    static const float want[16] = {0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 0, 0, 0};
    assert_memory_equal(data, want, sizeof want);

    static const int8_t block_values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const int32_t order[4] = {0, 1, 2, 3}, map[2] = {0, 1}, bseg[3] = {0, 1, 2}, bidx[2] = {1, 0};
    static const struct hby_sparse_dim bdims[4] = {
        {.dense_size = 2}, {.is_csr = true, .n_segments = 3, .n_indices = 2, .segments = bseg, .indices = bidx}, {.dense_size = 2}, {.dense_size = 2}};
    static const struct hby_sparsity bsp = {.n_traversal = 4, .n_block_map = 2, .n_dims = 4, .traversal = order, .block_map = map, .dim = bdims};
    int s8 = add_tensor(g, HBY_I8, block_values, 2, 4, 4), d8 = add_tensor(g, HBY_I8, NULL, 2, 4, 4);
    g->tensor[s8].bytes = sizeof block_values;
    g->tensor[s8].sparsity = &bsp;
    assert_int_equal(hby_fold_densify(g, &g->tensor[s8], &g->tensor[d8], &data), HBY_OK);
    static const int8_t want8[16] = {0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0};
    assert_memory_equal(data, want8, sizeof want8);

    g->tensor[s8].bytes = 7; /* one value short */
    assert_int_equal(hby_fold_densify(g, &g->tensor[s8], &g->tensor[d8], &data), HBY_UNSUPPORTED);
    hby_graph_destroy(&g);
}

static struct hby_graph *add_then(enum hby_op op, enum hby_type type, float scale_out, int zp_out, bool read_twice)
{
    struct hby_graph *g = graph();
    int x = add_tensor(g, type, NULL, 2, 1, 4), s = add_tensor(g, type, NULL, 2, 1, 4), y = add_tensor(g, type, NULL, 2, 1, 4),
        z = add_tensor(g, type, NULL, 2, 1, 4);
    if (type != HBY_F32) {
        set_quant(g, x, 0.5f, 3);
        set_quant(g, s, 0.25f, -5);
        set_quant(g, y, scale_out, zp_out);
        set_quant(g, z, 1.0f, 0);
    }
    add_node(g, HBY_OP_add, s, 2, x, x);
    add_node(g, op, y, 1, s);
    if (read_twice)
        add_node(g, HBY_OP_add, z, 2, s, y);
    set_border(g, x, read_twice ? z : y);
    fold(g);
    return g;
}

static void activations_fuse_where_exact(void **state)
{
    (void)state;
    struct hby_graph *g = add_then(HBY_OP_relu6, HBY_F32, 0, 0, false);
    assert_true(g->node[1].folded);
    assert_int_equal(g->node[1].fused_into, 0);
    assert_int_equal(g->node[0].params.arith.act, HBY_ACT_RELU6);
    assert_int_equal(g->node[0].out[0], g->output[0]);
    hby_graph_destroy(&g);

    g = add_then(HBY_OP_relu, HBY_I8, 0.25f, -5, false);
    assert_true(g->node[1].folded);
    hby_graph_destroy(&g);

    g = add_then(HBY_OP_relu, HBY_I8, 0.125f, -5, false); /* rescales: two roundings */
    assert_false(g->node[1].folded);
    assert_int_equal(g->node[0].params.arith.act, HBY_ACT_NONE);
    hby_graph_destroy(&g);

    g = add_then(HBY_OP_relu, HBY_F32, 0, 0, true); /* the sum itself is read too */
    assert_false(g->node[1].folded);
    hby_graph_destroy(&g);
}

static void requantization_to_the_same_parameters_vanishes(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        struct hby_graph *g = graph();
        int x = add_tensor(g, HBY_I8, NULL, 1, 8), f = add_tensor(g, HBY_F32, NULL, 1, 8), q = add_tensor(g, HBY_I8, NULL, 1, 8),
            y = add_tensor(g, HBY_I8, NULL, 1, 8);
        set_quant(g, x, 0.1f, -7);
        set_quant(g, q, 0.1f, same ? -7 : -6);
        set_quant(g, y, 0.2f, 0);
        add_node(g, HBY_OP_dequantize, f, 1, x);
        add_node(g, HBY_OP_quantize, q, 1, f);
        add_node(g, HBY_OP_add, y, 2, q, q);
        set_border(g, x, y);
        fold(g);
        assert_int_equal(g->node[0].folded, same);
        assert_int_equal(g->node[1].folded, same);
        assert_int_equal(g->node[2].in[0], same ? x : q);
        hby_graph_destroy(&g);
    }
}

static struct hby_graph *pad_then_conv(const int32_t *pads, enum hby_padding padding, int read_pad)
{
    static const float weights[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, bias[1] = {0};
    struct hby_graph *g = graph();
    int h = 5 + pads[2] + pads[3], w = 5 + pads[4] + pads[5], same = padding == HBY_PAD_SAME;
    int x = add_tensor(g, HBY_F32, NULL, 4, 1, 5, 5, 1), p = add_tensor(g, HBY_I32, pads, 2, 4, 2), xp = add_tensor(g, HBY_F32, NULL, 4, 1 + pads[0], h, w, 1);
    int k = add_tensor(g, HBY_F32, weights, 4, 1, 3, 3, 1), b = add_tensor(g, HBY_F32, bias, 1, 1);
    int y = add_tensor(g, HBY_F32, NULL, 4, 1 + pads[0], same ? (h + 1) / 2 : (h - 1) / 2, same ? (w + 1) / 2 : (w - 1) / 2, 1);
    add_node(g, HBY_OP_pad, xp, 2, x, p);
    struct hby_node *conv = add_node(g, HBY_OP_conv_2d, y, 3, xp, k, b);
    conv->params.window = (struct hby_window_params){.padding = padding, .stride_h = 2, .stride_w = 2, .dilation_h = 1, .dilation_w = 1};
    set_border(g, x, read_pad ? xp : y);
    fold(g);
    return g;
}

static void pads_fuse_into_convolutions(void **state)
{
    (void)state;
    static const int32_t around[8] = {0, 0, 1, 2, 3, 0, 0, 0}, batch[8] = {1, 0, 0, 0, 0, 0, 0, 0};
    struct hby_graph *g = pad_then_conv(around, HBY_PAD_VALID, 0);
    assert_true(g->node[0].folded);
    assert_int_equal(g->node[0].fused_into, 1);
    assert_int_equal(g->node[1].in[0], g->input[0]);
    assert_int_equal(g->node[1].params.window.padding, HBY_PAD_EXPLICIT);
    assert_int_equal(g->node[1].params.window.pad_top, 1);
    assert_int_equal(g->node[1].params.window.pad_left, 3);
    hby_graph_destroy(&g);

    g = pad_then_conv(around, HBY_PAD_SAME, 0); /* 8 rows, stride 2: SAME adds one after; 8 columns: the same */
    assert_true(g->node[0].folded);
    assert_int_equal(g->node[1].params.window.pad_top, 1);
    hby_graph_destroy(&g);

    g = pad_then_conv(batch, HBY_PAD_VALID, 0);
    assert_false(g->node[0].folded);
    assert_int_equal(g->node[1].params.window.padding, HBY_PAD_VALID);
    hby_graph_destroy(&g);

    g = pad_then_conv(around, HBY_PAD_VALID, 1); /* PAD's result is the output; the convolution is dead */
    assert_false(g->node[0].folded);
    assert_true(g->node[1].folded);
    hby_graph_destroy(&g);
}

/* A PAD of one pixel around 4 x 4, in front of a 3 x 3 maximum with stride 2; `relu` puts a RELU in front of both. */
static struct hby_graph *pad_then_pool(enum hby_type type, int zero_point, const void *fill, enum hby_act act, bool relu, const int32_t *pads)
{
    struct hby_graph *g = graph();
    const int h = 4 + pads[2] + pads[3], w = 4 + pads[4] + pads[5];
    int x = add_tensor(g, type, NULL, 4, 1, 4, 4, 1), r = add_tensor(g, type, NULL, 4, 1, 4, 4, 1), p = add_tensor(g, HBY_I32, pads, 2, 4, 2);
    int padded = add_tensor(g, type, NULL, 4, 1, h, w, 1), y = add_tensor(g, type, NULL, 4, 1, (h - 1) / 2, (w - 1) / 2, 1);
    for (int t = 0; type != HBY_F32 && t <= y; t++)
        if (t != p)
            set_quant(g, t, 0.5f, zero_point);
    if (relu)
        add_node(g, HBY_OP_add, r, 2, x, x)->params.arith.act = HBY_ACT_RELU;
    if (fill)
        add_node(g, HBY_OP_padv2, padded, 3, relu ? r : x, p, add_tensor(g, type, fill, 1, 1));
    else
        add_node(g, HBY_OP_pad, padded, 2, relu ? r : x, p);
    if (fill && type != HBY_F32)
        set_quant(g, g->n_tensors - 1, 0.5f, zero_point);
    add_node(g, HBY_OP_max_pool_2d, y, 1, padded)->params.window = (struct hby_window_params){
        .padding = HBY_PAD_VALID, .stride_h = 2, .stride_w = 2, .dilation_h = 1, .dilation_w = 1, .filter_h = 3, .filter_w = 3, .act = act};
    set_border(g, x, y);
    fold(g);
    return g;
}

/* Padding that no maximum can be: the lowest value of the type, or one that an activation before or behind lifts all others to. */
static void pads_fuse_into_maxima(void **state)
{
    (void)state;
    static const int32_t one[8] = {0, 0, 1, 1, 1, 1, 0, 0}, three[8] = {0, 0, 3, 1, 1, 1, 0, 0};
    static const float lowest = -FLT_MAX, low = -1e30f;
    static const int8_t least = -128, other = -127;
    const struct {
        enum hby_type type;
        int zero_point;
        const void *fill;
        enum hby_act act;
        bool relu;
        const int32_t *pads;
        bool folded;
    } row[] = {
        {HBY_I8, -128, NULL, HBY_ACT_NONE, false, one, true},     {HBY_I8, -127, NULL, HBY_ACT_NONE, false, one, false},
        {HBY_I8, -127, NULL, HBY_ACT_NONE, true, one, true},      {HBY_I8, 5, NULL, HBY_ACT_RELU6, false, one, true},
        {HBY_I8, 5, NULL, HBY_ACT_RELU_N1_TO_1, true, one, true}, {HBY_I8, 5, NULL, HBY_ACT_RELU_N1_TO_1, false, one, false},
        {HBY_U8, 0, NULL, HBY_ACT_NONE, false, one, true},        {HBY_I8, 3, &least, HBY_ACT_NONE, false, one, true},
        {HBY_I8, 3, &other, HBY_ACT_NONE, false, one, false},     {HBY_F32, 0, NULL, HBY_ACT_NONE, false, one, false},
        {HBY_F32, 0, NULL, HBY_ACT_NONE, true, one, true},        {HBY_F32, 0, NULL, HBY_ACT_RELU, false, one, true},
        {HBY_F32, 0, &lowest, HBY_ACT_NONE, false, one, true},    {HBY_F32, 0, &low, HBY_ACT_NONE, false, one, false},
        {HBY_I8, -128, NULL, HBY_ACT_NONE, false, three, false}, /* a window of nothing but padding */
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct hby_graph *g = pad_then_pool(row[i].type, row[i].zero_point, row[i].fill, row[i].act, row[i].relu, row[i].pads);
        const int pad = row[i].relu ? 1 : 0;
        if (g->node[pad].folded != row[i].folded)
            fail_msg("row %zu: %s", i, row[i].folded ? "not fused" : "fused");
        if (row[i].folded) {
            assert_int_equal(g->node[pad + 1].params.window.padding, HBY_PAD_EXPLICIT);
            assert_int_equal(g->node[pad + 1].params.window.pad_top, 1);
            assert_int_equal(g->node[pad].fused_into, pad + 1);
        }
        hby_graph_destroy(&g);
    }
}

static void selection_brings_constant_nodes(void **state)
{
    (void)state;
    struct hby_graph *g = graph(), *part = NULL;
    static const uint16_t w16[4] = {0x3c00, 0x4000, 0xbc00, 0x3800};
    int wf = add_tensor(g, HBY_F32, NULL, 2, 1, 4); /* tensor 0 */
    int x = add_tensor(g, HBY_F32, NULL, 2, 1, 4), a = add_tensor(g, HBY_F32, NULL, 2, 1, 4), w = add_tensor(g, HBY_F16, w16, 2, 1, 4);
    int y = add_tensor(g, HBY_F32, NULL, 2, 1, 4);
    assert_int_equal(wf, 0);
    add_node(g, HBY_OP_dequantize, wf, 1, w);
    add_node(g, HBY_OP_relu, a, 1, x);
    add_node(g, HBY_OP_mul, y, 2, a, wf);
    set_border(g, x, y);
    const int last = 2;
    assert_int_equal(hby_graph_select(g, &last, 1, &part), HBY_OK);
    assert_int_equal(part->n_nodes, 2);
    assert_int_equal(part->node[0].op, HBY_OP_dequantize);
    assert_int_equal(part->n_inputs, 1);
    assert_int_equal(part->input[0], a);
    assert_int_equal(part->n_outputs, 1);
    assert_int_equal(part->output[0], y);
    hby_graph_destroy(&g); /* the part stands alone */
    assert_int_equal(part->tensor[w].type, HBY_F16);
    hby_graph_destroy(&part);
}

/* A block-sparse matrix [4, 4] in blocks of [2, 2], all of whose metadata can be changed. */
struct sparse {
    int32_t n_dims, n_traversal, n_block_map, n_segments, n_indices, type, of_type, dim0, bytes, csr[4], size[4], order[4], map[2], segments[3], indices[2];
};

static enum hby_status densify(struct sparse *x)
{
    static const int8_t values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    struct hby_sparse_dim dim[4];
    for (int i = 0; i < 4; i++)
        dim[i] = (struct hby_sparse_dim){x->csr[i] != 0, x->size[i], x->n_segments, x->n_indices, x->segments, x->indices};
    const struct hby_sparsity sp = {x->n_traversal, x->n_block_map, x->n_dims, x->order, x->map, dim};
    const int s = add_tensor(g, (enum hby_type)x->type, values, 2, 4, 4), d = add_tensor(g, (enum hby_type)x->of_type, NULL, 2, (int)x->dim0, 4);
    g->tensor[s].bytes = (size_t)x->bytes;
    g->tensor[s].sparsity = x->n_dims ? &sp : NULL;
    void *data = NULL;
    const enum hby_status st = hby_fold_densify(g, &g->tensor[s], &g->tensor[d], &data);
    if (!st) {
        static const int8_t want[16] = {0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 0, 0, 7, 8, 0, 0};
        assert_memory_equal(data, want, sizeof want);
    }
    hby_graph_destroy(&g);
    return st;
}

/* Whatever in the metadata contradicts the rest: refused, and nothing is read or written beyond its end. */
static void densify_refuses_contradictions(void **state)
{
    (void)state;
    static const struct sparse sound = {.n_dims = 4,
                                        .n_traversal = 4,
                                        .n_block_map = 2,
                                        .n_segments = 3,
                                        .n_indices = 2,
                                        .type = HBY_I8,
                                        .of_type = HBY_I8,
                                        .dim0 = 4,
                                        .bytes = 8,
                                        .csr = {0, 1, 0, 0},
                                        .size = {2, 0, 2, 2},
                                        .order = {0, 1, 2, 3},
                                        .map = {0, 1},
                                        .segments = {0, 1, 2},
                                        .indices = {1, 0}};
#define SET(field, v)                                                                                                                                          \
    {                                                                                                                                                          \
#field " = " #v, offsetof(struct sparse, field), v                                                                                                     \
    }
    static const struct {
        const char *what;
        size_t at;
        int32_t value;
    } changes[] = {SET(n_dims, 0),      SET(n_dims, 3),        SET(n_traversal, 3), SET(n_block_map, 1), SET(n_block_map, 20),    SET(n_segments, 2),
                   SET(n_indices, 1),   SET(of_type, HBY_F32), SET(dim0, 8),        SET(dim0, -4),       SET(bytes, 7),           SET(csr[2], 1),
                   SET(size[0], 3),     SET(size[0], -1),      SET(size[2], 0),     SET(size[3], 4),     SET(order[0], -1),       SET(order[0], 4),
                   SET(order[1], 0),    SET(map[0], -1),       SET(map[0], 2),      SET(map[1], 0),      SET(segments[0], -1),    SET(segments[0], 2),
                   SET(segments[2], 3), SET(indices[0], -1),   SET(indices[1], 2),  SET(indices[1], -1), SET(indices[0], 1 << 30)};
#undef SET
    struct sparse x = sound;
    assert_int_equal(densify(&x), HBY_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        x = sound;
        memcpy((char *)&x + changes[i].at, &changes[i].value, sizeof changes[i].value);
        if (densify(&x) != HBY_UNSUPPORTED)
            fail_msg("%s is accepted", changes[i].what);
    }
    x = sound;
    x.type = x.of_type = HBY_I16; /* sparse constants are float32, float16 or int8 */
    x.bytes = 16;
    assert_int_equal(densify(&x), HBY_UNSUPPORTED);
}

/* 2^62 rows of no elements: nothing to walk over. */
static void densify_of_nothing_ends(void **state)
{
    (void)state;
    static const int32_t order[3] = {1, 2, 0};
    static const struct hby_sparse_dim dim[3] = {{.dense_size = INT32_MAX}, {.dense_size = INT32_MAX}, {.dense_size = 0}};
    static const struct hby_sparsity sp = {.n_traversal = 3, .n_dims = 3, .traversal = order, .dim = dim};
    static const int8_t nothing[1];
    struct hby_graph *g = NULL;
    void *data = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    const int s = add_tensor(g, HBY_I8, nothing, 3, 0, INT32_MAX, INT32_MAX), d = add_tensor(g, HBY_I8, NULL, 3, 0, INT32_MAX, INT32_MAX);
    g->tensor[s].sparsity = &sp;
    assert_int_equal(hby_fold_densify(g, &g->tensor[s], &g->tensor[d], &data), HBY_UNSUPPORTED);
    hby_graph_destroy(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_chain_folds),
        cmocka_unit_test(split_of_a_constant_folds),
        cmocka_unit_test(half_weights_are_read_directly),
        cmocka_unit_test(integer_weights_are_read_directly),
        cmocka_unit_test(densify_follows_the_metadata),
        cmocka_unit_test(densify_refuses_contradictions),
        cmocka_unit_test(densify_of_nothing_ends),
        cmocka_unit_test(activations_fuse_where_exact),
        cmocka_unit_test(requantization_to_the_same_parameters_vanishes),
        cmocka_unit_test(pads_fuse_into_convolutions),
        cmocka_unit_test(pads_fuse_into_maxima),
        cmocka_unit_test(selection_brings_constant_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
