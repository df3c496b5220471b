/* Runs a grid: one work-group behind the other, of each a warp at a time until it ends or waits at a barrier.
 *
 * The lanes of a warp go their own ways behind a branch. Those that are furthest back run first, until they come to where others wait: so they meet again. What
 * all lanes must do together (a barrier, a product of matrices) lets those wait that come early. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/ptx.h"

/* Epochs are numbered through the process, so that no shadow is ever cleared. */
static uint64_t next_epoch = 1;

static void describe(char *to, size_t room, const struct hby_ptx_warp *w, const struct hby_ptx_insn *i, const char *fmt, va_list ap)
{
    char text[160];
    vsnprintf(text, sizeof text, fmt, ap);
    snprintf(to, room, "%.60s, line %d of its PTX, group %u: %s", w->kernel->name, i->line, w->group->number, text);
}

void hby_ptx_fail(struct hby_ptx_warp *w, const struct hby_ptx_insn *i, const char *fmt, ...)
{
    struct hby_ptx_launch *l = w->group->launch;
    va_list ap;
    w->limit = -1; /* leaves the loop below */
    if (w->group->failed)
        return;
    w->group->failed = true;
    va_start(ap, fmt);
    describe(l->fault, sizeof l->fault, w, i, fmt, ap);
    va_end(ap);
}

void hby_ptx_warn(struct hby_ptx_warp *w, const struct hby_ptx_insn *i, const char *fmt, ...)
{
    struct hby_ptx_launch *l = w->group->launch;
    va_list ap;
    if (l->warning[0])
        return;
    va_start(ap, fmt);
    describe(l->warning, sizeof l->warning, w, i, fmt, ap);
    va_end(ap);
}

/* The lanes that are furthest back, and where the next ones wait. */
static int32_t pick(struct hby_ptx_warp *w, uint32_t *lanes)
{
    const uint32_t ready = w->live & ~w->parked;
    int32_t first = INT32_MAX;
    *lanes = 0;
    w->limit = INT32_MAX;
    for (int l = 0; l < HBY_PTX_LANES; l++)
        if (ready >> l & 1 && w->pc[l] < first)
            first = w->pc[l];
    for (int l = 0; l < HBY_PTX_LANES; l++) {
        if (!(ready >> l & 1))
            continue;
        if (w->pc[l] == first)
            *lanes |= 1u << l;
        else if (w->pc[l] < w->limit)
            w->limit = w->pc[l];
    }
    return first;
}

static void place(struct hby_ptx_warp *w, uint32_t lanes, int32_t pc)
{
    for (int l = 0; l < HBY_PTX_LANES; l++)
        if (lanes >> l & 1)
            w->pc[l] = pc;
}

/* Have all that live come here? Otherwise these wait. */
static bool together(struct hby_ptx_warp *w, uint32_t lanes, int32_t pc)
{
    if (lanes == w->live)
        return true;
    place(w, lanes, pc);
    w->parked |= lanes;
    return false;
}

/* All lanes that live wait: at the same instruction? Then they go on from there as one. */
static bool meet(struct hby_ptx_warp *w)
{
    const int first = __builtin_ctz(w->live);
    for (int l = first; l < HBY_PTX_LANES; l++)
        if (w->live >> l & 1 && w->pc[l] != w->pc[first]) {
            hby_ptx_fail(w, &w->kernel->insn[w->pc[first]], "lanes %d and %d of a warp wait for each other at this line and line %d", first, l,
                         w->kernel->insn[w->pc[l]].line);
            return false;
        }
    w->parked = 0;
    return true;
}

/* Runs lanes from pc until they end, part, meet others or wait. Returns true at a barrier that all have reached. */
static bool go(struct hby_ptx_warp *w, uint32_t lanes, int32_t pc)
{
    const struct hby_ptx_insn *const insn = w->kernel->insn;
    long long count = 0;
    bool at_barrier = false;
    for (; pc < w->limit; count++) {
        const struct hby_ptx_insn *i = &insn[pc];
        uint32_t mask = lanes;
        if (i->guard != HBY_PTX_NO_GUARD) {
            const uint32_t bits = *(const uint32_t *)(const void *)(w->bank[i->guard >> 31] + (i->guard & ~HBY_PTX_CONSTANT));
            mask &= i->guard_not ? ~bits : bits;
        }
        if (i->kind == HBY_PTX_PLAIN) {
            w->mask = mask;
            if (mask)
                i->fn(w, i);
            pc++;
        } else if (i->kind == HBY_PTX_BRANCH) {
            if (mask == lanes) {
                pc = i->target;
            } else if (mask) {
                place(w, mask, i->target);
                place(w, lanes & ~mask, pc + 1);
                lanes = 0;
                break;
            } else {
                pc++;
            }
        } else if (i->kind == HBY_PTX_RETURN) {
            w->live &= ~mask;
            lanes &= ~mask;
            pc++;
            if (!lanes)
                break;
        } else if (mask != lanes) {
            hby_ptx_fail(w, i, "what a warp does together is guarded by a predicate");
        } else if (!together(w, lanes, pc)) {
            lanes = 0;
            break;
        } else if (i->kind == HBY_PTX_BARRIER && w->live != w->started) {
            hby_ptx_fail(w, i, "only lanes 0x%x of a warp come to this barrier", w->live);
        } else if (i->kind == HBY_PTX_BARRIER) {
            pc++;
            at_barrier = true;
            break;
        } else if (lanes != HBY_PTX_ALL) {
            hby_ptx_fail(w, i, "only lanes 0x%x of the warp reach a product of matrices", lanes);
        } else {
            w->mask = lanes;
            i->fn(w, i);
            pc++;
        }
    }
    place(w, lanes, pc);
    w->group->launch->insns += count;
    return at_barrier;
}

