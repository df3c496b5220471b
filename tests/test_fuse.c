/* Sums behind convolutions: which steps come side by side, which stay apart, and what the plan then says of them. The device is host_ref, which fuses on paper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host_ref/ref.h"
#include "partition/execute.h"
#include "partition/fuse.h"
#include "tests/build_graph.h"

static enum hby_status query(struct hby_backend *be, const struct hby_plan *plan, int first, int limit, struct hby_answer *answer, struct hby_reason *why)
{
    int other;
    (void)be;
    (void)why;
    const bool fuses = limit > 1 && hby_fuse_is_sum(plan, first, first + 1, &other);
    *answer = (struct hby_answer){.count = fuses ? 2 : 1, .arithmetic = "fake", .kernel = "fake"};
    return HBY_OK;
}

static struct hby_backend_ops ops;
static struct hby_backend device = {.ops = &ops};

static int set_up(void **state)
{
    (void)state;
    ops = *hby_host_ref_backend()->ops; /* sessions are host_ref's own */
    ops.query = query;
    return 0;
}

enum { N = 4 };
static const float weights[2][N * N] = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7}, {2, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1}};

static int vector(struct hby_graph *g)
{
    return add_tensor(g, HBY_F32, NULL, 2, 1, N);
}

static int product(struct hby_graph *g, int x, int which)
{
    const int w = add_tensor(g, HBY_F32, weights[which], 2, N, N), y = vector(g);
    add_node(g, HBY_OP_fully_connected, y, 2, x, w);
    return y;
}

static int apply(struct hby_graph *g, enum hby_op op, int a, int b)
{
    const int y = vector(g);
    if (b < 0)
        add_node(g, op, y, 1, a);
    else
        add_node(g, op, y, 2, a, b);
    return y;
}

/* Plans the graph, runs it, compares with host_ref alone, and gives the plan's order of nodes. The graph is made twice by `make`. */
static struct hby_executor *planned(struct hby_graph *(*make)(void), int n, const int *order)
{
    struct hby_executor *ex[2];
    float out[2][N];
    static const float in[N] = {1, -2, 0.5f, 3};
    for (int i = 0; i < 2; i++) {
        struct hby_plan *p = NULL;
        struct hby_reason why = {""};
        const struct hby_plan_options opt = {.host_ref = i ? HBY_HOST_REF_AUTO : HBY_HOST_REF_ONLY};
        struct hby_graph *g = make();
        assert_true(g->n_tensors >= 0);
        assert_int_equal(hby_plan_create(g, &opt, i ? &device : NULL, hby_host_ref_backend(), &p, &why), HBY_OK);
        assert_int_equal(p->n_steps, n);
        for (int k = 0; k < n; k++)
            assert_int_equal(p->step[k].node, order[k]);
        assert_int_equal(hby_executor_create(p, i ? &device : NULL, hby_host_ref_backend(), &ex[i], &why), HBY_OK);
        const void *inputs[1] = {in};
        void *outputs[1] = {out[i]};
        assert_int_equal(hby_executor_run(ex[i], inputs, outputs, &why), HBY_OK);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    hby_executor_destroy(&ex[0]);
    return ex[1];
}

static struct hby_graph *graph(void)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    return g;
}

/* 0 b = -x, 1 a = Wx, 2 s = a + b, 3 y = tanh(s) */
static struct hby_graph *plain(void)
{
    struct hby_graph *g = graph();
    const int x = vector(g), b = apply(g, HBY_OP_neg, x, -1), a = product(g, x, 0);
    set_border(g, x, apply(g, HBY_OP_tanh, apply(g, HBY_OP_add, a, b), -1));
    return g;
}

