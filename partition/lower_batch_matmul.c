/* BATCH_MATMUL: a 1x1 convolution over the rows where one constant matrix multiplies them all, its own nest otherwise. Operands that are not as their nest
 * walks them are transposed first: constants here, others by a step. */
#include <string.h>

#include "partition/fixedpoint.h"
#include "partition/lower_move.h"
#include "partition/lower_unary.h"
#include "partition/lower_window.h"

enum { MOST_RANK = HBY_MATMUL_BATCHES + 2 };

/* The product as the node says it: out[batches][m][n] = a[batches][m][k] * b[batches][k][n]. */
struct product {
    int a, b, out;
    int64_t batch[HBY_MATMUL_BATCHES], a_batch[HBY_MATMUL_BATCHES], b_batch[HBY_MATMUL_BATCHES]; /* sizes */
    int64_t m, n, k;
    enum hby_scheme scheme;
};

static int64_t count_of(const int64_t *batch)
{
    return batch[0] * batch[1] * batch[2];
}

/* The dimensions in front of the matrix, and the matrix. */
static enum hby_status read_shape(const struct hby_lowering *lo, int tensor, int64_t batch[HBY_MATMUL_BATCHES], int64_t *rows, int64_t *columns)
{
    const struct hby_tensor *t = hby_tensor_of(lo, tensor);
    if (t->rank < 2 || t->rank > MOST_RANK)
        return hby_say(HBY_UNSUPPORTED, lo->why, "tensor '%.60s' has %d dimensions; 2 to %d are supported", hby_name_of(lo, tensor), t->rank, MOST_RANK);
    for (int i = 0; i < HBY_MATMUL_BATCHES; i++) {
        const int from = t->rank - MOST_RANK + i;
        batch[i] = from < 0 ? 1 : t->dim[from];
    }
    *rows = t->dim[t->rank - 2];
    *columns = t->dim[t->rank - 1];
    return HBY_OK;
}

static enum hby_status find_scheme(const struct hby_lowering *lo, struct product *p)
{
    const enum hby_type a = hby_tensor_of(lo, p->a)->type, b = hby_tensor_of(lo, p->b)->type, out = hby_tensor_of(lo, p->out)->type;
    const bool floats = hby_is_float(lo, p->b);
    p->scheme = HBY_SCHEME_COUNT;
    if (hby_is_float(lo, p->a) && hby_is_float(lo, p->out))
        p->scheme = floats ? hby_scheme_of(lo, p->out) : b == HBY_I8 ? HBY_SCHEME_f32w8 : HBY_SCHEME_COUNT;
    else if (a == HBY_I8 && b == HBY_I8 && out == HBY_I8)
        p->scheme = HBY_SCHEME_i8;
    else if (a == HBY_I16 && (b == HBY_I16 || b == HBY_I8) && out == HBY_I16)
        p->scheme = HBY_SCHEME_i16;
    if (p->scheme == HBY_SCHEME_COUNT)
        return hby_say(HBY_UNSUPPORTED, lo->why, "BATCH_MATMUL of %s and %s into %s is not supported", hby_type_name(a), hby_type_name(b), hby_type_name(out));
    return HBY_OK;
}

