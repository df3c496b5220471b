/* The backend: one device, its context, what its sessions share. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels_cl/cl_session.h"
#include "kernels_cl/cl_state.h"

enum { DEFAULT_WAIT_MS = 30000 };

void hby_cl_log(const struct hby_cl_state *s, int level, const char *fmt, ...)
{
    if (!s->log)
        return;
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    const int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    s->log(s->log_ctx, level, text);
    free(text);
}

enum hby_status hby_cl_check_fork(const struct hby_cl_state *s, struct hby_reason *why)
{
    if (getpid() == s->pid)
        return HBY_OK;
    return hby_say(HBY_DEVICE, why, "OpenCL does not survive a fork: this is process %ld, the device was opened in %ld", (long)getpid(), (long)s->pid);
}

enum { STRIKES = 2 };

void hby_cl_note_failure(struct hby_cl_state *s, bool hung, const struct hby_reason *why)
{
    const int strikes = atomic_fetch_add(&s->strikes, 1) + 1;
    if (!hung && strikes < STRIKES)
        hby_cl_log(s, HBY_CL_LOG_FAULT, "the device failed: %s", why->text);
    else if (!atomic_exchange(&s->quarantined, true))
        hby_cl_log(s, HBY_CL_LOG_FAULT, "the device is given up, everything runs on the CPU from here on: %s", why->text);
}

void hby_cl_note_success(struct hby_cl_state *s)
{
    if (atomic_load_explicit(&s->strikes, memory_order_relaxed))
        atomic_store(&s->strikes, 0);
}

enum hby_status hby_cl_check_quarantine(const struct hby_cl_state *s, struct hby_reason *why)
{
    return atomic_load(&s->quarantined) ? hby_say(HBY_DEVICE, why, "the device was given up after it failed") : HBY_OK;
}

bool hby_cl_backend_in_quarantine(const struct hby_backend *be)
{
    return be && atomic_load(&((const struct hby_cl_state *)be)->quarantined);
}

void hby_cl_state_keep(struct hby_cl_state *s)
{
    atomic_fetch_add(&s->users, 1);
}

void hby_cl_state_drop(struct hby_cl_state *s)
{
    if (atomic_fetch_sub(&s->users, 1) != 1)
        return;
    if (getpid() == s->pid) { /* in a forked child the driver's locks may be held for ever */
        hby_cl_programs_free(s);
        if (s->ctx)
            s->cl->clReleaseContext(s->ctx);
    }
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->gemm_lock);
    pthread_mutex_destroy(&s->tune_lock);
    hby_cl_tuner_free(s);
    free(s->gemms);
    free(s->cache_dir);
    free(s->cache_token);
    free(s->deny);
    free(s);
}

static bool copy_text(const char *from, char **to)
{
    *to = from && *from ? strdup(from) : NULL;
    return *to || !from || !*from;
}

static enum hby_status open_device(struct hby_cl_state *s, const struct hby_cl_found *f, struct hby_reason *why)
{
    s->platform = f->platform;
    s->id = f->id;
    s->correct_divide = f->correct_divide;
    s->dev.info = f->info;
    s->dev.state = s;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)f->platform, 0};
    cl_int err = CL_SUCCESS;
    s->ctx = s->cl->clCreateContext(properties, 1, &s->id, NULL, NULL, &err);
    if (!s->ctx)
        return hby_cl_fail(err ? err : CL_OUT_OF_RESOURCES, "clCreateContext", why);
    return hby_cl_features(s, why);
}

enum hby_status hby_cl_backend_create(const struct hby_cl_options *opt, struct hby_backend **out, struct hby_reason *why)
{
    struct hby_cl_found *found;
    int n;
    *out = NULL;
    enum hby_status st = hby_cl_find(&found, &n, why);
    if (st)
        return st;
    const int pick = hby_cl_choose(found, n, &opt->choice, why);
    struct hby_cl_state *s = pick < 0 ? NULL : calloc(1, sizeof *s);
    if (!s) {
        free(found);
        return pick < 0 ? HBY_UNSUPPORTED : hby_say(HBY_NO_MEMORY, why, "out of memory opening the device");
    }
    s->base.ops = &hby_cl_session_ops;
    s->cl = hby_cl_api(why);
    s->pid = getpid();
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->gemm_lock, NULL);
    pthread_mutex_init(&s->tune_lock, NULL);
    atomic_init(&s->users, 1);
    atomic_init(&s->strikes, 0);
    atomic_init(&s->quarantined, false);
    atomic_init(&s->memory_used, 0);
    s->memory_limit = opt->memory_limit_mb > 0 ? (size_t)opt->memory_limit_mb << 20 : 0;
    s->wait_limit_ms = opt->wait_limit_ms > 0 ? opt->wait_limit_ms : DEFAULT_WAIT_MS;
    s->gemm = opt->gemm;
    s->tune = opt->tune;
    s->profile = opt->profile;
    s->zero_copy = opt->zero_copy;
    s->chain = opt->chain;
    s->guard = opt->guard_arena;
    s->log = opt->log;
    s->log_ctx = opt->log_ctx;
    if (!copy_text(opt->serialization_dir, &s->cache_dir) || !copy_text(opt->model_token, &s->cache_token) || !copy_text(opt->deny_kernels, &s->deny))
        st = hby_say(HBY_NO_MEMORY, why, "out of memory opening the device");
    else
        st = open_device(s, &found[pick], why);
    if (!st) {
        s->chains = hby_cl_chain_is_wanted(s);
        hby_cl_tuner_load(s);
    }
    free(found);
    if (st)
        hby_cl_state_drop(s);
    else
        *out = &s->base;
    return st;
}

const struct hby_cl_info *hby_cl_backend_info(const struct hby_backend *be)
{
    return &((const struct hby_cl_state *)be)->dev.info;
}

void hby_cl_backend_destroy(struct hby_backend **be)
{
    if (*be)
        hby_cl_state_drop(hby_cl_state_of(*be));
    *be = NULL;
}
