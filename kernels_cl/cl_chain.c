/* Chains: a session's launches as one, where that is worth it: chain.clh says why, and how the device runs it. Here the program is made, of the kernels' own
 * texts, and the tables that it walks over. Nothing depends on a chain: where it cannot be made, or is not wanted, ops are launched one by one. */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/chain.clh"
#include "kernels_cl/cl_session.h"

/* A function of the chain: one entry of one program. */
struct function {
    const struct hby_cl_program *program;
    const char *entry;
    int op; /* one that it is for: the kinds of its arguments */
};

/* What a chain is made of. */
struct parts {
    struct function *function;
    const struct hby_cl_program **program; /* of all functions, once each */
    int n_functions, n_programs;
};

struct text {
    char *data;
    size_t used, room;
    bool failed;
};

struct hby_cl_chain {
    cl_kernel kernel;
    cl_mem count;
    size_t workers;
    int *kind; /* per op of the session: its function, or -1 */
};

/* --- texts --- */

static void put(struct text *t, const char *from, size_t n)
{
    if (t->used + n + 1 > t->room && !t->failed) {
        const size_t room = 2 * (t->used + n + 1);
        char *grown = realloc(t->data, room);
        t->failed = !grown;
        if (grown) {
            t->data = grown;
            t->room = room;
        }
    }
    if (t->failed)
        return;
    memcpy(t->data + t->used, from, n);
    t->used += n;
    t->data[t->used] = 0;
}

static void __attribute__((format(printf, 2, 3))) say(struct text *t, const char *fmt, ...)
{
    char buf[512];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof buf)
        t->failed = true;
    else
        put(t, buf, (size_t)n);
}

/* Where the parameters of the next kernel in `text` begin, or NULL. Kernels begin a line. */
static const char *next_kernel(const char *text)
{
    static const char *const heads[] = {"\n__kernel ", "\nHBY_NEST_KERNEL "};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *at = strstr(text, heads[i]);
        if (at && (!first || at < first))
            first = at;
    }
    const char *name = first ? strstr(first, "void ") : NULL, *open = name ? strchr(name, '(') : NULL;
    return open ? open + 1 : NULL;
}

/* Where the parameters of `entry` begin: all its definitions have the same kinds. */
static const char *parameters(const char *text, const char *entry)
{
    char head[96];
    snprintf(head, sizeof head, "void %s(", entry);
    const char *at = strstr(text, head);
    return at ? at + strlen(head) : NULL;
}

/* The type of a parameter that is not a pointer: its text without "const" in front and the name at the end. */
static void type_of(const char *from, const char *to, char *type, size_t size)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    if (to - from > 6 && !memcmp(from, "const ", 6))
        from += 6;
    while (to > from && (isalnum((unsigned char)to[-1]) || to[-1] == '_'))
        to--;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    snprintf(type, size, "%.*s", (int)(to - from), from);
}

/* A function that takes the arguments from the chain's tables: word[i] is a number, an address, or where in the bytes a struct lies. */
static bool put_wrapper(struct text *t, const struct hby_cl_session *s, const struct function *f, int index, const char *source)
{
    const struct hby_cl_op *op = &s->op[f->op];
    const char *from = parameters(source, f->entry), *p = from;
    if (!from)
        return false;
    say(t, "\nvoid hby_chain_%d(int x, int y, int z, const __global ulong *word, const __global uchar *bytes)\n{\n    %s(x, y, z", index, f->entry);
    for (int i = 0, depth = 0; i < op->n_values; p++) {
        if (!*p)
            return false;
        depth += (*p == '(') - (*p == ')');
        if (depth > 0 || (depth == 0 && *p != ','))
            continue;
        char type[96];
        type_of(from, p, type, sizeof type);
        switch (s->value[op->first_value + i].kind) {
        case HBY_CL_WORD:
            say(t, ", (int)word[%d]", i);
            break;
        case HBY_CL_BYTES:
            say(t, ", *(const __global %s *)(bytes + word[%d])", type, i);
            break;
        default:
            say(t, ", (__global void *)word[%d]", i);
        }
        from = p + 1;
        i++;
        if (depth < 0 && i < op->n_values)
            return false;
    }
    say(t, ");\n}\n");
    return true;
}

/* A program's text with its kernels as functions that are told their place in the grid, and the wrappers of those that the chain needs. NULL where it cannot be
 * made. */
