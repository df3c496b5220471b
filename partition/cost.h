/* Estimates of time, good to a factor of a few: enough to tell whether a node is worth a transfer. Times are in microseconds. */
#ifndef HBY_PARTITION_COST_H
#define HBY_PARTITION_COST_H

#include "partition/plan.h"

/* Kinds of work with rates of their own: convolutions, depthwise ones, FULLY_CONNECTED, BATCH_MATMUL, recurrent steps; what computes much for each element
 * (functions, windows, reductions); and what mostly moves bytes. Those before MATH are told by their multiply-adds, the others by their bytes. */
enum hby_work { HBY_WORK_CONV, HBY_WORK_DEPTHWISE, HBY_WORK_DENSE, HBY_WORK_MATMUL, HBY_WORK_RECURRENT, HBY_WORK_MATH, HBY_WORK_MOVE };

struct hby_cost {
    double macs;  /* multiply-adds, or elements of something dearer than a copy */
    double bytes; /* read and written */
    enum hby_work work;
};

struct hby_cost hby_cost_of_step(const struct hby_plan *plan, const struct hby_step *step);
/* The runtime's own kernels (XNNPACK where it has the type), with so many threads. */
double hby_cost_runtime_us(struct hby_cost c, enum hby_scheme scheme, int threads, struct hby_cost_cpu cpu);
double hby_cost_host_us(struct hby_cost c);
/* For backends that do not answer with a time of their own. */
double hby_cost_device_us(struct hby_cost c);

#endif
