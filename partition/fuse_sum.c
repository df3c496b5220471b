/* Convolutions with the sum behind them: y = f(conv(x)) + z, the residual connections of most networks. */
#include "partition/fuse.h"

static bool writes(const struct hby_plan *p, const struct hby_step *s, int root)
{
    for (int i = 0; i < s->n_out; i++)
        if (hby_plan_root(p, s->out[i]) == root)
            return true;
    return false;
}

static int reads(const struct hby_plan *p, const struct hby_step *s, int root)
{
    int n = 0;
    for (int i = 0; i < s->n_in; i++)
        n += s->in[i] >= 0 && hby_plan_root(p, s->in[i]) == root;
    return n;
}

/* Does step `writer` alone make the tensor, and `reader` alone need it, once? */
static bool passes_between(const struct hby_plan *p, int writer, int reader, int root)
{
    if (hby_plan_is_border(p, root) || p->graph->tensor[root].is_variable || p->graph->tensor[root].data)
        return false;
    for (int k = 0; k < p->n_steps; k++)
        if (writes(p, &p->step[k], root) != (k == writer) || reads(p, &p->step[k], root) != (k == reader))
            return false;
    return true;
}

static bool is_flat_sum(const struct hby_plan *p, const struct hby_step *s)
{
    return s->nest == HBY_NEST_binary && s->args.binary.fn == HBY_FN_ADD && s->args.binary.flat && s->n_in == 2 && s->n_out == 1 && s->in[0] >= 0 &&
           s->in[1] >= 0 && hby_tensor_count(&p->graph->tensor[s->out[0]]) == s->args.binary.count;
}

bool hby_fuse_is_sum(const struct hby_plan *plan, int first, int second, int *other)
{
    const struct hby_step *conv = &plan->step[first], *sum = &plan->step[second];
    if (conv->nest != HBY_NEST_conv || conv->n_out != 1 || !is_flat_sum(plan, sum))
        return false;
    const int root = hby_plan_root(plan, conv->out[0]), a = hby_plan_root(plan, sum->in[0]);
    if (!passes_between(plan, first, second, root) || hby_tensor_count(&plan->graph->tensor[conv->out[0]]) != sum->args.binary.count)
        return false;
    *other = sum->in[a == root];
    return true;
}

/* The last step before `step` that writes the root, or -1. */
static int writer_of(const struct hby_plan *p, int step, int root)
{
    while (--step >= 0 && !writes(p, &p->step[step], root)) {
    }
    return step;
}

static void move_step(struct hby_plan *p, int from, int to)
{
    const struct hby_step s = p->step[from];
    for (; from > to; from--)
        p->step[from] = p->step[from - 1];
    for (; from < to; from++)
        p->step[from] = p->step[from + 1];
    p->step[to] = s;
}

/* Would the tensors that the convolution reads have to be kept until `until` for it alone, and are they larger than what it makes? Then they keep more memory
 * busy than its result. Those that do not change before `until` only: all but variables. */
static bool may_wait(const struct hby_plan *p, int conv, int until)
{
    const struct hby_step *s = &p->step[conv];
    size_t kept = 0;
    for (int i = 0; i < s->n_in; i++) {
        const int root = s->in[i] < 0 ? -1 : hby_plan_root(p, s->in[i]);
        if (root < 0 || p->graph->tensor[root].data)
            continue;
        bool later = hby_plan_is_border(p, root);
        for (int k = until; k < p->n_steps && !later; k++)
            later = reads(p, &p->step[k], root) > 0;
        for (int k = conv + 1; k < until; k++)
            if (writes(p, &p->step[k], root))
                return false;
        if (p->graph->tensor[root].is_variable)
            return false;
        kept += later ? 0 : hby_plan_bytes(p, root);
    }
    return kept <= hby_plan_bytes(p, s->out[0]);
}

void hby_fuse_order(struct hby_plan *plan)
{
    for (int k = 0; k < plan->n_steps; k++) {
        const struct hby_step *s = &plan->step[k];
        int other;
        if (!is_flat_sum(plan, s))
            continue;
        const int a = writer_of(plan, k, hby_plan_root(plan, s->in[0])), b = writer_of(plan, k, hby_plan_root(plan, s->in[1]));
        const int late = a > b ? a : b, early = a > b ? b : a;
        if (late >= 0 && hby_fuse_is_sum(plan, late, k, &other))
            move_step(plan, k, late + 1);
        else if (early >= 0 && hby_fuse_is_sum(plan, early, k, &other) && may_wait(plan, early, k))
            move_step(plan, early, k - 1);
    }
}

bool hby_fuse_is_inner(const struct hby_plan *plan, int tensor)
{
    int first = -1, seen = -1;
    if (!plan->span || !plan->where || hby_plan_is_border(plan, tensor))
        return false;
    for (int k = 0; k < plan->n_steps; k++) {
        if (plan->span[k] > 0)
            first = k;
        if (!writes(plan, &plan->step[k], tensor) && !reads(plan, &plan->step[k], tensor))
            continue;
        if (seen >= 0 && seen != first)
            return false;
        seen = first;
    }
    return seen >= 0 && plan->span[seen] > 1 && plan->where[seen] == HBY_ON_DEVICE;
}
