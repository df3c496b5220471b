/* The forms that one tensor may take inside a partition: float32 and float16, or float32 in place of integers. */
#include <math.h>

#include "partition/element.h"
#include "partition/plan_build.h"

bool hby_form_fits_half(const struct hby_tensor *t)
{
    int64_t n = hby_tensor_count(t);
    for (int64_t i = 0; i < n; i++) {
        const float v = hby_load_float(t->data, HBY_F32, (size_t)i);
        if (fabsf(v) > 65504.0f && isfinite(v))
            return false;
    }
    return true;
}

enum hby_status hby_form_step(struct hby_builder *b, enum hby_op op, int from, int to)
{
    struct hby_plan *p = b->plan;
    int in[1] = {from}, out[1] = {to};
    struct hby_node node = {.op = op, .n_in = 1, .n_out = 1, .in = in, .out = out, .fused_into = -1};
    struct hby_reason why;
    struct hby_lowering lo = {.plan = p, .graph = p->graph, .node_id = -1, .why = &why, .float_scheme = HBY_SCHEME_f32};
    if (op != HBY_OP_convert)
        return hby_lower[op](&lo, &node);
    int64_t count = hby_tensor_count(&p->graph->tensor[to]);
    struct hby_step *s = hby_step_add(&lo, &node, HBY_NEST_unary, p->storage[from] == HBY_F16 ? HBY_SCHEME_f16 : HBY_SCHEME_f32);
    if (!s)
        return p->no_memory ? HBY_NO_MEMORY : HBY_UNSUPPORTED;
    s->args.unary = (struct hby_args_unary){.count = (hby_i32)count, .fn = HBY_FN_CONVERT, .channels = 1, .channel_inner = 1};
    return HBY_OK;
}

enum hby_status hby_form_new(struct hby_builder *b, struct hby_form *form, int tensor, enum hby_type storage, int *id)
{
    if (form->tensor < 0) {
        struct hby_tensor like = b->plan->graph->tensor[tensor];
        like.type = HBY_F32;
        like.quant = (struct hby_quant){0};
        like.bytes = (size_t)hby_tensor_count(&like) * sizeof(float);
        enum hby_status st = hby_plan_add_tensor(b->plan, &like, storage, &form->tensor);
        if (st)
            return st;
    }
    b->plan->storage[form->tensor] = storage;
    *id = form->tensor;
    return HBY_OK;
}

/* A float32 constant as a float16 one; its declared type stays float32. */
static enum hby_status half_constant(struct hby_builder *b, int tensor, int *id)
{
    struct hby_form *form = &b->other[tensor];
    struct hby_graph *g = b->plan->graph;
    if (form->tensor < 0) {
        size_t n = (size_t)hby_tensor_count(&g->tensor[tensor]);
        uint16_t *half = hby_pool_alloc(&g->pool, n * sizeof *half);
        enum hby_status st = half ? hby_form_new(b, form, tensor, HBY_F16, id) : HBY_NO_MEMORY;
        if (st)
            return st;
        for (size_t i = 0; i < n; i++)
            half[i] = hby_float_to_half(hby_load_float(g->tensor[tensor].data, HBY_F32, i));
        struct hby_tensor *t = &g->tensor[form->tensor];
        t->data = half;
        t->data_owned = true;
        t->bytes = n * sizeof *half;
    }
    *id = form->tensor;
    return HBY_OK;
}

enum hby_status hby_form_float(struct hby_builder *b, int tensor, enum hby_type storage, int *id)
{
    *id = tensor;
    if (b->plan->storage[tensor] == storage)
        return HBY_OK;
    struct hby_form *form = &b->other[tensor];
    if (b->plan->graph->tensor[tensor].data)
        return storage == HBY_F16 ? half_constant(b, tensor, id) : HBY_OK;
    if (form->step >= 0) {
        *id = form->tensor;
        return HBY_OK;
    }
    enum hby_status st = hby_form_new(b, form, tensor, storage, id);
    if (!st)
        st = hby_form_step(b, HBY_OP_convert, tensor, *id);
    if (!st)
        form->step = b->plan->n_steps - 1;
    return st;
}

enum hby_status hby_form_real(struct hby_builder *b, int tensor, int *id)
{
    struct hby_form *form = &b->real[tensor];
    struct hby_graph *g = b->plan->graph;
    if (form->step >= 0 || (form->tensor >= 0 && g->tensor[form->tensor].data)) {
        *id = form->tensor;
        return HBY_OK;
    }
    enum hby_status st = hby_form_new(b, form, tensor, HBY_F32, id);
    if (st)
        return st;
    if (!g->tensor[tensor].data) {
        st = hby_form_step(b, HBY_OP_dequantize, tensor, *id);
        if (!st)
            form->step = b->plan->n_steps - 1;
        return st;
    }
    void *data;
    int in[1] = {tensor}, out[1] = {*id};
    struct hby_node node = {.op = HBY_OP_dequantize, .n_in = 1, .n_out = 1, .in = in, .out = out, .fused_into = -1};
    st = hby_fold_evaluate(&b->folder, &node, 0, &data);
    if (st)
        return st;
    g->tensor[*id].data = data;
    g->tensor[*id].data_owned = true;
    return HBY_OK;
}

enum hby_status hby_form_real_bias(struct hby_builder *b, int bias, int input, int weights, int *id)
{
    struct hby_graph *g = b->plan->graph;
    struct hby_form form = {-1, -1}; /* its scale is the product of the node's own: no other node shares it */
    const struct hby_tensor *t = &g->tensor[bias];
    const struct hby_quant *in = &g->tensor[input].quant, *w = &g->tensor[weights].quant;
    int64_t n = hby_tensor_count(t);
    if (!t->data || (t->type != HBY_I32 && t->type != HBY_I64) || in->count != 1 || (w->count != 1 && w->count != n))
        return HBY_UNSUPPORTED;
    float *real = hby_pool_alloc(&g->pool, (size_t)n * sizeof *real);
    enum hby_status st = real ? hby_form_new(b, &form, bias, HBY_F32, id) : HBY_NO_MEMORY;
    if (st)
        return st;
    t = &g->tensor[bias];
    for (int64_t i = 0; i < n; i++) {
        const double q = (double)hby_load_int64(t->data, t->type, (size_t)i);
        real[i] = (float)(q * (double)in->scale[0] * (double)w->scale[w->count > 1 ? i : 0]);
    }
    g->tensor[*id].data = real;
    g->tensor[*id].data_owned = true;
    return HBY_OK;
}
