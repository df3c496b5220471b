/* Plans and their execution, on a device made of host_ref that refuses, and fails, on command. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host_ref/ref.h"
#include "partition/execute.h"
#include "tests/build_graph.h"

/* --- allocations that fail on command, and are counted --- */

static long allocations_left = -1;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HBY_CAN_FAIL_ALLOCATIONS 1
static long live; /* allocations not yet freed */

void *__libc_calloc(size_t n, size_t size);
void *__libc_memalign(size_t align, size_t size);
void *__libc_malloc(size_t size);
void __libc_free(void *p);

static bool refuse_allocation(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

static void *counted(void *p)
{
    live += p != NULL;
    return p;
}

void *calloc(size_t n, size_t size)
{
    return refuse_allocation() ? NULL : counted(__libc_calloc(n, size));
}

void *aligned_alloc(size_t align, size_t size)
{
    return refuse_allocation() ? NULL : counted(__libc_memalign(align, size));
}

void *malloc(size_t size)
{
    return refuse_allocation() ? NULL : counted(__libc_malloc(size));
}

void free(void *p)
{
    live -= p != NULL;
    __libc_free(p);
}
#endif

/* --- the device --- */

static struct {
    unsigned long refused_ops;              /* bits of enum hby_op % 64, for integer schemes only */
    unsigned long refused_ops_any;          /* for every scheme */
    int fail_run, fail_finish, fail_create; /* how many of the next calls fail */
    int finishes, creates;
} fake;

struct fake_session {
    struct hby_session base;
    struct hby_session *inner;
};

static enum hby_status fake_query(struct hby_backend *be, const struct hby_plan *plan, int first, int limit, struct hby_answer *answer, struct hby_reason *why)
{
    const struct hby_step *s = &plan->step[first];
    unsigned long bit = 1ul << (s->op % 64);
    bool integer = s->scheme == HBY_SCHEME_i8 || s->scheme == HBY_SCHEME_u8 || s->scheme == HBY_SCHEME_i16;
    (void)be;
    (void)limit;
    if ((fake.refused_ops_any & bit) || (integer && (fake.refused_ops & bit)))
        return hby_say(HBY_UNSUPPORTED, why, "refused by the test");
    *answer = (struct hby_answer){.count = 1, .arithmetic = "fake", .kernel = "fake"};
    return HBY_OK;
}

static const struct hby_backend_ops fake_ops;

static enum hby_status fake_create(struct hby_backend *be, const struct hby_plan *plan, struct hby_session **out, struct hby_reason *why)
{
    (void)be;
    fake.creates++;
    if (fake.fail_create > 0 && fake.fail_create--)
        return hby_say(HBY_DEVICE, why, "creation refused by the test");
    struct fake_session *s = calloc(1, sizeof *s);
    if (!s)
        return HBY_NO_MEMORY;
    s->base.ops = &fake_ops;
    enum hby_status st = hby_host_ref_backend()->ops->create(hby_host_ref_backend(), plan, &s->inner, why);
    if (st) {
        free(s);
        return st;
    }
    *out = &s->base;
    return HBY_OK;
}

static enum hby_status fake_upload(struct hby_session *s, int tensor, const void *host, size_t bytes)
{
    struct hby_session *in = ((struct fake_session *)s)->inner;
    return in->ops->upload(in, tensor, host, bytes);
}

static enum hby_status fake_run(struct hby_session *s, int first, int count)
{
    struct hby_session *in = ((struct fake_session *)s)->inner;
    if (fake.fail_run > 0 && fake.fail_run--)
        return HBY_DEVICE;
    return in->ops->run(in, first, count);
}

/* Even a run that fails in the end has written its results by then. */
static enum hby_status fake_download(struct hby_session *s, int tensor, void *host, size_t bytes)
{
    struct hby_session *in = ((struct fake_session *)s)->inner;
    enum hby_status st = in->ops->download(in, tensor, host, bytes);
    if (!st && fake.fail_finish > 0)
        memset(host, 0xee, bytes);
    return st;
}

static enum hby_status fake_finish(struct hby_session *s)
{
    (void)s;
    fake.finishes++;
    return fake.fail_finish > 0 && fake.fail_finish-- ? HBY_DEVICE : HBY_OK;
}

static void fake_destroy(struct hby_session **s)
{
    if (!s || !*s)
        return;
    struct fake_session *f = (struct fake_session *)*s;
    f->inner->ops->destroy(&f->inner);
    free(f);
    *s = NULL;
}

static const struct hby_backend_ops fake_ops = {
    .name = "fake",
    .query = fake_query,
    .create = fake_create,
    .upload = fake_upload,
    .run = fake_run,
    .download = fake_download,
    .finish = fake_finish,
    .destroy = fake_destroy,
};
static struct hby_backend fake_device = {.ops = &fake_ops};

static int reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    allocations_left = -1;
    return 0;
}