static void sums_are_fused(void **state)
{
    (void)state;
    struct hby_executor *ex = planned(plain, 4, (int[]){0, 1, 2, 3});
    const struct hby_plan *p = hby_executor_plan(ex);
    assert_int_equal(p->span[1], 2);
    assert_int_equal(p->span[2], 0);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(p->verdict[k].where, HBY_ON_DEVICE);
        assert_int_equal(p->verdict[k].fused_into, k == 2 ? 1 : -1);
    }
    const int made = p->step[1].out[0], sum = p->step[2].out[0], other = p->step[0].out[0];
    assert_true(hby_fuse_is_inner(p, made));
    assert_false(hby_fuse_is_inner(p, sum));
    assert_false(hby_fuse_is_inner(p, other));
    size_t *offset = calloc((size_t)p->graph->n_tensors, sizeof *offset), total[2];
    assert_non_null(offset);
    for (int fused = 0; fused < 2; fused++) {
        assert_int_equal(hby_arena_plan(p, 64, 0, fused, offset, &total[fused]), HBY_OK);
        assert_int_equal(offset[made] == SIZE_MAX, fused);
        assert_true(offset[sum] != SIZE_MAX && offset[other] != SIZE_MAX);
    }
    assert_int_equal(total[0] - total[1], 64);
    free(offset);
    hby_executor_destroy(&ex);
}

/* The later operand is the convolution's, and a step lies between: the sum moves up. 0 -x, 1 Wx, 2 tanh(0), 3 = 0 + 1, 4 = 3 * 2 */
static struct hby_graph *late(void)
{
    struct hby_graph *g = graph();
    const int x = vector(g), b = apply(g, HBY_OP_neg, x, -1), a = product(g, x, 0), t = apply(g, HBY_OP_tanh, b, -1);
    set_border(g, x, apply(g, HBY_OP_mul, apply(g, HBY_OP_add, b, a), t));
    return g;
}

/* The earlier operand is the convolution's: it moves down to the sum. 0 Wx, 1 -x, 2 tanh(1), 3 = 0 + 2 */
static struct hby_graph *early(void)
{
    struct hby_graph *g = graph();
    const int x = vector(g), a = product(g, x, 0), t = apply(g, HBY_OP_tanh, apply(g, HBY_OP_neg, x, -1), -1);
    set_border(g, x, apply(g, HBY_OP_add, a, t));
    return g;
}

/* Two convolutions: the later one takes the sum. 0 Wx, 1 Vx, 2 = 1 + 0, 3 tanh */
static struct hby_graph *both(void)
{
    struct hby_graph *g = graph();
    const int x = vector(g), a = product(g, x, 0), b = product(g, x, 1);
    set_border(g, x, apply(g, HBY_OP_tanh, apply(g, HBY_OP_add, b, a), -1));
    return g;
}

static void steps_come_side_by_side(void **state)
{
    (void)state;
    struct hby_executor *ex = planned(late, 5, (int[]){0, 1, 3, 2, 4});
    assert_int_equal(hby_executor_plan(ex)->verdict[3].fused_into, 1);
    hby_executor_destroy(&ex);
    ex = planned(early, 4, (int[]){1, 2, 0, 3});
    assert_int_equal(hby_executor_plan(ex)->verdict[3].fused_into, 0);
    hby_executor_destroy(&ex);
    ex = planned(both, 4, (int[]){0, 1, 2, 3});
    assert_int_equal(hby_executor_plan(ex)->verdict[2].fused_into, 1);
    hby_executor_destroy(&ex);
}

/* What the sum reads is read elsewhere as well. 0 Wx, 1 = 0 + x, 2 = 1 * 0 */
static struct hby_graph *shared(void)
{
    struct hby_graph *g = graph();
    const int x = vector(g), a = product(g, x, 0);
    set_border(g, x, apply(g, HBY_OP_mul, apply(g, HBY_OP_add, a, x), a));
    return g;
}

/* 0 Wx, 1 = 0 + 0 */
static struct hby_graph *doubled(void)
{
    struct hby_graph *g = graph();
    const int x = vector(g), a = product(g, x, 0);
    set_border(g, x, apply(g, HBY_OP_add, a, a));
    return g;
}

