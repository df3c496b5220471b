/* A runtime of a few hundred bytes for tests of the delegate: float tensors, nodes in order, partitions of neighbouring nodes. It calls the delegate
 * as TensorFlow Lite does: Prepare, init within, then prepare, invoke and free of the kernels. */
#ifndef HBY_TESTS_FAKE_RUNTIME_H
#define HBY_TESTS_FAKE_RUNTIME_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delegate/tflite_abi.h"

enum { FAKE_TENSORS = 32, FAKE_NODES = 16, FAKE_LIST = 8 };

struct fake_list {
    int size;
    int data[FAKE_LIST * 4];
};

struct fake_kernel {
    struct hby_tfl_node node;
    struct fake_list nodes, in, out;
};

struct fake {
    struct hby_tfl_context ctx; /* first */
    struct hby_tfl_tensor tensor[FAKE_TENSORS];
    void *memory[FAKE_TENSORS]; /* what the tensors' data point to; a tensor may lose its pointer */
    struct hby_tfl_node node[FAKE_NODES];
    struct hby_tfl_registration reg[FAKE_NODES];
    struct fake_list in[FAKE_NODES], out[FAKE_NODES], plan, outputs;
    int n_nodes, n_kernels;
    struct fake_kernel kernel[FAKE_NODES];
    struct hby_tfl_delegate_params params[FAKE_NODES];
    struct hby_tfl_registration kernel_reg;
    char error[512];
};

static struct hby_tfl_ints *fake_ints(struct fake_list *l)
{
    return (struct hby_tfl_ints *)(void *)l;
}

static int fake_get_plan(struct hby_tfl_context *ctx, struct hby_tfl_ints **plan)
{
    *plan = fake_ints(&((struct fake *)ctx)->plan);
    return HBY_TFL_OK;
}

static int fake_get_node(struct hby_tfl_context *ctx, int i, struct hby_tfl_node **node, struct hby_tfl_registration **reg)
{
    struct fake *f = (struct fake *)ctx;
    if (i < 0 || i >= f->n_nodes)
        return HBY_TFL_ERROR;
    *node = &f->node[i];
    *reg = &f->reg[i];
    return HBY_TFL_OK;
}

static bool fake_has(const struct fake_list *l, int v)
{
    for (int i = 0; i < l->size; i++)
        if (l->data[i] == v)
            return true;
    return false;
}

static void fake_add(struct fake_list *l, int v)
{
    if (!fake_has(l, v))
        l->data[l->size++] = v;
}

/* What crosses the border of kernel k. */
static void fake_border(struct fake *f, struct fake_kernel *k)
{
    k->in.size = k->out.size = 0;
    for (int i = 0; i < k->nodes.size; i++)
        for (int t = 0; t < f->out[k->nodes.data[i]].size; t++) {
            int id = f->out[k->nodes.data[i]].data[t];
            bool leaves = fake_has(&f->outputs, id);
            for (int n = 0; n < f->n_nodes; n++)
                leaves = leaves || (!fake_has(&k->nodes, n) && fake_has(&f->in[n], id));
            if (leaves)
                fake_add(&k->out, id);
        }
    for (int i = 0; i < k->nodes.size; i++)
        for (int t = 0; t < f->in[k->nodes.data[i]].size; t++) {
            int id = f->in[k->nodes.data[i]].data[t];
            bool inside = id < 0;
            for (int n = 0; n < k->nodes.size; n++)
                inside = inside || fake_has(&f->out[k->nodes.data[n]], id);
            if (!inside)
                fake_add(&k->in, id);
        }
}

/* Runs of neighbours become partitions. */
static void fake_partition(struct fake *f, const struct hby_tfl_ints *nodes)
{
    f->n_kernels = 0;
    for (int i = 0; i < nodes->size; i++) {
        if (i == 0 || nodes->data[i] != nodes->data[i - 1] + 1)
            f->kernel[f->n_kernels++].nodes.size = 0;
        fake_add(&f->kernel[f->n_kernels - 1].nodes, nodes->data[i]);
    }
    for (int k = 0; k < f->n_kernels; k++) {
        fake_border(f, &f->kernel[k]);
        f->params[k].nodes_to_replace = fake_ints(&f->kernel[k].nodes);
        f->params[k].input_tensors = fake_ints(&f->kernel[k].in);
        f->params[k].output_tensors = fake_ints(&f->kernel[k].out);
    }
}

static int fake_preview(struct hby_tfl_context *ctx, const struct hby_tfl_ints *nodes, struct hby_tfl_delegate_params **params, int *n)
{
    struct fake *f = (struct fake *)ctx;
    fake_partition(f, nodes);
    *params = f->params;
    *n = f->n_kernels;
    return HBY_TFL_OK;
}

