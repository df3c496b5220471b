/* What must hold before a node, or a graph, is looked at any closer: the numbers of operands and results, and that every tensor is written once, before it is
 * read. */
#include "delegate/import.h"

#include <limits.h>
#include <stdlib.h>

#include "delegate/builtin_params.h"

enum { HBY_MANY = INT_MAX };

static const struct {
    int least, most;
    unsigned optional;
    int results;
} operands[HBY_OP_COUNT] = {
#define HBY_OPERANDS(name, least, most, optional, results) [HBY_OP_##name] = {least, most, (unsigned)(optional), results},
#include "partition/operands.def"
#undef HBY_OPERANDS
};

bool hby_import_has_operands(enum hby_op op)
{
    return operands[op].least > 0;
}

enum hby_status hby_import_check_operands(const struct hby_node *node, struct hby_reason *why)
{
    const char *name = hby_ops[node->op].name;
    const bool known = hby_import_has_operands(node->op); /* the tests complain where it is not */
    const int least = known ? operands[node->op].least : 1, most = known ? operands[node->op].most : HBY_MANY, results = operands[node->op].results;
    if (node->n_in < least || node->n_in > most)
        return hby_say(HBY_BAD_MODEL, why, "%s has %d operands; %d to %d are possible", name, node->n_in, least, most);
    if (node->n_out < 1 || (results && node->n_out != results))
        return hby_say(HBY_BAD_MODEL, why, "%s has %d results; %d %s", name, node->n_out, results ? results : 1, results ? "is right" : "is the least");
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] < 0 && known && !(i < 32 && operands[node->op].optional >> i & 1))
            return hby_say(HBY_BAD_MODEL, why, "%s lacks operand %d", name, i);
    for (int i = 0; i < node->n_out; i++)
        if (node->out[i] < 0)
            return hby_say(HBY_BAD_MODEL, why, "%s lacks result %d", name, i);
    return HBY_OK;
}

static enum hby_status check_result_type(const struct hby_tfl_context *ctx, const struct hby_node *node, const void *params, struct hby_reason *why)
{
    const struct hby_tfl_out_type *p = params;
    const int type = ctx->tensors[node->out[0]].type;
    if (!p)
        return hby_say(HBY_BAD_MODEL, why, "%s has no builtin parameters", hby_ops[node->op].name);
    if (p->type != type || (type != HBY_TFL_INT32 && type != HBY_TFL_INT64))
        return hby_say(HBY_BAD_MODEL, why, "%s gives type %d by its parameters, and tensor %d is of type %d; int32 and int64 are possible",
                       hby_ops[node->op].name, p->type, node->out[0], type);
    return HBY_OK;
}

/* A computed float16 tensor: constants are weights, which may be narrower than what they meet. */
static bool is_computed_half(const struct hby_tfl_tensor *t)
{
    return t->type == HBY_TFL_FLOAT16 && t->allocation_type != HBY_TFL_MEM_MMAP_RO;
}

enum hby_status hby_import_check_types(const struct hby_tfl_context *ctx, const struct hby_node *node, const void *params, struct hby_reason *why)
{
    if (node->op == HBY_OP_shape || node->op == HBY_OP_arg_max || node->op == HBY_OP_arg_min) {
        const enum hby_status st = check_result_type(ctx, node, params, why);
        if (st)
            return st;
    }
    if (node->op == HBY_OP_cast || node->op == HBY_OP_dequantize || node->op == HBY_OP_shape)
        return HBY_OK;
    const struct hby_tfl_tensor *out = &ctx->tensors[node->out[0]];
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] >= 0 && is_computed_half(&ctx->tensors[node->in[i]]) && out->type != HBY_TFL_FLOAT16)
            return hby_say(HBY_UNSUPPORTED, why, "tensor %d is float16, and the result is not", node->in[i]);
    bool any = out->type != HBY_TFL_FLOAT16;
    for (int i = 0; i < node->n_in; i++)
        any = any || (node->in[i] >= 0 && ctx->tensors[node->in[i]].type == HBY_TFL_FLOAT16);
    return any ? HBY_OK : hby_say(HBY_UNSUPPORTED, why, "the result is float16, and no operand is");
}

enum { READ = 1, WRITTEN = 2 };

/* One node after the other, in the order of the plan. */
static enum hby_status follow(const struct hby_tfl_context *ctx, const struct hby_tfl_node *node, unsigned char *state, struct hby_reason *why)
{
    for (int i = 0; node->inputs && i < node->inputs->size; i++) {
        const int t = node->inputs->data[i];
        if (t >= 0 && (size_t)t < ctx->tensors_size)
            state[t] |= READ;
    }
    for (int i = 0; node->outputs && i < node->outputs->size; i++) {
        const int t = node->outputs->data[i];
        if (t < 0 || (size_t)t >= ctx->tensors_size)
            continue;
        if (state[t] & WRITTEN)
            return hby_say(HBY_BAD_MODEL, why, "tensor %d is the result of two nodes", t);
        if (state[t] & READ)
            return hby_say(HBY_BAD_MODEL, why, "tensor %d is read before the node that computes it", t);
        if (ctx->tensors[t].allocation_type == HBY_TFL_MEM_MMAP_RO)
            return hby_say(HBY_BAD_MODEL, why, "tensor %d is a constant and a node's result", t);
        state[t] |= WRITTEN;
    }
    return HBY_OK;
}

enum hby_status hby_import_check_order(struct hby_tfl_context *ctx, const struct hby_import *im, struct hby_reason *why)
{
    unsigned char *state = calloc(ctx->tensors_size + 1, 1);
    enum hby_status st = state ? HBY_OK : HBY_NO_MEMORY;
    for (int i = 0; i < im->n_records && !st; i++) {
        struct hby_tfl_node *node;
        struct hby_tfl_registration *reg;
        if (ctx->GetNodeAndRegistration(ctx, im->record[i].index, &node, &reg) == HBY_TFL_OK)
            st = follow(ctx, node, state, why);
    }
    free(state);
    return st;
}
