/* Random values and one-node graphs, for the driver of ring 2. */
#include "tests/checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_die(const char *what)
{
    fprintf(stderr, "checks: %s\n", what);
    exit(2);
}

void *check_must(void *p)
{
    if (!p)
        check_die("out of memory");
    return p;
}

/* ---- random ---- */

static uint64_t next(struct check *c)
{
    uint64_t z = (c->state += 0x9e3779b97f4a7c15u); /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int check_int(struct check *c, int lo, int hi)
{
    return lo + (int)(next(c) % (uint64_t)((int64_t)hi - lo + 1));
}

double check_real(struct check *c, double lo, double hi)
{
    return lo + (hi - lo) * (double)(next(c) >> 11) * 0x1p-53;
}

bool check_chance(struct check *c, int percent)
{
    return check_int(c, 0, 99) < percent;
}

int check_cases(void)
{
    const char *s = getenv("HBY_CHECK_CASES");
    return s && atoi(s) > 0 ? atoi(s) : 12;
}

double check_bound(enum hby_scheme scheme, int sum_length)
{
    switch (scheme) {
    case HBY_SCHEME_f32:
        return 1e-5;
    case HBY_SCHEME_f16:
        return 0x1p-10 * (2 + sqrt(sum_length) / 16);
    case HBY_SCHEME_f32w8:
        return 1e-6;
    default:
        return 0;
    }
}

/* ---- graph ---- */

enum hby_type check_type(enum hby_scheme scheme)
{
    static const enum hby_type of[HBY_SCHEME_COUNT] = {
        [HBY_SCHEME_f32] = HBY_F32, [HBY_SCHEME_f16] = HBY_F32,   [HBY_SCHEME_i8] = HBY_I8,  [HBY_SCHEME_u8] = HBY_U8,
        [HBY_SCHEME_i16] = HBY_I16, [HBY_SCHEME_f32w8] = HBY_F32, [HBY_SCHEME_i32] = HBY_I32};
    return of[scheme];
}

static void *pool(struct check *c, size_t bytes)
{
    return check_must(hby_pool_alloc(&c->g->pool, bytes ? bytes : 1));
}

static int add_tensor(struct check *c, enum hby_type type, int rank, const int *dim)
{
    if (!c->g && hby_graph_create(&c->g))
        check_die("out of memory");
    struct hby_tensor t = {.type = type, .rank = rank, .runtime_index = -1, .name = "t"};
    int64_t n = 1;
    for (int i = 0; i < rank; i++) {
        t.dim[i] = dim[i];
        n *= dim[i];
    }
    t.bytes = type == HBY_I4 ? (size_t)(n + 1) / 2 : (size_t)n * hby_type_size(type);
    int id;
    if (hby_graph_add_tensor(c->g, &t, &id))
        check_die("out of memory");
    return id;
}

static void zero_range(enum hby_type type, int *lo, int *hi)
{
    *lo = type == HBY_I8 ? -128 : 0;
    *hi = type == HBY_I8 ? 127 : type == HBY_U8 ? 255 : 0;
}

static void random_quant(struct check *c, int id)
{
    struct hby_tensor *t = &c->g->tensor[id];
    if (t->type != HBY_I8 && t->type != HBY_U8 && t->type != HBY_I16)
        return;
    int lo, hi;
    zero_range(t->type, &lo, &hi);
    const float scale = (float)exp(check_real(c, log(1e-3), log(0.1))) * (t->type == HBY_I16 ? 1.0f / 256 : 1.0f);
    const int32_t zp = check_chance(c, 10) ? lo : check_chance(c, 10) ? hi : check_int(c, lo, hi);
    check_quant(c, id, 0, 1, &scale, &zp);
}

static int append(struct check *c, int **list, int *n, int id)
{
    int *grown = pool(c, sizeof(int) * (size_t)(*n + 1));
    if (*n)
        memcpy(grown, *list, sizeof(int) * (size_t)*n);
    grown[(*n)++] = id;
    *list = grown;
    return id;
}

int check_input(struct check *c, enum hby_type type, int rank, const int *dim)
{
    const int id = add_tensor(c, type, rank, dim);
    random_quant(c, id);
    return append(c, &c->g->input, &c->g->n_inputs, id);
}

int check_between(struct check *c, enum hby_type type, int rank, const int *dim)
{
    const int id = add_tensor(c, type, rank, dim);
    random_quant(c, id);
    return id;
}

int check_output(struct check *c, enum hby_type type, int rank, const int *dim)
{
    const int id = add_tensor(c, type, rank, dim);
    random_quant(c, id);
    return append(c, &c->g->output, &c->g->n_outputs, id);
}

static uint16_t half_of(float f)
{
    union {
        float f;
        uint32_t u;
    } v = {f};
    const int e = (int)((v.u >> 23) & 255) - 112;
    const uint32_t sign = (v.u >> 16) & 0x8000u;
    return (uint16_t)(e <= 0 ? sign : e >= 31 ? (sign | 0x7bffu) : (sign | (uint32_t)e << 10 | ((v.u >> 13) & 0x3ffu))); /* truncates; normals only */
}

void check_range(struct check *c, int tensor, int lo, int hi)
{
    if (c->n_ranges == (int)(sizeof c->range / sizeof *c->range))
        check_die("too many ranges");
    c->range[c->n_ranges].tensor = tensor;
    c->range[c->n_ranges].lo = lo;
    c->range[c->n_ranges++].hi = hi;
}

static bool has_range(const struct check *c, const struct hby_tensor *t)
{
    for (int r = 0; r < c->n_ranges; r++)
        if (t == &c->g->tensor[c->range[r].tensor])
            return true;
    return false;
}

/* The tensor's range, if it has one. */
static bool fill_range(struct check *c, const struct hby_tensor *t, void *p, size_t n, enum check_values values)
{
    for (int r = 0; r < c->n_ranges; r++) {
        if (t != &c->g->tensor[c->range[r].tensor])
            continue;
        for (size_t i = 0; i < n; i++) {
            const int lo = c->range[r].lo, hi = c->range[r].hi,
                      v = values == CHECK_EXTREMES && check_chance(c, 50) ? (check_chance(c, 50) ? lo : hi) : check_int(c, lo, hi);
            if (t->type == HBY_I64)
                ((int64_t *)p)[i] = v;
            else if (t->type == HBY_I32)
                ((int32_t *)p)[i] = v;
            else if (t->type == HBY_I16)
                ((int16_t *)p)[i] = (int16_t)v;
            else
                ((uint8_t *)p)[i] = (uint8_t)v;
        }
        return true;
    }
    return false;
}

/* One in four values of a float or an int32 tensor becomes one that arithmetic trips over. */
static void put_odd(struct check *c, const struct hby_tensor *t, void *p, size_t n)
{
    static const float floats[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 1e-30f, -1e-30f, 100.0f, -100.0f};
    static const int32_t ints[] = {INT32_MIN, INT32_MAX, INT32_MIN + 1, -1, 0, 1};
    for (size_t i = 0; i < n; i++)
        if (t->type == HBY_F32 && check_chance(c, 25))
            ((float *)p)[i] = floats[check_int(c, 0, (int)(sizeof floats / sizeof *floats) - 1)];
        else if (t->type == HBY_I32 && check_chance(c, 25))
            ((int32_t *)p)[i] = ints[check_int(c, 0, (int)(sizeof ints / sizeof *ints) - 1)];
}

void check_fill(struct check *c, const struct hby_tensor *t, void *p, enum check_values values)
{
    const size_t n = t->type == HBY_I4 ? t->bytes : t->bytes / hby_type_size(t->type);
    const double constant = check_real(c, -1, 1);
    for (size_t i = 0; i < n && !fill_range(c, t, p, n, values); i++) {
        const double u = values == CHECK_CONSTANT                          ? constant
                         : values == CHECK_EXTREMES && check_chance(c, 50) ? (check_chance(c, 50) ? 1 : -1)
                                                                           : check_real(c, -1, 1);
        switch (t->type) {
        case HBY_F32:
            ((float *)p)[i] = (float)(u * (values == CHECK_EXTREMES ? 8 : 2));
            break;
        case HBY_F16:
            ((uint16_t *)p)[i] = half_of((float)u);
            break;
        case HBY_I8:
            ((int8_t *)p)[i] = (int8_t)floor(u < 0 ? u * 128 : u * 127.999);
            break;
        case HBY_U8:
            ((uint8_t *)p)[i] = (uint8_t)floor((u + 1) * 127.999);
            break;
        case HBY_I16:
            ((int16_t *)p)[i] = (int16_t)floor(u < 0 ? u * 32768 : u * 32767.999);
            break;
        case HBY_I32:
            ((int32_t *)p)[i] = (int32_t)(u * 20000);
            break;
        case HBY_I64:
            ((int64_t *)p)[i] = (int64_t)(u * 20000);
            break;
        case HBY_BOOL:
            ((uint8_t *)p)[i] = u > 0;
            break;
        default:
            ((uint8_t *)p)[i] = (uint8_t)next(c);
            break;
        }
    }
    if (values == CHECK_ODD && !has_range(c, t))
        put_odd(c, t, p, n);
}

int check_const(struct check *c, enum hby_type type, int rank, const int *dim, const void *data)
{
    const int id = add_tensor(c, type, rank, dim);
    struct hby_tensor *t = &c->g->tensor[id];
    void *p = pool(c, t->bytes);
    if (data) {
        memcpy(p, data, t->bytes);
    } else {
        check_fill(c, t, p, CHECK_RANDOM);
        if (type == HBY_F32)
            for (size_t i = 0; i < t->bytes / 4; i++)
                ((float *)p)[i] *= 0.5f;
        if (type == HBY_I8 && check_chance(c, 80)) /* what converters write; a weight of -128 occurs too */
            for (size_t i = 0; i < t->bytes; i++)
                if (((int8_t *)p)[i] == -128)
                    ((int8_t *)p)[i] = -127;
    }
    t->data = p;
    random_quant(c, id);
    return id;
}

void check_quant(struct check *c, int tensor, int axis, int count, const float *scale, const int32_t *zero_point)
{
    float *s = pool(c, sizeof(float) * (size_t)count);
    int32_t *z = pool(c, sizeof(int32_t) * (size_t)count);
    for (int i = 0; i < count; i++) {
        s[i] = scale ? scale[i] : (float)exp(check_real(c, log(1e-4), log(0.02)));
        z[i] = zero_point ? zero_point[i] : 0;
    }
    c->g->tensor[tensor].quant = (struct hby_quant){.count = count, .axis = axis, .scale = s, .zero_point = z};
}

void check_blocks(struct check *c, int tensor, int block)
{
    const size_t n = (size_t)(hby_tensor_count(&c->g->tensor[tensor]) / block);
    float *s = pool(c, sizeof(float) * n);
    for (size_t i = 0; i < n; i++)
        s[i] = (float)check_real(c, 1e-4, 0.02);
    c->g->tensor[tensor].quant = (struct hby_quant){.unusable = true, .why_unusable = "it is quantized in blocks", .block = block, .block_scale = s};
}

float check_scale(const struct check *c, int tensor)
{
    return c->g->tensor[tensor].quant.count ? c->g->tensor[tensor].quant.scale[0] : 0.0f;
}

const struct hby_tensor *check_tensor(const struct check *c, int tensor)
{
    return &c->g->tensor[tensor];
}

struct hby_node *check_node(struct check *c, enum hby_op op, int n_in, const int *in, int n_out, const int *out)
{
    const int n = c->g->n_nodes;
    struct hby_node *grown = pool(c, sizeof *grown * (size_t)(n + 1));
    if (n)
        memcpy(grown, c->g->node, sizeof *grown * (size_t)n);
    c->g->node = grown;
    struct hby_node *node = &grown[n];
    c->g->n_nodes++;
    *node = (struct hby_node){.op = op, .version = hby_ops[op].version, .n_in = n_in, .n_out = n_out, .runtime_index = n, .fused_into = -1};
    node->in = pool(c, sizeof(int) * (size_t)n_in);
    node->out = pool(c, sizeof(int) * (size_t)n_out);
    memcpy(node->in, in, sizeof(int) * (size_t)n_in);
    memcpy(node->out, out, sizeof(int) * (size_t)n_out);
    return node;
}
