/* CUMSUM: tflite/kernels/cumsum.cc, internal/reference/cumsum.h. */
#include "host_ref/ref.h"
#include "partition/element.h"

/* One line of elements from `at` on, `step` apart. */
static void sum_floats(const struct hby_ref_call *c, size_t at, ptrdiff_t step)
{
    const struct hby_args_cumsum *a = &c->args->cumsum;
    float sum = 0.0f;
    for (int k = 0; k < a->depth; k++, at += (size_t)step) {
        const float before = sum;
        sum += hby_load_float(c->in[0], c->in_type[0], at);
        hby_store_float(c->out, c->out_type, at, a->exclusive ? before : sum);
    }
}

static void sum_ints(const struct hby_ref_call *c, size_t at, ptrdiff_t step)
{
    const struct hby_args_cumsum *a = &c->args->cumsum;
    uint64_t sum = 0;
    for (int k = 0; k < a->depth; k++, at += (size_t)step) {
        const uint64_t before = sum;
        sum += (uint64_t)hby_load_int64(c->in[0], c->in_type[0], at);
        hby_store_int(c->out, c->out_type, at, (int64_t)(a->exclusive ? before : sum));
    }
}

HBY_INLINE void lines(const struct hby_ref_call *c, void (*line)(const struct hby_ref_call *, size_t, ptrdiff_t))
{
    const struct hby_args_cumsum *a = &c->args->cumsum;
    for (size_t o = 0; o < (size_t)a->outer; o++)
        for (size_t i = 0; i < (size_t)a->inner; i++) {
            const size_t first = o * (size_t)a->depth * (size_t)a->inner + i, last = first + ((size_t)a->depth - 1) * (size_t)a->inner;
            line(c, a->reverse ? last : first, a->reverse ? -(ptrdiff_t)a->inner : (ptrdiff_t)a->inner);
        }
}

void hby_ref_cumsum_float(const struct hby_ref_call *c)
{
    lines(c, sum_floats);
}

void hby_ref_cumsum_int(const struct hby_ref_call *c)
{
    lines(c, sum_ints);
}
