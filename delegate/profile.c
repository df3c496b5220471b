/* The runtime's profiler: with the option profile=on, one event per operator that ran on the device, with the time that its kernels took there. */
#include <stdlib.h>

#include "delegate/builtin_names.h"
#include "delegate/kernel.h"

/* tflite::Profiler is a C++ class, of which the runtime hands out an object. Its table of virtual functions (Itanium C++ ABI, in use on all targets here) has
 * not changed its order since TF 2.7: two destructors, BeginEvent, EndEvent, EndEvent, AddEvent. Before TF 2.9 AddEvent took a start and an end: the numbers
 * are then meaningless, and nothing else happens. */
enum { ADD_EVENT = 5, DELEGATE_PROFILED_OPERATOR = 8 };
typedef void (*hby_add_event)(void *profiler, const char *tag, int32_t type, uint64_t us, int64_t node, int64_t subgraph);

/* Tags outlive kernels and delegate: a profiler keeps the pointer. */
static const char *tag_of(const struct hby_step *step)
{
    const char *name = hby_builtin_name(hby_ops[step->op].builtin);
    return name ? name : hby_ops[step->op].name;
}

void hby_kernel_tell_profiler(struct hby_kernel *k, void *profiler)
{
    const struct hby_session *session = profiler && k->delegate->opt->profile ? hby_executor_device_session(k->executor) : NULL;
    if (!session)
        return;
    const int n = hby_cl_session_times(session, k->time, k->n_time);
    if (n > k->n_time) {
        struct hby_cl_time *grown = realloc(k->time, (size_t)n * sizeof *grown);
        if (!grown)
            return;
        k->time = grown;
        k->n_time = n;
        hby_cl_session_times(session, k->time, n);
    }
    const struct hby_plan *plan = hby_executor_plan(k->executor);
    const hby_add_event add = (*(const hby_add_event *const *)profiler)[ADD_EVENT];
    for (int i = 0; i < n;) {
        const struct hby_step *step = &plan->step[k->time[i].step];
        double us = 0;
        int same = i;
        for (; same < n && k->time[same].step == k->time[i].step; same++)
            us += k->time[same].us;
        add(profiler, tag_of(step), DELEGATE_PROFILED_OPERATOR, (uint64_t)(us + 0.5), step->node >= 0 ? plan->graph->node[step->node].runtime_index : -1, 0);
        i = same;
    }
}
