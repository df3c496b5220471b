/* What the lowerings share: appending steps, and the checks and conversions of quantization parameters. */
#include "partition/lower.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "partition/element.h"

const hby_lower_fn hby_lower[HBY_OP_COUNT] = {
#define HBY_OP(name, builtin, version, import, lower) [HBY_OP_##name] = hby_lower_##lower,
#include "partition/ops.def"
#undef HBY_OP
};

bool hby_has_ref(enum hby_op op, enum hby_scheme scheme)
{
    static const bool has[HBY_OP_COUNT][HBY_SCHEME_COUNT] = {
#define HBY_REF(op, scheme, function) [HBY_OP_##op][HBY_SCHEME_##scheme] = true,
#include "partition/refs.def"
#undef HBY_REF
    };
    return op < HBY_OP_COUNT && scheme < HBY_SCHEME_COUNT && has[op][scheme];
}

enum hby_status hby_lower_fold_only(struct hby_lowering *lo, const struct hby_node *node)
{
    if (node->op == HBY_OP_densify)
        return hby_say(HBY_UNSUPPORTED, lo->why, "DENSIFY is supported for constants of float32, float16 or int8 only");
    return hby_say(HBY_UNSUPPORTED, lo->why, "%s is supported only where its input's shape is known before the model runs, and of a moderate size",
                   hby_ops[node->op].name);
}

/* Room for one more step. */
static bool grow(struct hby_plan *p)
{
    if (p->n_steps < p->step_capacity)
        return true;
    int room = p->step_capacity + p->step_capacity / 2 + 32;
    struct hby_step *s = hby_pool_alloc(&p->pool, (size_t)room * sizeof *s);
    if (!s)
        return false;
    if (p->n_steps)
        memcpy(s, p->step, (size_t)p->n_steps * sizeof *s);
    p->step = s;
    p->step_capacity = room;
    return true;
}

struct hby_step *hby_step_add(struct hby_lowering *lo, const struct hby_node *node, enum hby_nest nest, enum hby_scheme scheme)
{
    struct hby_plan *p = lo->plan;
    if (!hby_has_ref(node->op, scheme)) {
        hby_say(HBY_UNSUPPORTED, lo->why, "%s is not supported for scheme %s", hby_ops[node->op].name,
                scheme < HBY_SCHEME_COUNT ? hby_scheme_names[scheme] : "of this type");
        return NULL;
    }
    if (!grow(p)) {
        p->no_memory = true;
        hby_say(HBY_NO_MEMORY, lo->why, "out of memory");
        return NULL;
    }
    struct hby_step *s = &p->step[p->n_steps++];
    memset(s, 0, sizeof *s);
    s->op = node->op;
    s->scheme = scheme;
    s->nest = nest;
    s->node = lo->node_id;
    s->n_in = node->n_in < HBY_STEP_INPUTS ? node->n_in : HBY_STEP_INPUTS;
    s->n_out = 1;
    for (int i = 0; i < HBY_STEP_INPUTS; i++)
        s->in[i] = i < s->n_in ? node->in[i] : -1;
    for (int i = 0; i < HBY_STEP_OUTPUTS; i++)
        s->out[i] = i < s->n_out ? node->out[i] : -1;
    return s;
}

void *hby_step_table(struct hby_lowering *lo, struct hby_step *step, size_t bytes)
{
    void *data = step->n_tables < HBY_STEP_TABLES ? hby_pool_alloc(&lo->plan->pool, bytes) : NULL;
    if (!data) {
        lo->plan->no_memory = true;
        hby_say(HBY_NO_MEMORY, lo->why, "out of memory");
        return NULL;
    }
    step->table[step->n_tables++] = (struct hby_table){.data = data, .bytes = bytes};
    return data;
}

