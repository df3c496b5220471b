/* What the lowerings onto the unary and the table nest share. */
#include "partition/lower_unary.h"

#include <math.h>
#include <string.h>

#include "partition/fixedpoint.h"

void hby_type_range(enum hby_type type, hby_i32 *min, hby_i32 *max)
{
    *min = type == HBY_U8 ? 0 : type == HBY_I8 ? INT8_MIN : type == HBY_I16 ? INT16_MIN : INT32_MIN;
    *max = type == HBY_U8 ? UINT8_MAX : type == HBY_I8 ? INT8_MAX : type == HBY_I16 ? INT16_MAX : INT32_MAX;
}

enum hby_status hby_check_unary(const struct hby_lowering *lo, const struct hby_node *node, bool same_type, hby_i32 *count)
{
    enum hby_status st = same_type ? hby_check_same_type(lo, node->in[0], node->out[0]) : HBY_OK;
    if (!st)
        st = hby_check_same_count(lo, node->in[0], node->out[0]);
    return st ? st : hby_count_of(lo, node->out[0], count);
}

enum hby_status hby_check_any_quant(const struct hby_lowering *lo, int tensor)
{
    const struct hby_tensor *t = hby_tensor_of(lo, tensor);
    hby_i32 min, max;
    hby_type_range(t->type, &min, &max);
    if ((t->type != HBY_I16 && t->type != HBY_I32) || t->quant.count != 1 || t->quant.unusable)
        return hby_check_quant(lo, tensor);
    if (!isnormal(t->quant.scale[0]) || t->quant.scale[0] < 0.0f || t->quant.zero_point[0] < min || t->quant.zero_point[0] > max)
        return hby_say(HBY_UNSUPPORTED, lo->why,
                       "tensor '%.60s' has scale %g and zero point %d; the scale must be finite, positive and not subnormal, and %s hold the zero point",
                       hby_name_of(lo, tensor), (double)t->quant.scale[0], (int)t->quant.zero_point[0], hby_type_name(t->type));
    return HBY_OK;
}

int32_t hby_rescaled_byte(int32_t q, const void *context)
{
    const struct hby_args_unary *a = context;
    return hby_clamp32(hby_add32(hby_rescale_double(q - a->in.zero_point, a->out.mult, a->out.shift), a->out.zero_point), a->act_min, a->act_max);
}

enum hby_status hby_lower_unary(struct hby_lowering *lo, const struct hby_node *node, enum hby_scheme scheme, const struct hby_args_unary *a)
{
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_unary, scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    s->args.unary = *a;
    return HBY_OK;
}

enum hby_status hby_lower_bytes(struct hby_lowering *lo, const struct hby_node *node, hby_byte_fn f, const void *context)
{
    const bool is_signed = hby_tensor_of(lo, node->in[0])->type == HBY_I8;
    const size_t entry = hby_type_size(hby_tensor_of(lo, node->out[0])->type);
    hby_i32 count;
    enum hby_status st = hby_count_of(lo, node->out[0], &count);
    if (st)
        return st;
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_table, is_signed ? HBY_SCHEME_i8 : HBY_SCHEME_u8);
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    s->args.table.count = count;
    char *table = hby_step_table(lo, s, 256 * entry);
    if (!table)
        return HBY_NO_MEMORY;
    for (int byte = 0; byte < 256; byte++) {
        const int32_t v = f(is_signed ? (int8_t)byte : byte, context);
        const uint8_t one = (uint8_t)v;
        const uint16_t two = (uint16_t)v;
        memcpy(table + (size_t)byte * entry, entry == 1 ? (const void *)&one : (const void *)&two, entry);
    }
    return HBY_OK;
}