/* --- graphs --- */

/* y = reshape(x + x) * x2, float: 0 add, 1 reshape, 2 mul. */
static struct hby_graph *small_graph(void)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    static const float factor[4] = {1, 2, 3, 4};
    int x = add_tensor(g, HBY_F32, NULL, 2, 1, 4), s = add_tensor(g, HBY_F32, NULL, 2, 1, 4), r = add_tensor(g, HBY_F32, NULL, 1, 4);
    int c = add_tensor(g, HBY_F32, factor, 1, 4), y = add_tensor(g, HBY_F32, NULL, 1, 4);
    add_node(g, HBY_OP_add, s, 2, x, x);
    add_node(g, HBY_OP_reshape, r, 1, s);
    add_node(g, HBY_OP_mul, y, 2, r, c);
    set_border(g, x, y);
    return g;
}

static const float small_in[4] = {1, -2, 0.5f, 8}, small_want[4] = {2, -8, 3, 64};

static struct hby_plan *plan_of(struct hby_graph *g, struct hby_plan_options opt, struct hby_backend *device)
{
    struct hby_plan *p = NULL;
    struct hby_reason why = {""};
    assert_true(g->n_tensors >= 0);
    enum hby_status st = hby_plan_create(g, &opt, device, hby_host_ref_backend(), &p, &why);
    if (st)
        fail_msg("plan: %s", why.text);
    return p;
}

static struct hby_executor *executor_of(struct hby_plan *p, struct hby_backend *device)
{
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    enum hby_status st = hby_executor_create(p, device, hby_host_ref_backend(), &ex, &why);
    if (st)
        fail_msg("executor: %s", why.text);
    return ex;
}

static void run_small(struct hby_executor *ex)
{
    float y[4] = {0};
    const void *in[1] = {small_in};
    void *out[1] = {y};
    assert_int_equal(hby_executor_run(ex, in, out, NULL), HBY_OK);
    assert_memory_equal(y, small_want, sizeof y);
}

static void copies_are_elided(void **state)
{
    (void)state;
    struct hby_plan *p = plan_of(small_graph(), (struct hby_plan_options){0}, &fake_device);
    assert_int_equal(p->n_steps, 2);
    assert_int_equal(hby_plan_root(p, 2), hby_plan_root(p, 1));
    for (int k = 0; k < 3; k++)
        assert_int_equal(p->verdict[k].where, HBY_ON_DEVICE);
    assert_int_equal(p->verdict[1].fused_into, 0);
    struct hby_executor *ex = executor_of(p, &fake_device);
    run_small(ex);
    assert_int_equal(fake.finishes, 1); /* one wait per invoke */
    run_small(ex);
    assert_int_equal(fake.finishes, 2);
    hby_executor_destroy(&ex);
}

/* CONCATENATION of one uint8 tensor with another scale than its result's is no copy, one with the same scale is. */
static void rescaling_is_no_copy(void **state)
{
    (void)state;
    static const uint8_t x_value[4] = {1, 2, 100, 200}, want[4] = {2, 4, 200, 255};
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    const int x = add_tensor(g, HBY_U8, NULL, 1, 4), mid = add_tensor(g, HBY_U8, NULL, 1, 4), y = add_tensor(g, HBY_U8, NULL, 1, 4);
    set_quant(g, x, 1.0f, 0);
    set_quant(g, mid, 0.5f, 0);
    set_quant(g, y, 0.5f, 0);
    add_node(g, HBY_OP_concatenation, mid, 1, x);
    add_node(g, HBY_OP_concatenation, y, 1, mid);
    set_border(g, x, y);
    struct hby_plan *p = plan_of(g, (struct hby_plan_options){0}, &fake_device);
    assert_int_equal(p->n_steps, 1);
    struct hby_executor *ex = executor_of(p, &fake_device);
    uint8_t y_value[4] = {0};
    const void *in[1] = {x_value};
    void *out[1] = {y_value};
    assert_int_equal(hby_executor_run(ex, in, out, NULL), HBY_OK);
    assert_memory_equal(y_value, want, sizeof want);
    hby_executor_destroy(&ex);
}

