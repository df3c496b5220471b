/* A runtime's subgraph made of the input's bytes: import, folding, lowering and planning, then host_ref runs what was claimed. Most tensors are well-formed, so
 * that nodes get past the first checks; bytes above LIMIT make one that is not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "delegate/delegate.h"
#include "tests/fake_runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 224, MAX_TENSORS = 20, MAX_NODES = 8, MAX_DATA = 1 << 15, PARAM_WORDS = 16 };

static const uint8_t *at, *end;

static unsigned byte(void)
{
    return at < end ? *at++ : 0;
}

static unsigned below(unsigned n)
{
    return byte() % n;
}

static int number(void)
{
    static const int odd[] = {-1, -2, 127, 128, 255, 256, 32767, 32768, 65536, 1 << 30, INT32_MAX, INT32_MIN, 46341, 1 << 16, -128, 100000};
    const unsigned b = byte();
    return b >= LIMIT ? odd[b % 16] : (int)(b % 9);
}

static struct hby_tfl_ints *ints(int n)
{
    struct hby_tfl_ints *l = calloc(1, sizeof *l + (size_t)n * sizeof l->data[0]);
    if (!l)
        abort();
    l->size = n;
    return l;
}

/* Allocations that live as long as the subgraph. */
static void *kept[256];
static int n_kept;

static void *keep(void *p)
{
    if (!p || n_kept == 256)
        abort();
    return kept[n_kept++] = p;
}

static size_t type_size(int type)
{
    return type == HBY_TFL_INT64 ? 8 : type == HBY_TFL_FLOAT32 || type == HBY_TFL_INT32 ? 4 : type == HBY_TFL_FLOAT16 || type == HBY_TFL_INT16 ? 2 : 1;
}

static size_t bytes_of(const struct hby_tfl_ints *dims, int type)
{
    size_t n = type_size(type);
    for (int i = 0; i < dims->size; i++)
        if (dims->data[i] < 0 || __builtin_mul_overflow(n, (size_t)dims->data[i], &n))
            return SIZE_MAX;
    return n;
}

static struct hby_tfl_ints *shape(void)
{
    static const int usual[][5] = {{4, 1, 4, 4, 8}, {4, 8, 3, 3, 8}, {1, 8},    {2, 1, 8}, {4, 1, 3, 3, 8}, {2, 8, 8},   {0},
                                   {1, 1},          {1, 4},          {2, 4, 2}, {1, 2},    {4, 1, 2, 2, 8}, {3, 1, 4, 8}};
    const unsigned b = byte();
    if (b < LIMIT) {
        const int *s = usual[b % 13];
        struct hby_tfl_ints *d = ints(s[0]);
        memcpy(d->data, s + 1, (size_t)s[0] * sizeof *s);
        return d;
    }
    struct hby_tfl_ints *d = ints((int)(b % 10));
    for (int i = 0; i < d->size; i++)
        d->data[i] = number();
    return d;
}

static void quantize(struct hby_tfl_tensor *t)
{
    static const float scales[] = {0.5f, 1.0f / 256, 1.0f / 128, 0.0f, -1.0f, 1e-45f, 3e38f, 0.02f};
    const unsigned b = byte();
    if (b % 4 == 3)
        return;
    const int n = b % 4 == 2 && t->dims->size && t->dims->data[0] > 0 && t->dims->data[0] < 64 ? t->dims->data[0] : b >= LIMIT ? (int)(b % 5) : 1;
    struct hby_tfl_affine *a = keep(calloc(1, sizeof *a));
    a->scale = keep(calloc(1, sizeof *a->scale + (size_t)n * sizeof(float)));
    a->scale->size = n;
    a->zero_point = keep(ints(b >= LIMIT && b % 2 ? 1 : n));
    const unsigned s = byte();
    for (int i = 0; i < n; i++)
        a->scale->data[i] = scales[s < LIMIT ? s % 3 : s % 8];
    for (int i = 0; i < a->zero_point->size; i++)
        a->zero_point->data[i] = s < LIMIT ? (int)(s % 2) : number();
    a->quantized_dimension = b >= LIMIT ? number() : 0;
    t->quantization.type = b >= 250 ? (int)below(5) : HBY_TFL_QUANT_AFFINE;
    t->quantization.params = a;
    if (t->quantization.type == HBY_TFL_QUANT_BLOCKWISE) {
        struct hby_tfl_blockwise *w = keep(calloc(1, sizeof *w));
        *w = (struct hby_tfl_blockwise){.scale = (int)below(MAX_TENSORS + 2) - 1, .zero_point = -1, .block_size = number()};
        t->quantization.params = w;
    }
    if (n == 1) {
        t->params.scale = a->scale->data[0];
        t->params.zero_point = a->zero_point->size ? a->zero_point->data[0] : 0;
    }
}