static int fake_replace(struct hby_tfl_context *ctx, struct hby_tfl_registration reg, const struct hby_tfl_ints *nodes, struct TfLiteDelegate *d)
{
    struct fake *f = (struct fake *)ctx;
    fake_partition(f, nodes);
    f->kernel_reg = reg;
    for (int k = 0; k < f->n_kernels; k++) {
        f->params[k].delegate = d;
        f->kernel[k].node.inputs = fake_ints(&f->kernel[k].in);
        f->kernel[k].node.outputs = fake_ints(&f->kernel[k].out);
        f->kernel[k].node.user_data = reg.init(ctx, (const char *)&f->params[k], 0);
    }
    return HBY_TFL_OK;
}

static int fake_resize(struct hby_tfl_context *ctx, struct hby_tfl_tensor *t, struct hby_tfl_ints *dims)
{
    struct fake *f = (struct fake *)ctx;
    size_t count = 1;
    for (int i = 0; i < dims->size; i++)
        count *= (size_t)dims->data[i];
    free(t->dims);
    t->dims = dims;
    t->bytes = count * (t->type == HBY_TFL_FLOAT32 || t->type == HBY_TFL_INT32 ? 4 : t->type == HBY_TFL_FLOAT16 ? 2 : 1);
    free(f->memory[t - f->tensor]);
    t->data = f->memory[t - f->tensor] = calloc(1, t->bytes + 64);
    return t->data ? HBY_TFL_OK : HBY_TFL_ERROR;
}

static void __attribute__((format(printf, 2, 3))) fake_error(struct hby_tfl_context *ctx, const char *fmt, ...)
{
    struct fake *f = (struct fake *)ctx;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->error, sizeof f->error, fmt, ap);
    va_end(ap);
}

static struct fake *fake_create(void)
{
    struct fake *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    f->ctx.tensors = f->tensor;
    f->ctx.GetExecutionPlan = fake_get_plan;
    f->ctx.GetNodeAndRegistration = fake_get_node;
    f->ctx.PreviewDelegatePartitioning = fake_preview;
    f->ctx.ReplaceNodeSubsetsWithDelegateKernels = fake_replace;
    f->ctx.ResizeTensor = fake_resize;
    f->ctx.ReportError = fake_error;
    return f;
}

/* The kernels' end, as before a delegate is applied again. */
static void fake_undo(struct fake *f)
{
    for (int k = 0; k < FAKE_NODES; k++)
        if (f->kernel[k].node.user_data) {
            f->kernel_reg.free(&f->ctx, f->kernel[k].node.user_data);
            f->kernel[k].node.user_data = NULL;
        }
}

/* The kernels' end; the tensors' memory goes too. */
static void fake_destroy(struct fake *f)
{
    fake_undo(f);
    for (size_t t = 0; t < f->ctx.tensors_size; t++) {
        free(f->tensor[t].dims);
        free(f->memory[t]);
    }
    free(f);
}

/* A tensor of shape [d0, d1] (d1 0: [d0]); a constant where `constant` is given, which must outlive the runtime. */
static int __attribute__((unused)) fake_tensor(struct fake *f, int type, int d0, int d1, const void *constant)
{
    int id = (int)f->ctx.tensors_size++;
    struct hby_tfl_tensor *t = &f->tensor[id];
    struct hby_tfl_ints *dims = calloc(1, sizeof *dims + 2 * sizeof dims->data[0]);
    if (!dims)
        abort();
    t->type = type;
    t->name = "tensor";
    dims->size = d1 ? 2 : 1;
    dims->data[0] = d0;
    if (d1)
        dims->data[1] = d1;
    t->allocation_type = HBY_TFL_MEM_ARENA_RW;
    fake_resize(&f->ctx, t, dims);
    if (constant) {
        t->data = (void *)(uintptr_t)constant;
        t->allocation_type = HBY_TFL_MEM_MMAP_RO;
    }
    return id;
}

/* Ids of inputs end with -2. */
static int __attribute__((unused)) fake_node(struct fake *f, int builtin, int version, void *params, const int *in, int out)
{
    int n = f->n_nodes++;
    for (; *in != -2; in++)
        f->in[n].data[f->in[n].size++] = *in;
    f->out[n].data[f->out[n].size++] = out;
    f->node[n] = (struct hby_tfl_node){.inputs = fake_ints(&f->in[n]), .outputs = fake_ints(&f->out[n]), .builtin_data = params};
    f->reg[n].builtin_code = builtin;
    f->reg[n].version = version;
    f->plan.data[f->plan.size++] = n;
    return n;
}

static int fake_prepare(struct fake *f)
{
    int st = HBY_TFL_OK;
    for (int k = 0; k < f->n_kernels && !st; k++)
        st = f->kernel_reg.prepare(&f->ctx, &f->kernel[k].node);
    return st;
}

static int fake_invoke(struct fake *f)
{
    int st = HBY_TFL_OK;
    for (int k = 0; k < f->n_kernels && !st; k++)
        st = f->kernel_reg.invoke(&f->ctx, &f->kernel[k].node);
    return st;
}

#endif
