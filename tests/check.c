/* The driver of ring 2: `checks [--seed=N] [--list] [--damage=N] [--scarce] [--need=KERNEL,...] [OP[:SCHEME]...]`; --need fails where one of
 * these rows of kernels.def never ran. Exit 0 all equal, 1 a difference, 77 no device (a failure under HBY_REQUIRE_DEVICE=1). */
#include "tests/checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_ref/ref.h"
#include "kernels_cl/device.h"
#include "kernels_cl/kernel.h"
#include "partition/execute.h"
#include "tests/need_device.h"

enum { MAX_BACKENDS = 32, GUARD = 64 };

/* What the device said last of a row that fits a step and yet cannot be launched: a kernel that does not build, arguments that are not its own. */
static struct hby_reason broken;

/* A row that asks for more than the device has ("the device allocates ... at most") rightly gives way to the next. */
static void note_broken(void *ctx, int level, const char *text)
{
    int at = 0;
    (void)ctx;
    (void)level;
    sscanf(text, "step %*d: %n", &at);
    if (at && (strstr(text, "does not build") || !strstr(text, "the device ")))
        snprintf(broken.text, sizeof broken.text, "%s", text + at);
}

/* One backend per set of denied kernels, made on first use. */
static struct {
    char deny[512];
    struct hby_backend *be;
} backends[MAX_BACKENDS];
static int n_backends;

/* Which sees for itself what leaves a buffer: buffers without bands, see checks_oclgrind.c. */
static bool inside_oclgrind(void)
{
    return getenv("HBY_CHECK_OCLGRIND") != NULL;
}