/* 0 Wx, 1 = 0 + a row that broadcasts */
static struct hby_graph *broadcast(void)
{
    static const float one[1] = {1};
    struct hby_graph *g = graph();
    const int x = vector(g), a = product(g, x, 0);
    set_border(g, x, apply(g, HBY_OP_add, a, add_tensor(g, HBY_F32, one, 1, 1)));
    return g;
}

/* 0 Wx, 1 = 0 - x: no sum */
static struct hby_graph *difference(void)
{
    struct hby_graph *g = graph();
    const int x = vector(g), a = product(g, x, 0);
    set_border(g, x, apply(g, HBY_OP_sub, a, x));
    return g;
}

static void others_stay_apart(void **state)
{
    (void)state;
    struct hby_graph *(*const make[])(void) = {shared, doubled, broadcast, difference};
    for (size_t i = 0; i < sizeof make / sizeof *make; i++) {
        struct hby_executor *ex = planned(make[i], i ? 2 : 3, (int[]){0, 1, 2});
        const struct hby_plan *p = hby_executor_plan(ex);
        for (int k = 0; k < p->n_steps; k++) {
            assert_int_equal(p->span[k], 1);
            assert_int_equal(p->verdict[k].fused_into, -1);
        }
        hby_executor_destroy(&ex);
    }
}

/* The convolution's result is a result of the graph. */
static void results_are_kept(void **state)
{
    (void)state;
    struct hby_graph *g = graph();
    const int x = vector(g), a = product(g, x, 0), y = apply(g, HBY_OP_add, a, x);
    set_border(g, x, y);
    g->output = copy_ids(g, (int[]){y, a}, 2);
    g->n_outputs = 2;
    struct hby_plan *p = NULL;
    assert_int_equal(hby_plan_create(g, &(struct hby_plan_options){0}, &device, hby_host_ref_backend(), &p, NULL), HBY_OK);
    assert_int_equal(p->span[0], 1);
    assert_false(hby_fuse_is_inner(p, a));
    hby_plan_destroy(&p);
}

/* A convolution whose input would have to be kept for it, and is larger than its result, does not wait. 0 x2 = x*x (wide), 1 W x2, 2 -x, 3 tanh, 4 = 1 + 3 */
static void large_inputs_do_not_wait(void **state)
{
    (void)state;
    static const float wide[N * 16];
    for (int size = N; size <= 16; size += 16 - N) {
        struct hby_graph *g = graph();
        const int x = add_tensor(g, HBY_F32, NULL, 2, 1, size), z = vector(g), w = add_tensor(g, HBY_F32, wide, 2, N, size),
                  x2 = add_tensor(g, HBY_F32, NULL, 2, 1, size);
        const int a = vector(g);
        add_node(g, HBY_OP_mul, x2, 2, x, x);
        add_node(g, HBY_OP_fully_connected, a, 2, x2, w);
        const int t = apply(g, HBY_OP_tanh, apply(g, HBY_OP_neg, z, -1), -1);
        set_border(g, x, apply(g, HBY_OP_add, a, t));
        g->input = copy_ids(g, (int[]){x, z}, 2);
        g->n_inputs = 2;
        struct hby_plan *p = NULL;
        assert_int_equal(hby_plan_create(g, &(struct hby_plan_options){0}, &device, hby_host_ref_backend(), &p, NULL), HBY_OK);
        assert_int_equal(p->step[1].node, size == N ? 2 : 1);
        assert_int_equal(p->verdict[4].fused_into, size == N ? 1 : -1);
        hby_plan_destroy(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_fused),   cmocka_unit_test(steps_come_side_by_side),  cmocka_unit_test(others_stay_apart),
        cmocka_unit_test(results_are_kept), cmocka_unit_test(large_inputs_do_not_wait),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