static void sparse(struct hby_tfl_tensor *t)
{
    struct hby_tfl_sparsity *s = keep(calloc(1, sizeof *s));
    s->dim_size = (int)below(6);
    s->dim = keep(calloc((size_t)s->dim_size + 1, sizeof *s->dim));
    s->traversal_order = keep(ints((int)below(6)));
    s->block_map = byte() & 1 ? keep(ints((int)below(3))) : NULL;
    for (int i = 0; i < s->traversal_order->size; i++)
        s->traversal_order->data[i] = number();
    for (int i = 0; s->block_map && i < s->block_map->size; i++)
        s->block_map->data[i] = number();
    for (int i = 0; i < s->dim_size; i++) {
        s->dim[i].format = (int)below(2);
        s->dim[i].dense_size = number();
        struct hby_tfl_ints *lists[2];
        for (int k = 0; k < 2; k++) {
            lists[k] = keep(ints((int)below(5)));
            for (int j = 0; j < lists[k]->size; j++)
                lists[k]->data[j] = number();
        }
        s->dim[i].segments = lists[0];
        s->dim[i].indices = lists[1];
    }
    t->sparsity = s;
}

static void tensor(struct fake *f)
{
    static const int types[] = {
        HBY_TFL_FLOAT32, HBY_TFL_INT8, HBY_TFL_UINT8, HBY_TFL_INT16, HBY_TFL_INT32, HBY_TFL_FLOAT16, HBY_TFL_INT64, HBY_TFL_BOOL, HBY_TFL_INT4, 0, 99};
    const size_t id = f->ctx.tensors_size++;
    struct hby_tfl_tensor *t = &f->tensor[id];
    const unsigned b = byte(), kind = byte();
    t->type = types[b < LIMIT ? b % 5 : b % 11];
    t->name = "tensor";
    t->dims = shape();
    t->allocation_type = kind % 3 == 0 ? HBY_TFL_MEM_MMAP_RO : kind >= 250 ? HBY_TFL_MEM_DYNAMIC : HBY_TFL_MEM_ARENA_RW;
    t->is_variable = kind >= 245;
    t->bytes = bytes_of(t->dims, t->type);
    if (t->type != HBY_TFL_FLOAT32)
        quantize(t);
    if (t->bytes > MAX_DATA)
        return; /* no memory: the runtime could not have it, either */
    if (t->allocation_type == HBY_TFL_MEM_MMAP_RO) {
        if (kind >= LIMIT)
            t->bytes = kind % 2 ? t->bytes / 2 : t->bytes + 3;
        if (kind >= 240)
            sparse(t);
    }
    f->memory[id] = t->data = calloc(1, t->bytes ? t->bytes : 1);
    if (!t->data)
        abort();
    const unsigned seed = byte();
    if (t->type == HBY_TFL_INT32 || t->type == HBY_TFL_INT64) {
        for (size_t i = 0; i + type_size(t->type) <= t->bytes && i < 64; i += type_size(t->type)) {
            const int64_t v = number();
            memcpy((char *)t->data + i, &v, type_size(t->type)); /* little-endian */
        }
    } else if (t->type == HBY_TFL_BOOL) {
        for (size_t i = 0; i < t->bytes; i++)
            ((unsigned char *)t->data)[i] = (seed + i) & 1;
    } else if (t->type != HBY_TFL_FLOAT32) {
        for (size_t i = 0; i < t->bytes; i++)
            ((unsigned char *)t->data)[i] = (unsigned char)(seed * (i + 1));
    } else {
        for (size_t i = 0; i + 4 <= t->bytes; i += 4) {
            const float v = seed == 255 ? 1e38f : (float)((int)((seed + i) % 17) - 8) / 4;
            memcpy((char *)t->data + i, &v, 4);
        }
    }
}

