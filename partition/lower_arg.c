/* ARG_MAX and ARG_MIN over one axis. */
#include "partition/lower_shape.h"

enum hby_status hby_lower_arg(struct hby_lowering *lo, const struct hby_node *node)
{
    struct hby_args_arg a = {.outer = 1, .inner = 1, .least = node->op == HBY_OP_arg_min};
    int64_t axis;
    int n;
    hby_i32 n_in, n_out;
    enum hby_status st = hby_count_of(lo, node->in[0], &n_in);
    if (!st)
        st = hby_count_of(lo, node->out[0], &n_out);
    if (!st)
        st = hby_constant_ints(lo, node->in[1], 1, &axis, &n);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    const enum hby_scheme scheme = hby_scheme_of(lo, node->in[0]);
    if (!hby_has_ref(node->op, scheme) || in->type == HBY_I64 || in->type == HBY_BOOL)
        return hby_refuse_type(lo, node, in->type);
    if (out->type != HBY_I32 && out->type != HBY_I64)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output of %s is %s; it must be int32 or int64", hby_ops[node->op].name, hby_type_name(out->type));
    axis += n == 1 && axis < 0 ? in->rank : 0;
    if (n != 1 || axis < 0 || axis >= in->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s needs one axis inside %d dimensions", hby_ops[node->op].name, in->rank);
    for (int d = 0; d < in->rank; d++)
        if (d < axis)
            a.outer *= in->dim[d];
        else if (d > axis)
            a.inner *= in->dim[d];
    a.length = in->dim[axis];
    a.wide_out = out->type == HBY_I64;
    if (n_out != a.outer * a.inner)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the output has %d elements; the axis leaves %d", (int)n_out, (int)(a.outer * a.inner));
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_arg, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    s->in[1] = -1;
    s->args.arg = a;
    return HBY_OK;
}
