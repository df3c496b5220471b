/* Devices and sessions: the list and the choice, features by self-test, a small plan through the vtable, what a fork, a refusal and a hung kernel do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernels_cl/cl_session.h"
#include "kernels_cl/launch_nest.h"
#include "tests/need_device.h"

static const struct hby_cl_options any_device = {.choice = {.device_id = -1, .device_type = -1}};

static struct hby_backend *open_backend(const struct hby_cl_options *opt)
{
    struct hby_backend *be;
    struct hby_reason why = {""};
    const enum hby_status st = hby_cl_backend_create(opt, &be, &why);
    if (st)
        fail_msg("hby_cl_backend_create: %s", why.text);
    return be;
}

static void list_is_in_order(void **state)
{
    (void)state;
    struct hby_cl_info *info;
    struct hby_reason why = {""};
    int n;
    assert_int_equal(hby_cl_list(&info, &n, &why), HBY_OK);
    assert_true(n >= 1);
    for (int i = 0; i < n; i++) {
        assert_true(info[i].name[0] && info[i].platform[0]);
        assert_true(info[i].version_major * 10 + info[i].version_minor >= 12);
        assert_true(info[i].align_bytes >= 64 && (info[i].align_bytes & (info[i].align_bytes - 1)) == 0);
        assert_true(i == 0 || info[i - 1].kind <= info[i].kind);
        assert_true(i == 0 || info[i - 1].kind < info[i].kind ||
                    (long)info[i - 1].compute_units * info[i - 1].clock_mhz >= (long)info[i].compute_units * info[i].clock_mhz);
    }
    free(info);
}

static void choice_by_every_key(void **state)
{
    (void)state;
    struct hby_cl_found f[3] = {0};
    for (int i = 0; i < 3; i++) {
        snprintf(f[i].info.platform, sizeof f[i].info.platform, "Platform %c", 'A' + i);
        snprintf(f[i].info.name, sizeof f[i].info.name, "Fast Device %d", i);
        f[i].info.kind = i < 2 ? HBY_CL_GPU : HBY_CL_CPU;
    }
    struct hby_reason why = {""};
    const struct hby_cl_choice none = {-1, NULL, -1};
    assert_int_equal(hby_cl_choose(f, 3, &none, &why), 0);
    assert_int_equal(hby_cl_choose(f, 3, &(struct hby_cl_choice){2, NULL, -1}, &why), 2);
    assert_int_equal(hby_cl_choose(f, 3, &(struct hby_cl_choice){-1, "fast device 1", -1}, &why), 1);
    assert_int_equal(hby_cl_choose(f, 3, &(struct hby_cl_choice){-1, "form c / FAST", -1}, &why), 2);
    assert_int_equal(hby_cl_choose(f, 3, &(struct hby_cl_choice){-1, NULL, HBY_CL_CPU}, &why), 2);
    assert_int_equal(hby_cl_choose(f, 3, &(struct hby_cl_choice){3, NULL, -1}, &why), -1);
    assert_non_null(strstr(why.text, "device_id 3"));
    assert_int_equal(hby_cl_choose(f, 3, &(struct hby_cl_choice){-1, "Device 9", -1}, &why), -1);
    assert_non_null(strstr(why.text, "fits device=Device 9 (the first"));
    assert_int_equal(hby_cl_choose(f, 3, &(struct hby_cl_choice){0, NULL, HBY_CL_CPU}, &why), -1);
    assert_non_null(strstr(why.text, "fits device_id=0 device_type=cpu (the first"));
}

static void order_and_duplicates(void **state)
{
    (void)state;
    static int platforms[3]; /* addresses stand for platforms */
    struct hby_cl_found f[6] = {0};
    for (int i = 0; i < 6; i++) {
        f[i].seen = i;
        f[i].platform = (cl_platform_id)&platforms[i % 3];
        f[i].info.kind = HBY_CL_GPU;
        f[i].info.compute_units = 10;
        f[i].info.clock_mhz = 1000 + i;
    }
    f[0].info.kind = HBY_CL_CPU;
    f[1].has_uuid = f[2].has_uuid = f[4].has_uuid = true; /* 1 and 2: one GPU under two platforms; 4: the same UUID on the platform of 1 */
    f[3].has_pci = f[5].has_pci = true;                   /* 3 and 5: one GPU at one place */
    f[3].pci[1] = f[5].pci[1] = 7;
    f[1].info.clock_mhz = 3000;
    assert_int_equal(hby_cl_order(f, 6), 4);
    const int want[] = {1, 5, 4, 0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(f[i].seen, want[i]);
}

