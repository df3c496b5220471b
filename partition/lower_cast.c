/* CAST and LOGICAL_NOT. */
#include "partition/lower_unary.h"

static bool is_number(enum hby_type t)
{
    return t <= HBY_BOOL;
}

enum hby_status hby_lower_cast(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_unary a = {.fn = HBY_FN_CAST, .channels = 1, .channel_inner = 1};
    enum hby_status st = hby_check_unary(lo, node, false, &a.count);
    if (st)
        return st;
    const enum hby_type in = hby_tensor_of(lo, node->in[0])->type, out = hby_tensor_of(lo, node->out[0])->type;
    if (!is_number(in) || !is_number(out))
        return hby_say(HBY_UNSUPPORTED, lo->why, "CAST from %s to %s is not supported", hby_type_name(in), hby_type_name(out));
    return hby_lower_unary(lo, node, hby_scheme_of(lo, hby_is_float(lo, node->in[0]) ? node->in[0] : node->out[0]), &a);
}

static int32_t not_at(int32_t q, const void *context)
{
    (void)context;
    return !q;
}

enum hby_status hby_lower_logical_not(struct hby_lowering *lo, const struct hby_node *node)
{
    hby_i32 count;
    enum hby_status st = hby_check_unary(lo, node, true, &count);
    if (st)
        return st;
    const enum hby_type type = hby_tensor_of(lo, node->out[0])->type;
    if (type != HBY_BOOL)
        return hby_say(HBY_UNSUPPORTED, lo->why, "LOGICAL_NOT of %s is not supported", hby_type_name(type));
    return hby_lower_bytes(lo, node, not_at, NULL);
}