static void host_ref_fills_in(void **state)
{
    (void)state;
    fake.refused_ops_any = 1ul << HBY_OP_mul;
    struct hby_plan *p = plan_of(small_graph(), (struct hby_plan_options){0}, &fake_device);
    assert_int_equal(p->verdict[0].where, HBY_ON_DEVICE);
    assert_int_equal(p->verdict[2].where, HBY_ON_HOST_REF);
    assert_string_equal(p->verdict[2].reason.text, "refused by the test");
    struct hby_executor *ex = executor_of(p, &fake_device);
    run_small(ex);
    run_small(ex);
    hby_executor_destroy(&ex);

    fake.refused_ops_any = 1ul << HBY_OP_add;
    ex = executor_of(plan_of(small_graph(), (struct hby_plan_options){0}, &fake_device), &fake_device);
    run_small(ex);
    hby_executor_destroy(&ex);

    p = plan_of(small_graph(), (struct hby_plan_options){.host_ref = HBY_HOST_REF_OFF}, &fake_device);
    assert_int_equal(p->verdict[0].where, HBY_ON_RUNTIME);
    assert_int_equal(p->verdict[2].where, HBY_ON_DEVICE);
    hby_plan_destroy(&p);
}

static void without_a_device(void **state)
{
    (void)state;
    struct hby_plan *p = plan_of(small_graph(), (struct hby_plan_options){0}, NULL);
    for (int k = 0; k < 3; k++)
        assert_int_equal(p->verdict[k].where, HBY_ON_RUNTIME);
    struct hby_executor *ex = executor_of(p, NULL); /* it runs nevertheless */
    run_small(ex);
    hby_executor_destroy(&ex);
    p = plan_of(small_graph(), (struct hby_plan_options){.host_ref = HBY_HOST_REF_ONLY}, NULL);
    for (int k = 0; k < 3; k++)
        assert_int_equal(p->verdict[k].where, HBY_ON_HOST_REF);
    ex = executor_of(p, NULL);
    run_small(ex);
    hby_executor_destroy(&ex);
}

static void faults_are_repaired(void **state)
{
    (void)state;
    for (int in_finish = 0; in_finish < 2; in_finish++) {
        fake.creates = 0;
        struct hby_executor *ex = executor_of(plan_of(small_graph(), (struct hby_plan_options){0}, &fake_device), &fake_device);
        run_small(ex);
        *(in_finish ? &fake.fail_finish : &fake.fail_run) = 1;
        run_small(ex);
        assert_int_equal(hby_executor_stats(ex)->device_failures, 1);
        assert_false(hby_executor_stats(ex)->device_lost);
        run_small(ex);
        assert_int_equal(fake.creates, 2); /* a new session, once */
        *(in_finish ? &fake.fail_finish : &fake.fail_run) = 1;
        run_small(ex);
        assert_true(hby_executor_stats(ex)->device_lost);
        assert_true(hby_executor_stats(ex)->last_failure.text[0] != '\0');
        run_small(ex);
        assert_int_equal(fake.creates, 2);
        assert_int_equal(hby_executor_stats(ex)->runs, 5);
        hby_executor_destroy(&ex);
    }
    fake.fail_create = 1;
    struct hby_executor *ex = executor_of(plan_of(small_graph(), (struct hby_plan_options){0}, &fake_device), &fake_device);
    run_small(ex);
    assert_true(hby_executor_stats(ex)->device_lost);
    hby_executor_destroy(&ex);
}

/* int8: the square of x plus a constant. */
static struct hby_graph *integer_graph(void)
{
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    static const int8_t c[4] = {10, -20, 30, -40};
    int x = add_tensor(g, HBY_I8, NULL, 1, 4), k = add_tensor(g, HBY_I8, c, 1, 4), s = add_tensor(g, HBY_I8, NULL, 1, 4), y = add_tensor(g, HBY_I8, NULL, 1, 4);
    set_quant(g, x, 0.5f, 0);
    set_quant(g, k, 0.25f, 2);
    set_quant(g, s, 0.75f, -3);
    set_quant(g, y, 1.0f, 1);
    add_node(g, HBY_OP_add, s, 2, x, k);
    add_node(g, HBY_OP_mul, y, 2, s, s);
    set_border(g, x, y);
    return g;
}