static void no_such_device_is_an_answer(void **state)
{
    (void)state;
    struct hby_backend *be;
    struct hby_reason why = {""};
    assert_int_equal(hby_cl_backend_create(&(struct hby_cl_options){.choice = {-1, "no such device", -1}}, &be, &why), HBY_UNSUPPORTED);
    assert_null(be);
    assert_true(why.text[0]);
}

/* What was logged at the level of warnings. */
static char warning[2048];
static int warnings;

static void keep_warning(void *ctx, int level, const char *text)
{
    (void)ctx;
    if (level == HBY_CL_LOG_FAULT) {
        warnings++;
        snprintf(warning, sizeof warning, "%s", text);
    }
}

/* A word that nobody reads is named, once, with those that are. */
static void unknown_features_are_named(void **state)
{
    (void)state;
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}, .log = keep_warning};
    setenv("HALFBYTE_DEVICE_FEATURES", "-avx51,-asm,,kind=gpu2,mma_tile=x,mma_tile=3", 1);
    warnings = 0;
    for (int i = 0; i < 2; i++) {
        struct hby_backend *be = open_backend(&opt);
        assert_false(hby_cl_backend_info(be)->is_host_cpu); /* the other words are obeyed */
        hby_cl_backend_destroy(&be);
    }
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "unknown: -avx51, kind=gpu2, mma_tile=x; known are -asm, -avx512, "));
    assert_non_null(strstr(warning, "pinned=1"));
    setenv("HALFBYTE_DEVICE_FEATURES", "-asm,-pinned,dot=PORTABLE,kind=gpu,mma=emulate,mma_tile=12,pinned=1,-command_buffer,-mma", 1);
    struct hby_backend *be = open_backend(&opt);
    hby_cl_backend_destroy(&be);
    unsetenv("HALFBYTE_DEVICE_FEATURES");
    assert_int_equal(warnings, 1);
}

/* Every subset of the features gives a device that passes its self-test, and the mask is obeyed. */
static void features_can_be_masked(void **state)
{
    (void)state;
    static const char *const masks[] = {
        "-asm", "-avx512", "-vnni,-f16c", "-vnni,-madd", "-fp16,-dot,-sub_groups", "dot=portable", "kind=gpu,f16x2=emulate,mma=emulate"};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        setenv("HALFBYTE_DEVICE_FEATURES", masks[i], 1);
        warnings = 0;
        struct hby_backend *be = open_backend(&(struct hby_cl_options){.choice = {.device_id = -1, .device_type = -1}, .log = keep_warning});
        assert_int_equal(warnings, 0);
        const struct hby_cl_info *in = hby_cl_backend_info(be);
        if (strstr(masks[i], "-asm"))
            assert_false(in->is_host_cpu || in->x86_avx512 || in->x86_f16c);
        if (strstr(masks[i], "-avx512"))
            assert_false(in->x86_avx512);
        if (strstr(masks[i], "-f16c"))
            assert_false(in->x86_f16c);
        if (strstr(masks[i], "-vnni"))
            assert_int_not_equal(in->dot, HBY_DOT_X86_VNNI);
        if (strstr(masks[i], "-fp16"))
            assert_false(in->has_fp16);
        if (strstr(masks[i], "dot=portable"))
            assert_int_equal(in->dot, HBY_DOT_PORTABLE);
        assert_int_equal(in->half_math == HBY_HALF_MATH_EMULATED, strstr(masks[i], "f16x2") != NULL); /* otherwise what the device has */
        assert_int_equal(in->mma == HBY_MMA_EMULATED, strstr(masks[i], "mma") != NULL);
        hby_cl_backend_destroy(&be);
    }
    setenv("HALFBYTE_DEVICE_FEATURES", "dot=none", 1);
    struct hby_backend *be;
    assert_int_not_equal(hby_cl_backend_create(&any_device, &be, NULL), HBY_OK);
    unsetenv("HALFBYTE_DEVICE_FEATURES");
}

