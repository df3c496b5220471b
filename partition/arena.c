/* Tensor lifetimes -> offsets in one buffer: largest first, each at the lowest offset that is free during its life. */
#include <stdlib.h>

#include "partition/fuse.h"

struct block {
    int tensor, first, last; /* life, in spans, both ends included */
    size_t bytes, offset;
};

static int by_size(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->tensor < y->tensor ? -1 : x->tensor > y->tensor;
}

static int by_offset(const void *a, const void *b)
{
    const struct block *const *x = a, *const *y = b;
    return (*x)->offset < (*y)->offset ? -1 : (*x)->offset > (*y)->offset;
}

static void touch(const struct hby_plan *plan, struct block *life, int tensor, int when)
{
    if (tensor < 0)
        return;
    struct block *b = &life[hby_plan_root(plan, tensor)];
    if (b->first < 0 || when < b->first)
        b->first = when;
    if (when > b->last)
        b->last = when;
}

/* First and last use of every root. A span of fused steps is one moment: its kernel reads and writes all of its tensors at once. */
static void find_lives(const struct hby_plan *plan, struct block *life)
{
    const struct hby_graph *g = plan->graph;
    int when = 0;
    for (int t = 0; t < g->n_tensors; t++)
        life[t] = (struct block){.tensor = t, .first = -1, .last = -1};
    for (int s = 0; s < plan->n_steps; s++) {
        if (s > 0 && (!plan->span || plan->span[s] > 0))
            when++;
        for (int i = 0; i < plan->step[s].n_in; i++)
            touch(plan, life, plan->step[s].in[i], when);
        for (int i = 0; i < plan->step[s].n_out; i++)
            touch(plan, life, plan->step[s].out[i], when);
    }
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < (side ? g->n_outputs : g->n_inputs); i++) {
            touch(plan, life, side ? g->output[i] : g->input[i], 0);
            touch(plan, life, side ? g->output[i] : g->input[i], when);
        }
}

/* Puts b at the lowest offset where nothing of `placed` that lives at the same time is. */
static void place(struct block *b, struct block *const *placed, int n_placed, struct block const **busy)
{
    int n = 0;
    for (int i = 0; i < n_placed; i++)
        if (placed[i]->first <= b->last && b->first <= placed[i]->last)
            busy[n++] = placed[i];
    qsort(busy, (size_t)n, sizeof *busy, by_offset);
    b->offset = 0;
    for (int i = 0; i < n; i++) {
        if (b->offset + b->bytes <= busy[i]->offset)
            break;
        if (busy[i]->offset + busy[i]->bytes > b->offset)
            b->offset = busy[i]->offset + busy[i]->bytes;
    }
}

enum hby_status hby_arena_plan(const struct hby_plan *plan, size_t align, size_t slack, bool fused, size_t *offset, size_t *total)
{
    size_t n_tensors = (size_t)plan->graph->n_tensors;
    struct block *life = calloc(n_tensors + 1, sizeof *life);
    struct block **placed = calloc(n_tensors + 1, sizeof *placed);
    const struct block **busy = calloc(n_tensors + 1, sizeof *busy);
    enum hby_status st = life && placed && busy ? HBY_OK : HBY_NO_MEMORY;
    int n = 0;
    *total = 0;
    if (!st)
        find_lives(plan, life);
    for (size_t t = 0; t < n_tensors && !st; t++) {
        offset[t] = SIZE_MAX;
        if (life[t].first < 0 || plan->graph->tensor[t].data || (fused && hby_fuse_is_inner(plan, (int)t)))
            continue;
        size_t bytes = hby_plan_bytes(plan, (int)t) + slack;
        if (bytes > SIZE_MAX / 4)
            st = HBY_NO_MEMORY;
        else
            bytes = (bytes + !bytes + align - 1) & ~(align - 1);
        life[n] = life[t];
        life[n++].bytes = bytes;
    }
    if (!st) {
        qsort(life, (size_t)n, sizeof *life, by_size);
        for (int i = 0; i < n; i++) {
            place(&life[i], placed, i, busy);
            placed[i] = &life[i];
            offset[life[i].tensor] = life[i].offset;
            if (life[i].offset > SIZE_MAX / 4)
                st = HBY_NO_MEMORY;
            else if (life[i].offset + life[i].bytes > *total)
                *total = life[i].offset + life[i].bytes;
        }
    }
    free(life);
    free(placed);
    free(busy);
    return st;
}