/* A number from the environment; 0 where there is none. */
static long env_number(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static struct hby_backend *backend_denying(const char *deny, struct hby_reason *why)
{
    for (int i = 0; i < n_backends; i++)
        if (!strcmp(backends[i].deny, deny))
            return backends[i].be;
    if (n_backends == MAX_BACKENDS || strlen(deny) >= sizeof backends[0].deny)
        return NULL;
    const char *id = getenv("HBY_CHECK_DEVICE_ID");
    struct hby_cl_options opt = {.choice = {.device_id = id ? atoi(id) : -1, .device = getenv("HBY_CHECK_DEVICE"), .device_type = -1},
                                 .deny_kernels = deny,
                                 .chain = HBY_CL_CHAIN_ALWAYS,
                                 .guard_arena = !inside_oclgrind(),
                                 .log = note_broken};
    struct hby_backend *be = NULL;
    if (hby_cl_backend_create(&opt, &be, why))
        return NULL;
    strcpy(backends[n_backends].deny, deny);
    backends[n_backends++].be = be;
    return be;
}

static int damage;              /* --damage */
static bool scarce;             /* --scarce */
static const char *needed = ""; /* --need */
static char ran[4096];          /* rows of kernels.def, each between commas */

static bool has_run(const char *row, size_t n)
{
    for (const char *at = ran; (at = strchr(at, ',')); at++)
        if (!strncmp(at + 1, row, n) && at[1 + n] == ',')
            return true;
    return false;
}

static void note_ran(const char *row)
{
    const size_t used = strlen(ran);
    if (!has_run(row, strlen(row)))
        snprintf(ran + used, sizeof ran - used, "%s%s,", used ? "" : ",", row);
}

/* ---- running ---- */

/* Where running is slow: no case of more work (HBY_CHECK_WORK, in products; an eighth as many elements), and no kernel in more cases than that for an
 * operator in a scheme (HBY_CHECK_EACH). */
static bool too_much_work(const struct check *c, int sum_length)
{
    const long limit = env_number("HBY_CHECK_WORK");
    double out = 0, all = 0;
    for (int i = 0; i < c->g->n_outputs; i++)
        out += (double)hby_tensor_count(&c->g->tensor[c->g->output[i]]);
    for (int i = 0; i < c->g->n_tensors; i++)
        all += (double)hby_tensor_count(&c->g->tensor[i]);
    return limit > 0 && fmax(out * sum_length, 8 * all) > (double)limit;
}

static bool had_its_share(struct check *c, const char *kernel)
{
    const long each = env_number("HBY_CHECK_EACH");
    for (int i = 0; i < c->n_rows; i++)
        if (!strcmp(c->row[i].name, kernel))
            return each > 0 && c->row[i].runs++ >= each;
    if (c->n_rows < (int)(sizeof c->row / sizeof *c->row)) {
        snprintf(c->row[c->n_rows].name, sizeof c->row->name, "%s", kernel);
        c->row[c->n_rows++].runs = 1;
    }
    return false;
}

struct hby_plan_options check_plan_options(const struct check *c, bool on_device)
{
    /* mostly the reference's rounding; the other paths' in two cases of five */
    static const enum hby_rounding rounding[] = {HBY_ROUNDING_REF, HBY_ROUNDING_REF, HBY_ROUNDING_RUY, HBY_ROUNDING_REF, HBY_ROUNDING_SINGLE};
    return (struct hby_plan_options){.rounding = rounding[c->cases % 5],
                                     .precision = c->scheme == HBY_SCHEME_f16 ? HBY_PRECISION_FAST : HBY_PRECISION_EXACT,
                                     .host_ref = on_device ? HBY_HOST_REF_AUTO : HBY_HOST_REF_ONLY};
}

static struct hby_plan *plan_copy(struct check *c, struct hby_backend *device, struct hby_reason *why)
{
    int *all = check_must(malloc(sizeof(int) * (size_t)c->g->n_nodes));
    for (int i = 0; i < c->g->n_nodes; i++)
        all[i] = i;
    struct hby_graph *g = NULL;
    if (hby_graph_select(c->g, all, c->g->n_nodes, &g))
        check_die("hby_graph_select failed");
    free(all);
    const struct hby_plan_options opt = check_plan_options(c, device != NULL);
    struct hby_plan *plan = NULL;
    if (hby_plan_create(g, &opt, device, hby_host_ref_backend(), &plan, why))
        return NULL;
    return plan;
}

static void describe(struct check *c, const char *kernel, int run, double worst, const char *what)
{
    fprintf(stderr, "FAIL %s:%s case %ld run %d kernel %s: %s (%g)\n", hby_ops[c->op].name, hby_scheme_names[c->scheme], c->cases, run, kernel, what, worst);
    for (int i = 0; i < c->g->n_tensors; i++) {
        const struct hby_tensor *t = &c->g->tensor[i];
        fprintf(stderr, "  tensor %d %s%s [", i, hby_type_name(t->type), t->data ? " const" : "");
        for (int d = 0; d < t->rank; d++)
            fprintf(stderr, "%s%d", d ? "," : "", t->dim[d]);
        if (t->quant.count)
            fprintf(stderr, "] scale %g zero point %d x%d\n", (double)t->quant.scale[0], t->quant.zero_point[0], t->quant.count);
        else
            fprintf(stderr, "]\n");
    }
}

struct buffers {
    void *in[CHECK_RUNS][16], *out[CHECK_RUNS][16];
};

/* HBY_DEVICE where a byte beside an output is not what it was. */
static enum hby_status run_once(struct check *c, struct hby_executor *ex, struct buffers *b, int r, struct hby_reason *why)
{
    void *out[16];
    for (int i = 0; i < c->g->n_outputs; i++) {
        const size_t bytes = c->g->tensor[c->g->output[i]].bytes;
        uint8_t *p = check_must(malloc(bytes + 2 * GUARD));
        memset(p, 0xa5, bytes + 2 * GUARD);
        b->out[r][i] = p;
        out[i] = p + GUARD;
    }
    const enum hby_status st = hby_executor_run(ex, (const void *const *)b->in[r], out, why);
    for (int i = 0; i < c->g->n_outputs && !st; i++) {
        const uint8_t *p = b->out[r][i];
        const size_t bytes = c->g->tensor[c->g->output[i]].bytes;
        for (int k = 0; k < GUARD; k++)
            if (p[k] != 0xa5 || p[GUARD + bytes + (size_t)k] != 0xa5)
                return hby_say(HBY_DEVICE, why, "a guard byte beside output %d was overwritten", i);
    }
    return st;
}

/* Runs the plan (which it takes) on all inputs. */
static bool run_plan(struct check *c, struct hby_plan *plan, struct hby_backend *device, struct buffers *b, struct hby_reason *why, long *faults)
{
    struct hby_executor *ex = NULL;
    if (hby_executor_create(plan, device, hby_host_ref_backend(), &ex, why))
        return false;
    bool ok = true;
    for (int r = 0; r < CHECK_RUNS && ok; r++)
        ok = !run_once(c, ex, b, r, why);
    *faults = hby_executor_stats(ex)->device_failures;
    if (*faults)
        *why = hby_executor_stats(ex)->last_failure;
    hby_executor_destroy(&ex);
    return ok;
}

enum hby_status check_run_host(struct check *c, struct hby_reason *why)
{
    struct buffers b = {0};
    struct hby_executor *ex = NULL;
    struct hby_plan *plan = plan_copy(c, NULL, why);
    if (!plan)
        return HBY_BAD_MODEL;
    for (int i = 0; i < plan->graph->n_nodes; i++)
        if (plan->verdict[i].where == HBY_ON_RUNTIME) {
            *why = plan->verdict[i].reason;
            hby_plan_destroy(&plan);
            return HBY_UNSUPPORTED;
        }
    enum hby_status st = hby_executor_create(plan, NULL, hby_host_ref_backend(), &ex, why);
    if (st)
        return st;
    for (int i = 0; i < c->g->n_inputs; i++) {
        const struct hby_tensor *t = &c->g->tensor[c->g->input[i]];
        b.in[0][i] = check_must(malloc(t->bytes + 1));
        check_fill(c, t, b.in[0][i], CHECK_RANDOM);
    }
    st = run_once(c, ex, &b, 0, why);
    hby_executor_destroy(&ex);
    for (int i = 0; i < c->g->n_inputs; i++)
        free(b.in[0][i]);
    for (int i = 0; i < c->g->n_outputs; i++)
        free(b.out[0][i]);
    return st;
}

static void free_outputs(struct buffers *b, int n)
{
    for (int r = 0; r < CHECK_RUNS; r++)
        for (int i = 0; i < n; i++) {
            free(b->out[r][i]);
            b->out[r][i] = NULL;
        }
}

void check_forget(struct check *c)
{
    hby_graph_destroy(&c->g);
    c->n_ranges = 0;
    c->least_span = 0;
    c->constant_bound = 0;
    c->plain = c->may_stay = false;
}

/* The node's own step; -1 where it has none. */
static int own_step(const struct check *c, const struct hby_plan *plan)
{
    for (int s = 0; s < plan->n_steps; s++)
        if (plan->step[s].node >= 0 && plan->step[s].op == c->op)
            return s;
    return -1;
}

/* The row that took the node's step under the scheme, or NULL: a node that finds no row in half is planned again in float. */
static const char *row_of(struct check *c, struct hby_plan *plan, enum hby_scheme scheme, struct hby_backend *be, struct hby_reason *why)
{
    static struct hby_answer answer;
    const int s = own_step(c, plan);
    if (s < 0 || plan->where[s] != HBY_ON_DEVICE || plan->step[s].scheme != scheme)
        return NULL;
    return be->ops->query(be, plan, s, plan->n_steps - s, &answer, why) ? NULL : answer.kernel;
}

void check_plain(struct check *c)
{
    c->plain = true;
}

void check_may_stay(struct check *c)
{
    c->may_stay = true;
}

/* In place of run_row and host_ref's own run: the first run's inputs, while memory is scarce. */
static void run_scarce(struct check *c, struct hby_backend *be, const struct buffers *want, int sum_length)
{
    void *wanted[16];
    for (int i = 0; i < c->g->n_outputs; i++)
        wanted[i] = (uint8_t *)want->out[0][i] + GUARD;
    check_scarce(c, be, want->in[0], wanted, sum_length);
}

/* Runs the plan (which it takes), whose node `name` is to run, on the device, and compares with what host_ref gave. */
static void run_row(struct check *c, const char *name, struct hby_plan *plan, struct hby_backend *be, const struct buffers *want, int sum_length)
{
    struct buffers got = {0};
    struct hby_reason why = {""};
    long faults = 0;
    memcpy(got.in, want->in, sizeof got.in);
    bool right = run_plan(c, plan, be, &got, &why, &faults) && !faults;
    if (!right)
        describe(c, name, 0, 0, why.text);
    for (int r = 0; r < CHECK_RUNS && right; r++) {
        double worst = 0;
        void *wanted[16], *given[16];
        for (int i = 0; i < c->g->n_outputs; i++) {
            wanted[i] = (uint8_t *)want->out[r][i] + GUARD;
            given[i] = (uint8_t *)got.out[r][i] + GUARD;
        }
        right = check_right(c, want->in[r][0], wanted, given, r, sum_length, &worst);
        if (!right)
            describe(c, name, r, worst, check_where());
    }
    c->failures += !right;
    c->kernels_run++;
    note_ran(name);
    free_outputs(&got, c->g->n_outputs);
}

void check_run(struct check *c, int sum_length)
{
    struct buffers want = {0};
    struct hby_reason why = {""};
    if (damage > 0) {
        check_damage(c, damage);
        check_forget(c);
        return;
    }
    if (too_much_work(c, sum_length)) {
        check_forget(c);
        return;
    }
    c->cases++;
    const bool plain = c->plain || c->scheme == HBY_SCHEME_f32w8; /* the bytes that a row with a NaN becomes are nobody's promise */
    for (int r = 0; r < CHECK_RUNS; r++)
        for (int i = 0; i < c->g->n_inputs; i++) {
            const struct hby_tensor *t = &c->g->tensor[c->g->input[i]];
            want.in[r][i] = check_must(malloc(t->bytes + 1));
            check_fill(c, t, want.in[r][i], r == CHECK_ODD && plain ? CHECK_RANDOM : (enum check_values)r);
        }
    long faults = 0;
    struct hby_plan *plan = plan_copy(c, NULL, &why);
    const bool lowered = plan && plan->n_nodes_runnable == c->g->n_nodes;
    if (plan && !lowered)
        for (int i = 0; i < plan->graph->n_nodes; i++)
            if (plan->verdict[i].where == HBY_ON_RUNTIME)
                why = plan->verdict[i].reason;
    const int own = lowered ? own_step(c, plan) : -1;
    const enum hby_scheme scheme = own >= 0 ? plan->step[own].scheme : c->scheme;
    c->other_scheme += scheme != c->scheme;
    if (!lowered || !run_plan(c, plan, NULL, &want, &why, &faults)) {
        describe(c, "host_ref", 0, 0, why.text);
        c->failures++;
        if (!lowered)
            hby_plan_destroy(&plan);
        goto done;
    }
    if (scarce)
        run_scarce(c, NULL, &want, sum_length);
    char deny[512] = "", left[sizeof why.text] = "";
    int rows = 0;
    for (;; rows++) {
        struct hby_backend *be = backend_denying(deny, &why);
        if (!be)
            break;
        broken.text[0] = 0;
        plan = plan_copy(c, be, &why);
        const char *row = plan ? row_of(c, plan, scheme, be, &why) : NULL;
        if (broken.text[0]) {
            describe(c, "of a row that fits", 0, 0, broken.text);
            c->failures++;
        }
        if (!row) {
            for (int i = 0; plan && i < plan->graph->n_nodes; i++)
                snprintf(left, sizeof left, "%s", plan->verdict[i].reason.text);
            hby_plan_destroy(&plan);
            break;
        }
        char name[48];
        snprintf(name, sizeof name, "%s", row);
        if (scarce || had_its_share(c, name))
            hby_plan_destroy(&plan);
        if (scarce)
            run_scarce(c, be, &want, sum_length);
        else if (plan)
            run_row(c, name, plan, be, &want, sum_length);
        if (strlen(deny) + strlen(name) + 2 > sizeof deny)
            break;
        if (deny[0])
            strcat(deny, ",");
        strcat(deny, name);
    }
    if (!rows)
        c->host_only++;
    if (!rows && own >= 0 && !c->may_stay && c->scheme != HBY_SCHEME_f16) { /* what moves halves may be planned again in float */
        describe(c, "of any row", 0, 0, left[0] ? left : "no kernel takes it");
        c->failures++;
    }
done:
    free_outputs(&want, c->g->n_outputs);
    for (int r = 0; r < CHECK_RUNS; r++)
        for (int i = 0; i < c->g->n_inputs; i++)
            free(want.in[r][i]);
    check_forget(c);
}

void check_refused(struct check *c, const char *word)
{
    struct hby_reason why = {""};
    c->cases++;
    struct hby_plan *plan = plan_copy(c, NULL, &why);
    bool refused = !plan;
    for (int i = 0; plan && i < plan->graph->n_nodes; i++)
        if (plan->verdict[i].where == HBY_ON_RUNTIME) {
            refused = true;
            why = plan->verdict[i].reason;
        }
    if (!refused || !strstr(why.text, word)) {
        describe(c, "lowering", 0, 0, refused ? why.text : "was not refused");
        fprintf(stderr, "  the reason should contain \"%s\"\n", word);
        c->failures++;
    }
    hby_plan_destroy(&plan);
    check_forget(c);
}

/* ---- main ---- */

static const struct {
    const char *op;
    enum hby_op id;
    void (*fn)(struct check *, enum hby_scheme);
} checks[] = {
#define HBY_OP(name, builtin, version, import, lower) {#name, HBY_OP_##name, hby_check_##name},
#include "partition/ops.def"
#undef HBY_OP
};

static const struct {
    enum hby_op op;
    enum hby_scheme scheme;
} pairs[] = {
#define HBY_REF(op, scheme, function) {HBY_OP_##op, HBY_SCHEME_##scheme},
#include "partition/refs.def"
#undef HBY_REF
};

/* Is OP or OP:SCHEME this one? */
static bool names(const char *arg, const char *op, const char *scheme)
{
    const size_t n = strcspn(arg, ":");
    return strlen(op) == n && !strncmp(op, arg, n) && (!arg[n] || !strcmp(arg + n + 1, scheme));
}

static bool wanted(int argc, char **argv, const char *op, const char *scheme)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--", 2))
            continue;
        any = true;
        if (names(argv[i], op, scheme))
            return true;
    }
    return !any;
}

