/* Ring 4: OpenCL calls of a partition's whole life fail, once or from then on, and a device never answers. Whatever fails, the partition gives the right result
 * or is not made; nothing leaks, nothing crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/cl_state.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/faulty_cl.h"
#include "tests/need_device.h"
#include "tests/scratch.h"

/* ---- small partitions; inputs and outputs of BYTES at most ---- */

enum { PIXELS = 6, CHANNELS = 8, BYTES = PIXELS * CHANNELS * 4 };
enum { PATIENCE_MS = 60000 }; /* no call hangs here: a busy machine is slow */
static int8_t weights[CHANNELS * CHANNELS], input[BYTES];
static float float_weights[CHANNELS * CHANNELS], float_input[BYTES / 4];
static int32_t bias[CHANNELS];

static struct hby_graph *new_graph(void)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    return g;
}

static const struct hby_window_params plain = {.padding = HBY_PAD_VALID, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};

/* 1x1 convolution, ADD with its input, SOFTMAX; int8 */
static struct hby_graph *conv_add_softmax(void)
{
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS), w = add_tensor(g, HBY_I8, weights, 4, CHANNELS, 1, 1, CHANNELS);
    const int b = add_tensor(g, HBY_I32, bias, 1, CHANNELS), mid = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS);
    const int sum = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS), out = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS);
    set_quant(g, in, 0.05f, 3);
    set_quant(g, w, 0.01f, 0);
    set_quant(g, b, 0.05f * 0.01f, 0);
    set_quant(g, mid, 0.04f, -5);
    set_quant(g, sum, 0.08f, 7);
    set_quant(g, out, 1.0f / 256, -128);
    add_node(g, HBY_OP_conv_2d, mid, 3, in, w, b)->params.window = plain;
    add_node(g, HBY_OP_add, sum, 2, mid, in);
    add_node(g, HBY_OP_softmax, out, 1, sum)->params.softmax.beta = 1.0f;
    set_border(g, in, out);
    return g;
}

/* 1x1 convolution and MAX_POOL_2D; int8 */
static struct hby_graph *conv_pool(void)
{
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS), w = add_tensor(g, HBY_I8, weights, 4, CHANNELS, 1, 1, CHANNELS);
    const int b = add_tensor(g, HBY_I32, bias, 1, CHANNELS), mid = add_tensor(g, HBY_I8, NULL, 4, 1, 2, 3, CHANNELS),
              out = add_tensor(g, HBY_I8, NULL, 4, 1, 1, 2, CHANNELS);
    set_quant(g, in, 0.05f, 3);
    set_quant(g, w, 0.01f, 0);
    set_quant(g, b, 0.05f * 0.01f, 0);
    set_quant(g, mid, 0.04f, -5);
    set_quant(g, out, 0.04f, -5);
    add_node(g, HBY_OP_conv_2d, mid, 3, in, w, b)->params.window = plain;
    struct hby_node *n = add_node(g, HBY_OP_max_pool_2d, out, 1, mid);
    n->params.window = plain;
    n->params.window.filter_h = n->params.window.filter_w = 2;
    set_border(g, in, out);
    return g;
}

/* FULLY_CONNECTED and RELU; float */
static struct hby_graph *float_product(void)
{
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_F32, NULL, 2, PIXELS, CHANNELS), w = add_tensor(g, HBY_F32, float_weights, 2, CHANNELS, CHANNELS);
    const int mid = add_tensor(g, HBY_F32, NULL, 2, PIXELS, CHANNELS), out = add_tensor(g, HBY_F32, NULL, 2, PIXELS, CHANNELS);
    add_node(g, HBY_OP_fully_connected, mid, 2, in, w);
    add_node(g, HBY_OP_relu, out, 1, mid);
    set_border(g, in, out);
    return g;
}

