/* The quantization specification held against small graphs: each rule is broken once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "partition/spec.h"
#include "tests/build_graph.h"

static int8_t weights[4 * 4];
static int32_t bias[4];

/* input int8 -> CONV_2D 1x1 -> SOFTMAX; everything as the specification wants it. */
struct model {
    struct hby_graph *g;
    int in, w, b, mid, out;
};

static void make(struct model *m)
{
    memset(weights, 3, sizeof weights);
    assert_int_equal(hby_graph_create(&m->g), HBY_OK);
    m->in = add_tensor(m->g, HBY_I8, NULL, 4, 1, 2, 2, 4);
    m->w = add_tensor(m->g, HBY_I8, weights, 4, 4, 1, 1, 4);
    m->b = add_tensor(m->g, HBY_I32, bias, 1, 4);
    m->mid = add_tensor(m->g, HBY_I8, NULL, 4, 1, 2, 2, 4);
    m->out = add_tensor(m->g, HBY_I8, NULL, 4, 1, 2, 2, 4);
    set_quant(m->g, m->in, 0.5f, 7);
    set_quant(m->g, m->w, 0.25f, 0);
    set_quant(m->g, m->b, 0.125f, 0);
    set_quant(m->g, m->mid, 0.3f, -2);
    set_quant(m->g, m->out, 1.0f / 256, -128);
    add_node(m->g, HBY_OP_conv_2d, m->mid, 3, m->in, m->w, m->b);
    add_node(m->g, HBY_OP_softmax, m->out, 1, m->mid);
    set_border(m->g, m->in, m->out);
}

static void expect_one(struct model *m, int node, const char *operand, const char *words)
{
    struct hby_deviation d[4];
    assert_int_equal(hby_spec_check(m->g, d, 4), 1);
    assert_int_equal(d[0].node, node);
    assert_string_equal(d[0].operand, operand);
    if (!strstr(d[0].text.text, words))
        fail_msg("'%s' does not say '%s'", d[0].text.text, words);
    hby_graph_destroy(&m->g);
}

static void a_model_by_the_book(void **state)
{
    (void)state;
    struct model m;
    make(&m);
    assert_int_equal(hby_spec_check(m.g, NULL, 0), 0);
    assert_string_equal(hby_spec_mode(m.g), "integer_only");
    hby_graph_destroy(&m.g);
}

static void each_rule(void **state)
{
    (void)state;
    struct model m;
    make(&m);
    weights[5] = -128;
    expect_one(&m, 0, "input 1", "1 of them are -128");
    make(&m);
    set_quant(m.g, m.w, 0.25f, 3);
    expect_one(&m, 0, "input 1", "zero point 0, not 3");
    make(&m);
    set_quant(m.g, m.b, 0.2f, 0);
    expect_one(&m, 0, "input 2", "0.125; this one has 0.2");
    make(&m);
    set_quant(m.g, m.b, 0.125f, 1);
    expect_one(&m, 0, "input 2", "zero point 0, not 1");
    make(&m);
    set_quant(m.g, m.out, 1.0f / 255, -128);
    expect_one(&m, 1, "output 0", "0.00390625");
    make(&m);
    m.g->node[1].op = HBY_OP_max_pool_2d;
    expect_one(&m, 1, "output 0", "equal those of input 0");
    make(&m);
    m.g->tensor[m.in].quant.count = 0;
    expect_one(&m, 0, "input 0", "per tensor");
}

static void modes(void **state)
{
    (void)state;
    struct model m;
    make(&m);
    m.g->tensor[m.in].type = m.g->tensor[m.mid].type = m.g->tensor[m.out].type = HBY_F32;
    assert_string_equal(hby_spec_mode(m.g), "dynamic_range");
    m.g->tensor[m.w].type = HBY_F16;
    assert_string_equal(hby_spec_mode(m.g), "float16");
    m.g->tensor[m.w].type = HBY_F32;
    assert_string_equal(hby_spec_mode(m.g), "float32");
    m.g->tensor[m.w].type = HBY_I8;
    m.g->tensor[m.in].type = m.g->tensor[m.mid].type = HBY_I16;
    assert_string_equal(hby_spec_mode(m.g), "int16x8_float_fallback");
    m.g->tensor[m.out].type = HBY_I16;
    assert_string_equal(hby_spec_mode(m.g), "int16x8");
    m.g->tensor[m.in].type = m.g->tensor[m.mid].type = HBY_I8;
    m.g->tensor[m.out].type = HBY_F32;
    assert_string_equal(hby_spec_mode(m.g), "full_integer_float_fallback");
    hby_graph_destroy(&m.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_model_by_the_book), cmocka_unit_test(each_rule), cmocka_unit_test(modes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