static void node(struct fake *f, int32_t *params)
{
    const int n = f->n_nodes++, tensors = (int)f->ctx.tensors_size;
    int builtin = (int)byte(); /* by TFLite's code: a corpus outlives new rows of ops.def */
    for (int i = 0; i < 8 && hby_op_from_builtin(builtin) == HBY_OP_COUNT; i++)
        builtin = (builtin + 37) % 160;
    for (int i = 0, n_in = (int)below(6); i < n_in; i++) {
        const unsigned b = byte();
        f->in[n].data[f->in[n].size++] = b >= 250 ? (int)b - 252 : (int)(b % (unsigned)tensors);
    }
    const unsigned b = byte();
    for (int i = 0, n_out = b < LIMIT ? 1 : (int)(b % 4); i < n_out; i++)
        f->out[n].data[f->out[n].size++] = (int)(byte() % (unsigned)tensors);
    for (int i = 0; i < PARAM_WORDS; i++)
        params[i] = number();
    f->node[n] = (struct hby_tfl_node){.inputs = fake_ints(&f->in[n]), .outputs = fake_ints(&f->out[n]), .builtin_data = byte() == 255 ? NULL : params};
    f->reg[n].builtin_code = builtin;
    f->reg[n].version = 1 + (int)below(9);
    f->plan.data[f->plan.size++] = n;
}

static int resize(struct hby_tfl_context *ctx, struct hby_tfl_tensor *t, struct hby_tfl_ints *dims)
{
    struct fake *f = (struct fake *)ctx;
    const size_t bytes = bytes_of(dims, t->type);
    if (bytes > MAX_DATA) {
        free(dims);
        return HBY_TFL_ERROR;
    }
    free(t->dims);
    t->dims = dims;
    t->bytes = bytes;
    free(f->memory[t - f->tensor]);
    t->data = f->memory[t - f->tensor] = calloc(1, bytes ? bytes : 1);
    return t->data ? HBY_TFL_OK : HBY_TFL_ERROR;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int32_t params[MAX_NODES][PARAM_WORDS];
    static struct hby_delegate *d;
    const char *keys[] = {"host_ref", "claim", "verbose"}, *values[] = {"only", "all", "0"};
    struct hby_option_error error;
    if (!d && hby_delegate_create(keys, values, 3, &d, &error))
        abort();
    at = data;
    end = data + size;
    n_kept = 0;
    struct fake *f = fake_create();
    f->ctx.ResizeTensor = resize;
    for (int i = 1 + (int)below(MAX_TENSORS); i > 0; i--)
        tensor(f);
    for (int i = 1 + (int)below(MAX_NODES); i > 0; i--)
        node(f, params[f->n_nodes]);
    fake_add(&f->outputs, (int)f->ctx.tensors_size - 1);
    fake_add(&f->outputs, (int)below((unsigned)f->ctx.tensors_size));
    if (d->tfl.Prepare(&f->ctx, &d->tfl) != HBY_TFL_OK)
        abort(); /* a model cannot make it fail */
    if (f->kernel_reg.init && fake_prepare(f) == HBY_TFL_OK)
        for (int r = 0; r < 2; r++)
            (void)fake_invoke(f);
    fake_destroy(f);
    while (n_kept > 0)
        free(kept[--n_kept]);
    return 0;
}
