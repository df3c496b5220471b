/* EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, LOGICAL_AND, LOGICAL_OR, FLOOR_DIV, FLOOR_MOD and POW onto the binary nest. */
#include <float.h>

#include "partition/lower_binary.h"
#include "partition/lower_unary.h"

/* Broadcast, types and the step; `a` holds all but the shape. */
static enum hby_status append(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, struct hby_args_binary *a)
{
    enum hby_status st = hby_lower_broadcast(lo, node, a);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_binary, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.binary = *a;
    return HBY_OK;
}

/* The scale as a multiplier of x * 2^8. */
static enum hby_status scale_operand(const struct hby_lowering *lo, int tensor, struct hby_rescale *r)
{
    enum hby_status st = hby_check_any_quant(lo, tensor);
    if (st)
        return st;
    const float scale = hby_scale_of(lo, tensor);
    if (scale >= 1.0f || hby_quantize_multiplier((double)scale, &r->mult, &r->shift) || !r->mult)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has scale %g; the comparison of quantized values needs one from 2^-31 up to 1",
                       hby_name_of(lo, tensor), (double)scale);
    r->zero_point = hby_zero_point_of(lo, tensor);
    return HBY_OK;
}

enum hby_status hby_lower_compare(struct hby_lowering *lo, const struct hby_node *node)
{
    static const int fn[HBY_OP_COUNT] = {
        [HBY_OP_equal] = HBY_FN_EQUAL,           [HBY_OP_not_equal] = HBY_FN_NOT_EQUAL, [HBY_OP_less] = HBY_FN_LESS,
        [HBY_OP_less_equal] = HBY_FN_LESS_EQUAL, [HBY_OP_greater] = HBY_FN_GREATER,     [HBY_OP_greater_equal] = HBY_FN_GREATER_EQUAL};
    struct hby_args_binary a = {.fn = fn[node->op], .left_shift = 8};
    enum hby_status st = hby_check_same_type(lo, node->in[0], node->in[1]);
    if (st)
        return st;
    const enum hby_type type = hby_tensor_of(lo, node->in[0])->type, out = hby_tensor_of(lo, node->out[0])->type;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->in[0]);
    const bool equality = node->op == HBY_OP_equal || node->op == HBY_OP_not_equal;
    if (out != HBY_BOOL)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output of %s is %s; it must be bool", hby_ops[node->op].name, hby_type_name(out));
    if (!hby_has_ref(node->op, scheme) || (type == HBY_BOOL && !equality))
        return hby_refuse_type(lo, node, type);
    /* int16: (in)equality minds scales, order does not */
    const bool scales = hby_tensor_of(lo, node->in[0])->quant.count > 0 || hby_tensor_of(lo, node->in[0])->quant.unusable;
    if (type == HBY_I16 && node->op == HBY_OP_not_equal && !scales)
        return hby_say(HBY_UNSUPPORTED, lo->why, "NOT_EQUAL of int16 without a scale has no result in TFLite");
    if (type == HBY_I8 || type == HBY_U8 || (type == HBY_I16 && equality && scales)) {
        st = scale_operand(lo, node->in[0], &a.a);
        if (!st)
            st = scale_operand(lo, node->in[1], &a.b);
    }
    return st ? st : append(lo, node, scheme, &a);
}

enum hby_status hby_lower_logical(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = node->op == HBY_OP_logical_and ? HBY_FN_MINIMUM : HBY_FN_MAXIMUM};
    enum hby_status st = hby_check_binary(lo, node, true);
    if (!st && hby_tensor_of(lo, node->out[0])->type != HBY_BOOL)
        st = hby_refuse_type(lo, node, hby_tensor_of(lo, node->out[0])->type);
    return st ? st : append(lo, node, HBY_SCHEME_i32, &a);
}

/* Integers as they are stored, whatever their scales. */
enum hby_status hby_lower_floor_div(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = node->op == HBY_OP_floor_div ? HBY_FN_FLOOR_DIV : HBY_FN_FLOOR_MOD};
    enum hby_status st = hby_check_binary(lo, node, true);
    if (st)
        return st;
    const enum hby_type type = hby_tensor_of(lo, node->out[0])->type;
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, scheme) || type == HBY_BOOL || (type == HBY_I64 && node->op == HBY_OP_floor_div))
        return hby_refuse_type(lo, node, type);
    return append(lo, node, scheme, &a);
}

enum hby_status hby_lower_pow(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_binary a = {.fn = HBY_FN_POW, .f_min = -FLT_MAX, .f_max = FLT_MAX};
    enum hby_status st = hby_check_binary(lo, node, true);
    if (st)
        return st;
    const struct hby_tensor *x = hby_tensor_of(lo, node->in[0]), *y = hby_tensor_of(lo, node->in[1]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->out[0]);
    if (!hby_has_ref(node->op, scheme) || x->type == HBY_BOOL || x->type == HBY_I64)
        return hby_refuse_type(lo, node, x->type);
    a.pot_scale = hby_tensor_count(y) == 1 && !hby_same_shape(x, y);
    return append(lo, node, scheme, &a);
}
