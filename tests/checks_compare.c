/* What is right: integers bit for bit, floats within the scheme's bound, infinities and NaN as host_ref has them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "partition/half.h"
#include "tests/checks.h"

static bool is_float(const struct hby_tensor *t)
{
    return t->type == HBY_F32 || t->type == HBY_F16;
}

static float value_of(const struct hby_tensor *t, const void *x, size_t i)
{
    return t->type == HBY_F16 ? hby_half_to_float(((const uint16_t *)x)[i]) : ((const float *)x)[i];
}

/* The largest finite magnitude among a tensor's floats; 0 for other types. */
static double magnitude(const struct hby_tensor *t, const void *x)
{
    double most = 0;
    for (size_t i = 0; is_float(t) && i < t->bytes / hby_type_size(t->type); i++)
        if (isfinite(value_of(t, x, i)))
            most = fmax(most, fabs((double)value_of(t, x, i)));
    return most;
}

static char where[96]; /* the worst difference */

static bool differs(const struct hby_tensor *t, const void *want, const void *got, double span, double bound, double *worst)
{
    if (!is_float(t)) {
        if (!memcmp(want, got, t->bytes))
            return false;
        for (size_t i = 0; i < t->bytes; i++) /* say where */
            if (((const uint8_t *)want)[i] != ((const uint8_t *)got)[i]) {
                *worst = (double)i;
                snprintf(where, sizeof where, "differs from host_ref, first at byte");
                break;
            }
        return true;
    }
    double gap = 0;
    span = fmax(fmax(span, 1e-6), magnitude(t, want));
    for (size_t i = 0; i < t->bytes / hby_type_size(t->type); i++) {
        const float w = value_of(t, want, i), g = value_of(t, got, i);
        const bool both = (isnan(w) && isnan(g)) || w == g; /* infinities of one sign, or NaN both */
        const double here = both ? 0 : isfinite(w) && isfinite(g) ? fabs((double)w - (double)g) : INFINITY;
        if (here > gap) {
            gap = here;
            snprintf(where, sizeof where, "element %zu: %g, host_ref %g", i, (double)g, (double)w);
        }
    }
    *worst = gap / span;
    return !(gap <= bound * span);
}

const char *check_where(void)
{
    return where;
}

void check_span(struct check *c, double times)
{
    c->least_span = times;
}

void check_equal_terms(struct check *c, int n)
{
    c->constant_bound = n * 0x1p-25;
}

bool check_right(const struct check *c, const void *first_input, void *const *want, void *const *got, int run, int sum_length, double *worst)
{
    const double span = c->least_span > 0 ? c->least_span * magnitude(&c->g->tensor[c->g->input[0]], first_input) : 0;
    const double bound = fmax(check_bound(c->scheme, sum_length), run == CHECK_CONSTANT ? c->constant_bound : 0);
    for (int i = 0; i < c->g->n_outputs; i++)
        if (differs(&c->g->tensor[c->g->output[i]], want[i], got[i], span, bound, worst))
            return false;
    return true;
}
