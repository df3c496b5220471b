#include "partition/lower_recurrent.h"

#include <limits.h>

static_assert(HBY_RECURRENT_RELU == (int)HBY_ACT_RELU && HBY_RECURRENT_RELU_N1_TO_1 == (int)HBY_ACT_RELU_N1_TO_1 && HBY_RECURRENT_RELU6 == (int)HBY_ACT_RELU6 &&
                  HBY_RECURRENT_TANH == (int)HBY_ACT_TANH && HBY_RECURRENT_SIGN_BIT == (int)HBY_ACT_SIGN_BIT,
              "one code per activation");

enum hby_status hby_check_operand(const struct hby_lowering *lo, const struct hby_operand *o)
{
    if (o->tensor < 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the %s are absent", o->what);
    const struct hby_tensor *t = hby_tensor_of(lo, o->tensor);
    if (o->constant && !t->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the %s are computed while the model runs; they must be constants", o->what);
    if (t->type != o->type && !(o->half && o->type == HBY_F32 && t->type == HBY_F16 && t->data))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the %s are %s; they must be %s", o->what, hby_type_name(t->type), hby_type_name(o->type));
    if (o->rank == 0 && hby_tensor_count(t) != o->d0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the %s have %lld elements; they must have %d", o->what, (long long)hby_tensor_count(t), o->d0);
    if (o->rank == 1 && (t->rank != 1 || t->dim[0] != o->d0))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the %s must have the shape [%d]", o->what, o->d0);
    if (o->rank == 2 && (t->rank != 2 || t->dim[0] != o->d0 || t->dim[1] != o->d1))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the %s must have the shape [%d, %d]", o->what, o->d0, o->d1);
    return HBY_OK;
}

enum hby_status hby_recurrent_scheme(const struct hby_lowering *lo, int input, int weights, bool has_i8, enum hby_scheme *scheme)
{
    if (input < 0 || weights < 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the input or the weights are absent");
    const enum hby_type x = hby_tensor_of(lo, input)->type, w = hby_tensor_of(lo, weights)->type;
    if (x == HBY_F32 && (w == HBY_F32 || w == HBY_F16))
        *scheme = HBY_SCHEME_f32;
    else if (x == HBY_F32 && w == HBY_I8)
        *scheme = HBY_SCHEME_f32w8;
    else if (x == HBY_I8 && w == HBY_I8 && has_i8)
        *scheme = HBY_SCHEME_i8;
    else
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s inputs with %s weights: the runtime's own kernel has no such form", hby_type_name(x), hby_type_name(w));
    return HBY_OK;
}

enum hby_status hby_recurrent_rescale(const struct hby_lowering *lo, const char *what, float real, hby_i32 *mult, hby_i32 *shift)
{
    if (hby_quantize_multiplier((double)real, mult, shift))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the factor %g of %s is out of the range of a fixed-point multiplier", (double)real, what);
    return HBY_OK;
}

enum hby_status hby_recurrent_outputs(struct hby_lowering *lo, int step, const struct hby_node *node, enum hby_type scratch, int64_t elements)
{
    struct hby_tensor like = {.type = scratch, .rank = 1, .name = "scratch"};
    int id;
    if (elements > INT_MAX)
        return hby_say(HBY_UNSUPPORTED, lo->why, "it needs more than 2^31 - 1 intermediate values");
    like.dim[0] = (int32_t)elements;
    like.bytes = (size_t)elements * hby_type_size(scratch);
    enum hby_status st = hby_step_tensor(lo, &like, scratch, &id);
    if (st)
        return st;
    struct hby_step *s = &lo->plan->step[step];
    for (int i = 0; i < node->n_out; i++)
        s->out[i] = node->out[i];
    s->out[node->n_out] = id;
    s->n_out = node->n_out + 1;
    return HBY_OK;
}