/* TRANSPOSE and LOGISTIC; int8 */
static struct hby_graph *move_and_table(void)
{
    static const int32_t perm[2] = {1, 0};
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_I8, NULL, 2, PIXELS, CHANNELS), p = add_tensor(g, HBY_I32, perm, 1, 2),
              mid = add_tensor(g, HBY_I8, NULL, 2, CHANNELS, PIXELS);
    const int out = add_tensor(g, HBY_I8, NULL, 2, CHANNELS, PIXELS);
    set_quant(g, in, 0.05f, 3);
    set_quant(g, mid, 0.05f, 3);
    set_quant(g, out, 1.0f / 256, -128);
    add_node(g, HBY_OP_transpose, mid, 2, in, p);
    add_node(g, HBY_OP_logistic, out, 1, mid);
    set_border(g, in, out);
    return g;
}

/* DIV of int8 by a constant: the kernel says whether it met a divisor of 0 */
static struct hby_graph *division(void)
{
    static int8_t divisor[PIXELS * CHANNELS];
    for (int i = 0; i < PIXELS * CHANNELS; i++)
        divisor[i] = (int8_t)(i % 50 + 5);
    struct hby_graph *g = new_graph();
    const int in = add_tensor(g, HBY_I8, NULL, 2, PIXELS, CHANNELS), by = add_tensor(g, HBY_I8, divisor, 2, PIXELS, CHANNELS),
              out = add_tensor(g, HBY_I8, NULL, 2, PIXELS, CHANNELS);
    set_quant(g, in, 0.05f, 3);
    set_quant(g, by, 0.1f, 3);
    set_quant(g, out, 0.2f, 0);
    add_node(g, HBY_OP_div, out, 2, in, by);
    set_border(g, in, out);
    return g;
}

static struct model {
    const char *name;
    struct hby_graph *(*make)(void);
    const void *input;
    bool is_float;
    size_t bytes; /* of the output */
    unsigned char want[BYTES];
} models[] = {
    {.name = "conv, add, softmax", .make = conv_add_softmax, .input = input},
    {.name = "conv, pool", .make = conv_pool, .input = input},
    {.name = "float product", .make = float_product, .input = float_input, .is_float = true},
    {.name = "transpose, logistic", .make = move_and_table, .input = input},
    {.name = "division", .make = division, .input = input},
};
enum { MODELS = sizeof models / sizeof models[0] };

static int given_up, found_wrong; /* log lines that say so */

static void count_lines(void *ctx, int level, const char *text)
{
    (void)ctx;
    (void)level;
    given_up += strstr(text, "given up") != NULL;
    found_wrong += strstr(text, " is wrong") != NULL;
}

static bool is_right(const struct model *m, const unsigned char *got)
{
    if (!m->is_float)
        return memcmp(got, m->want, m->bytes) == 0;
    for (size_t i = 0; i < m->bytes; i += sizeof(float)) {
        float a, b;
        memcpy(&a, got + i, sizeof a);
        memcpy(&b, m->want + i, sizeof b);
        if (!(a - b <= 1e-3f && b - a <= 1e-3f))
            return false;
    }
    return true;
}

/* A partition on `device` (NULL: host_ref), three runs, and its end. True when each run that happened gave what is right. *ran counts them. */
static bool one_partition(const struct model *m, struct hby_backend *device, int *ran, unsigned char *keep)
{
    bool right = true;
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    const struct hby_plan_options po = {.precision = HBY_PRECISION_EXACT, .host_ref = device ? HBY_HOST_REF_AUTO : HBY_HOST_REF_ONLY};
    if (hby_plan_create(m->make(), &po, device, hby_host_ref_backend(), &plan, &why) == HBY_OK &&
        hby_executor_create(plan, device, hby_host_ref_backend(), &ex, &why) == HBY_OK)
        for (int r = 0; r < 3; r++) {
            unsigned char out[BYTES] = {0};
            const void *ins[] = {m->input};
            void *outs[] = {out};
            const enum hby_status st = hby_executor_run(ex, ins, outs, &why);
            assert_int_equal(st, HBY_OK); /* a fault never reaches the caller */
            (*ran)++;
            right = right && (keep || is_right(m, out));
            if (keep)
                memcpy(keep, out, sizeof out);
        }
    hby_executor_destroy(&ex);
    return right;
}