/* Is there anything that OP or OP:SCHEME names? */
static bool known(const char *arg)
{
    for (size_t k = 0; k < sizeof checks / sizeof *checks; k++) {
        if (names(arg, checks[k].op, hby_scheme_names[HBY_SCHEME_f32]))
            return true;
        for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++)
            if (checks[k].id == pairs[p].op && names(arg, checks[k].op, hby_scheme_names[pairs[p].scheme]))
                return true;
    }
    return false;
}

struct totals {
    long failures, kernels, cases, host_only;
};

/* One operator under one scheme. */
static void run_check(size_t k, enum hby_scheme scheme, uint64_t seed, struct totals *sum)
{
    struct check c = {.state = seed, .op = checks[k].id, .scheme = scheme};
    checks[k].fn(&c, scheme);
    if (damage > 0)
        printf("%-26s %-6s %4ld damaged, %ld refused, %ld ran on host_ref, %ld failed\n", checks[k].op, hby_scheme_names[scheme], c.cases, c.refused,
               c.host_only, c.failures);
    else
        printf("%-26s %-6s %4ld cases, %4ld kernel runs, %ld host_ref only, %ld in another scheme, %ld failed\n", checks[k].op, hby_scheme_names[scheme],
               c.cases, c.kernels_run, c.host_only, c.other_scheme, c.failures);
    fflush(stdout);
    sum->failures += c.failures + (c.cases == 0);
    if (!c.cases)
        fprintf(stderr, "FAIL %s:%s checks nothing\n", checks[k].op, hby_scheme_names[scheme]);
    sum->kernels += c.kernels_run;
    sum->cases += c.cases;
    sum->host_only += c.host_only;
}