enum hby_scheme hby_scheme_of(const struct hby_lowering *lo, int tensor)
{
    static const enum hby_scheme of[] = {
        [HBY_F32] = HBY_SCHEME_f32, [HBY_F16] = HBY_SCHEME_f16, [HBY_I8] = HBY_SCHEME_i8,    [HBY_U8] = HBY_SCHEME_u8,    [HBY_I16] = HBY_SCHEME_i16,
        [HBY_I32] = HBY_SCHEME_i32, [HBY_I64] = HBY_SCHEME_i32, [HBY_BOOL] = HBY_SCHEME_i32, [HBY_I4] = HBY_SCHEME_COUNT, [HBY_OTHER_TYPE] = HBY_SCHEME_COUNT,
    };
    if (tensor < 0)
        return HBY_SCHEME_COUNT;
    enum hby_type type = lo->graph->tensor[tensor].type;
    return type == HBY_F32 ? lo->float_scheme : of[type];
}

/* The zero points that a type can hold. */
static bool zero_point_fits(enum hby_type type, int32_t zp)
{
    if (type == HBY_U8)
        return zp >= 0 && zp <= 255;
    if (type == HBY_I8)
        return zp >= -128 && zp <= 127;
    return zp == 0;
}

static enum hby_status check_entry(const struct hby_lowering *lo, const struct hby_tensor *t, int i)
{
    float scale = t->quant.scale[i];
    if (!isnormal(scale) || scale < 0.0f)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has scale %g; it must be finite, positive and not subnormal", hby_tensor_name(t),
                       (double)scale);
    if (!zero_point_fits(t->type, t->quant.zero_point[i]))
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has zero point %d, which %s cannot hold%s", hby_tensor_name(t), (int)t->quant.zero_point[i],
                       hby_type_name(t->type), t->type == HBY_I16 ? " (it must be 0)" : "");
    return HBY_OK;
}

enum hby_status hby_check_quant(const struct hby_lowering *lo, int tensor)
{
    const struct hby_tensor *t = &lo->graph->tensor[tensor];
    const struct hby_quant *q = &t->quant;
    if (q->unusable)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s': %.90s", hby_tensor_name(t),
                       q->why_unusable ? q->why_unusable : "quantization cannot be used");
    if (q->count == 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is %s without quantization parameters", hby_tensor_name(t), hby_type_name(t->type));
    if (q->count != 1)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is quantized per channel; activations must be quantized per tensor", hby_tensor_name(t));
    return check_entry(lo, t, 0);
}

enum hby_status hby_check_quants(const struct hby_lowering *lo, const struct hby_node *node)
{
    enum hby_status st = HBY_OK;
    for (int i = 0; i < node->n_in && !st; i++)
        st = hby_check_quant(lo, node->in[i]);
    return st ? st : hby_check_quant(lo, node->out[0]);
}

enum hby_status hby_check_weights_quant(const struct hby_lowering *lo, int tensor, int axis, int channels)
{
    const struct hby_tensor *t = &lo->graph->tensor[tensor];
    const struct hby_quant *q = &t->quant;
    if (q->unusable)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s': %.90s", hby_tensor_name(t),
                       q->why_unusable ? q->why_unusable : "quantization cannot be used");
    if (q->count != 1 && q->count != channels)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' have %d scales for %d channels", hby_tensor_name(t), q->count, channels);
    if (q->count > 1 && q->axis != axis)
        return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' are quantized along axis %d; it must be %d", hby_tensor_name(t), q->axis, axis);
    for (int i = 0; i < q->count; i++) {
        enum hby_status st = check_entry(lo, t, i);
        if (st)
            return st;
        if (t->type != HBY_U8 && q->zero_point[i] != 0)
            return hby_say(HBY_UNSUPPORTED, lo->why, "weights '%.60s' have zero point %d; %s weights must have 0", hby_tensor_name(t), (int)q->zero_point[i],
                           hby_type_name(t->type));
    }
    return HBY_OK;
}

bool hby_as_xnnpack(const struct hby_lowering *lo, int tensor)
{
    const enum hby_type type = lo->graph->tensor[tensor].type;
    return lo->plan->opt.rounding == HBY_ROUNDING_SINGLE && (type == HBY_I8 || type == HBY_U8);
}

