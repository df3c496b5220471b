/* A wait that ends. No OpenCL call can be interrupted, so none that blocks is made on the caller's thread:
 *   GPU: it looks at the event, with naps when that takes long;
 *   CPU: it lets a thread of ours block in clWaitForEvents, and sleeps until that or the deadline. Some CPU drivers put the thread that
 *        waits to work, and run on one core less without it; and looking would take the core from the kernels. Where the last wait was a
 *        short one it looks for a moment before: that spares two threads their waking up. On a busy machine whoever looks for longer gives
 *        its core to other processes, and gets it back late. */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "kernels_cl/cl_session.h"

enum { LOOK_NS = 2000, QUICK_NS = 30000, LOOK_GPU_NS = 2000000, NAP_NS = 50000 };

struct hby_cl_waiter {
    pthread_mutex_t lock;
    pthread_cond_t wake, answer;
    const struct hby_cl_api *cl;
    cl_event event; /* to wait for; NULL: idle */
    cl_int err;
    bool quit;
    atomic_int users; /* the session and the thread: whoever is last frees it */
};

int64_t hby_cl_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void leave(struct hby_cl_waiter *w)
{
    if (atomic_fetch_sub(&w->users, 1) != 1)
        return;
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->answer);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static void *wait_for_events(void *data)
{
    struct hby_cl_waiter *w = data;
    pthread_mutex_lock(&w->lock);
    while (!w->quit) {
        if (!w->event) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        cl_event event = w->event;
        pthread_mutex_unlock(&w->lock);
        const cl_int err = w->cl->clWaitForEvents(1, &event);
        pthread_mutex_lock(&w->lock);
        w->err = err;
        w->event = NULL;
        pthread_cond_signal(&w->answer);
    }
    pthread_mutex_unlock(&w->lock);
    leave(w);
    return NULL;
}

/* NULL when there is no memory or no thread to be had: then the caller looks and naps. */
static struct hby_cl_waiter *waiter_create(const struct hby_cl_api *cl)
{
    struct hby_cl_waiter *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, &clock);
    pthread_cond_init(&w->answer, &clock);
    pthread_condattr_destroy(&clock);
    w->cl = cl;
    atomic_init(&w->users, 2);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* the host's signals are not for our thread */
    pthread_t thread;
    const int failed = pthread_create(&thread, NULL, wait_for_events, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        leave(w);
        leave(w);
        return NULL;
    }
    pthread_detach(thread);
    return w;
}

void hby_cl_waiter_drop(struct hby_cl_session *s)
{
    struct hby_cl_waiter *w = s->waiter;
    s->waiter = NULL;
    if (!w || hby_cl_check_fork(s->st, NULL)) /* after a fork its lock may be held by a thread that is not here */
        return;
    pthread_mutex_lock(&w->lock);
    w->quit = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    leave(w);
}

static enum hby_status hung(struct hby_cl_session *s, int ms, struct hby_reason *why)
{
    s->hung = true;
    return hby_say(HBY_DEVICE, why, "the device did not answer within %d ms", ms);
}

/* Blocks on the waiter. */
static enum hby_status ask(struct hby_cl_session *s, cl_event event, int64_t deadline, int ms, struct hby_reason *why)
{
    struct hby_cl_waiter *w = s->waiter;
    const struct timespec until = {deadline / 1000000000, deadline % 1000000000};
    int late = 0;
    pthread_mutex_lock(&w->lock);
    w->event = event;
    pthread_cond_signal(&w->wake);
    while (w->event && !late)
        late = pthread_cond_timedwait(&w->answer, &w->lock, &until);
    const bool done = !w->event;
    const cl_int err = w->err;
    pthread_mutex_unlock(&w->lock);
    return done ? hby_cl_fail(err, "clWaitForEvents", why) : hung(s, ms, why);
}

static enum hby_status wait_until(struct hby_cl_session *s, cl_event event, int64_t start, int ms, struct hby_reason *why)
{
    const struct hby_cl_api *cl = s->st->cl;
    const bool is_cpu = s->st->dev.info.kind == HBY_CL_CPU;
    const int64_t look = !is_cpu ? LOOK_GPU_NS : s->quick ? LOOK_NS : 0, deadline = start + (int64_t)ms * 1000000;
    enum hby_status st = hby_cl_fail(cl->clFlush(s->queue), "clFlush", why);
    while (!st) {
        cl_int status = CL_QUEUED;
        st = hby_cl_fail(cl->clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL), "clGetEventInfo", why);
        if (!st && status < 0)
            st = hby_cl_fail(status, "a command on the device", why);
        if (st || status == CL_COMPLETE)
            break;
        const int64_t now = hby_cl_now_ns();
        if (now >= deadline)
            return hung(s, ms, why);
        if (is_cpu && now - start >= look) {
            if (!s->waiter)
                s->waiter = waiter_create(cl);
            if (s->waiter)
                return ask(s, event, deadline, ms, why);
        }
        if (now - start > look) {
            const struct timespec nap = {0, NAP_NS};
            nanosleep(&nap, NULL);
        } else {
            sched_yield();
        }
    }
    return st;
}

enum hby_status hby_cl_wait(struct hby_cl_session *s, cl_event event, int ms, struct hby_reason *why)
{
    const int64_t start = hby_cl_now_ns();
    const enum hby_status st = wait_until(s, event, start, ms, why);
    s->quick = hby_cl_now_ns() - start < QUICK_NS;
    return st;
}