static enum hby_status read_product(const struct hby_lowering *lo, const struct hby_node *node, struct product *p)
{
    const bool adj_x = node->params.batch_matmul.adj_x, adj_y = node->params.batch_matmul.adj_y;
    int64_t a[2], b[2], out[2], k;
    hby_i32 unused;
    *p = (struct product){.a = node->in[0], .b = node->in[1], .out = node->out[0]};
    enum hby_status st = find_scheme(lo, p);
    for (int i = 0; i < 3 && !st; i++)
        st = hby_count_of(lo, i == 0 ? p->a : i == 1 ? p->b : p->out, &unused);
    if (!st)
        st = read_shape(lo, p->a, p->a_batch, &a[0], &a[1]);
    if (!st)
        st = read_shape(lo, p->b, p->b_batch, &b[0], &b[1]);
    if (!st)
        st = read_shape(lo, p->out, p->batch, &out[0], &out[1]);
    if (st)
        return st;
    p->m = a[adj_x];
    p->k = a[!adj_x];
    k = b[adj_y];
    p->n = b[!adj_y];
    bool fits = k == p->k && out[0] == p->m && out[1] == p->n;
    for (int i = 0; i < HBY_MATMUL_BATCHES; i++)
        fits =
            fits && (p->a_batch[i] == 1 ? p->b_batch[i] == p->batch[i] : p->a_batch[i] == p->batch[i] && (p->b_batch[i] == 1 || p->b_batch[i] == p->batch[i]));
    return fits ? HBY_OK
                : hby_say(HBY_UNSUPPORTED, lo->why, "the shapes of '%.40s', '%.40s' and '%.40s' are not those of a product", hby_name_of(lo, p->a),
                          hby_name_of(lo, p->b), hby_name_of(lo, p->out));
}

/* --- transposing --- */

/* `id` becomes a tensor like it, with the last two dimensions exchanged. */
static enum hby_status transposed_tensor(struct hby_lowering *lo, int *id)
{
    struct hby_tensor like = *hby_tensor_of(lo, *id);
    const int32_t rows = like.dim[like.rank - 2];
    like.dim[like.rank - 2] = like.dim[like.rank - 1];
    like.dim[like.rank - 1] = rows;
    if (like.quant.count > 1 && like.quant.axis >= like.rank - 2)
        like.quant.axis = 2 * like.rank - 3 - like.quant.axis;
    like.data = NULL;
    enum hby_status st = hby_step_tensor(lo, &like, lo->plan->storage[*id], id);
    return st ? hby_say(st, lo->why, "out of memory") : HBY_OK;
}

