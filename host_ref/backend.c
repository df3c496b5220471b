/* The backend that always works: each step is one C function. It needs no device, and no memory before its first use. */
#include <stdlib.h>
#include <string.h>

#include "host_ref/ref.h"

enum { HBY_REF_ALIGN = 64 };

struct ref_session {
    struct hby_session base;
    const struct hby_plan *plan;
    size_t total;         /* of the arena */
    size_t *offset;       /* per tensor */
    const void **lent;    /* per root tensor: the caller's bytes, used in place; NULL where the tensor lies in the arena */
    unsigned char *arena; /* allocated at first use */
};

static enum hby_status query(struct hby_backend *be, const struct hby_plan *plan, int first, int limit, struct hby_answer *answer, struct hby_reason *why)
{
    (void)be;
    (void)limit;
    const struct hby_step *s = &plan->step[first];
    if (!hby_ref_function(s->op, s->scheme))
        return hby_say(HBY_UNSUPPORTED, why, "host_ref has no %s for scheme %s", hby_ops[s->op].name, hby_scheme_names[s->scheme]);
    *answer = (struct hby_answer){.count = 1, .arithmetic = "reference", .kernel = "host_ref"};
    return HBY_OK;
}

static void destroy(struct hby_session **session)
{
    if (!session || !*session)
        return;
    struct ref_session *s = (struct ref_session *)*session;
    free(s->offset);
    free(s->lent);
    free(s->arena);
    free(s);
    *session = NULL;
}

static const struct hby_backend_ops ops;

static enum hby_status create(struct hby_backend *be, const struct hby_plan *plan, struct hby_session **out, struct hby_reason *why)
{
    (void)be;
    size_t n = (size_t)plan->graph->n_tensors + 1;
    *out = NULL;
    struct ref_session *s = calloc(1, sizeof *s);
    if (!s)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    s->base.ops = &ops;
    s->plan = plan;
    s->offset = calloc(n, sizeof *s->offset);
    s->lent = calloc(n, sizeof *s->lent);
    enum hby_status st = s->offset && s->lent ? hby_arena_plan(plan, HBY_REF_ALIGN, 0, false, s->offset, &s->total) : HBY_NO_MEMORY;
    struct hby_session *base = &s->base;
    if (st) {
        destroy(&base);
        return hby_say(st, why, "out of memory");
    }
    *out = base;
    return HBY_OK;
}

static bool have_arena(struct ref_session *s)
{
    if (!s->arena)
        s->arena = aligned_alloc(HBY_REF_ALIGN, s->total ? s->total : HBY_REF_ALIGN);
    return s->arena != NULL;
}

static enum hby_status upload(struct hby_session *session, int tensor, const void *host, size_t bytes)
{
    struct ref_session *s = (struct ref_session *)session;
    (void)bytes;
    s->lent[hby_plan_root(s->plan, tensor)] = host;
    return HBY_OK;
}

static void *place_of(const struct ref_session *s, int tensor)
{
    size_t at = s->offset[hby_plan_root(s->plan, tensor)];
    return at == SIZE_MAX ? NULL : s->arena + at;
}

static const void *bytes_of(const struct ref_session *s, int tensor)
{
    int root = hby_plan_root(s->plan, tensor);
    if (s->plan->graph->tensor[root].data)
        return s->plan->graph->tensor[root].data;
    return s->lent[root] ? s->lent[root] : place_of(s, root);
}

static enum hby_status run(struct hby_session *session, int first, int count)
{
    struct ref_session *s = (struct ref_session *)session;
    if (!have_arena(s))
        return HBY_NO_MEMORY;
    for (int k = first; k < first + count; k++) {
        const struct hby_step *step = &s->plan->step[k];
        bool bad_data = false;
        struct hby_ref_call call = {.step = step, .args = &step->args, .bad_data = &bad_data};
        for (int i = 0; i < step->n_in; i++) {
            if (step->in[i] < 0)
                continue;
            call.in[i] = bytes_of(s, step->in[i]);
            call.in_type[i] = s->plan->storage[step->in[i]];
        }
        for (int i = 0; i < step->n_out; i++) {
            int out = hby_plan_root(s->plan, step->out[i]);
            s->lent[out] = NULL; /* what is computed here lies in the arena */
            *(i ? &call.state[i - 1] : &call.out) = place_of(s, out);
        }
        call.out_type = s->plan->storage[step->out[0]];
        hby_ref_function(step->op, step->scheme)(&call);
        if (bad_data)
            return HBY_BAD_DATA;
    }
    return HBY_OK;
}

static enum hby_status download(struct hby_session *session, int tensor, void *host, size_t bytes)
{
    struct ref_session *s = (struct ref_session *)session;
    if (!have_arena(s))
        return HBY_NO_MEMORY;
    if (bytes)
        memcpy(host, bytes_of(s, tensor), bytes);
    return HBY_OK;
}

static enum hby_status finish(struct hby_session *session)
{
    (void)session;
    return HBY_OK;
}

static const struct hby_backend_ops ops = {
    .name = "host_ref",
    .query = query,
    .create = create,
    .upload = upload,
    .run = run,
    .download = download,
    .finish = finish,
    .destroy = destroy,
};

struct hby_backend *hby_host_ref_backend(void)
{
    static struct hby_backend backend = {.ops = &ops};
    return &backend;
}