static void host_features_agree(void **state)
{
    (void)state;
    struct hby_cl_host h;
    hby_cl_host_read(&h);
    assert_true(!h.avx512_vnni || h.avx512);
    assert_true(!h.avx512 || h.avx2);
}

/* --- a plan of two lookups: input -> middle -> output --- */

enum { COUNT = 1000 };

struct fixture {
    unsigned char table[2][256];
    struct hby_tensor tensor[3];
    int input[1], output[1], alias[3];
    enum hby_type storage[3];
    struct hby_graph graph;
    struct hby_step step[2];
    enum hby_where where[2];
    struct hby_plan plan;
};

static void make_plan(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    for (int i = 0; i < 256; i++) {
        f->table[0][i] = (unsigned char)(i * 3 + 1);
        f->table[1][i] = (unsigned char)(255 - i);
    }
    for (int t = 0; t < 3; t++) {
        f->tensor[t] = (struct hby_tensor){.type = HBY_I8, .rank = 1, .dim = {COUNT}, .bytes = COUNT, .runtime_index = t};
        f->storage[t] = HBY_I8;
        f->alias[t] = t;
    }
    f->output[0] = 2;
    f->graph = (struct hby_graph){.n_tensors = 3, .n_inputs = 1, .n_outputs = 1, .tensor = f->tensor, .input = f->input, .output = f->output};
    for (int k = 0; k < 2; k++) {
        f->step[k] = (struct hby_step){
            .op = HBY_OP_relu, .scheme = HBY_SCHEME_i8, .nest = HBY_NEST_table, .args.table.count = COUNT, .n_in = 1, .n_out = 1, .n_tables = 1};
        f->step[k].in[0] = k;
        f->step[k].out[0] = k + 1;
        f->step[k].table[0] = (struct hby_table){f->table[k], 256};
        f->where[k] = HBY_ON_DEVICE;
    }
    f->plan = (struct hby_plan){.graph = &f->graph, .n_steps = 2, .step = f->step, .where = f->where, .storage = f->storage, .alias = f->alias};
}

static void run_and_compare(struct fixture *f, struct hby_session *s, int seed)
{
    unsigned char in[COUNT], out[COUNT + 1], want;
    for (int i = 0; i < COUNT; i++)
        in[i] = (unsigned char)(i * 7 + seed);
    memset(out, 0x5A, sizeof out);
    assert_int_equal(s->ops->upload(s, 0, in, COUNT), HBY_OK);
    assert_int_equal(s->ops->run(s, 0, 2), HBY_OK);
    assert_int_equal(s->ops->download(s, 2, out, COUNT), HBY_OK);
    assert_int_equal(s->ops->finish(s), HBY_OK);
    for (int i = 0; i < COUNT; i++) {
        want = f->table[1][f->table[0][in[i]]];
        assert_int_equal(out[i], want);
    }
    assert_int_equal(out[COUNT], 0x5A);
}

static void plan_runs(void **state)
{
    (void)state;
    for (int variant = 0; variant < 3; variant++) {
        const struct hby_cl_options opt = {.choice = any_device.choice, .guard_arena = variant == 1, .profile = variant == 2};
        struct hby_backend *be = open_backend(&opt);
        struct fixture f;
        struct hby_answer answer;
        struct hby_reason why = {""};
        struct hby_session *s, *other;
        make_plan(&f);
        assert_int_equal(be->ops->query(be, &f.plan, 0, 2, &answer, &why), HBY_OK);
        assert_int_equal(answer.count, 1);
        assert_string_equal(answer.kernel, "table");
        assert_true(answer.us > 0);
        if (be->ops->create(be, &f.plan, &s, &why) || be->ops->create(be, &f.plan, &other, &why))
            fail_msg("create: %s", why.text);
        for (int i = 0; i < 20; i++) {
            run_and_compare(&f, s, i);
            run_and_compare(&f, other, i + 100);
        }
        struct hby_cl_time time[4];
        assert_int_equal(hby_cl_session_times(s, time, 4), variant == 2 ? 2 : 0);
        if (variant == 2)
            assert_true(time[1].step == 1 && time[1].us > 0 && !strcmp(time[1].kernel, "hby_table"));
        hby_cl_backend_destroy(&be); /* the sessions keep what they need */
        run_and_compare(&f, s, 3);
        s->ops->destroy(&s);
        other->ops->destroy(&other);
        assert_null(s);
    }
}

