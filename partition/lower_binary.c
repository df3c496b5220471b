/* What the lowerings onto the binary nest share: broadcasting and clamps. */
#include "partition/lower_binary.h"

#include <float.h>
#include <math.h>

enum hby_status hby_check_binary(const struct hby_lowering *lo, const struct hby_node *node, bool same_type)
{
    enum hby_status st = same_type ? hby_check_same_type(lo, node->in[0], node->in[1]) : HBY_OK;
    if (!st)
        st = hby_check_same_type(lo, node->in[0], node->out[0]);
    return st;
}

enum hby_status hby_lower_binary(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, const struct hby_args_binary *a)
{
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_binary, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->args.binary = *a;
    return HBY_OK;
}

/* Stride of dimension i of the output for an input that is aligned to it on the right. */
static bool broadcast_stride(const struct hby_tensor *in, const int64_t *dense, int rank, int i, int64_t out_dim, int64_t *stride)
{
    int k = i - (rank - in->rank);
    *stride = 0;
    if (k < 0 || in->dim[k] == 1)
        return true;
    *stride = dense[k];
    return in->dim[k] == out_dim;
}

enum hby_status hby_lower_broadcast(const struct hby_lowering *lo, const struct hby_node *node, struct hby_args_binary *a)
{
    const struct hby_tensor *x = hby_tensor_of(lo, node->in[0]), *y = hby_tensor_of(lo, node->in[1]), *out = hby_tensor_of(lo, node->out[0]);
    hby_i32 unused;
    enum hby_status st = hby_count_of(lo, node->out[0], &a->count);
    if (!st)
        st = hby_count_of(lo, node->in[0], &unused);
    if (!st)
        st = hby_count_of(lo, node->in[1], &unused);
    if (st)
        return st;
    struct hby_walk w = {.rank = out->rank};
    int64_t dx[HBY_MAX_RANK], dy[HBY_MAX_RANK];
    hby_dense_strides(x, dx);
    hby_dense_strides(y, dy);
    hby_dense_strides(out, w.stride[2]);
    for (int i = 0; i < out->rank; i++) {
        w.dim[i] = out->dim[i];
        if (x->rank > out->rank || y->rank > out->rank || !broadcast_stride(x, dx, out->rank, i, w.dim[i], &w.stride[0][i]) ||
            !broadcast_stride(y, dy, out->rank, i, w.dim[i], &w.stride[1][i]))
            return hby_say(HBY_UNSUPPORTED, lo->why, "the shapes of '%.40s' and '%.40s' do not broadcast to that of '%.40s'", hby_name_of(lo, node->in[0]),
                           hby_name_of(lo, node->in[1]), hby_name_of(lo, node->out[0]));
    }
    if (!hby_walk_collapse(&w, 3, HBY_BINARY_RANK))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the broadcast alternates over more than %d dimensions", HBY_BINARY_RANK);
    a->flat = 1;
    for (int i = 0; i < HBY_BINARY_RANK; i++) {
        a->dim[i] = (hby_i32)w.dim[i];
        a->a_stride[i] = (hby_i32)w.stride[0][i];
        a->b_stride[i] = (hby_i32)w.stride[1][i];
        a->flat = a->flat && w.stride[0][i] == w.stride[2][i] && w.stride[1][i] == w.stride[2][i];
    }
    return HBY_OK;
}

enum hby_status hby_lower_act_float(const struct hby_lowering *lo, enum hby_act act, struct hby_args_binary *a)
{
    enum hby_status st = hby_act_range_float(lo, act, &a->f_min, &a->f_max);
    a->f_min = fmaxf(a->f_min, -FLT_MAX);
    a->f_max = fminf(a->f_max, FLT_MAX);
    return st;
}

enum hby_status hby_lower_act_plain(const struct hby_lowering *lo, enum hby_act act, int tensor, struct hby_args_binary *a)
{
    float f_min, f_max;
    enum hby_status st = hby_act_range_float(lo, act, &f_min, &f_max);
    if (st)
        return st;
    if (hby_tensor_of(lo, tensor)->type == HBY_BOOL)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is bool; arithmetic needs numbers", hby_name_of(lo, tensor));
    a->act_min = isinf(f_min) ? INT32_MIN : (hby_i32)f_min;
    a->act_max = isinf(f_max) ? INT32_MAX : (hby_i32)f_max;
    return HBY_OK;
}