/* Ways to use a device that call OpenCL elsewhere. `opens`: in its opening, too. */
struct use {
    enum hby_cl_chain_mode chain;
    bool opens, guard, profile, zero_copy, cache;
    int tune;
    const char *features, *deny;
};
static const struct use plainly = {.chain = HBY_CL_CHAIN_AUTO};
static const struct use uses[] = {
    {.chain = HBY_CL_CHAIN_AUTO},
    {.chain = HBY_CL_CHAIN_OFF},
    {.chain = HBY_CL_CHAIN_ALWAYS, .guard = true},
    {.chain = HBY_CL_CHAIN_OFF, .guard = true, .profile = true},
    {.chain = HBY_CL_CHAIN_AUTO, .zero_copy = true},
    {.chain = HBY_CL_CHAIN_AUTO, .deny = "binary,conv_i8_add"}, /* host_ref in the middle */
    {.features = "kind=gpu,pinned=1"},
    {.features = "kind=gpu,mma=emulate", .opens = true},
    {.cache = true, .tune = 2, .opens = true},
};
static const struct use *in_use = &plainly;
static char folder[SCRATCH_SIZE]; /* of cached programs */

static struct hby_backend *open_device(int wait_limit_ms)
{
    struct hby_backend *device = NULL;
    struct hby_reason why = {""};
    const struct use *u = in_use;
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1},
                                       .wait_limit_ms = wait_limit_ms,
                                       .chain = u->chain,
                                       .guard_arena = u->guard,
                                       .profile = u->profile,
                                       .zero_copy = u->zero_copy,
                                       .deny_kernels = u->deny,
                                       .serialization_dir = u->cache ? folder : NULL,
                                       .tune = u->tune,
                                       .log = count_lines};
    if (u->features)
        setenv("HALFBYTE_DEVICE_FEATURES", u->features, 1);
    else
        unsetenv("HALFBYTE_DEVICE_FEATURES");
    if (hby_cl_backend_create(&opt, &device, &why) != HBY_OK) {
        assert_true(why.text[0]); /* the log line says why nothing is claimed */
        device = NULL;
    }
    return device;
}

/* One life: device, plan, executor, three runs, destruction. */
static bool live(const struct model *m, int *ran, int wait_limit_ms)
{
    *ran = 0;
    struct hby_backend *device = open_device(wait_limit_ms);
    const bool right = one_partition(m, device, ran, NULL);
    hby_cl_backend_destroy(&device);
    return right;
}

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < BYTES; i++)
        input[i] = (int8_t)(i * 37);
    for (int i = 0; i < BYTES / 4; i++)
        float_input[i] = (float)(i * 37 % 64) / 16 - 2;
    for (int i = 0; i < CHANNELS * CHANNELS; i++) {
        weights[i] = (int8_t)(i * 53 % 255 - 127);
        float_weights[i] = (float)weights[i] / 64;
    }
    for (int i = 0; i < CHANNELS; i++)
        bias[i] = i * 100 - 350;
    for (int k = 0; k < MODELS; k++) {
        struct hby_graph *g = models[k].make();
        int ran = 0;
        models[k].bytes = g->tensor[g->output[0]].bytes;
        hby_graph_destroy(&g);
        one_partition(&models[k], NULL, &ran, models[k].want);
        if (ran != 3)
            return 1;
    }
    return 0;
}

static void reset(long at, bool stay, bool hung)
{
    atomic_store(&calls, 0);
    atomic_store(&created, 0);
    atomic_store(&shared, 0);
    atomic_store(&released, 0);
    atomic_store(&fail_at, at);
    atomic_store(&fail_site, NULL);
    atomic_store(&sticky, stay);
    atomic_store(&hang, hung);
    given_up = found_wrong = 0;
}