/* --- launch rules that are wrong: each is refused, with what is wrong; none reaches the device --- */

static enum {
    RIGHT,
    NAME,
    OPTIONS,
    NO_USE,
    NO_GRID,
    FEW_ARGS,
    OTHER_KIND,
    SLOT,
    SCRATCH,
    CONSTANT,
    DIVIDES,
    GROUP,
    NOTHING,
    NO_KERNEL,
    LONG_KERNEL,
    RULES
} rule;

static enum hby_status made_up(const struct hby_cl_site *site, struct hby_cl_launch *l)
{
    static const size_t eight[3] = {8, 1, 1}, three[3] = {3, 1, 1}, two[3] = {2, 1, 1};
    const struct hby_args_table *p = &site->step->args.table;
    char kernel[200] = "hby_table";
    if (rule == NOTHING)
        return HBY_OK;
    if (rule == NO_USE) {
        hby_cl_arg_i32(l, 1);
        return HBY_OK;
    }
    hby_cl_define(l, rule == NAME ? "HBY ELEM" : "HBY_ELEM", 1);
    for (int i = 0; i < 100 && rule == OPTIONS; i++)
        hby_cl_define(l, "HBY_ANOTHER", i);
    if (rule == NO_KERNEL)
        strcpy(kernel, "hby_no_table");
    if (rule == LONG_KERNEL)
        memset(kernel, 'x', sizeof kernel - 1);
    const enum hby_status st = hby_cl_use(l, hby_nest_program, kernel);
    if (st)
        return st;
    hby_cl_arg_args(l, p, sizeof *p);
    if (rule == OTHER_KIND)
        hby_cl_arg_i32(l, 0);
    else if (rule == SLOT)
        hby_cl_arg_scratch(l, HBY_CL_SCRATCH, 1);
    else if (rule == SCRATCH)
        hby_cl_arg_scratch(l, 0, SIZE_MAX / 2);
    else
        hby_cl_arg_tensor(l, site->step->in[0]);
    hby_cl_arg_const(l, site->step->table[0].data, rule == CONSTANT ? SIZE_MAX / 2 : 256);
    hby_cl_arg_tensor(l, site->step->out[0]);
    hby_cl_arg_i32(l, 64);
    if (rule != FEW_ARGS)
        hby_cl_arg_i32(l, -1);
    if (rule == GROUP)
        l->limits.max_group = 1;
    if (rule != NO_GRID)
        hby_cl_grid(l, eight, rule == DIVIDES ? three : rule == GROUP ? two : NULL);
    return HBY_OK;
}