/* Until the warp ends (true) or waits at a barrier (false). */
static bool run_warp(struct hby_ptx_warp *w)
{
    while (w->live && !w->group->failed) {
        uint32_t lanes;
        if (w->live == w->parked && !meet(w))
            return true;
        const int32_t pc = pick(w, &lanes);
        if (go(w, lanes, pc))
            return false;
    }
    return true;
}

static void start_warp(struct hby_ptx_warp *w, struct hby_ptx_group *g, int number)
{
    const unsigned *items = g->launch->items, count = items[0] * items[1] * items[2], first = (unsigned)number * HBY_PTX_LANES;
    w->group = g;
    w->number = number;
    w->live = w->started = count - first >= HBY_PTX_LANES ? HBY_PTX_ALL : (1u << (count - first)) - 1;
    w->parked = 0;
    w->carry = 0;
    memset(w->pc, 0, sizeof w->pc);
    uint32_t *tid = (uint32_t *)(void *)w->bank[0];
    for (unsigned l = 0; l < HBY_PTX_LANES; l++) {
        const unsigned item = first + l;
        tid[l] = item % items[0];
        tid[HBY_PTX_LANES + l] = item / items[0] % items[1];
        tid[2 * HBY_PTX_LANES + l] = item / items[0] / items[1];
    }
}

static void run_group(struct hby_ptx_group *g, struct hby_ptx_warp *warp, int n)
{
    int32_t barrier;
    g->first_epoch = g->epoch = next_epoch++;
    for (int k = 0; k < n; k++)
        start_warp(&warp[k], g, k);
    do {
        int ended = 0;
        barrier = -1;
        for (int k = 0; k < n && !g->failed; k++) {
            if (run_warp(&warp[k])) {
                ended++;
                continue;
            }
            const int32_t pc = warp[k].pc[__builtin_ctz(warp[k].live)] - 1;
            if (ended || (barrier >= 0 && barrier != pc))
                hby_ptx_fail(&warp[k], &warp[k].kernel->insn[pc], "not all warps of the group come to this barrier");
            barrier = pc;
        }
        if (barrier >= 0 && ended && !g->failed)
            hby_ptx_fail(&warp[0], &warp[0].kernel->insn[barrier], "not all warps of the group come to this barrier");
        g->epoch = next_epoch++;
    } while (barrier >= 0 && !g->failed);
}

static void set_constant(unsigned char *constant, int number, uint32_t value)
{
    uint32_t *lane = (uint32_t *)(void *)(constant + number * HBY_PTX_REGISTER);
    for (int l = 0; l < HBY_PTX_LANES; l++)
        lane[l] = value;
}

static void run_groups(struct hby_ptx_launch *l, struct hby_ptx_group *g, struct hby_ptx_warp *warp, int n_warps, unsigned char *constant)
{
    for (unsigned z = 0; z < l->groups[2]; z++)
        for (unsigned y = 0; y < l->groups[1]; y++)
            for (unsigned x = 0; x < l->groups[0] && !g->failed; x++, g->number++) {
                const unsigned at[3] = {x, y, z};
                for (int d = 0; d < 3; d++)
                    set_constant(constant, HBY_PTX_CTAID + d, at[d]);
                run_group(g, warp, n_warps);
            }
}

bool hby_ptx_run(struct hby_ptx_launch *l)
{
    const struct hby_ptx_kernel *k = l->kernel;
    const int n_warps = (int)((l->items[0] * l->items[1] * l->items[2] + HBY_PTX_LANES - 1) / HBY_PTX_LANES);
    struct hby_ptx_group g = {.launch = l, .launch_epoch = next_epoch};
    struct hby_ptx_warp warp[HBY_PTX_MAX_WARPS];
    unsigned char *constant = aligned_alloc(64, k->constant_bytes), *registers = aligned_alloc(64, (size_t)n_warps * k->register_bytes);
    g.shared = malloc(k->shared_bytes);
    g.local = malloc((size_t)n_warps * HBY_PTX_LANES * k->local_bytes);
    g.shared_shadow = l->watch ? calloc(k->shared_bytes, sizeof *g.shared_shadow) : NULL;
    if (!constant || !registers || !g.shared || !g.local || (l->watch && !g.shared_shadow)) {
        snprintf(l->fault, sizeof l->fault, "%.60s: out of memory", k->name);
        g.failed = true;
    } else { /* no value can be relied upon */
        memset(registers, 0xa5, (size_t)n_warps * k->register_bytes);
        memset(g.shared, 0xa5, k->shared_bytes);
        memset(g.local, 0xa5, (size_t)n_warps * HBY_PTX_LANES * k->local_bytes);
        memcpy(constant, k->constant, k->constant_bytes);
        for (int d = 0; d < 3; d++) {
            set_constant(constant, HBY_PTX_NTID + d, l->items[d]);
            set_constant(constant, HBY_PTX_NCTAID + d, l->groups[d]);
        }
        for (int n = 0; n < n_warps; n++)
            warp[n] = (struct hby_ptx_warp){.bank = {registers + (size_t)n * k->register_bytes, constant}, .kernel = k};
        run_groups(l, &g, warp, n_warps, constant);
    }
    free(constant);
    free(registers);
    free(g.shared);
    free(g.local);
    free(g.shared_shadow);
    return !g.failed;
}
