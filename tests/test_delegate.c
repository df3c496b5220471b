/* The delegate against a fake runtime, on host_ref alone: what is claimed and why not, shapes that change, the report, lifetimes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "delegate/builtin_params.h"
#include "delegate/delegate.h"
#include "delegate/import.h"
#include "fake_runtime.h"
#include "halfbyte.h"
#include "scratch.h"

#define IN(...) ((const int[]){__VA_ARGS__, -2})

enum { ADD = 0, DEQUANTIZE = 6, FULLY_CONNECTED = 9, RELU = 19, RESHAPE = 22, ARG_MAX = 56, GELU = 150, WHERE = 109, BUCKETIZE = 147 };

static char folder[SCRATCH_SIZE], report_path[SCRATCH_SIZE + 16];

static struct hby_delegate *create(const char *key, const char *value)
{
    const char *keys[] = {"host_ref", "report_path", key}, *values[] = {"only", report_path, value};
    struct hby_delegate *d = NULL;
    struct hby_option_error error;
    if (hby_delegate_create(keys, values, key ? 3 : 2, &d, &error))
        fail_msg("%s", error.text);
    return d;
}

static void apply(struct fake *f, struct hby_delegate *d)
{
    assert_int_equal(d->tfl.Prepare(&f->ctx, &d->tfl), HBY_TFL_OK);
}

static int setup(void **state)
{
    (void)state;
    if (!scratch_make(folder))
        return 1;
    snprintf(report_path, sizeof report_path, "%s/report", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return scratch_drop(folder);
}

/* The line of node `index` in the report. */
static void assert_reported(int index, const char *said)
{
    char line[2048], want[32];
    bool found = false;
    snprintf(want, sizeof want, "\"index\": %d,", index);
    FILE *file = fopen(report_path, "r");
    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file))
        found = strstr(line, want) && strstr(line, "\"where\": "); /* not a deviation's line */
    fclose(file);
    assert_true(found);
    if (!strstr(line, said))
        fail_msg("'%s' is not in: %s", said, line);
}

/* x [2,2] -> ADD constant -> RELU -> y, with a node that nobody knows between if `gap` */
static struct fake *chain(bool gap)
{
    static const float one[4] = {1, 1, 1, 1};
    static struct hby_tfl_arith none;
    struct fake *f = fake_create();
    int x = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL), c = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, one);
    int sum = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL), mid = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL), y = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL);
    fake_node(f, ADD, 1, &none, IN(x, c), sum);
    if (gap)
        fake_node(f, BUCKETIZE, 1, NULL, IN(sum), mid);
    fake_node(f, RELU, 1, NULL, IN(gap ? mid : sum), y);
    fake_add(&f->outputs, y);
    return f;
}

static void runs(void **state)
{
    (void)state;
    struct fake *f = chain(false);
    struct hby_delegate *d = create(NULL, NULL);
    apply(f, d);
    assert_int_equal(f->n_kernels, 1);
    assert_int_equal(f->kernel[0].nodes.size, 2);
    assert_int_equal(fake_prepare(f), HBY_TFL_OK);
    const float x[4] = {-3, 1, -1, 5}, want[4] = {0, 2, 0, 6};
    memcpy(f->tensor[0].data, x, sizeof x);
    assert_int_equal(fake_invoke(f), HBY_TFL_OK);
    assert_memory_equal(f->tensor[4].data, want, sizeof want);
    assert_reported(0, "\"where\": \"host_ref\"");
    assert_reported(1, "\"op\": \"RELU\"");
    /* the delegate's owner lets go first */
    hby_delegate_unref(&d);
    memset(f->tensor[4].data, 0, sizeof want);
    assert_int_equal(fake_invoke(f), HBY_TFL_OK);
    assert_memory_equal(f->tensor[4].data, want, sizeof want);
    fake_destroy(f);
}