static void wrong_rules_are_refused(void **state)
{
    (void)state;
    static const char *const want[RULES] = {[NAME] = "a macro's name",    [OPTIONS] = "too many options",   [NO_USE] = "before hby_cl_use",
                                            [NO_GRID] = "without a grid", [FEW_ARGS] = "as many arguments", [OTHER_KIND] = "not of the parameter's kind",
                                            [SLOT] = "too many scratch",  [SCRATCH] = "scratch of",         [CONSTANT] = "a constant of",
                                            [DIVIDES] = "do not fit",     [GROUP] = "a work-group of 2",    [NOTHING] = "no launch",
                                            [NO_KERNEL] = "ernel",        [LONG_KERNEL] = "kernel name"};
    static const struct hby_cl_kernel row = {.name = "made_up", .launch = made_up};
    for (int chained = 0; chained < 2; chained++) {
        struct hby_backend *be = open_backend(&(struct hby_cl_options){.choice = any_device.choice, .chain = chained ? HBY_CL_CHAIN_ALWAYS : HBY_CL_CHAIN_OFF});
        struct hby_cl_state *st = hby_cl_state_of(be);
        struct fixture f;
        make_plan(&f);
        for (rule = RIGHT; rule < RULES; rule++) {
            if (rule == OTHER_KIND && !st->chains) /* then it is the driver that knows the parameters */
                continue;
            struct hby_reason why = {""};
            const struct hby_cl_site site = {.dev = &st->dev, .plan = &f.plan, .step = f.step};
            struct hby_cl_launch l = {.st = st, .plan = &f.plan, .step = f.step, .row = &row, .count = 1};
            const enum hby_status got = hby_cl_launch_run(&l, &row, &site, &why);
            if (rule == RIGHT ? got != HBY_OK : got == HBY_OK || !strstr(why.text, want[rule]))
                fail_msg("rule %d, chained %d: status %d, %s", (int)rule, chained, (int)got, why.text);
        }
        hby_cl_backend_destroy(&be);
    }
}

/* What a kernel's arguments take is known before the driver is asked. */
static void arguments_are_counted(void **state)
{
    (void)state;
    struct fixture f;
    make_plan(&f);
    for (int few = 0; few < 2; few++) {
        struct hby_backend *be = open_backend(&any_device);
        struct hby_answer answer;
        struct hby_reason why = {""};
        const size_t table_takes = sizeof(struct hby_args_table) + 3 * sizeof(cl_mem) + 2 * sizeof(cl_int);
        assert_true(hby_cl_state_of(be)->dev.info.max_parameter_bytes >= 256); /* the least of any profile */
        hby_cl_state_of(be)->dev.info.max_parameter_bytes = table_takes - (size_t)few;
        assert_int_equal(be->ops->query(be, &f.plan, 0, 2, &answer, &why), few ? HBY_UNSUPPORTED : HBY_OK);
        assert_true(!few || strstr(why.text, "bytes of arguments"));
        hby_cl_backend_destroy(&be);
    }
}

static void denied_rows_are_not_taken(void **state)
{
    (void)state;
    struct hby_backend *be = open_backend(&(struct hby_cl_options){.choice = any_device.choice, .deny_kernels = "move,table"});
    struct fixture f;
    struct hby_answer answer;
    struct hby_reason why = {""};
    make_plan(&f);
    assert_int_equal(be->ops->query(be, &f.plan, 0, 2, &answer, &why), HBY_UNSUPPORTED);
    assert_non_null(strstr(why.text, "deny_kernels"));
    hby_cl_backend_destroy(&be);
    be = open_backend(&(struct hby_cl_options){.choice = any_device.choice, .deny_kernels = "tabl,tables"});
    assert_int_equal(be->ops->query(be, &f.plan, 0, 2, &answer, &why), HBY_OK);
    hby_cl_backend_destroy(&be);
}

static void *use_backend(void *data)
{
    struct hby_backend *be = data;
    for (int i = 0; i < 4; i++) {
        struct fixture f;
        struct hby_answer answer;
        struct hby_session *s;
        unsigned char in[COUNT], out[COUNT];
        make_plan(&f);
        if (be->ops->query(be, &f.plan, 0, 1, &answer, NULL) || be->ops->create(be, &f.plan, &s, NULL))
            return "query or create";
        for (int run = 0; run < 10; run++) {
            memset(in, i * 10 + run, COUNT);
            if (s->ops->upload(s, 0, in, COUNT) || s->ops->run(s, 0, 2) || s->ops->download(s, 2, out, COUNT) || s->ops->finish(s))
                return "run";
            for (int k = 0; k < COUNT; k++)
                if (out[k] != f.table[1][f.table[0][in[k]]])
                    return "result";
        }
        s->ops->destroy(&s);
    }
    return NULL;
}

