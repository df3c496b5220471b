/* FULLY_CONNECTED: rows and depths around the kernels' blocks, leading dimensions kept or not, scales with exact ties. */
#include <string.h>

#include "tests/window_cases.h"

static void one(struct check *c, enum hby_scheme scheme, bool residual)
{
    static const enum hby_act act[] = {HBY_ACT_NONE, HBY_ACT_NONE, HBY_ACT_RELU, HBY_ACT_RELU6, HBY_ACT_RELU_N1_TO_1};
    const bool keep = check_chance(c, 40);
    const int a = check_int(c, 1, 5), b = keep ? check_int(c, 1, 4) : 1, rows = a * b;
    const int depth = check_chance(c, 40) ? 16 * check_int(c, 1, 24) : check_int(c, 1, 200),
              units = check_chance(c, 40) ? 16 * check_int(c, 1, 6) : check_int(c, 1, 70);
    const int in_dim[] = {a, b, depth}, out_dim[] = {a, b, units}, flat[] = {rows, units}, w_dim[] = {units, depth};
    const int in = check_input(c, check_type(scheme), 3, in_dim);
    const int weights = window_weights(c, scheme, 2, w_dim, 0, depth, true, check_chance(c, 60));
    const int bias = window_bias(c, scheme, units, in, weights, check_chance(c, 40));
    const int out = keep ? window_result(c, scheme, residual, out_dim, 3, in, weights, depth) : window_result(c, scheme, residual, flat, 2, in, weights, depth);
    if (!window_is_float(scheme) && check_chance(c, 30)) { /* results that lie exactly between two integers */
        const float scale = check_scale(c, in) * check_scale(c, weights) * (float)(1 << check_int(c, 1, 9));
        const int32_t zero = check_tensor(c, out)->quant.zero_point[0];
        check_quant(c, out, 0, 1, &scale, &zero);
    }
    struct hby_node *node = check_node(c, HBY_OP_fully_connected, 3, (int[]){in, weights, bias}, 1, &out);
    node->params.fully_connected.act = act[check_int(c, 0, 4)];
    node->params.fully_connected.keep_num_dims = keep;
    node->params.fully_connected.asymmetric_quantize_inputs = check_chance(c, 50);
    if (residual)
        window_add(c, scheme, out);
    check_run(c, depth);
}

/* 16x8: sums of low bytes as large as they come, at the depth up to which kernels may keep them in 32 bits, and beyond. */
static void deepest(struct check *c, int depth)
{
    static int8_t least[2 * 65800];
    const float in_scale = 1e-3f, w_scale = 1e-3f, out_scale = 1e-3f;
    const int32_t zero = 0;
    memset(least, -128, sizeof least);
    const int in = check_input(c, HBY_I16, 2, (int[]){3, depth}), weights = check_const(c, HBY_I8, 2, (int[]){2, depth}, least);
    const int out = check_output(c, HBY_I16, 2, (int[]){3, 2});
    check_range(c, in, -1, -1);
    check_quant(c, in, 0, 1, &in_scale, &zero);
    check_quant(c, weights, 0, 1, &w_scale, &zero);
    check_quant(c, out, 0, 1, &out_scale, &zero);
    check_node(c, HBY_OP_fully_connected, 2, (int[]){in, weights}, 1, &out);
    check_run(c, depth);
}

/* Results far beyond 32 bits, where all that is known of the conversion is what the reference's processor does. */
static void overflowing(struct check *c, enum hby_type type)
{
    const float in_scale = 1e-3f, w_scale = 1e-3f, out_scale = 1e-10f;
    const int32_t zero = 0;
    const int in = check_input(c, type, 2, (int[]){3, 70}), weights = check_const(c, HBY_I8, 2, (int[]){18, 70}, NULL);
    const int out = check_output(c, type, 2, (int[]){3, 18});
    check_quant(c, in, 0, 1, &in_scale, &zero);
    check_quant(c, weights, 0, 1, &w_scale, &zero);
    check_quant(c, out, 0, 1, &out_scale, &zero);
    check_node(c, HBY_OP_fully_connected, 2, (int[]){in, weights}, 1, &out);
    check_run(c, 70);
}