static void dequantization_is_the_second_tier(void **state)
{
    (void)state;
    static const int8_t in[4] = {3, -7, 20, 1};
    int8_t exact[4], fast[4];
    const void *inputs[1] = {in};
    void *outputs[1] = {exact};
    fake.refused_ops = 1ul << HBY_OP_add | 1ul << HBY_OP_mul;
    struct hby_plan *p = plan_of(integer_graph(), (struct hby_plan_options){.precision = HBY_PRECISION_EXACT}, &fake_device);
    assert_int_equal(p->verdict[0].where, HBY_ON_HOST_REF);
    struct hby_executor *ex = executor_of(p, &fake_device);
    assert_int_equal(hby_executor_run(ex, inputs, outputs, NULL), HBY_OK);
    hby_executor_destroy(&ex);

    p = plan_of(integer_graph(), (struct hby_plan_options){.precision = HBY_PRECISION_FAST}, &fake_device);
    assert_int_equal(p->verdict[0].where, HBY_ON_DEVICE);
    assert_int_equal(p->verdict[1].where, HBY_ON_DEVICE);
    assert_non_null(strstr(p->verdict[0].arithmetic, "dequantized"));
    ex = executor_of(p, &fake_device);
    outputs[0] = fast;
    assert_int_equal(hby_executor_run(ex, inputs, outputs, NULL), HBY_OK);
    for (int i = 0; i < 4; i++)
        assert_true(abs(exact[i] - fast[i]) <= 1);
    hby_executor_destroy(&ex);

    fake.refused_ops_any = 1ul << HBY_OP_add; /* not even in float: back to the native form, on host_ref */
    p = plan_of(integer_graph(), (struct hby_plan_options){.precision = HBY_PRECISION_FAST}, &fake_device);
    assert_int_equal(p->verdict[0].where, HBY_ON_HOST_REF);
    assert_int_equal(p->verdict[0].scheme, HBY_SCHEME_i8);
    assert_int_equal(p->verdict[1].where, HBY_ON_DEVICE);
    hby_plan_destroy(&p);
}

static void half_storage_stays_inside(void **state)
{
    (void)state;
    struct hby_plan *p = plan_of(small_graph(), (struct hby_plan_options){.precision = HBY_PRECISION_FAST}, &fake_device);
    assert_true(p->half_storage);
    assert_int_equal(p->storage[p->graph->input[0]], HBY_F32);
    assert_int_equal(p->storage[p->graph->output[0]], HBY_F32);
    assert_int_equal(p->storage[1], HBY_F16);
    assert_int_equal(p->n_steps, 4); /* convert, add, mul, convert */
    assert_int_equal(p->step[0].op, HBY_OP_convert);
    assert_int_equal(p->step[3].op, HBY_OP_convert);
    struct hby_executor *ex = executor_of(p, &fake_device);
    run_small(ex); /* these values are exact in half */
    hby_executor_destroy(&ex);
    p = plan_of(integer_graph(), (struct hby_plan_options){.precision = HBY_PRECISION_FAST}, &fake_device);
    assert_false(p->half_storage);
    hby_plan_destroy(&p);
}

/* y = (x + x) w as dynamic range; or, with `real`, times float weights behind that. */
static struct hby_graph *dynamic_graph(bool real)
{
    static const int8_t weights[16] = {1, -2, 3, 4, 5, 6, -7, 8, 9, 10, 11, -12, 13, 14, 15, 16};
    static const float real_weights[16] = {1.0f, 0.5f};
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    const int x = add_tensor(g, HBY_F32, NULL, 2, 1, 4), twice = add_tensor(g, HBY_F32, NULL, 2, 1, 4), w = add_tensor(g, HBY_I8, weights, 2, 4, 4);
    const int mid = add_tensor(g, HBY_F32, NULL, 2, 1, 4), v = add_tensor(g, HBY_F32, real_weights, 2, 4, 4), y = add_tensor(g, HBY_F32, NULL, 2, 1, 4);
    set_quant(g, w, 0.1f, 0);
    add_node(g, HBY_OP_add, twice, 2, x, x);
    add_node(g, HBY_OP_fully_connected, mid, 2, twice, w);
    if (real)
        add_node(g, HBY_OP_fully_connected, y, 2, mid, v);
    set_border(g, x, real ? y : mid);
    return g;
}