static void unknown_operators_split(void **state)
{
    (void)state;
    struct fake *f = chain(true);
    struct hby_delegate *d = create(NULL, NULL);
    apply(f, d);
    assert_int_equal(f->n_kernels, 2);
    assert_reported(1, "\"op\": \"BUCKETIZE\"");
    assert_reported(1, "\"where\": \"runtime\"");
    assert_reported(1, "does not have this operator");
    fake_destroy(f);
    hby_delegate_unref(&d);
}

/* key=value leaves `left` with the runtime for a reason that says `said`. */
static void left_by(const char *key, const char *value, bool gap, int left, const char *said)
{
    assert_false(teardown(NULL) || setup(NULL)); /* a path of its own: the process's second delegate would append .2 */
    struct fake *f = chain(gap);
    struct hby_delegate *d = create(key, value);
    apply(f, d);
    for (int k = 0; k < f->n_kernels && f->kernel_reg.init; k++)
        assert_false(f->kernel[k].node.user_data && fake_has(&f->kernel[k].nodes, left));
    assert_reported(left, "\"where\": \"runtime\"");
    assert_reported(left, said);
    fake_destroy(f);
    hby_delegate_unref(&d);
}

static void options_leave_nodes(void **state)
{
    (void)state;
    left_by("deny_ops", "relu", false, 1, "deny_ops");
    left_by("allow_ops", "RELU", false, 0, "allow_ops");
    left_by("first_delegate_node_index", "1", false, 0, "outside");
    left_by("last_delegate_node_index", "0", false, 1, "outside");
    left_by("min_nodes_per_partition", "3", false, 0, "min_nodes_per_partition is 3");
    left_by("max_delegated_partitions", "1", true, 2, "max_delegated_partitions is 1");
}

static void one_node_is_refused(struct fake *f, int node, const char *said)
{
    assert_false(teardown(NULL) || setup(NULL));
    struct hby_delegate *d = create(NULL, NULL);
    apply(f, d);
    assert_reported(node, "\"where\": \"runtime\"");
    assert_reported(node, said);
    fake_destroy(f);
    hby_delegate_unref(&d);
}

static int no_plan(struct hby_tfl_context *ctx, struct hby_tfl_ints **plan)
{
    (void)ctx;
    *plan = NULL;
    return HBY_TFL_ERROR;
}

static void refusals_say_why(void **state)
{
    (void)state;
    struct fake *f = chain(false);
    f->reg[1].version = 99;
    one_node_is_refused(f, 1, "version 99");
    f = chain(false);
    f->tensor[0].is_variable = true;
    one_node_is_refused(f, 0, "variable");
    f = chain(false);
    f->node[1].delegate = (struct TfLiteDelegate *)f;
    one_node_is_refused(f, 1, "another delegate");
    f = chain(false);
    f->tensor[0].type = 5;
    one_node_is_refused(f, 0, "type that is not known");
    f = chain(false);
    f->node[0].builtin_data = NULL;
    one_node_is_refused(f, 0, "builtin parameters");
    f = chain(false);
    f->in[0].data[1] = 31;
    one_node_is_refused(f, 0, "names tensor 31");
    f = chain(false);
    f->tensor[0].dims->data[0] = 0;
    one_node_is_refused(f, 0, "no elements");
    f = chain(false);
    f->tensor[1].bytes--;                      /* the constant */
    one_node_is_refused(f, 0, "constant 1 '"); /* by import; folding would see it, too */
    f = chain(false);
    f->reg[1].builtin_code = HBY_TFL_OP_CUSTOM;
    f->reg[1].custom_name = "Fancy";
    one_node_is_refused(f, 1, "\"op\": \"Fancy\"");
    f = chain(false);
    f->reg[1].builtin_code = HBY_TFL_OP_CUSTOM;
    one_node_is_refused(f, 1, "custom operator");
    f = chain(false);
    f->reg[1].builtin_code = HBY_TFL_OP_DELEGATE;
    one_node_is_refused(f, 1, "another delegate");
    f = chain(false);
    f->reg[1].builtin_code = 9999;
    one_node_is_refused(f, 1, "\"op\": \"BUILTIN_9999\"");
    f = chain(false);
    f->out[1].data[0] = -1;
    one_node_is_refused(f, 1, "lacks result 0");
    f = chain(false);
    f->in[1].data[0] = -1;
    one_node_is_refused(f, 1, "lacks operand 0");
    f = chain(false);
    f->n_nodes = 1; /* the plan has two */
    one_node_is_refused(f, 1, "does not show this node");
    f = chain(false);
    f->reg[1].builtin_code = ARG_MAX; /* whose parameters say the type of the result */
    f->in[1].data[f->in[1].size++] = 1;
    one_node_is_refused(f, 1, "no builtin parameters");
}

