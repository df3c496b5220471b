/* Between the files that make a plan. */
#ifndef HBY_PARTITION_PLAN_BUILD_H
#define HBY_PARTITION_PLAN_BUILD_H

#include "partition/fold.h"
#include "partition/lower.h"

/* How a node is lowered: each mode that fails gives way to a later one. */
enum hby_mode {
    HBY_MODE_HALF,        /* float tensors stored in half */
    HBY_MODE_DEQUANTIZED, /* an integer node as DEQUANTIZE, float node, QUANTIZE: chosen after the device refused the native form */
    HBY_MODE_NATIVE,      /* the node's own types */
};

/* Another form of a tensor, made by a step (or once, for a constant). */
struct hby_form {
    int tensor; /* -1: none yet; kept from one build to the next */
    int step;   /* that fills it in this build; -1: none has */
};

struct hby_builder {
    struct hby_plan *plan;
    struct hby_folder folder;
    int n_tensors;           /* those of the graph itself; what follows is per such tensor */
    struct hby_form *other;  /* float32 <-> float16 storage */
    struct hby_form *real;   /* an integer tensor as float32 */
    unsigned char *mode;     /* per node: enum hby_mode */
    bool *was_dequantized;   /* per node: DEQUANTIZED was tried */
    int *first, *count;      /* per node: its steps, conversions for it included */
    struct hby_node *before; /* the nodes as they were before folding: who read what */
};

enum hby_status hby_builder_create(struct hby_builder *b, struct hby_plan *plan, struct hby_backend *host);
/* Lowers all nodes in their modes; replaces the steps of an earlier build. */
enum hby_status hby_build(struct hby_builder *b);
/* Float activations with integer weights: rows are quantized at run time, from float32. */
bool hby_build_is_hybrid(const struct hby_graph *g, const struct hby_node *n);
/* Can the node take the mode DEQUANTIZED? */
bool hby_build_can_dequantize(const struct hby_builder *b, int node);

/* plan_forms.c: the id of `tensor` as float with that storage; appends the conversion where none was made yet. */
enum hby_status hby_form_float(struct hby_builder *b, int tensor, enum hby_type storage, int *id);
/* A float twin of `tensor` that a node is about to write. */
enum hby_status hby_form_new(struct hby_builder *b, struct hby_form *form, int tensor, enum hby_type storage, int *id);
/* The id of an integer tensor as float32; a constant is dequantized now. */
enum hby_status hby_form_real(struct hby_builder *b, int tensor, int *id);
/* A constant bias as float32: its scale is the input's times the weights'. */
enum hby_status hby_form_real_bias(struct hby_builder *b, int bias, int input, int weights, int *id);
/* Appends the step of a node of ours. */
enum hby_status hby_form_step(struct hby_builder *b, enum hby_op op, int from, int to);
/* Would a float32 constant overflow in half? */
bool hby_form_fits_half(const struct hby_tensor *t);

/* plan_place.c: elides copies, asks the device, fills where and span. *again: some nodes took another mode, build once more. */
enum hby_status hby_place(struct hby_builder *b, struct hby_backend *device, bool *again);
/* The verdicts, once no mode changes any more. */
void hby_judge(struct hby_builder *b, bool has_device);

/* A tensor of the plan's own. */
enum hby_status hby_plan_add_tensor(struct hby_plan *plan, const struct hby_tensor *like, enum hby_type storage, int *id);

#endif