/* How many calls a healthy life makes; the sites are noted, and how many of them belong to the opening of the device. */
static long healthy_life(const struct model *m, int *of_opening)
{
    int ran = 0;
    reset(0, false, false);
    n_sites = 0;
    atomic_store(&recording, true);
    struct hby_backend *device = open_device(0);
    *of_opening = n_sites;
    const bool right = one_partition(m, device, &ran, NULL);
    hby_cl_backend_destroy(&device);
    atomic_store(&recording, false);
    assert_true(right);
    assert_int_equal(ran, 3);
    assert_int_equal(given_up, 0);
    assert_int_equal(atomic_load(&created), atomic_load(&released));
    assert_int_equal(atomic_load(&shared), 0);
    return atomic_load(&calls);
}

/* A life, or one more partition on a device that has its programs already, where *made says how many objects stay with it. */
static void expect_right(const struct model *m, struct hby_backend *warm, const char *what, const char *name, long n, long *made)
{
    int ran = 0;
    if (!(warm ? one_partition(m, warm, &ran, NULL) : live(m, &ran, PATIENCE_MS)))
        fail_msg("%s: wrong result when %s %s (call %ld)", m->name, name, what, n);
    if (ran != 3)
        fail_msg("%s: %d runs instead of 3 when %s %s (call %ld)", m->name, ran, name, what, n);
    if (given_up > 1)
        fail_msg("%s: said %d times that the device is given up, when %s %s (call %ld)", m->name, given_up, name, what, n);
    if (atomic_load(&created) != atomic_load(&released) && !made)
        fail_msg("%s: %ld objects made, %ld released when %s %s (call %ld)", m->name, atomic_load(&created), atomic_load(&released), name, what, n);
    if (made)
        *made = atomic_load(&created) - atomic_load(&released);
    /* kept where nobody can tell any more whether the device is through with it */
    const bool can_wait = !atomic_load(&sticky) && strcmp(name, "clEnqueueMarkerWithWaitList") && strcmp(name, "clWaitForEvents") &&
                          strcmp(name, "clGetEventInfo") && strcmp(name, "clFlush");
    if (can_wait && atomic_load(&shared))
        fail_msg("%s: %ld pieces of shared memory left when %s %s (call %ld)", m->name, atomic_load(&shared), name, what, n);
    if (warm) { /* the next fault meets a device of good repute */
        atomic_store(&hby_cl_state_of(warm)->quarantined, false);
        hby_cl_note_success(hby_cl_state_of(warm));
    }
}

/* The n-th call from a place fails, all calls from there do, all calls of any do from the n-th on (the device is lost). Returns the objects that stay with a
 * warm device: programs that stand in for others. They stay once: the same fault again leaves nothing. */
static long site_fails(const struct model *m, struct hby_backend *warm, const void *at, long first, const char *name)
{
    static const char *const what[] = {"fails once", "fails whenever it is called there", "fails with all that follow"};
    long stay = 0;
    for (int way = 0; way < 3; way++)
        for (int round = 0; round < 2; round++) {
            long made = 0;
            if (in_use->tune && way != 1) /* measuring takes as many calls as it takes: numbers mean nothing */
                break;
            reset(way == 1 ? 0 : first, way == 2, false);
            atomic_store(&fail_site, way == 1 ? at : NULL);
            expect_right(m, warm, what[way], name, first, warm && round == 0 ? &made : NULL);
            if (made == 0)
                break;
            stay += made;
        }
    reset(0, false, false);
    return stay;
}

static const void *tried[MAX_SITES];
static int n_tried;

static bool was_tried(const void *at)
{
    for (int k = 0; k < n_tried; k++)
        if (tried[k] == at)
            return true;
    return false;
}

