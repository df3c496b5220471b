/* What the files of the driver share: check.c runs graphs, checks_compare.c says what is right, checks_build.c makes graphs and values. */
#ifndef HBY_TESTS_CHECKS_H
#define HBY_TESTS_CHECKS_H

#include "partition/plan.h"
#include "tests/check.h"

struct check {
    uint64_t state; /* of the random numbers */
    struct hby_graph *g;
    enum hby_op op;
    enum hby_scheme scheme;
    long cases, kernels_run, failures, host_only, refused;
    long other_scheme; /* cases whose node the plan computes under another scheme than this: half in, integers out */
    struct {
        int tensor, lo, hi;
    } range[4]; /* of integer inputs: check_range */
    int n_ranges;
    struct {
        char name[48];
        long runs;
    } row[16]; /* of kernels.def that ran */
    int n_rows;
    double least_span;     /* of the outputs, as a multiple of the largest magnitude of the first input: check_span */
    double constant_bound; /* least bound of the run on one constant: check_equal_terms */
    bool plain, may_stay;  /* check_plain, check_may_stay */
};

/* What the inputs of a run hold. */
enum check_values { CHECK_RANDOM, CHECK_EXTREMES, CHECK_CONSTANT, CHECK_ODD, CHECK_RUNS };

/* Ends the program: tests have no other way on. */
void check_die(const char *what);
/* p, which must not be NULL. */
void *check_must(void *p);
/* Fills a tensor's bytes: CHECK_EXTREMES with many extremes, CHECK_CONSTANT with one value, CHECK_ODD
 * with floats that are no numbers, endless, tiny or zeros of both signs, and with the ends of int32. */
void check_fill(struct check *c, const struct hby_tensor *t, void *p, enum check_values values);
/* Runs the graph on host_ref once, on random inputs: HBY_OK, or why it is refused or its data are; HBY_DEVICE: it wrote beside an output. */
enum hby_status check_run_host(struct check *c, struct hby_reason *why);
/* How the graph is planned for the device, or for host_ref alone. */
struct hby_plan_options check_plan_options(const struct check *c, bool on_device);
/* What import does with a graph before lowering sees it: operands, tensors, and, where `shapes`, the shapes of results. */
enum hby_status check_import(struct hby_graph *g, bool shapes, struct hby_reason *why);
/* Are the outputs of run `run` what host_ref gave? Each as the bytes of a tensor. *worst: by how much not. */
bool check_right(const struct check *c, const void *first_input, void *const *want, void *const *got, int run, int sum_length, double *worst);
/* The worst difference that check_right saw last, in words. */
const char *check_where(void);
/* Plans, runs and destroys the graph, on the device or, where that is NULL, on host_ref, while one allocation fails, from each place of ours that was not met
 * before: checks_scarce.c. `want` is what comes out of `in`. */
void check_scarce(struct check *c, struct hby_backend *device, void *const *in, void *const *want, int sum_length);
/* What such lives have left behind, after all backends are gone. */
long check_scarce_left(void);
/* Blocks of the library's or the tests' that were written past their ends, seen when they are freed. */
long check_overruns(void);
/* Damages copies of the graph: checks_damage.c. */
void check_damage(struct check *c, int copies);
/* For runs inside oclgrind: checks_oclgrind.c. */
void check_suit_oclgrind(void);

#endif
