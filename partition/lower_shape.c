/* Shapes and strides, for the lowerings onto the elementwise and the moving loop nests. */
#include "partition/lower_shape.h"

#include <math.h>

const struct hby_tensor *hby_tensor_of(const struct hby_lowering *lo, int tensor)
{
    return &lo->graph->tensor[tensor];
}

const char *hby_name_of(const struct hby_lowering *lo, int tensor)
{
    return hby_tensor_name(&lo->graph->tensor[tensor]);
}

enum hby_status hby_count_of(const struct hby_lowering *lo, int tensor, hby_i32 *count)
{
    *count = 0;
    const struct hby_tensor *t = hby_tensor_of(lo, tensor);
    int64_t n = 1;
    for (int i = 0; i < t->rank; i++) {
        if (t->dim[i] <= 0)
            return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has dimension %d of size %d; it must be positive", hby_name_of(lo, tensor), i,
                           (int)t->dim[i]);
        n *= t->dim[i];
        if (n > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has more than 2^31 - 1 elements", hby_name_of(lo, tensor));
    }
    *count = (hby_i32)n;
    return HBY_OK;
}

bool hby_is_float(const struct hby_lowering *lo, int tensor)
{
    enum hby_type type = hby_tensor_of(lo, tensor)->type;
    return type == HBY_F32 || type == HBY_F16;
}

static enum hby_status refuse_types(const struct hby_lowering *lo, int a, enum hby_type ta, int b, enum hby_type tb)
{
    return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.50s' is %s and '%.50s' is %s; they must have the same type", hby_name_of(lo, a), hby_type_name(ta),
                   hby_name_of(lo, b), hby_type_name(tb));
}

enum hby_status hby_check_same_type(const struct hby_lowering *lo, int a, int b)
{
    const enum hby_type ta = hby_tensor_of(lo, a)->type, tb = hby_tensor_of(lo, b)->type;
    return ta == tb || (hby_is_float(lo, a) && hby_is_float(lo, b)) ? HBY_OK : refuse_types(lo, a, ta, b, tb);
}

enum hby_status hby_check_stored_alike(const struct hby_lowering *lo, int a, int b)
{
    const enum hby_type ta = lo->plan->storage[a], tb = lo->plan->storage[b];
    return ta == tb ? HBY_OK : refuse_types(lo, a, ta, b, tb);
}

enum hby_status hby_refuse_type(const struct hby_lowering *lo, const struct hby_node *node, enum hby_type type)
{
    return hby_say(HBY_UNSUPPORTED, lo->why, "%s of %s is not supported", hby_ops[node->op].name, hby_type_name(type));
}

enum hby_status hby_check_same_count(const struct hby_lowering *lo, int a, int b)
{
    hby_i32 na, nb;
    enum hby_status st = hby_count_of(lo, a, &na);
    if (!st)
        st = hby_count_of(lo, b, &nb);
    if (!st && na != nb)
        st = hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.50s' has %d elements and '%.50s' has %d; they must agree", hby_name_of(lo, a), (int)na,
                     hby_name_of(lo, b), (int)nb);
    return st;
}

float hby_scale_of(const struct hby_lowering *lo, int tensor)
{
    const struct hby_quant *q = &hby_tensor_of(lo, tensor)->quant;
    return q->count == 1 ? q->scale[0] : 0.0f;
}

int32_t hby_zero_point_of(const struct hby_lowering *lo, int tensor)
{
    const struct hby_quant *q = &hby_tensor_of(lo, tensor)->quant;
    return q->count == 1 ? q->zero_point[0] : 0;
}

enum hby_status hby_multiplier_as_built(double real, int32_t *mult, int32_t *shift)
{
    int e;
    if (!isfinite(real) || real < 1.0)
        return hby_quantize_multiplier(real, mult, shift);
    const double q = frexp(real, &e);
    const enum hby_status st = hby_quantize_multiplier(q, mult, shift); /* shift is 0, or 1 where q rounds up to 1 */
    *shift = (*shift + e) & 31;
    return st;
}

void hby_dense_strides(const struct hby_tensor *t, int64_t *stride)
{
    int64_t s = 1;
    for (int i = t->rank - 1; i >= 0; i--) {
        stride[i] = s;
        s *= t->dim[i];
    }
}

/* Is the inner dimension i of every tensor a continuation of the outer one at `to`? */
static bool joins(const struct hby_walk *w, int n, int to, int i)
{
    for (int k = 0; k < n; k++)
        if (w->stride[k][to] != w->stride[k][i] * w->dim[i])
            return false;
    return true;
}

bool hby_walk_collapse(struct hby_walk *w, int n, int rank)
{
    int used = 0; /* dimensions kept so far, outermost first */
    for (int i = 0; i < w->rank; i++) {
        if (w->dim[i] == 1)
            continue;
        bool join = used > 0 && joins(w, n, used - 1, i);
        int to = join ? used - 1 : used++;
        w->dim[to] = join ? w->dim[to] * w->dim[i] : w->dim[i];
        for (int k = 0; k < n; k++)
            w->stride[k][to] = w->stride[k][i];
    }
    if (used > rank)
        return false;
    for (int i = rank - 1, from = used - 1; i >= 0; i--, from--) {
        w->dim[i] = from >= 0 ? w->dim[from] : 1;
        for (int k = 0; k < n; k++)
            w->stride[k][i] = from >= 0 ? w->stride[k][from] : 0;
    }
    w->rank = rank;
    return true;
}