/* What every partition calls, on one device, whose programs are built. */
static void sites_of_partition(const struct use *u)
{
    int ran = 0;
    reset(0, false, false);
    in_use = u;
    struct hby_backend *device = open_device(PATIENCE_MS);
    assert_non_null(device);
    assert_true(one_partition(&models[0], device, &ran, NULL));
    long stay = atomic_load(&created) - atomic_load(&released);
    reset(0, false, false);
    n_sites = 0;
    atomic_store(&recording, true);
    assert_true(one_partition(&models[0], device, &ran, NULL));
    atomic_store(&recording, false);
    assert_true(atomic_load(&calls) > 20 && n_sites > 10 && ran == 6); /* 14 places where nothing is inlined */
    stay += atomic_load(&created) - atomic_load(&released);
    reset(0, false, false);
    for (int i = 0; i < n_sites; i++) {
        if (was_tried(site[i].at))
            continue;
        tried[n_tried++] = site[i].at;
        stay += site_fails(&models[0], device, site[i].at, site[i].first, site[i].name);
    }
    hby_cl_backend_destroy(&device);
    assert_int_equal(atomic_load(&released), stay);
}

/* Each place in our code that calls OpenCL: what a partition calls, its launches in a chain and one by one; the rest, in a life each. */
static void every_call_site(void **state)
{
    (void)state;
    int of_opening;
    assert_true(scratch_make(folder));
    for (size_t k = 0; k < sizeof uses / sizeof *uses; k++)
        sites_of_partition(&uses[k]);
    const int in_partitions = n_tried;
    for (size_t k = 0; k < sizeof uses / sizeof *uses; k++) {
        if (k > 0 && !uses[k].opens)
            continue;
        in_use = &uses[k];
        const long total = healthy_life(&models[0], &of_opening);
        assert_true(total > 100 && n_sites > 30 && n_sites < MAX_SITES);
        for (int i = 0; i < n_sites; i++) {
            if (was_tried(site[i].at))
                continue;
            tried[n_tried++] = site[i].at; /* opening is the same for all models: the one whose programs are built fastest */
            site_fails(&models[i < of_opening ? 3 : 0], NULL, site[i].at, site[i].first, site[i].name);
        }
    }
    print_message("%d places, %d of them in partitions\n", n_tried, in_partitions);
    in_use = &plainly;
    assert_int_equal(scratch_drop(folder), 0);
}

/* A device that computes wrongly is found out when it is opened: it is used in another way, or not at all. */
static void wrong_results_are_found_out(void **state)
{
    (void)state;
    static const struct use ways[] = {
        {.features = ""}, {.features = "-asm"}, {.features = "kind=gpu,mma=emulate"}, {.features = "-vnni,-madd", .chain = HBY_CL_CHAIN_OFF}};
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++)
        for (long n = 1;; n++) {
            int ran = 0;
            reset(0, false, false);
            in_use = &ways[k];
            atomic_store(&spoil, n);
            struct hby_backend *device = open_device(PATIENCE_MS);
            const bool was_read = atomic_exchange(&spoil, 0) == 0;
            assert_int_equal(found_wrong, was_read);
            assert_true(one_partition(&models[0], device, &ran, NULL));
            assert_int_equal(ran, 3);
            hby_cl_backend_destroy(&device);
            assert_int_equal(atomic_load(&created), atomic_load(&released));
            if (!was_read) {
                assert_true(n > 1); /* something is read */
                break;
            }
        }
    in_use = &plainly;
}

