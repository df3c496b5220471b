/* Operators' times reach the runtime's profiler, an object of a C++ class: an array of functions behind a pointer. On the device, with the option profile=on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "delegate/builtin_params.h"
#include "delegate/delegate.h"
#include "fake_runtime.h"
#include "need_device.h"

#define IN(...) ((const int[]){__VA_ARGS__, -2})

enum { MAX_EVENTS = 16 };

struct profiler {
    void *const *functions; /* first, as in C++ */
    int n;
    struct {
        const char *tag;
        int32_t type;
        uint64_t us;
        int64_t node, subgraph;
    } event[MAX_EVENTS];
};

static void unused(void)
{
    fail_msg("another function than AddEvent is called");
}

static void add_event(struct profiler *p, const char *tag, int32_t type, uint64_t us, int64_t node, int64_t subgraph)
{
    assert_true(p->n < MAX_EVENTS);
    p->event[p->n].tag = tag;
    p->event[p->n].type = type;
    p->event[p->n].us = us;
    p->event[p->n].node = node;
    p->event[p->n++].subgraph = subgraph;
}

/* SOFTMAX(x) -> MUL by itself, on the device; two invokes. Returns the events of the second. */
static struct profiler profiled(const char *on)
{
    static struct hby_tfl_softmax beta = {1.0f};
    static struct hby_tfl_arith none;
    void *functions[6];
    void (*wrong)(void) = unused;
    void (*right)(struct profiler *, const char *, int32_t, uint64_t, int64_t, int64_t) = add_event;
    for (int i = 0; i < 5; i++)
        memcpy(&functions[i], &wrong, sizeof wrong);
    memcpy(&functions[5], &right, sizeof right);
    struct profiler p = {.functions = functions};
    const char *keys[] = {"profile", "claim", "host_ref"}, *values[] = {on, "all", "off"};
    struct hby_delegate *d = NULL;
    struct hby_option_error error;
    assert_int_equal(hby_delegate_create(keys, values, 3, &d, &error), HBY_OK);
    struct fake *f = fake_create();
    const int x = fake_tensor(f, HBY_TFL_FLOAT32, 4, 8, NULL), s = fake_tensor(f, HBY_TFL_FLOAT32, 4, 8, NULL), y = fake_tensor(f, HBY_TFL_FLOAT32, 4, 8, NULL);
    fake_node(f, 25, 1, &beta, IN(x), s);
    fake_node(f, 18, 1, &none, IN(s, s), y);
    fake_add(&f->outputs, y);
    f->ctx.profiler = &p;
    assert_int_equal(d->tfl.Prepare(&f->ctx, &d->tfl), HBY_TFL_OK);
    assert_true(f->kernel_reg.init != NULL);
    assert_int_equal(fake_prepare(f), HBY_TFL_OK);
    assert_int_equal(fake_invoke(f), HBY_TFL_OK);
    p.n = 0;
    assert_int_equal(fake_invoke(f), HBY_TFL_OK);
    fake_destroy(f);
    hby_delegate_unref(&d);
    return p;
}

static void events_of_operators(void **state)
{
    (void)state;
    const struct profiler p = profiled("on");
    assert_int_equal(p.n, 2);
    assert_string_equal(p.event[0].tag, "SOFTMAX"); /* the tag outlives the delegate */
    assert_string_equal(p.event[1].tag, "MUL");
    for (int i = 0; i < p.n; i++) {
        assert_int_equal(p.event[i].type, 8);
        assert_int_equal(p.event[i].node, i);
        assert_int_equal(p.event[i].subgraph, 0);
        assert_true(p.event[i].us < 10000000);
    }
}

static void none_without_the_option(void **state)
{
    (void)state;
    assert_int_equal(profiled("off").n, 0);
}

int main(void)
{
    const int skip = without_device();
    if (skip)
        return skip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_operators),
        cmocka_unit_test(none_without_the_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
