/* One layer on the device: planned as the delegate would plan it, bound by a session, launched through its vtable. */
#include <stdlib.h>
#include <string.h>

#include "bench/roofline/roofline.h"
#include "host_ref/ref.h"
#include "kernels_cl/cl_state.h"

/* The steps that came from the layer's node. */
static void find_steps(struct roof_subject *s)
{
    s->first = s->count = 0;
    for (int k = 0; k < s->plan->n_steps; k++) {
        if (s->plan->step[k].node < 0)
            continue;
        if (s->count == 0)
            s->first = k;
        s->count = k - s->first + 1;
    }
}

/* Each tensor that the steps touch, once. */
static enum hby_status count_bytes(struct roof_subject *s, struct hby_reason *why)
{
    bool *seen = calloc((size_t)s->plan->graph->n_tensors + 1, sizeof *seen);
    if (!seen)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int k = s->first; k < s->first + s->count; k++) {
        const struct hby_step *step = &s->plan->step[k];
        for (int i = 0; i < step->n_in + step->n_out; i++) {
            const int id = i < step->n_in ? step->in[i] : step->out[i - step->n_in];
            if (id < 0 || seen[id])
                continue;
            seen[id] = true;
            s->bytes += (double)hby_plan_bytes(s->plan, id);
        }
    }
    free(seen);
    return HBY_OK;
}

/* Ordinary values to the run-time inputs: integers all over their range, floats below 6. */
static enum hby_status upload(struct roof_subject *s, struct hby_reason *why)
{
    uint32_t seed = 7;
    enum hby_status st = HBY_OK;
    for (int i = 0; i < s->plan->graph->n_inputs && !st; i++) {
        const int id = s->plan->graph->input[i];
        const size_t bytes = hby_plan_bytes(s->plan, id);
        unsigned char *data = malloc(bytes + sizeof(float));
        if (!data)
            return hby_say(HBY_NO_MEMORY, why, "out of memory");
        for (size_t at = 0; at < bytes; at += sizeof(float)) {
            seed = seed * 1664525u + 1013904223u;
            const float f = (float)(seed >> 8) / 16777216.0f * 6.0f;
            if (s->plan->storage[id] == HBY_F32)
                memcpy(data + at, &f, sizeof f);
            else
                memcpy(data + at, &seed, sizeof seed);
        }
        st = s->session->ops->upload(s->session, id, data, bytes);
        if (!st)
            st = s->session->ops->finish(s->session);
        free(data);
    }
    return st ? hby_say(st, why, "the inputs cannot be uploaded") : HBY_OK;
}

enum hby_status roof_subject_open(struct hby_backend *be, const struct roof_layer *l, enum hby_scheme scheme, struct roof_subject *s, struct hby_reason *why)
{
    const bool half = scheme == HBY_SCHEME_f16;
    const struct hby_plan_options opt = {
        .precision = half ? HBY_PRECISION_FAST : HBY_PRECISION_EXACT, .half = half ? HBY_HALF_ON : HBY_HALF_OFF, .host_ref = HBY_HOST_REF_OFF};
    struct hby_answer answer;
    struct hby_graph *g;
    *s = (struct roof_subject){0};
    enum hby_status st = roof_layer_graph(l, scheme, &g, why);
    if (!st)
        st = hby_plan_create(g, &opt, be, hby_host_ref_backend(), &s->plan, why);
    if (st)
        return st;
    const struct hby_verdict *v = &s->plan->verdict[0];
    find_steps(s);
    if (v->where != HBY_ON_DEVICE || s->count == 0)
        st = hby_say(HBY_UNSUPPORTED, why, "%s", *v->reason.text ? v->reason.text : "no kernel");
    else if (v->scheme != scheme || s->plan->step[s->first].scheme != scheme)
        st = hby_say(HBY_UNSUPPORTED, why, "computed as %s", hby_scheme_names[v->scheme]);
    if (!st)
        st = be->ops->query(be, s->plan, s->first, s->plan->n_steps - s->first, &answer, why);
    if (!st) {
        memcpy(s->kernel, answer.kernel, sizeof s->kernel);
        memcpy(s->arithmetic, answer.arithmetic, sizeof s->arithmetic);
        st = be->ops->create(be, s->plan, &s->session, why);
    }
    if (!st)
        st = count_bytes(s, why);
    if (!st)
        st = upload(s, why);
    if (!st && (s->session->ops->run(s->session, 0, s->plan->n_steps) || s->session->ops->finish(s->session)))
        st = hby_say(HBY_DEVICE, why, "the first run failed");
    if (st)
        roof_subject_close(s);
    return st;
}

enum hby_status roof_subject_run(struct roof_subject *s, int calls, double *us, struct hby_reason *why)
{
    enum hby_status st = HBY_OK;
    const int64_t start = hby_cl_now_ns();
    for (int i = 0; i < calls && !st; i++)
        st = s->session->ops->run(s->session, s->first, s->count);
    if (!st)
        st = s->session->ops->finish(s->session);
    *us = (double)(hby_cl_now_ns() - start) * 1e-3 / calls;
    return st ? hby_say(st, why, "a run failed") : HBY_OK;
}

enum hby_status roof_subject_kernels(struct roof_subject *s, double *us, struct hby_reason *why)
{
    enum { MOST = 64 };
    struct hby_cl_time time[MOST];
    double unused;
    const enum hby_status st = roof_subject_run(s, 1, &unused, why);
    const int n = st ? 0 : hby_cl_session_times(s->session, time, MOST);
    *us = 0;
    for (int i = 0; i < n && i < MOST; i++)
        if (time[i].step >= s->first && time[i].step < s->first + s->count)
            *us += time[i].us;
    return st;
}

void roof_subject_close(struct roof_subject *s)
{
    if (s->session)
        s->session->ops->destroy(&s->session);
    hby_plan_destroy(&s->plan);
}