/* Sessions of one backend on several threads, programs being built meanwhile. */
static void threads_share_a_backend(void **state)
{
    (void)state;
    struct hby_backend *be = open_backend(&any_device);
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, use_backend, be), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(thread[i], &failed), 0);
        if (failed)
            fail_msg("thread %d: %s", i, (const char *)failed);
    }
    hby_cl_backend_destroy(&be);
}

void __gcov_dump(void) __attribute__((weak));

/* The end of a child; in a build for coverage its counts are written first. */
static void leave(int code)
{
    if (__gcov_dump)
        __gcov_dump();
    _exit(code);
}

/* A forked child gets an error from everything, and hangs on nothing. */
static void fork_is_refused(void **state)
{
    (void)state;
    struct hby_backend *be = open_backend(&any_device);
    struct fixture f;
    struct hby_session *s;
    make_plan(&f);
    assert_int_equal(be->ops->create(be, &f.plan, &s, NULL), HBY_OK);
    run_and_compare(&f, s, 1);
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        struct hby_answer answer;
        struct hby_session *other;
        char byte = 0;
        const bool ok = be->ops->query(be, &f.plan, 0, 1, &answer, NULL) == HBY_DEVICE && be->ops->create(be, &f.plan, &other, NULL) == HBY_DEVICE &&
                        s->ops->upload(s, 0, &byte, 1) == HBY_DEVICE && s->ops->run(s, 0, 2) == HBY_DEVICE && s->ops->finish(s) == HBY_DEVICE;
        s->ops->destroy(&s);
        hby_cl_backend_destroy(&be);
        leave(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    run_and_compare(&f, s, 2);
    s->ops->destroy(&s);
    hby_cl_backend_destroy(&be);
}

/* A wait that is over before the device is: the call returns in time, the output is untouched, and destroy neither waits nor frees. In a child, for what it
 * leaves running. */
static void hung_device_is_given_up(void **state)
{
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        struct hby_backend *be;
        struct hby_session *s;
        static struct fixture f; /* a hung session may still read the plan */
        static unsigned char out[COUNT];
        if (hby_cl_backend_create(&any_device, &be, NULL))
            _exit(2);
        make_plan(&f);
        if (be->ops->create(be, &f.plan, &s, NULL))
            _exit(3);
        struct hby_cl_session *cl_session = (struct hby_cl_session *)s;
        cl_int err;
        cl_event never = hby_cl_state_of(be)->cl->clCreateUserEvent(hby_cl_state_of(be)->ctx, &err);
        if (!never || hby_cl_state_of(be)->cl->clEnqueueMarkerWithWaitList(cl_session->queue, 1, &never, NULL))
            _exit(4);
        hby_cl_state_of(be)->wait_limit_ms = 200;
        unsigned char in[COUNT] = {1, 2, 3};
        if (s->ops->upload(s, 0, in, COUNT) || s->ops->run(s, 0, 2) || s->ops->download(s, 2, out, COUNT))
            _exit(5);
        if (s->ops->finish(s) != HBY_DEVICE || out[0] || s->ops->run(s, 0, 1) != HBY_DEVICE)
            _exit(6);
        s->ops->destroy(&s);
        hby_cl_backend_destroy(&be);
        leave(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hung_device_is_given_up), /* first: it forks before the driver has threads */
        cmocka_unit_test(choice_by_every_key),
        cmocka_unit_test(order_and_duplicates),
        cmocka_unit_test(host_features_agree),
        cmocka_unit_test(list_is_in_order),
        cmocka_unit_test(no_such_device_is_an_answer),
        cmocka_unit_test(features_can_be_masked),
        cmocka_unit_test(unknown_features_are_named),
        cmocka_unit_test(plan_runs),
        cmocka_unit_test(wrong_rules_are_refused),
        cmocka_unit_test(arguments_are_counted),
        cmocka_unit_test(denied_rows_are_not_taken),
        cmocka_unit_test(threads_share_a_backend),
        cmocka_unit_test(fork_is_refused),
    };
    const pid_t child = fork(); /* asks in a child, for the same reason */
    if (child == 0)
        _exit(without_device());
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 1;
    if (WEXITSTATUS(status))
        return WEXITSTATUS(status);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
