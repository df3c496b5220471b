/* Ring 4: long lives. Memory stays flat over many inferences and over many devices, sessions and executors; threads that share a device, or have one each, get
 * right results. HBY_SOAK=N multiplies the rounds (tests/nightly/soak). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/device.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/need_device.h"

enum { PIXELS = 6, CHANNELS = 8, BYTES = PIXELS * CHANNELS, INFERENCES = 50000, LIVES = 200, THREADS = 8, THREAD_RUNS = 200 };
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { MAY_GROW = INT32_MAX }; /* their own bookkeeping grows */
#else
enum { MAY_GROW = 1 << 20 }; /* bytes after the warm-up */
#endif
enum { MAY_LOSE = 1 << 17 }; /* what a device keeps for later; a byte or two an inference */
static int8_t weights[CHANNELS * CHANNELS], input[BYTES], want[BYTES];
static int32_t bias[CHANNELS];

static long factor(void)
{
    const char *text = getenv("HBY_SOAK");
    return text && atol(text) > 0 ? atol(text) : 1;
}

static struct hby_graph *make_graph(void)
{
    struct hby_graph *g = NULL;
    if (hby_graph_create(&g))
        return NULL;
    const int in = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS), w = add_tensor(g, HBY_I8, weights, 4, CHANNELS, 1, 1, CHANNELS);
    const int b = add_tensor(g, HBY_I32, bias, 1, CHANNELS), mid = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS),
              out = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS);
    set_quant(g, in, 0.05f, 3);
    set_quant(g, w, 0.01f, 0);
    set_quant(g, b, 0.05f * 0.01f, 0);
    set_quant(g, mid, 0.04f, -5);
    set_quant(g, out, 0.08f, 7);
    add_node(g, HBY_OP_conv_2d, mid, 3, in, w, b)->params.window =
        (struct hby_window_params){.padding = HBY_PAD_VALID, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    add_node(g, HBY_OP_add, out, 2, mid, in);
    set_border(g, in, out);
    return g;
}

static struct hby_executor *make_executor(struct hby_backend *device)
{
    struct hby_reason why = {""};
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    const struct hby_plan_options po = {.precision = HBY_PRECISION_EXACT, .host_ref = device ? HBY_HOST_REF_OFF : HBY_HOST_REF_ONLY};
    if (hby_plan_create(make_graph(), &po, device, hby_host_ref_backend(), &plan, &why) || hby_executor_create(plan, device, hby_host_ref_backend(), &ex, &why))
        fprintf(stderr, "%s\n", why.text);
    return ex;
}

static bool run(struct hby_executor *ex, const int8_t *expected, int8_t *out)
{
    struct hby_reason why;
    const void *ins[] = {input};
    void *outs[] = {out};
    return hby_executor_run(ex, ins, outs, &why) == HBY_OK && (!expected || !memcmp(out, expected, BYTES)) && hby_executor_stats(ex)->device_failures == 0;
}

static struct hby_backend *open_device(void)
{
    struct hby_reason why = {""};
    struct hby_backend *device = NULL;
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}};
    if (hby_cl_backend_create(&opt, &device, &why))
        fprintf(stderr, "no device: %s\n", why.text);
    return device;
}

static long resident(void)
{
    long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Bytes that are allocated: what is lost may lie in memory that was resident before. 0 where the C library does not say. */
static long allocated(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    const struct mallinfo2 m = mallinfo2();
    return (long)(m.uordblks + m.hblkhd);
#else
    return 0;
#endif
}

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < BYTES; i++)
        input[i] = (int8_t)(i * 37);
    for (int i = 0; i < CHANNELS * CHANNELS; i++)
        weights[i] = (int8_t)(i * 53 % 255 - 127);
    for (int i = 0; i < CHANNELS; i++)
        bias[i] = i * 100 - 350;
    struct hby_executor *ex = make_executor(NULL);
    const bool ok = ex && run(ex, NULL, want);
    hby_executor_destroy(&ex);
    return !ok;
}

static void inferences(void **state)
{
    (void)state;
    struct hby_backend *device = open_device();
    struct hby_executor *ex = make_executor(device);
    int8_t out[BYTES];
    assert_non_null(ex);
    const long total = INFERENCES * factor(), warm = total / 10;
    long before = 0, held = 0;
    for (long n = 0; n < total; n++) {
        assert_true(run(ex, want, out));
        if (n == warm) {
            before = resident();
            held = allocated();
        }
    }
    const long grown = resident() - before, lost = allocated() - held;
    print_message("%ld inferences: grown by %ld kB after the first %ld, %ld bytes more are allocated\n", total, grown / 1024, warm, lost);
    assert_true(grown < MAY_GROW && lost < MAY_LOSE);
    hby_executor_destroy(&ex);
    hby_cl_backend_destroy(&device);
}

/* Sessions on one device: what is made for each goes with it. */
static void lives(void **state)
{
    (void)state;
    struct hby_backend *device = open_device();
    int8_t out[BYTES];
    const long total = LIVES * factor(), warm = total / 4;
    long before = 0, held = 0;
    for (long n = 0; n < total; n++) {
        struct hby_executor *ex = make_executor(device);
        assert_non_null(ex);
        assert_true(run(ex, want, out));
        hby_executor_destroy(&ex);
        if (n == warm) {
            before = resident();
            held = allocated();
        }
    }
    const long grown = resident() - before, lost = allocated() - held;
    print_message("%ld lives: grown by %ld kB after the first %ld, %ld bytes more are allocated\n", total, grown / 1024, warm, lost);
    assert_true(grown < MAY_GROW && lost < MAY_LOSE);
    hby_cl_backend_destroy(&device);
}

static atomic_int wrong;

static void *work(void *shared)
{
    struct hby_backend *own = shared ? NULL : open_device();
    struct hby_executor *ex = make_executor(shared ? shared : own);
    int8_t out[BYTES];
    for (int i = 0; i < THREAD_RUNS; i++)
        if (!ex || !run(ex, want, out))
            atomic_fetch_add(&wrong, 1);
    hby_executor_destroy(&ex);
    hby_cl_backend_destroy(&own);
    return NULL;
}

static void threads_with(struct hby_backend *shared)
{
    pthread_t thread[THREADS];
    atomic_store(&wrong, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, shared), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

static void threads(void **state)
{
    (void)state;
    struct hby_backend *device = open_device();
    threads_with(device);
    threads_with(NULL);
    hby_cl_backend_destroy(&device);
}

int main(void)
{
    const int skip = without_device();
    if (skip)
        return skip;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads),
        cmocka_unit_test(lives),
        cmocka_unit_test(inferences),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