static void dynamic_range_is_not_stored_in_half(void **state)
{
    (void)state;
    const struct hby_plan_options fast = {.precision = HBY_PRECISION_FAST};
    struct hby_plan *p = plan_of(dynamic_graph(false), fast, &fake_device);
    assert_false(p->half_storage);
    assert_int_equal(p->n_steps, 2); /* and no conversion */
    assert_int_equal(p->step[1].scheme, HBY_SCHEME_f32w8);
    hby_plan_destroy(&p);
    p = plan_of(dynamic_graph(true), fast, &fake_device); /* here half has something to gain */
    assert_true(p->half_storage);
    hby_plan_destroy(&p);
}

/* y = relu(x w + b) with float16 weights and bias behind DEQUANTIZE. */
static struct hby_graph *half_graph(void)
{
    static const uint16_t w16[8] = {0x3c00, 0x4000, 0xbc00, 0x3800, 0, 0x3c00, 0x3c00, 0x3c00}, b16[2] = {0x3c00, 0xc000};
    struct hby_graph *g = NULL;
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    int x = add_tensor(g, HBY_F32, NULL, 2, 1, 4), w = add_tensor(g, HBY_F16, w16, 2, 2, 4), wf = add_tensor(g, HBY_F32, NULL, 2, 2, 4);
    int b = add_tensor(g, HBY_F16, b16, 1, 2), bf = add_tensor(g, HBY_F32, NULL, 1, 2), s = add_tensor(g, HBY_F32, NULL, 2, 1, 2),
        y = add_tensor(g, HBY_F32, NULL, 2, 1, 2);
    add_node(g, HBY_OP_dequantize, wf, 1, w);
    add_node(g, HBY_OP_dequantize, bf, 1, b);
    add_node(g, HBY_OP_fully_connected, s, 3, x, wf, bf);
    add_node(g, HBY_OP_relu, y, 1, s);
    set_border(g, x, y);
    return g;
}

static void half_models_are_fused(void **state)
{
    (void)state;
    struct hby_plan *p = plan_of(half_graph(), (struct hby_plan_options){.precision = HBY_PRECISION_FAST}, &fake_device);
    assert_true(p->half_storage);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(p->verdict[k].where, HBY_ON_DEVICE);
        assert_int_equal(p->verdict[k].fused_into, k == 2 ? -1 : 2);
    }
    assert_int_equal(p->n_steps, 3);
    assert_int_equal(p->step[1].in[1], 1); /* the float16 constant itself */
    struct hby_executor *ex = executor_of(p, &fake_device);
    float y[2] = {0};
    const void *in[1] = {small_in};
    void *out[1] = {y};
    assert_int_equal(hby_executor_run(ex, in, out, NULL), HBY_OK);
    assert_true(y[0] == 1.5f && y[1] == 4.5f); /* 1 - 4 - 0.5 + 4 + 1, and 0 - 2 + 0.5 + 8 - 2 */
    hby_executor_destroy(&ex);
    p = plan_of(half_graph(), (struct hby_plan_options){0}, &fake_device); /* exact: float16 weights all the same */
    assert_false(p->half_storage);
    assert_int_equal(p->n_steps, 1);
    assert_int_equal(p->step[0].in[1], 1);
    hby_plan_destroy(&p);
}

/* Outputs: a result, the same again, the input itself, a constant, and one without elements. */
static void unusual_outputs(void **state)
{
    (void)state;
    for (int with_device = 0; with_device < 2; with_device++) {
        struct hby_graph *g = small_graph();
        static const float nothing[1] = {0};
        int empty_in = add_tensor(g, HBY_F32, NULL, 1, 0), empty = add_tensor(g, HBY_F32, NULL, 1, 0);
        int y = g->output[0], ids[5] = {y, y, g->input[0], 3, empty}, ins[2] = {g->input[0], empty_in};
        add_node(g, HBY_OP_add, empty, 2, empty_in, empty_in);
        g->input = copy_ids(g, ins, 2);
        g->n_inputs = 2;
        g->output = copy_ids(g, ids, 5);
        g->n_outputs = 5;
        struct hby_backend *device = with_device ? &fake_device : NULL;
        struct hby_executor *ex = executor_of(plan_of(g, (struct hby_plan_options){0}, device), device);
        float a[4], b[4], x[4], c[4];
        static const float want[4] = {1, 2, 3, 4};
        const void *in[2] = {small_in, nothing};
        void *out[5] = {a, b, x, c, NULL};
        for (int run = 0; run < 2; run++) {
            assert_int_equal(hby_executor_run(ex, in, out, NULL), HBY_OK);
            assert_memory_equal(a, small_want, sizeof a);
            assert_memory_equal(b, small_want, sizeof b);
            assert_memory_equal(x, small_in, sizeof x);
            assert_memory_equal(c, want, sizeof c);
            fake.fail_run = 1; /* the second time by way of host_ref */
        }
        hby_executor_destroy(&ex);
        reset(NULL);
    }
}