/* int8 with scales and zero points that contradict each other, or have no place. */
static void malformed_quantization(void **state)
{
    (void)state;
    static const struct {
        int scales, zeros, dimension;
        const char *said;
    } cases[] = {
        {2, 3, 1, "another number of zero points"}, {2, 2, 5, "quantized dimension"}, {2, 1, -1, "quantized dimension"}, {3, 3, 1, "quantized dimension"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct {
            int size;
            float data[4];
        } scale = {cases[i].scales, {0.5f, 0.5f, 0.5f, 0.5f}};
        struct fake_list zero = {.size = cases[i].zeros};
        struct hby_tfl_affine q = {(struct hby_tfl_floats *)(void *)&scale, fake_ints(&zero), cases[i].dimension};
        struct fake *f = chain(false);
        for (int t = 0; t < 3; t++) {
            f->tensor[t].type = HBY_TFL_INT8;
            f->tensor[t].bytes = 4;
            f->tensor[t].quantization.type = 1;
            f->tensor[t].quantization.params = &q;
        }
        one_node_is_refused(f, 0, cases[i].said);
    }
}

/* A runtime that cannot preview partitions, or names no tensor: claimed all the same. One that shows no plan: nothing is, and no harm done. */
static void poor_runtimes(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct fake *f = chain(true);
        struct hby_delegate *d = create(NULL, NULL);
        if (kind == 0)
            f->ctx.PreviewDelegatePartitioning = NULL;
        for (size_t t = 0; kind == 1 && t < f->ctx.tensors_size; t++)
            f->tensor[t].name = NULL;
        if (kind == 2)
            f->ctx.GetExecutionPlan = no_plan;
        apply(f, d);
        assert_int_equal(f->n_kernels, kind == 2 ? 0 : 2);
        fake_destroy(f);
        hby_delegate_unref(&d);
    }
}

/* WHERE's result has as many rows as there are true elements: nothing behind it can be planned, what is in front can. */
static void shapes_from_data(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    int x = fake_tensor(f, HBY_TFL_FLOAT32, 4, 0, NULL), r = fake_tensor(f, HBY_TFL_FLOAT32, 4, 0, NULL), w = fake_tensor(f, HBY_TFL_FLOAT32, 1, 1, NULL);
    int y = fake_tensor(f, HBY_TFL_FLOAT32, 1, 1, NULL), z = fake_tensor(f, HBY_TFL_FLOAT32, 1, 1, NULL);
    static const struct {
        int size, data[2];
    } signature = {2, {-1, 1}};
    f->tensor[w].dims_signature = (const struct hby_tfl_ints *)(const void *)&signature;
    fake_node(f, RELU, 1, NULL, IN(x), r);
    fake_node(f, WHERE, 1, NULL, IN(r), w);
    fake_node(f, RELU, 1, NULL, IN(w), y);
    fake_node(f, RELU, 1, NULL, IN(y), z);
    fake_add(&f->outputs, z);
    struct hby_delegate *d = create(NULL, NULL);
    apply(f, d);
    assert_int_equal(f->n_kernels, 1);
    assert_reported(0, "\"where\": \"host_ref\"");
    assert_reported(2, "only known while the model runs");
    assert_reported(3, "only known while the model runs");
    fake_destroy(f);
    hby_delegate_unref(&d);
}