/* By command, HBY_FAULTS=all: every call of every model, with eight errors. */
static void every_call(void **state)
{
    (void)state;
    static const int codes[] = {CL_OUT_OF_RESOURCES,
                                CL_OUT_OF_HOST_MEMORY,
                                CL_MEM_OBJECT_ALLOCATION_FAILURE,
                                CL_INVALID_COMMAND_QUEUE,
                                CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST,
                                CL_BUILD_PROGRAM_FAILURE,
                                CL_DEVICE_NOT_AVAILABLE,
                                -9999};
    for (int k = 0; k < MODELS; k++) {
        int of_opening;
        const long total = healthy_life(&models[k], &of_opening);
        for (size_t c = 0; c < sizeof codes / sizeof codes[0]; c++)
            for (long n = 1; n <= total; n++) {
                reset(n, false, false);
                atomic_store(&code, codes[c]);
                expect_right(&models[k], NULL, "fails once", "a call", n, NULL);
                reset(n, true, false);
                expect_right(&models[k], NULL, "fails with all that follow", "a call", n, NULL);
            }
        print_message("%s: %ld calls\n", models[k].name, total);
    }
    atomic_store(&code, CL_OUT_OF_RESOURCES);
}

/* After a persistent fault the device is given up: said once, and no other partition of the same delegate touches it again. */
static void quarantine(void **state)
{
    (void)state;
    int ran = 0;
    reset(0, false, false);
    struct hby_backend *device = open_device(PATIENCE_MS);
    assert_non_null(device);
    assert_true(one_partition(&models[0], device, &ran, NULL));
    assert_false(hby_cl_backend_in_quarantine(device));
    atomic_store(&sticky, true);
    atomic_store(&fail_at, atomic_load(&calls) + 1);
    assert_true(one_partition(&models[1], device, &ran, NULL));
    assert_true(one_partition(&models[1], device, &ran, NULL));
    assert_true(hby_cl_backend_in_quarantine(device));
    const long after = atomic_load(&calls);
    assert_true(one_partition(&models[3], device, &ran, NULL));
    assert_int_equal(atomic_load(&calls), after);
    assert_int_equal(ran, 12);
    assert_int_equal(given_up, 1);
    hby_cl_backend_destroy(&device);
    assert_int_equal(atomic_load(&created), atomic_load(&released));
}

/* The answer still comes, from host_ref, at the deadline; the device is given up at once, so that later runs do not wait. What a hung device may touch is
 * leaked on purpose. */
static void device_hangs(void **state)
{
    (void)state;
    int ran = 0;
    reset(0, false, false);
    struct hby_backend *device = open_device(300);
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    const struct hby_plan_options po = {.precision = HBY_PRECISION_EXACT};
    assert_int_equal(hby_plan_create(models[0].make(), &po, device, hby_host_ref_backend(), &plan, &why), HBY_OK);
    assert_int_equal(hby_executor_create(plan, device, hby_host_ref_backend(), &ex, &why), HBY_OK);
    atomic_store(&hang, true);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (; ran < 3; ran++) {
        unsigned char out[BYTES] = {0};
        const void *ins[] = {input};
        void *outs[] = {out};
        assert_int_equal(hby_executor_run(ex, ins, outs, &why), HBY_OK);
        assert_true(is_right(&models[0], out));
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    const long ms = (long)(to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
    assert_true(ms >= 300 && ms < 3000);
    assert_int_equal(given_up, 1);
    assert_true(hby_cl_backend_in_quarantine(device));
    hby_executor_destroy(&ex);
    hby_cl_backend_destroy(&device);
    reset(0, false, true); /* and from the first moment on */
    assert_true(live(&models[0], &ran, 50));
    assert_int_equal(ran, 3);
    reset(0, false, false);
}

int main(void)
{
    const int skip = without_device();
    if (skip)
        return skip;
    install((struct hby_cl_api *)(uintptr_t)hby_cl_api(NULL)); /* the table itself is not const */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_site),
        cmocka_unit_test(wrong_results_are_found_out),
        cmocka_unit_test(quarantine),
        cmocka_unit_test(device_hangs),
    };
    const struct CMUnitTest longer[] = {cmocka_unit_test(every_call)};
    return getenv("HBY_FAULTS") ? cmocka_run_group_tests(longer, setup, NULL) : cmocka_run_group_tests(tests, setup, NULL);
}
