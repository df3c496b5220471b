/* One partition's kernel: what is planned, and what the runtime's calls need. */
#ifndef HBY_DELEGATE_KERNEL_H
#define HBY_DELEGATE_KERNEL_H

#include "delegate/delegate.h"
#include "partition/execute.h"
#include "partition/shapes.h"

/* A tensor that crosses the partition's border, as it was planned. */
struct hby_border {
    int tensor; /* the runtime's index */
    size_t bytes;
    int rank;
    int32_t dim[HBY_MAX_RANK];
    bool is_state;           /* outputs: the next value of a variable tensor, whose memory is the runtime's */
    bool gives_shape;        /* inputs: a RESHAPE inside takes its new shape from it */
    struct hby_known values; /* if so: what was planned for */
};

struct hby_kernel {
    struct hby_delegate *delegate;
    struct hby_graph *graph; /* the partition before folding: for a plan without the device */
    struct hby_executor *executor;
    enum hby_half half;   /* what was decided for the whole model */
    bool apart;           /* see hby_plan_makes_integers */
    bool on_host;         /* a forked child has replaced the executor */
    bool shaped_by_input; /* some input gives a shape: outputs are sized in invoke */
    int n_in, n_out;
    struct hby_border *in, *out;
    const void **in_data;
    void **out_data;
    long failures_logged;
    double total_us, first_us;
    long runs;
    struct hby_cl_time *time; /* option profile: of the last run's launches, while they are handed on */
    int n_time;
    struct hby_reason why; /* of a failed init */
};

/* Plans the nodes that `params` names; the verdicts go into `im`. On failure k->executor stays NULL and k->why says why. */
void hby_kernel_build(struct hby_kernel *k, struct hby_import *im, const struct hby_tfl_delegate_params *params);
/* Has the tensor the shape that was planned for? */
bool hby_border_fits(const struct hby_border *b, const struct hby_tfl_tensor *t);
/* Have the inputs still the shapes that were planned for and, in invoke (`values`), the values of those that give a shape? */
bool hby_kernel_fits(const struct hby_kernel *k, const struct hby_tfl_context *ctx, bool values);
/* New shapes of everything inside, a new plan. Programs do not depend on shapes and are found again. */
enum hby_status hby_kernel_plan_again(struct hby_kernel *k, const struct hby_tfl_context *ctx, bool values);
/* profile.c: hands the times of the last run's operators to the runtime's profiler, where there is one and the option profile is on. */
void hby_kernel_tell_profiler(struct hby_kernel *k, void *profiler);
/* In a forked child: an executor without the device. */
enum hby_status hby_kernel_build_on_host(struct hby_kernel *k);

#endif
