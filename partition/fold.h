/* Rewriting the graph before it is lowered: constants computed once, copies and activations merged into their neighbours, dead nodes dropped.
 * A node with nothing left to run gets `folded`; its `fused_into` names the node that does its work, or is -1 where its readers do. */
#ifndef HBY_PARTITION_FOLD_H
#define HBY_PARTITION_FOLD_H

#include "partition/backend.h"

struct hby_folder {
    struct hby_graph *graph;
    struct hby_backend *host; /* computes constants; NULL: only what needs no arithmetic is folded */
    const struct hby_plan_options *opt;
};

/* All of it. Fails with HBY_NO_MEMORY only; everything else is left as it was. */
enum hby_status hby_fold(const struct hby_folder *f);

/* Output `index` of a node that reads constants only, as bytes in the graph's pool. HBY_UNSUPPORTED where the node does not lower. */
enum hby_status hby_fold_evaluate(const struct hby_folder *f, const struct hby_node *node, int index, void **data);
/* Does the node lower as it stands? Nothing is kept of the trial. */
bool hby_fold_lowers(const struct hby_folder *f, const struct hby_node *node);
/* The dense bytes of a sparse constant, laid out as `dense`, in the graph's pool. HBY_UNSUPPORTED for what the format or its data do not allow. */
enum hby_status hby_fold_densify(struct hby_graph *g, const struct hby_tensor *sparse, const struct hby_tensor *dense, void **data);

/* The passes, in their order. */
enum hby_status hby_fold_constants(const struct hby_folder *f);
enum hby_status hby_fold_copies(const struct hby_folder *f);
enum hby_status hby_fold_activations(const struct hby_folder *f);
enum hby_status hby_fold_pads(const struct hby_folder *f);

/* What every lowering and every pass may rely on: input 0 and all outputs are there, shapes are known and of at most 2^31 - 1 elements, constants complete and
 * dense. HBY_UNSUPPORTED with the reason; `why` may be NULL. */
enum hby_status hby_fold_check(const struct hby_graph *g, const struct hby_node *node, struct hby_reason *why);

/* How many node inputs that are still to be run read `tensor`; a graph output counts as one. */
int hby_fold_readers(const struct hby_graph *g, int tensor);
/* The node that computes `tensor`, or -1. */
int hby_fold_producer(const struct hby_graph *g, int tensor);
bool hby_fold_is_output(const struct hby_graph *g, int tensor);
/* Is input `i` of the node weights, which may stay in the model's own type? */
bool hby_fold_is_weights(const struct hby_node *node, int i);
/* Does the node keep a state between calls? */
bool hby_fold_is_recurrent(const struct hby_node *node);

#endif