int main(int argc, char **argv)
{
    uint64_t seed = 20261121;
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--seed=", 7)) {
            char *end;
            seed = strtoull(argv[i] + 7, &end, 0);
            if (end == argv[i] + 7 || *end) {
                fprintf(stderr, "%s: a number is needed\n", argv[i]);
                return 1;
            }
        } else if (!strncmp(argv[i], "--damage=", 9)) {
            damage = atoi(argv[i] + 9);
            if (damage < 1) {
                fprintf(stderr, "%s: a number from 1 on is needed\n", argv[i]);
                return 1;
            }
        } else if (!strcmp(argv[i], "--scarce")) {
            scarce = true;
        } else if (!strncmp(argv[i], "--need=", 7)) {
            needed = argv[i] + 7;
        } else if (!strcmp(argv[i], "--list")) {
            for (size_t k = 0; k < sizeof checks / sizeof *checks; k++)
                puts(checks[k].op);
            return 0;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "usage: checks [--seed=N] [--list] [--damage=N] [--scarce] [--need=KERNEL,...] [OP[:SCHEME]...]\n");
            return 1;
        } else if (!known(argv[i])) {
            fprintf(stderr, "%s is no operator of --list, or has no such scheme\n", argv[i]);
            return 1;
        }
    }
    struct hby_reason why = {""};
    if (inside_oclgrind())
        check_suit_oclgrind();
    struct hby_backend *be = damage > 0 ? NULL : backend_denying("", &why);
    if (!be && damage == 0)
        return no_device(&why);
    const struct hby_cl_info *info = be ? hby_cl_backend_info(be) : NULL;
    printf("device: %s / %s; seed %llu\n", info ? info->platform : "none", info ? info->name : "", (unsigned long long)seed);
    struct totals sum = {0};
    for (size_t k = 0; k < sizeof checks / sizeof *checks; k++) {
        bool has_pair = false;
        for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
            has_pair = has_pair || checks[k].id == pairs[p].op;
            if (checks[k].id == pairs[p].op && wanted(argc, argv, checks[k].op, hby_scheme_names[pairs[p].scheme]))
                run_check(k, pairs[p].scheme, seed + p, &sum);
        }
        if (!has_pair && wanted(argc, argv, checks[k].op, hby_scheme_names[HBY_SCHEME_f32])) /* folded operators have no function */
            run_check(k, HBY_SCHEME_f32, seed, &sum);
    }
    for (int i = 0; i < n_backends; i++)
        hby_cl_backend_destroy(&backends[i].be);
    sum.failures += check_overruns();
    if (scarce && check_scarce_left()) {
        fprintf(stderr, "FAIL %ld blocks are left behind after failed allocations\n", check_scarce_left());
        sum.failures++;
    }
    for (const char *at = needed; *at;) {
        const size_t n = strcspn(at, ",");
        if (!has_run(at, n)) {
            fprintf(stderr, "FAIL %.*s never ran\n", (int)n, at);
            sum.failures++;
        }
        at += n + (at[n] == ',');
    }
    printf("%ld cases, %ld kernel runs, %ld on host_ref only, %ld failed\n", sum.cases, sum.kernels, sum.host_only, sum.failures);
    return sum.failures || !sum.cases ? 1 : 0;
}
