/* Ring 4: every allocation of ours fails once, over a delegate's whole life: no crash, no leak, and a result that is given is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "delegate/builtin_params.h"
#include "delegate/delegate.h"
#include "fake_runtime.h"
#include "need_device.h"
#include "scarce_memory.h"
#include "scratch.h"

#define IN(...) ((const int[]){__VA_ARGS__, -2})

/* The runtime's memory does not run out. */
static int resize(struct hby_tfl_context *ctx, struct hby_tfl_tensor *t, struct hby_tfl_ints *dims)
{
    const bool was = atomic_exchange(&counting, false);
    const int st = fake_resize(ctx, t, dims);
    atomic_store(&counting, was);
    return st;
}

/* x [2,4] -> FULLY_CONNECTED with weights of float16 behind a DEQUANTIZE -> RESHAPE [4,2] -> ADD a constant -> RELU -> y */
static struct fake *network(void)
{
    static const uint16_t weights[16] = {0x3c00, 0, 0, 0, 0, 0x3c00, 0, 0, 0, 0, 0x3c00, 0, 0, 0, 0, 0x3c00}; /* the unit matrix */
    static const float one[2] = {1, -2};
    static const int32_t shape[2] = {4, 2};
    static struct hby_tfl_arith none;
    static struct hby_tfl_fully_connected plain;
    static struct hby_tfl_reshape reshape = {.shape = {4, 2}, .num_dimensions = 2};
    struct fake *f = fake_create();
    f->ctx.ResizeTensor = resize;
    const int x = fake_tensor(f, HBY_TFL_FLOAT32, 2, 4, NULL), half = fake_tensor(f, HBY_TFL_FLOAT16, 4, 4, weights),
              w = fake_tensor(f, HBY_TFL_FLOAT32, 4, 4, NULL);
    const int product = fake_tensor(f, HBY_TFL_FLOAT32, 2, 4, NULL), s = fake_tensor(f, HBY_TFL_INT32, 2, 0, shape),
              flat = fake_tensor(f, HBY_TFL_FLOAT32, 4, 2, NULL);
    const int c = fake_tensor(f, HBY_TFL_FLOAT32, 2, 0, one), sum = fake_tensor(f, HBY_TFL_FLOAT32, 4, 2, NULL),
              y = fake_tensor(f, HBY_TFL_FLOAT32, 4, 2, NULL);
    fake_node(f, 6, 1, NULL, IN(half), w);
    fake_node(f, 9, 1, &plain, IN(x, w, -1), product);
    fake_node(f, 22, 1, &reshape, IN(product, s), flat);
    fake_node(f, 0, 1, &none, IN(flat, c), sum);
    fake_node(f, 19, 1, NULL, IN(sum), y);
    fake_add(&f->outputs, y);
    for (int i = 0; i < 8; i++)
        ((float *)f->tensor[x].data)[i] = (float)i;
    return f;
}

static bool is_right(const struct fake *f)
{
    const float *y = f->tensor[8].data;
    for (int i = 0; i < 8; i++) {
        const float want = (float)i + (i % 2 ? -2.0f : 1.0f);
        if (y[i] != (want > 0 ? want : 0))
            return false;
    }
    return true;
}

/* A delegate's life. Returns how far it came: 0 no delegate, 1 nothing claimed, 2 a kernel failed, 3 ran. */
static int live(bool on_device, const char *report)
{
    const char *keys[] = {"host_ref", "report_path", "claim", "deny_ops", "model_token"},
               *values[] = {on_device ? "auto" : "only", report, "all", "SOFTMAX", "token"};
    struct hby_delegate *d = NULL;
    struct hby_option_error error;
    int came = 0;
    atomic_store(&counting, true);
    const enum hby_status st = hby_delegate_create(keys, values, 5, &d, &error);
    atomic_store(&counting, false);
    if (st) {
        assert_null(d);
        assert_true(error.text[0]);
        return 0;
    }
    struct fake *f = network(); /* the runtime's allocations do not fail */
    atomic_store(&counting, true);
    const int prepared = d->tfl.Prepare(&f->ctx, &d->tfl);
    assert_int_equal(prepared, HBY_TFL_OK); /* else the runtime would raise, and nothing is broken */
    came = f->kernel_reg.init ? 2 : 1;      /* a preview alone leaves n_kernels */
    if (f->kernel_reg.init && fake_prepare(f) == HBY_TFL_OK) {
        const int invoked = fake_invoke(f);
        if (invoked == HBY_TFL_OK) {
            assert_true(is_right(f));
            came = 3;
        }
        if (invoked != HBY_TFL_OK || !is_right(f)) { /* memory is back */
            atomic_store(&counting, false);
            assert_int_equal(fake_invoke(f), HBY_TFL_OK);
            assert_true(is_right(f));
        }
    }
    atomic_store(&counting, false);
    fake_destroy(f);
    hby_delegate_unref(&d);
    return came;
}

/* Waiting threads of the device's sessions end by themselves, and free what is theirs. */
static long settled(long want)
{
    for (int i = 0; i < 2000 && atomic_load(&n_alive) != want; i++)
        usleep(1000);
    return atomic_load(&n_alive);
}

/* What is alive once it has not changed for half a second: on a busy machine such a thread takes its time. */
static long at_rest(void)
{
    long now = atomic_load(&n_alive);
    for (int quiet = 0; quiet < 25; quiet++) {
        const long was = now;
        usleep(20000);
        now = atomic_load(&n_alive);
        if (now != was)
            quiet = -1;
    }
    return now;
}

static void each_fails(bool on_device)
{
    char folder[SCRATCH_SIZE], report[SCRATCH_SIZE + 16]; /* each life's report is a file of its own */
    assert_true(scratch_make(folder));
    snprintf(report, sizeof report, "%s/report", folder);
    atomic_store(&fail_at, 0);
    assert_int_equal(live(on_device, report), 3); /* what is made once for the process */
    const long before = on_device ? at_rest() : atomic_load(&n_alive);
    memset(place, 0, sizeof place); /* the other backend's run met many of them */
    n_fresh = 0;
    atomic_store(&asked, 0);
    atomic_store(&recording, true);
    assert_int_equal(live(on_device, report), 3);
    atomic_store(&recording, false);
    assert_int_equal(settled(before), before);
    const long total = atomic_load(&asked);
    const bool all = !on_device || getenv("HBY_FAULTS"); /* a device's life is long: one allocation of each place */
    int ways[4] = {0};
    for (long i = 0; i < (all ? total : n_fresh); i++) {
        const long n = all ? i + 1 : fresh[i];
        atomic_store(&asked, 0);
        atomic_store(&fail_at, n);
        ways[live(on_device, report)]++;
        if (settled(before) != before)
            fail_msg("%ld blocks are left behind when allocation %ld of %ld fails", atomic_load(&n_alive) - before, n, total);
    }
    atomic_store(&fail_at, 0);
    assert_int_equal(scratch_drop(folder), 0);
    print_message("%ld allocations in %d places: %d no delegate, %d nothing claimed, %d no kernel, %d ran\n", total, n_fresh, ways[0], ways[1], ways[2],
                  ways[3]);
    assert_true(total > 50 && ways[0] && ways[1]);
}

static void on_host_ref(void **state)
{
    (void)state;
    each_fails(false);
}

static int skipped; /* the exit status for it */

static void on_the_device(void **state)
{
    (void)state;
    skipped = without_device();
    if (skipped)
        skip();
    each_fails(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_host_ref),
        cmocka_unit_test(on_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) || atomic_load(&n_overrun) ? 1 : skipped;
}
