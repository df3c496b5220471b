/* Lifetimes -> offsets: no two tensors that are alive together overlap, and what can be reused is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "partition/plan.h"

enum { MAX_TENSORS = 64, MAX_STEPS = 64 };

struct fixture {
    struct hby_graph graph;
    struct hby_plan plan;
    struct hby_tensor tensor[MAX_TENSORS];
    struct hby_step step[MAX_STEPS];
    enum hby_type storage[MAX_TENSORS];
    int alias[MAX_TENSORS], span[MAX_STEPS], input[4], output[4];
    size_t offset[MAX_TENSORS], total;
};

static void start(struct fixture *f, int n_tensors)
{
    memset(f, 0, sizeof *f);
    f->graph = (struct hby_graph){.n_tensors = n_tensors, .tensor = f->tensor, .input = f->input, .output = f->output};
    f->plan = (struct hby_plan){.graph = &f->graph, .step = f->step, .storage = f->storage, .alias = f->alias};
    for (int t = 0; t < n_tensors; t++) {
        f->tensor[t] = (struct hby_tensor){.type = HBY_U8, .rank = 1, .dim = {100}};
        f->storage[t] = HBY_U8;
        f->alias[t] = t;
    }
}

static void step(struct fixture *f, int in0, int in1, int out)
{
    f->step[f->plan.n_steps++] = (struct hby_step){.n_in = 2, .n_out = 1, .in = {in0, in1, -1, -1}, .out = {out}, .node = -1};
}

static bool overlap(const struct fixture *f, int a, int b)
{
    size_t end_a = f->offset[a] + hby_plan_bytes(&f->plan, a), end_b = f->offset[b] + hby_plan_bytes(&f->plan, b);
    return f->offset[a] < end_b && f->offset[b] < end_a;
}

static void chain_reuses_places(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, 8);
    for (int t = 0; t < 7; t++)
        step(&f, t, -1, t + 1);
    f.input[0] = 0;
    f.output[0] = 7;
    f.graph.n_inputs = f.graph.n_outputs = 1;
    assert_int_equal(hby_arena_plan(&f.plan, 64, 0, false, f.offset, &f.total), HBY_OK);
    for (int t = 0; t < 7; t++)
        assert_false(overlap(&f, t, t + 1));
    for (int t = 1; t < 7; t++) { /* the borders live throughout */
        assert_false(overlap(&f, 0, t));
        assert_false(overlap(&f, 7, t));
    }
    assert_int_equal(f.total, 4 * 128); /* two borders, two places in turn */
}

static void fused_span_is_one_moment(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, 5);
    for (int t = 0; t < 4; t++)
        step(&f, t, -1, t + 1);
    f.plan.span = f.span;
    f.span[0] = 1;
    f.span[1] = 2; /* steps 1 and 2 run as one: tensor 1 is read while tensor 3 is written */
    f.span[3] = 1;
    assert_int_equal(hby_arena_plan(&f.plan, 16, 0, false, f.offset, &f.total), HBY_OK);
    assert_false(overlap(&f, 1, 3));
    assert_false(overlap(&f, 1, 2));
    assert_true(overlap(&f, 0, 3) || overlap(&f, 0, 2) || overlap(&f, 4, 1) || overlap(&f, 4, 2));
}

static void constants_and_aliases_take_no_place(void **state)
{
    (void)state;
    struct fixture f;
    static const char bytes[100];
    start(&f, 5);
    f.tensor[1].data = bytes;
    f.alias[3] = 2;
    step(&f, 0, 1, 2);
    step(&f, 3, -1, 4);
    assert_int_equal(hby_arena_plan(&f.plan, 32, 16, false, f.offset, &f.total), HBY_OK);
    assert_true(f.offset[1] == SIZE_MAX);
    assert_true(f.offset[3] == SIZE_MAX);
    assert_true(f.offset[2] != SIZE_MAX);
    assert_false(overlap(&f, 2, 4)); /* the alias keeps its root alive */
    assert_false(overlap(&f, 0, 2));
}

static void empty_tensors_have_a_place(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, 2);
    f.tensor[0].dim[0] = 0;
    step(&f, 0, -1, 1);
    assert_int_equal(hby_arena_plan(&f.plan, 64, 0, false, f.offset, &f.total), HBY_OK);
    assert_true(f.offset[0] != SIZE_MAX && f.offset[0] % 64 == 0);
}

/* Random plans against the definition: alive together means apart. */
static void random_plans_never_overlap(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (int round = 0; round < 300; round++) {
        struct fixture f;
        int first[MAX_TENSORS], last[MAX_TENSORS];
        start(&f, 40);
        for (int t = 0; t < 40; t++) {
            seed = seed * 1664525u + 1013904223u;
            f.tensor[t].dim[0] = (int32_t)(seed >> 20) % 3000;
            first[t] = t ? t - 1 : 0;
            last[t] = first[t];
        }
        for (int s = 0; s < 39; s++) {
            int in[2];
            for (int i = 0; i < 2; i++) {
                seed = seed * 1664525u + 1013904223u;
                in[i] = (int)((seed >> 16) % (uint32_t)(s + 1));
                last[in[i]] = s;
            }
            step(&f, in[0], in[1], s + 1);
        }
        size_t align = (size_t)1 << (round % 8), slack = (size_t)(round % 3) * 7;
        assert_int_equal(hby_arena_plan(&f.plan, align, slack, false, f.offset, &f.total), HBY_OK);
        for (int a = 0; a < 40; a++) {
            if (f.offset[a] == SIZE_MAX)
                continue;
            assert_true(f.offset[a] % align == 0);
            assert_true(f.offset[a] + hby_plan_bytes(&f.plan, a) + slack <= f.total);
            for (int b = 0; b < a; b++)
                if (f.offset[b] != SIZE_MAX && first[a] <= last[b] && first[b] <= last[a])
                    assert_false(overlap(&f, a, b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_reuses_places),        cmocka_unit_test(fused_span_is_one_moment),   cmocka_unit_test(constants_and_aliases_take_no_place),
        cmocka_unit_test(empty_tensors_have_a_place), cmocka_unit_test(random_plans_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