/* int4 weights, dynamic range: a scale for all, per channel, or per block. */
static void int4(struct check *c, bool blocks)
{
    const int rows = check_chance(c, 40) ? 1 : check_int(c, 2, 40), units = check_int(c, 1, 70), block = 32 * check_int(c, 1, 2);
    const int depth = blocks ? block * check_int(c, 1, 6) : check_int(c, 1, 200);
    const int in = check_input(c, HBY_F32, 2, (int[]){rows, depth}), weights = check_const(c, HBY_I4, 2, (int[]){units, depth}, NULL);
    if (blocks)
        check_blocks(c, weights, block);
    else
        check_quant(c, weights, 0, check_chance(c, 50) ? units : 1, NULL, NULL);
    const int bias = window_bias(c, HBY_SCHEME_f32w8, units, in, weights, false), out = check_output(c, HBY_F32, 2, (int[]){rows, units});
    struct hby_node *node = check_node(c, HBY_OP_fully_connected, 3, (int[]){in, weights, bias}, 1, &out);
    node->params.fully_connected.act = check_chance(c, 30) ? HBY_ACT_RELU : HBY_ACT_NONE;
    node->params.fully_connected.asymmetric_quantize_inputs = check_chance(c, 50);
    check_run(c, depth);
}

/* Blocks that the operator does not define. */
static void bad_blocks(struct check *c, enum hby_type type, int block, const char *word)
{
    const int in = check_input(c, HBY_F32, 2, (int[]){3, 96}), weights = check_const(c, type, 2, (int[]){7, 96}, NULL);
    const int out = check_output(c, HBY_F32, 2, (int[]){3, 7});
    check_blocks(c, weights, block);
    check_node(c, HBY_OP_fully_connected, 2, (int[]){in, weights}, 1, &out);
    check_refused(c, word);
}

/* Weights that an operator before computes. */
static void computed(struct check *c)
{
    const int in = check_input(c, HBY_F32, 2, (int[]){3, 20}), weights = check_input(c, HBY_F32, 2, (int[]){7, 20});
    const int out = check_output(c, HBY_F32, 2, (int[]){3, 7});
    check_node(c, HBY_OP_fully_connected, 2, (int[]){in, weights}, 1, &out);
    check_run(c, 20);
}

void hby_check_fully_connected(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < check_cases(); i++)
        one(c, scheme, i % 3 == 2);
    for (int i = 0; scheme == HBY_SCHEME_f32w8 && i < check_cases(); i++)
        int4(c, i % 2);
    if (scheme == HBY_SCHEME_i16 || scheme == HBY_SCHEME_i8)
        overflowing(c, check_type(scheme));
    if (scheme == HBY_SCHEME_i16) {
        deepest(c, 65536);
        deepest(c, 65800); /* 65800 * 255 * 128 > 2^31 */
    }
    if (scheme == HBY_SCHEME_f32w8) {
        bad_blocks(c, HBY_I4, 24, "multiple of 32");
        bad_blocks(c, HBY_I8, 32, "only int4");
    }
    if (scheme == HBY_SCHEME_f32 || scheme == HBY_SCHEME_f16)
        computed(c);
    if (scheme == HBY_SCHEME_f32) {
        const int in = check_input(c, HBY_F32, 2, (int[]){3, 20}), weights = check_const(c, HBY_F32, 2, (int[]){7, 19}, NULL);
        const int out = check_output(c, HBY_F32, 2, (int[]){3, 7});
        check_node(c, HBY_OP_fully_connected, 2, (int[]){in, weights}, 1, &out);
        check_refused(c, "do not give");
    }
}