static void bad_graphs_are_refused(void **state)
{
    (void)state;
    struct hby_plan_options opt = {0};
    struct hby_plan *p = NULL;
    struct hby_reason why;
    struct hby_graph *g = small_graph();
    g->node[0].in[1] = 99;
    assert_int_equal(hby_plan_create(g, &opt, &fake_device, hby_host_ref_backend(), &p, &why), HBY_BAD_MODEL);
    assert_null(p);
    g = small_graph();
    g->tensor[g->input[0]].bytes = 12;
    assert_int_equal(hby_plan_create(g, &opt, &fake_device, hby_host_ref_backend(), &p, &why), HBY_BAD_MODEL);
    g = small_graph(); /* a constant with too few bytes: that node alone stays behind */
    g->tensor[3].bytes = 12;
    p = plan_of(g, opt, &fake_device);
    assert_int_equal(p->verdict[2].where, HBY_ON_RUNTIME);
    assert_int_equal(p->verdict[0].where, HBY_ON_DEVICE);
    hby_plan_destroy(&p);
    g = small_graph();
    g->tensor[1].dim[0] = -1;
    p = plan_of(g, opt, &fake_device);
    assert_int_equal(p->verdict[0].where, HBY_ON_RUNTIME);
    hby_plan_destroy(&p);
}

/* The n-th allocation fails, for every n: NO_MEMORY or a right result, and nothing is lost. */
static void allocation_failures(void **state)
{
    (void)state;
#ifndef HBY_CAN_FAIL_ALLOCATIONS
    skip();
#else
    struct hby_plan_options options[2] = {{0}, {.precision = HBY_PRECISION_FAST}};
    for (int kind = 0; kind < 6; kind++) {
        bool integers = kind / 2 == 1, halves = kind / 2 == 2, done = false;
        fake.refused_ops = 1ul << HBY_OP_add;
        for (long n = 0; !done; n++) {
            long before = live;
            struct hby_graph *g = integers ? integer_graph() : halves ? half_graph() : small_graph();
            struct hby_plan *p = NULL;
            struct hby_executor *ex = NULL;
            int8_t in8[4] = {1, 2, 3, 4}, out8[4];
            float out[4] = {0};
            const void *inputs[1] = {integers ? (const void *)in8 : small_in};
            void *outputs[1] = {integers ? (void *)out8 : out};
            assert_true(n < 5000);
            allocations_left = n;
            enum hby_status st = hby_plan_create(g, &options[kind % 2], &fake_device, hby_host_ref_backend(), &p, NULL);
            if (!st)
                st = hby_executor_create(p, &fake_device, hby_host_ref_backend(), &ex, NULL);
            if (!st)
                st = hby_executor_run(ex, inputs, outputs, NULL);
            bool all = allocations_left > 0;
            allocations_left = -1;
            if (!st && halves)
                assert_true(out[0] == 1.5f && out[1] == 4.5f);
            else if (!st && !integers)
                assert_memory_equal(out, small_want, sizeof out);
            else if (st)
                assert_int_equal(st, HBY_NO_MEMORY);
            done = !st && all;
            hby_executor_destroy(&ex);
            assert_int_equal(live, before);
        }
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(copies_are_elided, reset),         cmocka_unit_test_setup(rescaling_is_no_copy, reset),
        cmocka_unit_test_setup(host_ref_fills_in, reset),         cmocka_unit_test_setup(without_a_device, reset),
        cmocka_unit_test_setup(faults_are_repaired, reset),       cmocka_unit_test_setup(dequantization_is_the_second_tier, reset),
        cmocka_unit_test_setup(half_storage_stays_inside, reset), cmocka_unit_test_setup(dynamic_range_is_not_stored_in_half, reset),
        cmocka_unit_test_setup(half_models_are_fused, reset),     cmocka_unit_test_setup(unusual_outputs, reset),
        cmocka_unit_test_setup(bad_graphs_are_refused, reset),    cmocka_unit_test_setup(allocation_failures, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