static char *unit_source(const struct hby_cl_session *s, const struct parts *parts, const struct hby_cl_program *program)
{
    static const char place[] = "const int hby_at_0, const int hby_at_1, const int hby_at_2, ";
    char *prefix = NULL, *source = NULL, file[64];
    struct hby_reason why;
    struct text t = {0};
    snprintf(file, sizeof file, "%.*s", (int)strcspn(program->key, " "), program->key);
    bool ok = !hby_cl_source("chain_unit.clh", &prefix, &why) && !hby_cl_source(file, &source, &why);
    if (ok) {
        put(&t, prefix, strlen(prefix));
        const char *from = source;
        for (const char *at; (at = next_kernel(from)) != NULL; from = at) {
            put(&t, from, (size_t)(at - from));
            put(&t, place, sizeof place - 1);
        }
        put(&t, from, strlen(from));
        for (int i = 0; i < parts->n_functions && ok; i++)
            ok = parts->function[i].program != program || put_wrapper(&t, s, &parts->function[i], i, source);
    }
    free(prefix);
    free(source);
    if (ok && !t.failed)
        return t.data;
    free(t.data);
    return NULL;
}

/* The walk, and the choice of a function. */
static char *walk_source(int n_functions)
{
    char *source = NULL;
    struct hby_reason why;
    struct text t = {0};
    if (hby_cl_source("chain.cl", &source, &why))
        return NULL;
    put(&t, source, strlen(source));
    free(source);
    for (int i = 0; i < n_functions; i++)
        say(&t, "void hby_chain_%d(int x, int y, int z, const __global ulong *word, const __global uchar *bytes);\n", i);
    say(&t, "void hby_chain_task(int kind, int x, int y, int z, const __global ulong *word, const __global uchar *bytes)\n{\n    switch (kind) {\n");
    for (int i = 0; i < n_functions; i++)
        say(&t, "    case %d:\n        hby_chain_%d(x, y, z, word, bytes);\n        break;\n", i, i);
    say(&t, "    }\n}\n");
    if (!t.failed)
        return t.data;
    free(t.data);
    return NULL;
}

static const char *walk_options(const struct hby_cl_session *s)
{
#if defined(__linux__) && defined(__x86_64__)
    if (s->st->dev.info.is_host_cpu)
        return "-cl-std=CL3.0 -DHBY_LINUX_X86_64=1";
#endif
    (void)s;
    return "-cl-std=CL3.0";
}

/* --- which ops, and their functions --- */

static bool fits(const struct hby_cl_op *op)
{
    if (!op->kernel || op->empty || op->local[0] * op->local[1] * op->local[2] != 1)
        return false;
    size_t tasks = 1;
    for (int i = 0; i < 3; i++)
        if (op->global[i] > INT_MAX / 2 / tasks)
            return false;
        else
            tasks *= op->global[i];
    return true;
}

static int function_of(const struct hby_cl_session *s, struct parts *parts, int op)
{
    const struct hby_cl_op *o = &s->op[op];
    for (int i = 0; i < parts->n_functions; i++)
        if (parts->function[i].program == o->program && !strcmp(parts->function[i].entry, o->name))
            return i;
    int p = 0;
    while (p < parts->n_programs && parts->program[p] != o->program)
        p++;
    if (p == parts->n_programs)
        parts->program[parts->n_programs++] = o->program;
    parts->function[parts->n_functions] = (struct function){o->program, o->name, op};
    return parts->n_functions++;
}

/* --- the program --- */

static enum hby_status build(struct hby_cl_session *s, const struct parts *parts, struct hby_reason *why)
{
    const int n = parts->n_programs + 1; /* the walk is the last */
    struct hby_cl_piece *piece = calloc((size_t)n, sizeof *piece);
    char **source = calloc((size_t)n, sizeof *source);
    enum hby_status st = piece && source ? HBY_OK : hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < n && !st; i++) {
        const struct hby_cl_program *p = i < n - 1 ? parts->program[i] : NULL;
        source[i] = p ? unit_source(s, parts, p) : walk_source(parts->n_functions);
        if (!source[i])
            st = hby_say(HBY_UNSUPPORTED, why, "%.60s cannot be made functions", p ? p->key : "the walk");
        piece[i] = (struct hby_cl_piece){source[i], p ? p->key + strcspn(p->key, " ") + 1 : walk_options(s)};
    }
    struct hby_cl_program *linked;
    struct hby_cl_entry limits;
    if (!st)
        st = hby_cl_program_link(s->st, "chain.cl", piece, n, &linked, why);
    if (!st)
        st = hby_cl_kernel_get(s->st, linked, "hby_chain", &limits, &s->chain->kernel, why);
    for (int i = 0; i < n && source; i++)
        free(source[i]);
    free(source);
    free(piece);
    return st;
}