enum hby_status hby_quantize_multiplier(double real, int32_t *mult, int32_t *shift)
{
    *mult = *shift = 0;
    if (!isfinite(real) || real < 0.0)
        return HBY_UNSUPPORTED;
    if (real == 0.0)
        return HBY_OK;
    int e;
    int64_t q = (int64_t)round(frexp(real, &e) * 2147483648.0);
    if (q == (int64_t)1 << 31) {
        q /= 2;
        e++;
    }
    if (e > 30)
        return HBY_UNSUPPORTED;
    if (e < -31) /* everything is shifted out */
        return HBY_OK;
    *mult = (int32_t)q;
    *shift = e;
    return HBY_OK;
}

/* real value -> the output's quantized value, unclamped; false when it leaves int32. */
static bool quantized(const struct hby_quant *q, float real, int64_t *value)
{
    float v = roundf(real / q->scale[0]);
    if (!(v >= -2147483648.0f && v < 2147483648.0f))
        return false;
    *value = q->zero_point[0] + (int64_t)v;
    return true;
}

enum hby_status hby_act_range_int(const struct hby_lowering *lo, enum hby_act act, int tensor, hby_i32 *act_min, hby_i32 *act_max)
{
    const struct hby_tensor *t = &lo->graph->tensor[tensor];
    int64_t lo_q = t->type == HBY_U8 ? 0 : t->type == HBY_I8 ? -128 : -32768, hi_q = t->type == HBY_U8 ? 255 : t->type == HBY_I8 ? 127 : 32767;
    float f_min = -INFINITY, f_max = INFINITY;
    if (t->type != HBY_U8 && t->type != HBY_I8 && t->type != HBY_I16)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is %s; a quantized result is int8, uint8 or int16", hby_tensor_name(t),
                       hby_type_name(t->type));
    enum hby_status st = hby_act_range_float(lo, act, &f_min, &f_max);
    if (st)
        return st;
    int64_t q_min = lo_q, q_max = hi_q;
    if ((isfinite(f_min) && !quantized(&t->quant, f_min, &q_min)) || (isfinite(f_max) && !quantized(&t->quant, f_max, &q_max)))
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has scale %g, too small for its fused activation", hby_tensor_name(t),
                       (double)t->quant.scale[0]);
    *act_min = (hby_i32)(q_min > lo_q ? q_min : lo_q);
    *act_max = (hby_i32)(q_max < hi_q ? q_max : hi_q);
    return HBY_OK;
}

enum hby_status hby_act_range_float(const struct hby_lowering *lo, enum hby_act act, hby_f32 *f_min, hby_f32 *f_max)
{
    static const struct {
        float lo, hi;
    } range[] = {
        [HBY_ACT_NONE] = {-INFINITY, INFINITY},
        [HBY_ACT_RELU] = {0.0f, INFINITY},
        [HBY_ACT_RELU_N1_TO_1] = {-1.0f, 1.0f},
        [HBY_ACT_RELU6] = {0.0f, 6.0f},
    };
    if ((unsigned)act >= sizeof range / sizeof *range)
        return hby_say(HBY_UNSUPPORTED, lo->why, "the fused activation %s is not supported; use RELU, RELU6 or RELU_N1_TO_1, or a node of its own",
                       act == HBY_ACT_TANH ? "TANH" : "SIGN_BIT");
    *f_min = range[act].lo;
    *f_max = range[act].hi;
    return HBY_OK;
}

enum hby_status hby_constant_ints(const struct hby_lowering *lo, int tensor, int max, int64_t *value, int *n)
{
    *n = 0;
    if (tensor < 0)
        return hby_say(HBY_UNSUPPORTED, lo->why, "an input that must be a constant is absent");
    const struct hby_tensor *t = &lo->graph->tensor[tensor];
    if (!t->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is computed while the model runs; it must be a constant", hby_tensor_name(t));
    if (t->type != HBY_I32 && t->type != HBY_I64)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' is %s; it must be int32 or int64", hby_tensor_name(t), hby_type_name(t->type));
    int64_t count = hby_tensor_count(t);
    if (count < 0 || count > max || (size_t)count * hby_type_size(t->type) > t->bytes)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has %lld values; at most %d are expected", hby_tensor_name(t), (long long)count, max);
    for (int64_t i = 0; i < count; i++)
        value[i] = hby_load_int64(t->data, t->type, (size_t)i);
    *n = (int)count;
    return HBY_OK;
}
