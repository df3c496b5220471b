/* What a GPU with memory of its own sees of a run: inputs and outputs pass through memory that the driver pinned, nothing blocks, and the caller waits once. On
 * whatever device there is, taken for such a GPU (HALFBYTE_DEVICE_FEATURES). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/cl_api.h"
#include "kernels_cl/device.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/need_device.h"

/* --- what is asked of OpenCL, by wrappers around the loader's table; one thread at a time --- */

enum { MOST = 64 };
static struct hby_cl_api real;
static struct {
    cl_mem mem; /* pinned */
    const char *at;
    size_t bytes;
} pinned[MOST];
static int n_pinned;
/* since the last reset() */
static int launches, transfers, outside, blocking, finishes, flushes, waits, events, maps, buffers;
static cl_event looked_at;

static void reset(void)
{
    launches = transfers = outside = blocking = finishes = flushes = waits = events = maps = buffers = 0;
    looked_at = NULL;
}

static bool is_pinned(const void *at, size_t bytes)
{
    const uintptr_t from = (uintptr_t)at;
    for (int i = 0; i < n_pinned; i++)
        if (pinned[i].at && from >= (uintptr_t)pinned[i].at && from + bytes <= (uintptr_t)pinned[i].at + pinned[i].bytes)
            return true;
    return false;
}

static cl_mem CL_API_CALL w_create(cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *err)
{
    cl_mem mem = real.clCreateBuffer(c, f, n, h, err);
    buffers++;
    if (mem && f & CL_MEM_ALLOC_HOST_PTR) {
        assert_true(n_pinned < MOST);
        pinned[n_pinned].mem = mem;
        pinned[n_pinned].at = NULL;
        pinned[n_pinned++].bytes = n;
    }
    return mem;
}

static cl_int CL_API_CALL w_release(cl_mem mem)
{
    for (int i = 0; i < n_pinned; i++)
        if (pinned[i].mem == mem)
            pinned[i] = pinned[--n_pinned];
    return real.clReleaseMemObject(mem);
}

static void *CL_API_CALL w_map(cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t n, cl_uint w, const cl_event *l, cl_event *e,
                               cl_int *err)
{
    char *at = real.clEnqueueMapBuffer(q, m, b, f, o, n, w, l, e, err);
    maps++;
    for (int i = 0; i < n_pinned && at; i++)
        if (pinned[i].mem == m)
            pinned[i].at = at - o;
    return at;
}

static cl_int CL_API_CALL w_write(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, const void *h, cl_uint w, const cl_event *l, cl_event *e)
{
    transfers++;
    blocking += b != CL_FALSE;
    outside += !is_pinned(h, n);
    return real.clEnqueueWriteBuffer(q, m, b, o, n, h, w, l, e);
}

static cl_int CL_API_CALL w_read(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, void *h, cl_uint w, const cl_event *l, cl_event *e)
{
    blocking += b != CL_FALSE;
    if (n > sizeof(cl_int)) { /* a word is the flag for bad data */
        transfers++;
        outside += !is_pinned(h, n);
    }
    return real.clEnqueueReadBuffer(q, m, b, o, n, h, w, l, e);
}

static cl_int CL_API_CALL w_launch(cl_command_queue q, cl_kernel k, cl_uint d, const size_t *o, const size_t *g, const size_t *s, cl_uint w, const cl_event *l,
                                   cl_event *e)
{
    launches++;
    return real.clEnqueueNDRangeKernel(q, k, d, o, g, s, w, l, e);
}

static cl_int CL_API_CALL w_finish(cl_command_queue q)
{
    finishes++;
    return real.clFinish(q);
}

static cl_int CL_API_CALL w_flush(cl_command_queue q)
{
    flushes++;
    return real.clFlush(q);
}

static cl_int CL_API_CALL w_wait(cl_uint n, const cl_event *l)
{
    waits++;
    return real.clWaitForEvents(n, l);
}

/* Waiting by looking: as many waits as events that are looked at. */
static cl_int CL_API_CALL w_event(cl_event e, cl_event_info i, size_t n, void *v, size_t *r)
{
    events += e != looked_at;
    looked_at = e;
    return real.clGetEventInfo(e, i, n, v, r);
}

static void install(void)
{
    struct hby_cl_api *api = (struct hby_cl_api *)(uintptr_t)hby_cl_api(NULL); /* the table itself is not const */
    real = *api;
    api->clCreateBuffer = w_create;
    api->clReleaseMemObject = w_release;
    api->clEnqueueMapBuffer = w_map;
    api->clEnqueueWriteBuffer = w_write;
    api->clEnqueueReadBuffer = w_read;
    api->clEnqueueNDRangeKernel = w_launch;
    api->clFinish = w_finish;
    api->clFlush = w_flush;
    api->clWaitForEvents = w_wait;
    api->clGetEventInfo = w_event;
}

/* --- two inputs, two outputs, a kernel that reports bad data: softmax(a / b) and tanh of the same --- */

enum { ROWS = 6, CHANNELS = 40, COUNT = ROWS * CHANNELS, RUNS = 3 };

