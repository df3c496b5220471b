/* A step by itself, set up to be measured. */
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_session.h"

static void fill_random(unsigned char *data, size_t bytes, enum hby_type type)
{
    uint32_t seed = 1;
    const size_t size = type == HBY_F32 ? 4 : type == HBY_F16 ? 2 : 1;
    for (size_t i = 0; i + size <= bytes; i += size) {
        seed = seed * 1664525u + 1013904223u;
        const float v = (float)(seed >> 8) / 8388608.0f - 1.0f;
        const uint16_t h = (uint16_t)((seed >> 16 & 0x8000) | 0x3800 | (seed >> 8 & 0x3ff)); /* [0.5, 1) with a sign */
        const unsigned char b = (unsigned char)(seed >> 24);
        memcpy(data + i, size == 4 ? (const void *)&v : size == 2 ? (const void *)&h : (const void *)&b, size);
    }
}

bool hby_cl_rig_open(const struct hby_cl_site *site, struct hby_cl_rig *r)
{
    r->plan = *site->plan;
    r->step = *site->step;
    r->where = HBY_ON_DEVICE;
    r->plan.n_steps = 1;
    r->plan.step = &r->step;
    r->plan.where = &r->where;
    r->plan.span = NULL;
    r->in_bytes = hby_plan_bytes(&r->plan, r->step.in[0]);
    r->out_bytes = hby_plan_bytes(&r->plan, r->step.out[0]);
    r->in = malloc(r->in_bytes);
    for (int i = 0; i < 2; i++)
        r->out[i] = malloc(r->out_bytes);
    if (!r->in || !r->out[0] || !r->out[1])
        return false;
    fill_random(r->in, r->in_bytes, r->plan.storage[r->step.in[0]]);
    return true;
}

void hby_cl_rig_close(struct hby_cl_rig *r)
{
    free(r->in);
    free(r->out[0]);
    free(r->out[1]);
}

enum hby_status hby_cl_rig_session(struct hby_cl_state *st, const struct hby_cl_rig *r, const struct hby_cl_force *force, int out, struct hby_session **session,
                                   struct hby_reason *why)
{
    enum hby_status status = hby_cl_session_create(st, &r->plan, force, session, why);
    if (status)
        return status;
    const struct hby_backend_ops *ops = (*session)->ops;
    status = ops->upload(*session, r->step.in[0], r->in, r->in_bytes);
    if (!status)
        status = ops->run(*session, 0, 1);
    if (!status)
        status = ops->download(*session, r->step.out[0], r->out[out], r->out_bytes);
    if (!status)
        status = ops->finish(*session);
    if (status) {
        hby_say(status, why, "it fails when it runs");
        ops->destroy(session);
    }
    return status;
}