/* A DEQUANTIZE of constants that an unknown node reads too stays with the runtime, and the node that is taken computes from the constant. */
static void shared_dequantize(void **state)
{
    (void)state;
    static const uint16_t half[4] = {0x3c00, 0x4000, 0x4200, 0x4400}; /* 1 2 3 4 */
    static struct hby_tfl_fully_connected params;
    struct fake *f = fake_create();
    int x = fake_tensor(f, HBY_TFL_FLOAT32, 1, 2, NULL), c = fake_tensor(f, HBY_TFL_FLOAT16, 2, 2, half), w = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL);
    int e = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL), y = fake_tensor(f, HBY_TFL_FLOAT32, 1, 2, NULL);
    fake_node(f, DEQUANTIZE, 3, NULL, IN(c), w);
    fake_node(f, BUCKETIZE, 1, NULL, IN(w), e);
    fake_node(f, FULLY_CONNECTED, 1, &params, IN(x, w, -1), y);
    fake_add(&f->outputs, e);
    fake_add(&f->outputs, y);
    struct hby_delegate *d = create("precision", "exact");
    apply(f, d);
    assert_int_equal(f->n_kernels, 1);
    assert_int_equal(f->kernel[0].nodes.size, 1);
    assert_reported(0, "constant result is read by a node that stays with the runtime");
    assert_reported(2, "\"where\": \"host_ref\"");
    assert_int_equal(fake_prepare(f), HBY_TFL_OK);
    const float in[2] = {1, 10}, want[2] = {21, 43};
    memcpy(f->tensor[x].data, in, sizeof in);
    assert_int_equal(fake_invoke(f), HBY_TFL_OK);
    assert_memory_equal(f->tensor[y].data, want, sizeof want);
    fake_destroy(f);
    hby_delegate_unref(&d);
}

static void resized_input(void **state)
{
    (void)state;
    static struct hby_tfl_arith none;
    struct fake *f = fake_create();
    static const float one[2] = {1, 2};
    int x = fake_tensor(f, HBY_TFL_FLOAT32, 1, 2, NULL), c = fake_tensor(f, HBY_TFL_FLOAT32, 2, 0, one), y = fake_tensor(f, HBY_TFL_FLOAT32, 1, 2, NULL);
    fake_node(f, ADD, 1, &none, IN(x, c), y);
    fake_add(&f->outputs, y);
    struct hby_delegate *d = create(NULL, NULL);
    apply(f, d);
    for (int rows = 1; rows < 5; rows++) {
        struct hby_tfl_ints *dims = malloc(sizeof *dims + 2 * sizeof dims->data[0]);
        assert_non_null(dims);
        dims->size = 2;
        dims->data[0] = rows;
        dims->data[1] = 2;
        fake_resize(&f->ctx, &f->tensor[x], dims);
        assert_int_equal(fake_prepare(f), HBY_TFL_OK);
        assert_int_equal(f->tensor[y].dims->data[0], rows);
        for (int i = 0; i < 2 * rows; i++)
            ((float *)f->tensor[x].data)[i] = (float)i;
        assert_int_equal(fake_invoke(f), HBY_TFL_OK);
        for (int i = 0; i < 2 * rows; i++)
            assert_true(((float *)f->tensor[y].data)[i] == (float)i + one[i % 2]);
    }
    f->tensor[x].dims->data[1] = 3; /* does not broadcast */
    assert_int_equal(fake_prepare(f), HBY_TFL_ERROR);
    assert_non_null(strstr(f->error, "broadcast"));
    f->tensor[x].dims->data[1] = 2; /* what was right before is right again */
    assert_int_equal(fake_prepare(f), HBY_TFL_OK);
    assert_int_equal(fake_invoke(f), HBY_TFL_OK);
    fake_destroy(f);
    hby_delegate_unref(&d);
}

