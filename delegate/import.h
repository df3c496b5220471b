/* A TFLite subgraph as our graph, with one record per node of the runtime, known or not. Used by Prepare and by the kernels' init: one path. */
#ifndef HBY_DELEGATE_IMPORT_H
#define HBY_DELEGATE_IMPORT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "delegate/tflite_abi.h"
#include "partition/shapes.h"
#include "partition/plan.h"

/* One node of the runtime's execution plan, and what becomes of it. */
struct hby_record {
    int index;        /* of GetNodeAndRegistration */
    int builtin;      /* TFLite's operator code */
    char op[64];      /* TFLite's name, or a custom operator's own */
    int node;         /* id in import->graph, or -1: the table does not have it, or it cannot be described */
    bool is_constant; /* its result depends on constants and shapes alone */
    bool claimed;
    struct hby_verdict verdict; /* fused_into is a runtime index here; `reason` says why not on the device */
};

/* Tensor ids of the graph are the runtime's tensor indices. */
struct hby_import {
    atomic_int refs;
    struct hby_graph *graph;
    enum hby_half half; /* whether float tensors are stored in half, decided for the whole graph */
    bool apart;         /* see hby_plan_makes_integers */
    int n_records;
    struct hby_record *record; /* in execution order */
};

/* Reads the nodes listed (runtime indices in execution order). `n_nodes` < 0: the whole execution plan. Callable only where the runtime
 * answers GetExecutionPlan and GetNodeAndRegistration: in a delegate's Prepare and a kernel's init. */
enum hby_status hby_import_create(struct hby_tfl_context *ctx, const int *nodes, int n_nodes, struct hby_import **out, struct hby_reason *why);
struct hby_import *hby_import_ref(struct hby_import *im);
void hby_import_destroy(struct hby_import **im); /* drops one reference; NULL-safe */

/* The record of a runtime index, or NULL. */
struct hby_record *hby_import_find(const struct hby_import *im, int index);

/* --- between the files of the import --- */

/* Fills graph->tensor[id] from the runtime's tensor `id`; *unknown when it has no shape that we can hold. */
enum hby_status hby_import_tensor(struct hby_graph *g, int id, const struct hby_tfl_context *ctx, bool *unknown);
/* Can a node that uses this tensor be described at all? HBY_UNSUPPORTED with the reason if not. */
enum hby_status hby_import_check_tensor(const struct hby_shapes *in, int id, struct hby_reason *why);
/* Marks the outputs of a node that stays with the runtime and whose shapes depend on data. */
void hby_import_follow_unknown(struct hby_shapes *in, const struct hby_tfl_context *ctx, const struct hby_tfl_node *node, int builtin);
/* Is the shape in the model's file the only one that the tensor can have? */
bool hby_import_shape_is_fixed(const struct hby_tfl_tensor *t);

/* The numbers of operands and results are the operator's (partition/operands.def), and none is absent that must be there. */
enum hby_status hby_import_check_operands(const struct hby_node *node, struct hby_reason *why);
bool hby_import_has_operands(enum hby_op op); /* is there a row for it? */
/* The result has the type that the parameters say (SHAPE, ARG_MAX, ARG_MIN), and float16 does not turn into anything else unnoticed. */
enum hby_status hby_import_check_types(const struct hby_tfl_context *ctx, const struct hby_node *node, const void *params, struct hby_reason *why);
/* Every tensor is written by one node, before others read it: what all planning builds on. HBY_BAD_MODEL with the reason if not. */
enum hby_status hby_import_check_order(struct hby_tfl_context *ctx, const struct hby_import *im, struct hby_reason *why);

/* Is input `input` of the operator a variable tensor that it updates? */
bool hby_import_is_state(enum hby_op op, int input);
int hby_import_count_variables(const struct hby_tfl_context *ctx);
/* Fills the tensors behind the runtime's: one per variable, for its next value, with the variable's runtime_index. */
void hby_import_add_states(struct hby_graph *g, const struct hby_tfl_context *ctx);
/* Gives the node an output for the next value of each variable that it updates. HBY_UNSUPPORTED where one is no variable, or another node's, too. */
enum hby_status hby_import_states(struct hby_tfl_context *ctx, const struct hby_import *im, struct hby_node *node, struct hby_reason *why);

/* What a parameter reader sees. */
struct hby_builtin {
    const void *data; /* TFLite's parameter struct of the operator, not NULL */
    int version;      /* of the operator, as registered */
    struct hby_reason *why;
};

/* Copies the builtin parameters of an operator into the node. One per name in the `import` column of ops.def. */
#define HBY_OP(name, builtin, version, import, lower) enum hby_status hby_import_##import(const struct hby_builtin *b, struct hby_node *node);
#include "partition/ops.def"
#undef HBY_OP

/* Calls the reader of the operator. */
enum hby_status hby_import_params(enum hby_op op, const struct hby_builtin *b, struct hby_node *node);

#endif
