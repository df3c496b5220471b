/* PAD, PADV2 and MIRROR_PAD. */
#include <string.h>

#include "partition/element.h"
#include "partition/lower_move.h"

enum { PAD_RANK = 5 /* TFLite's limit */ };

/* Paddings: [rank, 2] of any integer type that TFLite reads. */
static enum hby_status read_paddings(const struct hby_lowering *lo, int tensor, int rank, int64_t pad[2 * PAD_RANK])
{
    const struct hby_tensor *t = hby_tensor_of(lo, tensor);
    int n = 2 * rank;
    enum hby_status st = HBY_OK;
    if (t->type == HBY_I32 || t->type == HBY_I64) {
        st = hby_constant_ints(lo, tensor, 2 * PAD_RANK, pad, &n);
    } else if (!t->data || (t->type != HBY_I8 && t->type != HBY_I16) || hby_tensor_count(t) != n || t->bytes < (size_t)n * hby_type_size(t->type)) {
        st = hby_say(HBY_UNSUPPORTED, lo->why, "the paddings '%.60s' must be a constant of int32 or int64", hby_name_of(lo, tensor));
    } else {
        for (int i = 0; i < n; i++)
            pad[i] = hby_load_int64(t->data, t->type, (size_t)i);
    }
    if (st)
        return st;
    if (n != 2 * rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%d paddings for %d dimensions", n, rank);
    for (int i = 0; i < n; i++)
        if (pad[i] < 0 || pad[i] > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, lo->why, "padding %lld; it must be between 0 and 2^31 - 1", (long long)pad[i]);
    return HBY_OK;
}

/* The bits of a float in the output's storage type. */
static uint64_t float_bits(enum hby_type storage, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return storage == HBY_F16 ? hby_float_to_half(value) : bits;
}

/* The bits of PADV2's value, which must be a constant of the output's type (and quantization). */
static enum hby_status given_value(const struct hby_lowering *lo, int value, int out, enum hby_type storage, uint64_t *bits)
{
    const struct hby_tensor *v = hby_tensor_of(lo, value), *t = hby_tensor_of(lo, out);
    const size_t size = hby_type_size(v->type);
    enum hby_status st = hby_check_same_type(lo, value, out);
    if (st)
        return st;
    if (!v->data || hby_tensor_count(v) != 1 || v->bytes < size)
        return hby_say(HBY_UNSUPPORTED, lo->why, "PADV2's value '%.60s' must be one constant", hby_name_of(lo, value));
    if (t->quant.count && (t->type == HBY_I8 || t->type == HBY_U8 || t->type == HBY_I16) &&
        (hby_scale_of(lo, value) != hby_scale_of(lo, out) || hby_zero_point_of(lo, value) != hby_zero_point_of(lo, out)))
        return hby_say(HBY_UNSUPPORTED, lo->why, "PADV2's value '%.60s' must have the output's scale and zero point", hby_name_of(lo, value));
    if (hby_is_float(lo, value))
        *bits = float_bits(storage, hby_load_float(v->data, v->type, 0));
    else
        memcpy(bits, v->data, size); /* little-endian, as all targets are */
    return HBY_OK;
}

static enum hby_status pad_value(const struct hby_lowering *lo, const struct hby_node *node, enum hby_type storage, uint64_t *bits)
{
    const struct hby_tensor *t = hby_tensor_of(lo, node->out[0]);
    const size_t size = hby_type_size(storage);
    *bits = 0;
    if (node->n_in == 3)
        return given_value(lo, node->in[2], node->out[0], storage, bits);
    if (t->quant.count && (t->type == HBY_I8 || t->type == HBY_U8 || t->type == HBY_I16)) {
        enum hby_status st = hby_check_quant(lo, node->out[0]);
        if (st)
            return st;
        *bits = (uint64_t)(int64_t)hby_zero_point_of(lo, node->out[0]) & (size == 1 ? 0xffu : 0xffffu);
    }
    return HBY_OK;
}

/* The step itself; `mirror` as in the args. */
static enum hby_status pad_step(struct hby_lowering *lo, const struct hby_node *node, const int64_t *pad, uint64_t bits, int mirror)
{
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    hby_i32 count;
    enum hby_status st = hby_count_of(lo, node->out[0], &count);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_pad, hby_scheme_of(lo, node->out[0]));
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    for (int i = 1; i < HBY_STEP_INPUTS; i++)
        s->in[i] = -1;
    struct hby_args_pad *a = &s->args.pad;
    a->count = count;
    a->elem_size = (hby_i32)hby_type_size(lo->plan->storage[node->out[0]]);
    a->mirror = mirror;
    a->value_lo = (hby_i32)(uint32_t)bits;
    a->value_hi = (hby_i32)(uint32_t)(bits >> 32);
    for (int i = 0, k = in->rank - HBY_MOVE_RANK; i < HBY_MOVE_RANK; i++, k++) {
        a->dim[i] = k < 0 ? 1 : out->dim[k];
        a->in_dim[i] = k < 0 ? 1 : in->dim[k];
        a->before[i] = k < 0 ? 0 : (hby_i32)pad[2 * k];
        if (k >= 0 && in->dim[k] + pad[2 * k] + pad[2 * k + 1] != out->dim[k])
            return hby_say(HBY_UNSUPPORTED, lo->why, "dimension %d of %d, padded by %lld and %lld, does not give the output's %d", k, (int)in->dim[k],
                           (long long)pad[2 * k], (long long)pad[2 * k + 1], (int)out->dim[k]);
    }
    return HBY_OK;
}

enum hby_status hby_lower_pad(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t pad[2 * PAD_RANK];
    uint64_t bits;
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    if (in->rank < 1 || in->rank > PAD_RANK || out->rank != in->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "padding a tensor of %d dimensions; 1 to %d are supported", in->rank, PAD_RANK);
    st = read_paddings(lo, node->in[1], in->rank, pad);
    if (!st && node->op == HBY_OP_pad && hby_type_size(in->type) <= 2 && in->type != HBY_F16)
        st = hby_check_same_scale(lo, node); /* else which zero point is the padding? */
    if (!st)
        st = pad_value(lo, node, lo->plan->storage[node->out[0]], &bits);
    if (st)
        return st;
    return pad_step(lo, node, pad, bits, 0);
}

/* --- MIRROR_PAD --- */

enum hby_status hby_lower_mirror_pad(struct hby_lowering *lo, const struct hby_node *node)
{
    int64_t pad[2 * PAD_RANK];
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (st)
        return st;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    if (in->rank < 1 || in->rank > PAD_RANK || out->rank != in->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "padding a tensor of %d dimensions; 1 to %d are supported", in->rank, PAD_RANK);
    st = read_paddings(lo, node->in[1], in->rank, pad);
    if (!st && hby_type_size(in->type) <= 2 && in->type != HBY_F16)
        st = hby_check_same_scale(lo, node);
    if (st)
        return st;
    const int reflect = node->params.mirror_pad.reflect;
    for (int i = 0; i < 2 * in->rank; i++)
        if (pad[i] > in->dim[i / 2] - reflect)
            return hby_say(HBY_UNSUPPORTED, lo->why, "a padding of %lld is longer than the mirror image of a dimension of %d", (long long)pad[i],
                           (int)in->dim[i / 2]);
    return pad_step(lo, node, pad, 0, 1 + reflect);
}