/* --- the tables --- */

struct tables {
    struct hby_chain_op *op;
    uint64_t *word;
    struct text bytes; /* arguments by value, each at a multiple of 8 */
};

static enum hby_status fill(struct hby_cl_session *s, struct tables *t, struct hby_reason *why)
{
    int words = 0;
    for (int i = 0; i < s->n_ops; i++) {
        const struct hby_cl_op *op = &s->op[i];
        if (s->chain->kind[i] < 0)
            continue;
        const size_t tasks = op->global[0] * op->global[1] * op->global[2], share = tasks / (8 * s->chain->workers);
        t->op[i] = (struct hby_chain_op){s->chain->kind[i], (hby_i32)tasks, share > 1 ? (hby_i32)share : 1, (hby_i32)op->global[0], (hby_i32)op->global[1], words};
        for (int k = 0; k < op->n_values; k++) {
            const struct hby_cl_value *v = &s->value[op->first_value + k];
            uint64_t *to = &t->word[words++];
            switch (v->kind) {
            case HBY_CL_WORD:
                *to = (uint32_t)v->word;
                break;
            case HBY_CL_BYTES:
                *to = t->bytes.used;
                put(&t->bytes, (const char *)s->value_bytes + v->at, v->bytes);
                put(&t->bytes, "\0\0\0\0\0\0\0", -t->bytes.used & 7);
                break;
            default:
                if (!(*to = (uint64_t)(uintptr_t)hby_cl_memory_address(s, v->mem)))
                    return hby_say(HBY_UNSUPPORTED, why, "a buffer of %s has no address", op->name);
            }
        }
    }
    return t->bytes.failed ? hby_say(HBY_NO_MEMORY, why, "out of memory") : HBY_OK;
}

static enum hby_status bind(struct hby_cl_session *s, const struct tables *t, struct hby_reason *why)
{
    const struct hby_cl_api *cl = s->st->cl;
    struct hby_cl_chain *c = s->chain;
    cl_mem op, word, bytes;
    const cl_int n = s->n_ops;
    const size_t counters = ((size_t)n * HBY_CHAIN_COUNTERS + 1) * HBY_CHAIN_PITCH * sizeof(cl_int);
    enum hby_status st = hby_cl_memory_constant(s, t->op, (size_t)n * sizeof *t->op, &op, why);
    if (!st)
        st = hby_cl_memory_constant(s, t->word, ((size_t)s->n_values + 1) * sizeof *t->word, &word, why);
    if (!st)
        st = hby_cl_memory_constant(s, t->bytes.used ? t->bytes.data : "", t->bytes.used ? t->bytes.used : 1, &bytes, why);
    if (!st)
        st = hby_cl_memory_buffer(s, counters, &c->count, why);
    if (!st)
        st = hby_cl_memory_zero(s, c->count, 0, counters, why);
    const struct {
        cl_uint index;
        size_t bytes;
        const void *value;
    } arg[] = {{0, sizeof op, &op}, {3, sizeof word, &word}, {4, sizeof bytes, &bytes}, {5, sizeof c->count, &c->count}, {6, sizeof n, &n}};
    for (size_t i = 0; i < sizeof arg / sizeof *arg && !st; i++)
        st = hby_cl_fail(cl->clSetKernelArg(c->kernel, arg[i].index, arg[i].bytes, arg[i].value), "clSetKernelArg", why);
    const void **used = calloc((size_t)s->n_shares + 1, sizeof *used);
    if (!st && !used)
        st = hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < s->n_shares && used; i++)
        used[i] = s->share[i].address;
    if (!st)
        st = hby_cl_fail(cl->clSetKernelExecInfo(c->kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, (size_t)s->n_shares * sizeof *used, used), "clSetKernelExecInfo", why);
    free(used);
    return st;
}