static void shape_from_the_caller(void **state)
{
    (void)state;
    static struct hby_tfl_reshape params;
    struct fake *f = fake_create();
    int x = fake_tensor(f, HBY_TFL_FLOAT32, 4, 0, NULL), s = fake_tensor(f, HBY_TFL_INT32, 2, 0, NULL), y = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL);
    fake_node(f, RESHAPE, 1, &params, IN(x, s), y);
    fake_add(&f->outputs, y);
    struct hby_delegate *d = create(NULL, NULL);
    apply(f, d);
    assert_int_equal(f->n_kernels, 1);
    static const int32_t shape[6][2] = {{2, 2}, {1, 4}, {3, 3}, {4, -1}, {2, 2}, {3, 2}};
    static const int columns[6] = {2, 4, 0, 1, 0, 2}; /* 0: not as many elements as the input has, which only an invoke can tell */
    for (int i = 0; i < 6; i++) {
        if (i == 4) { /* the input grows */
            struct hby_tfl_ints *dims = malloc(sizeof *dims + sizeof dims->data[0]);
            assert_non_null(dims);
            dims->size = 1;
            dims->data[0] = 6;
            fake_resize(&f->ctx, &f->tensor[x], dims);
        }
        memcpy(f->tensor[s].data, shape[i], sizeof shape[i]);
        assert_int_equal(fake_prepare(f), HBY_TFL_OK);
        assert_int_equal(fake_invoke(f), columns[i] ? HBY_TFL_OK : HBY_TFL_ERROR);
        if (columns[i])
            assert_int_equal(f->tensor[y].dims->data[1], columns[i]);
    }
    fake_destroy(f);
    hby_delegate_unref(&d);
}

/* An operator of a version that is not known here, whose result has a shape that depends on data: nothing is planned behind it. */
static void shape_of_the_unknown(void **state)
{
    (void)state;
    static struct hby_tfl_reshape params;
    static struct hby_tfl_arith none;
    static const struct {
        int size, data[2];
    } open = {2, {-1, -1}};
    for (int is_constant = 0; is_constant < 2; is_constant++) {
        static const int32_t shape[2] = {2, 2};
        struct fake *f = fake_create();
        int x = fake_tensor(f, HBY_TFL_FLOAT32, 4, 0, NULL), s = fake_tensor(f, HBY_TFL_INT32, 2, 0, is_constant ? shape : NULL);
        int y = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL), z = fake_tensor(f, HBY_TFL_FLOAT32, 2, 2, NULL);
        f->tensor[y].dims_signature = (const struct hby_tfl_ints *)(const void *)&open;
        fake_node(f, RESHAPE, 99, &params, IN(x, s), y);
        fake_node(f, ADD, 1, &none, IN(y, y), z);
        fake_add(&f->outputs, z);
        struct hby_delegate *d = create(NULL, NULL);
        apply(f, d);
        assert_int_equal(f->kernel[0].node.user_data != NULL, is_constant);
        fake_destroy(f);
        hby_delegate_unref(&d);
    }
}

static void second_interpreter_appends(void **state)
{
    (void)state;
    struct fake *a = chain(false), *b = chain(true);
    struct hby_delegate *d = create(NULL, NULL);
    apply(a, d);
    apply(b, d);
    fake_undo(a);
    apply(a, d); /* again: not a third one */
    char numbered[sizeof report_path + 16];
    int found = 0;
    for (int i = 2; i < 64; i++) {
        snprintf(numbered, sizeof numbered, "%s.%d", report_path, i);
        found += unlink(numbered) == 0;
    }
    assert_int_equal(found, 1);
    fake_destroy(a);
    fake_destroy(b);
    hby_delegate_unref(&d);
}

/* A row in partition/operands.def for every operator: without one a node of it would be taken whatever its operands are. */
static void every_operator_has_operands(void **state)
{
    (void)state;
    for (int op = 0; op < HBY_OP_COUNT; op++)
        if (hby_ops[op].builtin >= 0 && !hby_import_has_operands((enum hby_op)op))
            fail_msg("%s has no row in operands.def", hby_ops[op].name);
}