static struct hby_graph *division(void)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    int in[2], out[2];
    for (int i = 0; i < 2; i++)
        set_quant(g, in[i] = add_tensor(g, HBY_I8, NULL, 2, ROWS, CHANNELS), 0.05f, 3);
    const int quotient = add_tensor(g, HBY_I8, NULL, 2, ROWS, CHANNELS);
    set_quant(g, quotient, 0.2f, 0);
    set_quant(g, out[0] = add_tensor(g, HBY_I8, NULL, 2, ROWS, CHANNELS), 1.0f / 256, -128);
    set_quant(g, out[1] = add_tensor(g, HBY_I8, NULL, 2, ROWS, CHANNELS), 1.0f / 128, 0);
    add_node(g, HBY_OP_div, quotient, 2, in[0], in[1]);
    add_node(g, HBY_OP_softmax, out[0], 1, quotient)->params.softmax.beta = 1.0f;
    add_node(g, HBY_OP_tanh, out[1], 1, quotient);
    g->input = copy_ids(g, in, 2);
    g->output = copy_ids(g, out, 2);
    g->n_inputs = g->n_outputs = 2;
    return g;
}

static struct hby_executor *executor_on(struct hby_backend *device)
{
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    const struct hby_plan_options po = {.precision = HBY_PRECISION_EXACT, .host_ref = device ? HBY_HOST_REF_OFF : HBY_HOST_REF_ONLY};
    if (hby_plan_create(division(), &po, device, hby_host_ref_backend(), &plan, &why) || hby_executor_create(plan, device, hby_host_ref_backend(), &ex, &why))
        fail_msg("%s", why.text);
    return ex;
}

static void fill(int8_t in[2][COUNT], int run)
{
    for (int i = 0; i < COUNT; i++) {
        in[0][i] = (int8_t)(i * 37 + run * 11);
        in[1][i] = (int8_t)(i % 50 + 5 + run); /* not 3, which is 0 */
    }
}

static struct hby_backend *open_gpu(const char *features)
{
    struct hby_backend *device = NULL;
    struct hby_reason why = {""};
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}};
    setenv("HALFBYTE_DEVICE_FEATURES", features, 1);
    if (hby_cl_backend_create(&opt, &device, &why))
        fail_msg("%s", why.text);
    assert_int_equal(hby_cl_backend_info(device)->kind, HBY_CL_GPU);
    return device;
}

/* Runs on the device, each compared with host_ref. */
static void run(struct hby_executor *ex, int8_t out[2][COUNT], int k)
{
    struct hby_executor *ref = executor_on(NULL);
    int8_t in[2][COUNT], want[2][COUNT];
    struct hby_reason why = {""};
    fill(in, k);
    assert_int_equal(hby_executor_run(ref, (const void *[]){in[0], in[1]}, (void *[]){want[0], want[1]}, &why), HBY_OK);
    hby_executor_destroy(&ref);
    reset();
    assert_int_equal(hby_executor_run(ex, (const void *[]){in[0], in[1]}, (void *[]){out[0], out[1]}, &why), HBY_OK);
    assert_memory_equal(out, want, sizeof want);
    assert_int_equal(hby_executor_stats(ex)->device_failures, 0);
}

static void pinned_and_one_wait(void **state)
{
    (void)state;
    struct hby_backend *device = open_gpu("kind=gpu,pinned=1");
    struct hby_executor *ex = executor_on(device);
    int8_t out[2][COUNT];
    for (int k = 0; k < RUNS; k++) {
        run(ex, out, k);
        assert_int_equal(launches, 3);
        assert_int_equal(transfers, 4); /* two inputs, two outputs */
        assert_int_equal(outside, 0);
        assert_int_equal(blocking, 0);
        assert_int_equal(finishes + waits, 0); /* neither can be given up */
        assert_int_equal(events, 1);
        assert_int_equal(flushes, 1);
        if (k > 0)
            assert_int_equal(maps + buffers, 0); /* once made, kept */
    }
    assert_int_equal(n_pinned, 4);
    hby_executor_destroy(&ex);
    assert_int_equal(n_pinned, 0);
    hby_cl_backend_destroy(&device);
}

/* Ordinary memory where pinning is turned off, and none of the rest changes. */
static void one_wait_without_pinning(void **state)
{
    (void)state;
    struct hby_backend *device = open_gpu("kind=gpu,pinned=1,-pinned");
    struct hby_executor *ex = executor_on(device);
    int8_t out[2][COUNT];
    for (int k = 0; k < RUNS; k++) {
        run(ex, out, k);
        assert_int_equal(transfers, 4);
        assert_int_equal(outside, 4);
        assert_int_equal(blocking + finishes + waits, 0);
        assert_int_equal(events, 1);
    }
    assert_int_equal(n_pinned, 0);
    hby_executor_destroy(&ex);
    hby_cl_backend_destroy(&device);
}

int main(void)
{
    const int skip = without_device();
    if (skip)
        return skip;
    install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pinned_and_one_wait),
        cmocka_unit_test(one_wait_without_pinning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