static enum hby_status make(struct hby_cl_session *s, struct hby_reason *why)
{
    struct hby_cl_chain *c = s->chain;
    struct parts parts = {.function = calloc((size_t)s->n_ops, sizeof *parts.function), .program = calloc((size_t)s->n_ops, sizeof *parts.program)};
    struct tables t = {.op = calloc((size_t)s->n_ops, sizeof *t.op), .word = calloc((size_t)s->n_values + 1, sizeof *t.word)};
    int chained = 0;
    c->kind = calloc((size_t)s->n_ops, sizeof *c->kind);
    c->workers = s->st->dev.info.compute_units > 0 ? (size_t)s->st->dev.info.compute_units : 1;
    enum hby_status st = parts.function && parts.program && t.op && t.word && c->kind ? HBY_OK : hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < s->n_ops && !st; i++) {
        c->kind[i] = fits(&s->op[i]) ? function_of(s, &parts, i) : -1;
        chained += c->kind[i] >= 0;
    }
    if (!st && chained < 2)
        st = hby_say(HBY_UNSUPPORTED, why, "%d launches only", chained);
    if (!st) /* before the program, which takes longer */
        st = fill(s, &t, why);
    if (!st)
        st = build(s, &parts, why);
    if (!st)
        st = bind(s, &t, why);
    if (!st)
        hby_cl_log(s->st, HBY_CL_LOG_BUILD, "chain: %d of %d launches, %d functions", chained, s->n_ops, parts.n_functions);
    free(parts.function);
    free(parts.program);
    free(t.op);
    free(t.word);
    free(t.bytes.data);
    return st;
}

bool hby_cl_chain_is_wanted(const struct hby_cl_state *st)
{
    const struct hby_cl_api *cl = st->cl;
    cl_device_svm_capabilities can = 0;
    return st->dev.info.kind == HBY_CL_CPU && st->dev.info.version_major >= 3 && !st->no_chain &&
           cl->clCompileProgram && cl->clLinkProgram && cl->clGetMemObjectInfo && cl->clSVMAlloc && cl->clSVMFree && cl->clSetKernelExecInfo &&
           !cl->clGetDeviceInfo(st->id, CL_DEVICE_SVM_CAPABILITIES, sizeof can, &can, NULL) && can & CL_DEVICE_SVM_FINE_GRAIN_BUFFER;
}

void hby_cl_chain_create(struct hby_cl_session *s)
{
    struct hby_reason why = {""};
    const int n = s->plan->graph->n_tensors;
    if (!s->shares || !(s->address = calloc((size_t)n + 1, sizeof *s->address)))
        return;
    for (int t = 0; t < n; t++)
        s->address[t] = hby_cl_memory_address(s, s->tensor[t]);
    if (s->plan->n_steps < 2 || s->n_ops < 2 || !(s->chain = calloc(1, sizeof *s->chain)) || !make(s, &why))
        return;
    hby_cl_log(s->st, HBY_CL_LOG_BUILD, "no chain: %s", why.text);
    hby_cl_chain_free(s);
}

int hby_cl_chain_end(const struct hby_cl_session *s, int first, int end)
{
    int last = first;
    while (s->chain && last < end && (s->chain->kind[last] >= 0 || s->op[last].empty))
        last++;
    return last - first > 1 ? last : first;
}

cl_int hby_cl_chain_run(struct hby_cl_session *s, int first, int last, cl_event *done)
{
    const struct hby_cl_api *cl = s->st->cl;
    const size_t global[1] = {s->chain->workers}, local[1] = {1};
    const cl_int from = first, to = last;
    cl_int err = cl->clSetKernelArg(s->chain->kernel, 1, sizeof from, &from);
    if (!err)
        err = cl->clSetKernelArg(s->chain->kernel, 2, sizeof to, &to);
    return err ? err : cl->clEnqueueNDRangeKernel(s->queue, s->chain->kernel, 1, NULL, global, local, 0, NULL, done);
}

void hby_cl_chain_free(struct hby_cl_session *s)
{
    struct hby_cl_chain *c = s->chain;
    if (!c)
        return;
    if (c->kernel)
        s->st->cl->clReleaseKernel(c->kernel);
    if (c->count)
        s->st->cl->clReleaseMemObject(c->count);
    free(c->kind);
    free(c);
    s->chain = NULL;
}
