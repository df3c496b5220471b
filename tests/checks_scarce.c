/* checks --scarce: the graphs that the checks make, planned, packed and run while memory runs out: one allocation fails, from each place in the library that
 * allocates (by its callers: a lowering that asks for two tables is two places, and so are two kernels that pack their weights). The answer is "out of memory"
 * or the right result; the next run has memory again, and is right. Nothing stays behind. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host_ref/ref.h"
#include "kernels_cl/cl_state.h"
#include "partition/execute.h"
#include "tests/checks.h"
#include "tests/scarce_memory.h"

/* What a life came to: text is empty where all was as it should be. */
static struct hby_reason wrong;

static bool is_about_memory(const struct hby_reason *why)
{
    return strstr(why->text, "memory") != NULL;
}

static bool run_is_right(struct check *c, struct hby_executor *ex, void *const *in, void *const *want, int sum_length)
{
    void *out[16];
    double worst = 0;
    struct hby_reason why = {""};
    const bool was = atomic_exchange(&counting, false);
    for (int i = 0; i < c->g->n_outputs; i++)
        out[i] = check_must(calloc(c->g->tensor[c->g->output[i]].bytes + 1, 1));
    atomic_store(&counting, was);
    const enum hby_status st = hby_executor_run(ex, (const void *const *)in, out, &why);
    atomic_store(&counting, false);
    if (!st && !check_right(c, in[0], want, out, CHECK_RANDOM, sum_length, &worst))
        hby_say(HBY_DEVICE, &wrong, "a result is off by %g", worst);
    if (st && (!was || st != HBY_NO_MEMORY))
        hby_say(st, &wrong, "the run failed: %s", why.text);
    for (int i = 0; i < c->g->n_outputs; i++)
        free(out[i]);
    return !st;
}

/* Starts a life whose n-th allocation fails; 0: none does. */
static void begin_life(long n)
{
    atomic_store(&asked, 0);
    atomic_store(&fail_at, n);
    atomic_store(&counting, true);
}

/* Import's checks, a plan, an executor, a run, the end. The n-th allocation fails. */
static void live(struct check *c, struct hby_backend *device, void *const *in, void *const *want, int sum_length, long n)
{
    struct hby_reason why = {""};
    struct hby_graph *g = NULL;
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    const struct hby_plan_options opt = check_plan_options(c, device != NULL);
    int all[64];
    for (int i = 0; i < c->g->n_nodes && i < 64; i++)
        all[i] = i;
    begin_life(n);
    enum hby_status st = hby_graph_select(c->g, all, c->g->n_nodes, &g);
    if (!st && (st = check_import(g, true, &why)) != HBY_OK)
        hby_graph_destroy(&g);
    if (!st)
        st = hby_plan_create(g, &opt, device, hby_host_ref_backend(), &plan, &why);
    for (int i = 0; !st && i < plan->graph->n_nodes; i++)
        if (plan->verdict[i].where == HBY_ON_RUNTIME && !is_about_memory(&plan->verdict[i].reason))
            hby_say(HBY_UNSUPPORTED, &wrong, "refused: %s", plan->verdict[i].reason.text);
    if (!st && plan->n_nodes_runnable < plan->graph->n_nodes)
        hby_plan_destroy(&plan);
    else if (!st)
        st = hby_executor_create(plan, device, hby_host_ref_backend(), &ex, &why);
    if (ex && !run_is_right(c, ex, in, want, sum_length))
        run_is_right(c, ex, in, want, sum_length);
    atomic_store(&counting, false);
    hby_executor_destroy(&ex);
    if (st && st != HBY_NO_MEMORY && !(st == HBY_UNSUPPORTED && is_about_memory(&why)))
        hby_say(st, &wrong, "refused: %s", why.text[0] ? why.text : "without a reason");
    if (device) { /* the next life meets a device of good repute */
        atomic_store(&hby_cl_state_of(device)->quarantined, false);
        hby_cl_note_success(hby_cl_state_of(device));
    }
}

static void report(struct check *c, const char *where, long n)
{
    fprintf(stderr, "FAIL %s:%s on %s, allocation %ld fails: %s\n", hby_ops[c->op].name, hby_scheme_names[c->scheme], where, n, wrong.text);
    c->failures++;
    wrong.text[0] = 0;
}

void check_scarce(struct check *c, struct hby_backend *device, void *const *in, void *const *want, int sum_length)
{
    const char *where = device ? "the device" : "host_ref";
    live(c, device, in, want, sum_length, 0); /* builds what is kept */
    n_fresh = 0;
    atomic_store(&recording, true);
    live(c, device, in, want, sum_length, 0);
    atomic_store(&recording, false);
    if (wrong.text[0])
        report(c, where, 0);
    for (int i = 0; i < n_fresh; i++) {
        const long before = atomic_load(&n_alive);
        live(c, device, in, want, sum_length, fresh[i]);
        /* a device keeps programs: check_scarce_left; and threads of an earlier life may free what is theirs meanwhile */
        if (!device && atomic_load(&n_alive) > before && !wrong.text[0])
            hby_say(HBY_NO_MEMORY, &wrong, "%ld blocks are left behind", atomic_load(&n_alive) - before);
        if (wrong.text[0])
            report(c, where, fresh[i]);
        c->kernels_run++;
    }
}

long check_overruns(void)
{
    return atomic_load(&n_overrun);
}

long check_scarce_left(void)
{
    for (int i = 0; i < 2000 && atomic_load(&n_alive); i++) /* threads that wait end by themselves, and free what is theirs */
        usleep(1000);
    return atomic_load(&n_alive);
}