static enum hby_status transpose_constant(struct hby_lowering *lo, int *id)
{
    const int from = *id;
    const struct hby_tensor *t = hby_tensor_of(lo, from);
    const size_t size = hby_type_size(lo->plan->storage[from]), rows = (size_t)t->dim[t->rank - 2], columns = (size_t)t->dim[t->rank - 1];
    const size_t count = (size_t)hby_tensor_count(t);
    char *data = hby_pool_alloc(&lo->plan->pool, count * size);
    if (!data) {
        lo->plan->no_memory = true;
        return hby_say(HBY_NO_MEMORY, lo->why, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const size_t matrix = i / (rows * columns), row = i / columns % rows, column = i % columns;
        memcpy(data + (matrix * rows * columns + column * rows + row) * size, (const char *)t->data + i * size, size);
    }
    enum hby_status st = transposed_tensor(lo, id);
    if (st)
        return st;
    lo->plan->graph->tensor[*id].data = data;
    lo->plan->graph->tensor[*id].bytes = count * size;
    return HBY_OK;
}

static enum hby_status transpose(struct hby_lowering *lo, const struct hby_node *node, int *id)
{
    const int from = *id;
    if (hby_tensor_of(lo, from)->data)
        return transpose_constant(lo, id);
    enum hby_status st = transposed_tensor(lo, id);
    if (st)
        return st;
    const struct hby_tensor *t = hby_tensor_of(lo, from);
    const int64_t rows = t->dim[t->rank - 2], columns = t->dim[t->rank - 1];
    struct hby_walk w = {
        .rank = 3, .dim = {hby_tensor_count(t) / (rows * columns), columns, rows}, .stride = {{rows * columns, 1, columns}, {rows * columns, rows, 1}}};
    return hby_lower_one_move(lo, node, from, *id, &w, 0, 0);
}

/* --- quantization --- */

/* The runtime's optimized kernel is the reference's; XNNPACK takes int8 whose second operand has no zero point. */
static int rounding_of(const struct hby_lowering *lo, const struct product *p)
{
    if (p->scheme == HBY_SCHEME_i16)
        return HBY_ROUND_WIDE16;
    return lo->plan->opt.rounding == HBY_ROUNDING_SINGLE && hby_zero_point_of(lo, p->b) == 0 ? HBY_ROUND_FLOAT : HBY_ROUND_DOUBLE;
}

/* The product of the scales in float32, as TFLite has it. */
static enum hby_status rescale(const struct hby_lowering *lo, const struct product *p, struct hby_rescale *r)
{
    enum hby_status st = hby_check_quant(lo, p->a);
    if (!st)
        st = hby_check_quant(lo, p->b);
    if (!st)
        st = hby_check_quant(lo, p->out);
    if (st)
        return st;
    const volatile float product = hby_scale_of(lo, p->a) * hby_scale_of(lo, p->b);
    const double real = (double)product / (double)hby_scale_of(lo, p->out);
    if (rounding_of(lo, p) == HBY_ROUND_FLOAT) {
        r->mult = hby_float_bits(product / hby_scale_of(lo, p->out));
        r->zero_point = hby_zero_point_of(lo, p->out);
        return HBY_OK;
    }
    if (hby_quantize_multiplier(real, &r->mult, &r->shift) || (p->scheme == HBY_SCHEME_i16 && r->shift > 14))
        return hby_say(HBY_UNSUPPORTED, lo->why, "the scales ask for a factor of %g, out of the range of a multiplier", real);
    r->zero_point = hby_zero_point_of(lo, p->out);
    if (p->scheme == HBY_SCHEME_i16 && hby_zero_point_of(lo, p->b))
        return hby_say(HBY_UNSUPPORTED, lo->why, "BATCH_MATMUL of int16 needs zero points of 0");
    return HBY_OK;
}

/* What the reference kernel of dynamic range gets right: see its offsets of scales and row sums. */
static enum hby_status check_hybrid(const struct hby_lowering *lo, const struct hby_node *node, const struct product *p)
{
    const struct hby_tensor *b = hby_tensor_of(lo, p->b);
    int sizes = 0;
    for (int i = 0; i < HBY_MATMUL_BATCHES; i++)
        sizes += p->a_batch[i] > 1;
    if (!b->data)
        return hby_say(HBY_UNSUPPORTED, lo->why, "float activations with int8 weights that are computed while the model runs");
    if (count_of(p->b_batch) != 1 || sizes > 1)
        return hby_say(HBY_UNSUPPORTED, lo->why, "float activations with int8 weights in several batches are left to the runtime");
    return hby_check_weights_quant(lo, p->b, node->params.batch_matmul.adj_y ? b->rank - 2 : b->rank - 1, (int)p->n);
}

/* --- one constant matrix --- */

static bool is_convolution(const struct hby_lowering *lo, const struct product *p)
{
    const struct hby_tensor *b = hby_tensor_of(lo, p->b);
    if (!b->data || count_of(p->b_batch) != 1)
        return false;
    return p->scheme != HBY_SCHEME_i16 ? p->scheme != HBY_SCHEME_i8 || hby_zero_point_of(lo, p->b) == 0 : b->type == HBY_I8;
}

static enum hby_status lower_convolution(struct hby_lowering *lo, const struct hby_node *node, struct product *p)
{
    const bool hybrid = p->scheme == HBY_SCHEME_f32w8, integer = p->scheme == HBY_SCHEME_i8 || p->scheme == HBY_SCHEME_i16;
    const hby_i32 rows = (hby_i32)(count_of(p->batch) * p->m);
    struct hby_rescale out = {0};
    enum hby_status st = hybrid ? check_hybrid(lo, node, p) : integer ? rescale(lo, p, &out) : HBY_OK;
    if (!st && node->params.batch_matmul.adj_x)
        st = transpose(lo, node, &p->a);
    if (!st && !node->params.batch_matmul.adj_y)
        st = transpose(lo, node, &p->b);
    if (st)
        return st;
    struct hby_args_conv a = hby_conv_of_rows(rows, (hby_i32)p->k, (hby_i32)p->n, hybrid);
    a.in_zp = hby_zero_point_of(lo, p->a);
    a.out_zp = out.zero_point;
    a.rounding = rounding_of(lo, p);
    a.per_channel = hby_tensor_of(lo, p->b)->quant.count > 1;
    a.asymmetric = hybrid && node->params.batch_matmul.asymmetric_quantize_inputs;
    if (integer)
        hby_type_range(hby_tensor_of(lo, p->out)->type, &a.act_min, &a.act_max);
    else
        st = hybrid ? hby_act_range_float(lo, HBY_ACT_NONE, &a.f_min, &a.f_max) : hby_float_clamp(lo, HBY_ACT_NONE, &a.f_min, &a.f_max);
    if (!st)
        st = hby_conv_step(lo, node, p->scheme, p->a, p->b, -1, &a);
    if (st || !integer)
        return st;
    struct hby_step *s = &lo->plan->step[lo->plan->n_steps - 1];
    int32_t *mult = (int32_t *)(uintptr_t)s->table[0].data, *shift = (int32_t *)(uintptr_t)s->table[1].data;
    for (int i = 0; i < a.out_c; i++) {
        mult[i] = out.mult;
        shift[i] = out.shift;
    }
    return HBY_OK;
}

/* --- two tensors --- */

static enum hby_status lower_product(struct hby_lowering *lo, const struct hby_node *node, struct product *p)
{
    struct hby_args_matmul a = {.m = (hby_i32)p->m, .n = (hby_i32)p->n, .k = (hby_i32)p->k};
    enum hby_status st = HBY_OK;
    if (p->scheme == HBY_SCHEME_f32w8)
        return hby_say(HBY_UNSUPPORTED, lo->why, "float activations with int8 weights in several batches are left to the runtime");
    if (p->scheme == HBY_SCHEME_i8 || p->scheme == HBY_SCHEME_i16) {
        st = rescale(lo, p, &a.out);
        a.a_zp = hby_zero_point_of(lo, p->a);
        a.b_zp = hby_zero_point_of(lo, p->b);
        a.rounding = rounding_of(lo, p);
        hby_type_range(hby_tensor_of(lo, p->out)->type, &a.act_min, &a.act_max);
    }
    if (!st && node->params.batch_matmul.adj_x)
        st = transpose(lo, node, &p->a);
    if (!st && node->params.batch_matmul.adj_y)
        st = transpose(lo, node, &p->b);
    if (st)
        return st;
    int64_t a_stride = p->m * p->k, b_stride = p->k * p->n;
    for (int i = HBY_MATMUL_BATCHES - 1; i >= 0; i--) {
        a.batch[i] = (hby_i32)p->batch[i];
        a.a_stride[i] = p->a_batch[i] == 1 ? 0 : (hby_i32)a_stride;
        a.b_stride[i] = p->b_batch[i] == 1 ? 0 : (hby_i32)b_stride;
        a_stride *= p->a_batch[i];
        b_stride *= p->b_batch[i];
    }
    if (count_of(p->b_batch) == 1 && count_of(p->a_batch) == count_of(p->batch)) { /* one matrix for all: more rows instead of batches */
        a.m *= (hby_i32)count_of(p->batch);
        for (int i = 0; i < HBY_MATMUL_BATCHES; i++)
            a.batch[i] = 1;
    }
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_matmul, p->scheme);
    if (!s)
        return HBY_UNSUPPORTED;
    s->in[0] = p->a;
    s->in[1] = p->b;
    s->args.matmul = a;
    return HBY_OK;
}

enum hby_status hby_lower_batch_matmul(struct hby_lowering *lo, const struct hby_node *node)
{
    struct product p;
    enum hby_status st = read_product(lo, node, &p);
    if (st)
        return st;
    return is_convolution(lo, &p) ? lower_convolution(lo, node, &p) : lower_product(lo, node, &p);
}