/* A tensor that two nodes write, or that is read before it is written: nothing is claimed, and the reason is logged. */
static void no_order_no_claim(void **state)
{
    (void)state;
    for (int fault = 0; fault < 3; fault++) {
        struct fake *f = chain(false);
        struct hby_delegate *d = create(NULL, NULL);
        if (fault == 1)
            f->out[1].data[0] = f->out[0].data[0];
        if (fault == 2)
            f->in[0].data[0] = f->out[1].data[0];
        apply(f, d);
        assert_int_equal(f->n_kernels > 0, fault == 0);
        fake_destroy(f);
        hby_delegate_unref(&d);
    }
}

static char said[256];

static void keep_words(const char *message)
{
    snprintf(said, sizeof said, "%s", message);
}

/* include/halfbyte.h: options by key and value, errors through report_error, a struct of another version refused. */
static void public_interface(void **state)
{
    (void)state;
    static const struct {
        HalfbyteOption option[2];
        const char *error; /* NULL: a delegate is made */
    } cases[] = {
        {{{"host_ref", "only"}, {"claim", "all"}}, NULL},
        {{{"host_ref", "only"}, {"no_such_option", "1"}}, "no_such_option"},
        {{{"host_ref", "only"}, {"claim", "everything"}}, "claim"},
    };
    HalfbyteDelegateOptions o = HalfbyteDelegateOptionsDefault();
    assert_true(o.struct_size == sizeof o && o.num_options == 0);
    o.report_error = keep_words;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        said[0] = 0;
        o.option = cases[i].option;
        o.num_options = 2;
        struct TfLiteDelegate *d = HalfbyteDelegateCreate(&o);
        assert_int_equal(d == NULL, cases[i].error != NULL);
        assert_true(cases[i].error ? strstr(said, cases[i].error) != NULL : !said[0]);
        if (d) {
            struct fake *f = chain(false);
            apply(f, d->data_);
            assert_int_equal(f->n_kernels, 1);
            fake_destroy(f);
        }
        HalfbyteDelegateDelete(d);
    }
    o.report_error = NULL; /* to stderr */
    o.option = cases[2].option;
    assert_null(HalfbyteDelegateCreate(&o));
    o.num_options = 0;
    o.struct_size--;
    assert_null(HalfbyteDelegateCreate(&o));
    struct TfLiteDelegate *plain = HalfbyteDelegateCreate(NULL);
    assert_non_null(plain);
    HalfbyteDelegateDelete(plain);
}

/* One line for each device, or one that says why there is none; cut where the buffer ends. */
static void devices_as_text(void **state)
{
    (void)state;
    char text[4096], cut[8] = "xxxxxxx";
    int lines = 0;
    const int n = HalfbyteListDevices(text, sizeof text);
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, n > 0 ? n : 1);
    assert_true(n == 0 || (!strncmp(text, "0: ", 3) && strstr(text, "compute units")));
    assert_int_equal(HalfbyteListDevices(NULL, 100), n);
    assert_int_equal(HalfbyteListDevices(cut, 0), n);
    assert_string_equal(cut, "xxxxxxx");
    assert_int_equal(HalfbyteListDevices(cut, 5), n);
    assert_true(strlen(cut) == 4 && !strncmp(cut, text, 4) && cut[5] == 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_operators_split, setup, teardown),
        cmocka_unit_test_setup_teardown(options_leave_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_say_why, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_quantization, setup, teardown),
        cmocka_unit_test_setup_teardown(poor_runtimes, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_from_data, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_dequantize, setup, teardown),
        cmocka_unit_test_setup_teardown(resized_input, setup, teardown),
        cmocka_unit_test_setup_teardown(shape_from_the_caller, setup, teardown),
        cmocka_unit_test_setup_teardown(shape_of_the_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(second_interpreter_appends, setup, teardown),
        cmocka_unit_test_setup_teardown(no_order_no_claim, setup, teardown),
        cmocka_unit_test(every_operator_has_operands),
        cmocka_unit_test(public_interface),
        cmocka_unit_test(devices_as_text),
    };
    return cmocka_run_group_tests_name("delegate", tests, NULL, NULL);
}
