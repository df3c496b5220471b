/* The CPU reference path: one plain C function per operator and scheme, the arithmetic of TFLite's reference kernels. */
#ifndef HBY_HOST_REF_REF_H
#define HBY_HOST_REF_REF_H

#include "partition/backend.h"

/* What a reference function gets: pointers in the tensors' storage types, in the step's order. Everything was validated by lowering. */
struct hby_ref_call {
    const struct hby_step *step;
    const union hby_args *args;
    const void *in[HBY_STEP_INPUTS]; /* NULL where absent */
    enum hby_type in_type[HBY_STEP_INPUTS];
    void *out;
    enum hby_type out_type;
    bool *bad_data;                    /* set where the data hold what the reference fails on: an index outside, a divisor of 0 */
    void *state[HBY_STEP_OUTPUTS - 1]; /* the outputs after the first */
};

/* min(max(x, lo), hi) in TFLite's order: a NaN stays. */
static inline float hby_clamp_float(float x, float lo, float hi)
{
    x = x < lo ? lo : x;
    return hi < x ? hi : x;
}

typedef void (*hby_ref_fn)(const struct hby_ref_call *c);

#define HBY_REF(op, scheme, function) void hby_ref_##function(const struct hby_ref_call *c);
#include "partition/refs.def"
#undef HBY_REF

/* The function of a pair; NULL where refs.def has none. */
hby_ref_fn hby_ref_function(enum hby_op op, enum hby_scheme scheme);

/* The backend; one static instance, never freed. */
struct hby_backend *hby_host_ref_backend(void);

#endif
