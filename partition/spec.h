/* The 8-bit quantization specification held against a graph: which mode a model is in, and where it departs from the rules of spec.def. */
#ifndef HBY_PARTITION_SPEC_H
#define HBY_PARTITION_SPEC_H

#include "partition/graph.h"

/* One departure: operand `operand` ("input 1", "output 0") of node `node` breaks a rule; `text` says the value and the rule. */
struct hby_deviation {
    int node;
    char operand[12];
    struct hby_reason text;
};

/* Writes up to `max` departures in node order and returns how many there are. uint8 tensors are another, older specification and are not judged. */
int hby_spec_check(const struct hby_graph *g, struct hby_deviation *out, int max);

/* What the model is, by its structure: "float32", "float16", "dynamic_range", "weight_only", "integer_only", "full_integer_float_fallback", "int16x8",
 * "int16x8_float_fallback", or "mixed" where its weighted operators differ in kind. */
const char *hby_spec_mode(const struct hby_graph *g);

#endif
