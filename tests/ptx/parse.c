/* PTX as NVIDIA's OpenCL compiler writes it: directives, declarations, kernels. What is not expected is refused, never skipped. */
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/text.h"

/* --- declarations --- */

/* Bytes of a type such as ".b32"; 1 for .pred, and 0 where it is none. */
static int type_bytes(struct hby_ptx_word w)
{
    if (hby_ptx_word_is(w, ".pred"))
        return 1;
    if (w.length < 3 || w.at[0] != '.' || !strchr("busf", w.at[1]))
        return 0;
    const int bits = atoi(w.at + 2);
    return bits == 8 || bits == 16 || bits == 32 || bits == 64 ? bits / 8 : 0;
}

static void add_symbol(struct hby_ptx_text *t, struct hby_ptx_word symbol, int count, int size, uint64_t value)
{
    t->symbol = hby_ptx_more(t, t->symbol, t->n_symbols, sizeof *t->symbol);
    if (!t->error[0])
        t->symbol[t->n_symbols++] = (struct hby_ptx_symbol){symbol, count, size, t->kernel ? t->depth : 0, value};
}

/* .reg .b32 %r<9>, temp; */
static void registers(struct hby_ptx_text *t)
{
    const int size = type_bytes(t->word);
    if (!size)
        hby_ptx_refuse(t, "registers of \"%.*s\"", t->word.length, t->word.at);
    hby_ptx_next(t);
    do {
        const struct hby_ptx_word symbol = hby_ptx_name(t);
        int count = 0; /* one, without a number in its name */
        if (hby_ptx_take(t, "<")) {
            count = (int)hby_ptx_number(t);
            hby_ptx_expect(t, ">");
        }
        const uint32_t bytes = size == 1 ? 4 : (uint32_t)size * HBY_PTX_LANES;
        uint32_t *used = &t->kernel->register_bytes;
        *used = (*used + 63) & ~63u;
        add_symbol(t, symbol, count, size, *used);
        *used += bytes * (uint32_t)(count ? count : 1);
    } while (hby_ptx_take(t, ","));
    hby_ptx_expect(t, ";");
}

/* .align 8 .b8 name[32], of which there is its name; returns its bytes. */
static uint32_t array(struct hby_ptx_text *t, uint32_t *align, struct hby_ptx_word *symbol, int *element)
{
    *align = 1;
    if (hby_ptx_take(t, ".align"))
        *align = (uint32_t)hby_ptx_number(t);
    *element = type_bytes(t->word);
    if (!*element || *align == 0 || *align & (*align - 1))
        hby_ptx_refuse(t, "a variable of \"%.*s\"", t->word.length, t->word.at);
    hby_ptx_next(t);
    *symbol = hby_ptx_name(t);
    uint32_t count = 1;
    if (hby_ptx_take(t, "[")) {
        count = (uint32_t)hby_ptx_number(t);
        hby_ptx_expect(t, "]");
    }
    *align = *align > (uint32_t)*element ? *align : (uint32_t)*element;
    return count * (uint32_t)*element;
}

/* Shared or local memory: aligned as it says, and no better. */
static void memory(struct hby_ptx_text *t, uint32_t *used)
{
    uint32_t align;
    int element;
    struct hby_ptx_word symbol;
    const uint32_t bytes = array(t, &align, &symbol, &element);
    uint32_t at = (*used + align - 1) & ~(align - 1);
    at += at & align ? 0 : align;
    add_symbol(t, symbol, 0, 0, at);
    *used = at + bytes;
    hby_ptx_expect(t, ";");
}

/* .global .align 4 .b8 name[2] = {1, 2}; .const is memory as any here */
static void variable(struct hby_ptx_text *t)
{
    struct hby_ptx_module *m = t->module;
    uint32_t align;
    int element;
    struct hby_ptx_word symbol;
    const uint32_t bytes = array(t, &align, &symbol, &element);
    m->variable = hby_ptx_more(t, m->variable, m->n_variables, sizeof *m->variable);
    m->variable_bytes = hby_ptx_more(t, m->variable_bytes, m->n_variables, sizeof *m->variable_bytes);
    unsigned char *data = t->error[0] ? NULL : aligned_alloc(64, (bytes + 63) & ~63u);
    if (!data) {
        hby_ptx_refuse(t, "out of memory");
        return;
    }
    memset(data, 0, bytes);
    m->variable[m->n_variables] = data;
    m->variable_bytes[m->n_variables++] = bytes;
    if (hby_ptx_take(t, "=")) {
        hby_ptx_expect(t, "{");
        for (uint32_t at = 0; at < bytes && !t->error[0]; at += (uint32_t)element) {
            const long long value = hby_ptx_number(t);
            memcpy(data + at, &value, (size_t)element);
            if (at + (uint32_t)element < bytes)
                hby_ptx_expect(t, ",");
        }
        hby_ptx_expect(t, "}");
    }
    hby_ptx_expect(t, ";");
    add_symbol(t, symbol, 0, 0, (uint64_t)(uintptr_t)data);
}

/* --- kernels --- */

/* .param .u64 .ptr .global .align 4 name; .param .align 4 .b8 name[20] */
static void parameter(struct hby_ptx_text *t)
{
    struct hby_ptx_kernel *k = t->kernel;
    uint32_t align = 1, count = 1;
    bool is_buffer = false;
    hby_ptx_expect(t, ".param");
    if (hby_ptx_take(t, ".align"))
        align = (uint32_t)hby_ptx_number(t);
    const uint32_t size = (uint32_t)type_bytes(t->word);
    hby_ptx_next(t);
    if (hby_ptx_take(t, ".ptr")) {
        is_buffer = true;
        hby_ptx_expect(t, ".global");
        hby_ptx_expect(t, ".align");
        hby_ptx_number(t);
    }
    const struct hby_ptx_word symbol = hby_ptx_name(t);
    if (hby_ptx_take(t, "[")) {
        count = (uint32_t)hby_ptx_number(t);
        hby_ptx_expect(t, "]");
    }
    align = align > size ? align : size;
    if (!size || align & (align - 1)) {
        hby_ptx_refuse(t, "a parameter of unknown type");
        return;
    }
    k->param_bytes = (k->param_bytes + align - 1) & ~(align - 1);
    k->param = hby_ptx_more(t, k->param, k->n_params, sizeof *k->param);
    if (t->error[0])
        return;
    k->param[k->n_params++] = (struct hby_ptx_param){k->param_bytes - HBY_PTX_WINDOW, size * count, is_buffer};
    add_symbol(t, symbol, 0, 0, k->param_bytes);
    k->param_bytes += size * count;
}

static void label(struct hby_ptx_text *t, struct hby_ptx_word symbol)
{
    t->label = hby_ptx_more(t, t->label, t->n_labels, sizeof *t->label);
    if (!t->error[0])
        t->label[t->n_labels++] = (struct hby_ptx_label){symbol, t->kernel->n_insns};
}

static void close_scope(struct hby_ptx_text *t)
{
    t->depth--;
    while (t->n_symbols && t->symbol[t->n_symbols - 1].depth > t->depth)
        t->n_symbols--;
}

static void statement(struct hby_ptx_text *t)
{
    t->statement = t->word.line;
    if (hby_ptx_take(t, "{")) {
        t->depth++;
    } else if (hby_ptx_is(t, "}")) {
        close_scope(t);
        if (t->depth)
            hby_ptx_next(t);
    } else if (hby_ptx_take(t, ".reg")) {
        registers(t);
    } else if (hby_ptx_take(t, ".local")) {
        memory(t, &t->kernel->local_bytes);
    } else if (hby_ptx_take(t, ".shared")) {
        memory(t, &t->kernel->shared_bytes);
    } else if (hby_ptx_take(t, ".pragma")) {
        hby_ptx_next(t);
        hby_ptx_expect(t, ";");
    } else if (t->word.length && *t->at == ':') {
        label(t, t->word);
        hby_ptx_next(t);
        hby_ptx_next(t);
    } else {
        hby_ptx_decode(t);
    }
}

static void find_targets(struct hby_ptx_text *t)
{
    for (int j = 0; j < t->n_jumps && !t->error[0]; j++) {
        int l = 0;
        while (l < t->n_labels && !hby_ptx_same(t->label[l].name, t->jump[j].name))
            l++;
        if (l == t->n_labels)
            hby_ptx_refuse(t, "no label \"%.*s\"", t->jump[j].name.length, t->jump[j].name.at);
        else
            t->kernel->insn[t->jump[j].insn].target = t->label[l].insn;
    }
}

static void entry(struct hby_ptx_text *t)
{
    struct hby_ptx_module *m = t->module;
    m->kernel = hby_ptx_more(t, m->kernel, m->n_kernels, sizeof *m->kernel);
    if (t->error[0])
        return;
    struct hby_ptx_kernel *k = t->kernel = &m->kernel[m->n_kernels++];
    *k = (struct hby_ptx_kernel){.param_bytes = HBY_PTX_WINDOW, .shared_bytes = HBY_PTX_WINDOW, .local_bytes = HBY_PTX_WINDOW};
    k->register_bytes = HBY_PTX_WARP_REGISTERS * HBY_PTX_REGISTER;
    k->constant_bytes = HBY_PTX_LAUNCH_REGISTERS * HBY_PTX_REGISTER;
    k->constant = calloc(1, k->constant_bytes);
    const struct hby_ptx_word symbol = hby_ptx_name(t);
    k->name = strndup(symbol.at, (size_t)symbol.length);
    if (!k->name || !k->constant)
        hby_ptx_refuse(t, "out of memory");
    t->n_labels = t->n_jumps = t->n_constants = 0;
    t->depth = 1;
    hby_ptx_expect(t, "(");
    while (!hby_ptx_is(t, ")") && !t->error[0]) {
        parameter(t);
        if (!hby_ptx_is(t, ")"))
            hby_ptx_expect(t, ",");
    }
    hby_ptx_expect(t, ")");
    if (hby_ptx_take(t, ".reqntid"))
        for (int d = 0; d < 3; d++) {
            k->group[d] = (unsigned)hby_ptx_number(t);
            if (d < 2)
                hby_ptx_expect(t, ",");
        }
    hby_ptx_expect(t, "{");
    while (t->depth && !t->error[0])
        statement(t);
    hby_ptx_expect(t, "}");
    find_targets(t);
    k->register_bytes = (k->register_bytes + 63) & ~63u;
    t->kernel = NULL;
}

static void module(struct hby_ptx_text *t)
{
    hby_ptx_next(t);
    while (t->word.length) {
        if (hby_ptx_take(t, ".version") || hby_ptx_take(t, ".address_size")) {
            hby_ptx_next(t);
        } else if (hby_ptx_take(t, ".target")) {
            hby_ptx_next(t);
            while (hby_ptx_take(t, ","))
                hby_ptx_next(t);
        } else if (hby_ptx_take(t, ".global") || hby_ptx_take(t, ".const")) {
            variable(t);
        } else if (hby_ptx_take(t, ".entry")) {
            entry(t);
        } else if (hby_ptx_take(t, ".metadata_section")) { /* the attributes, once more */
            int depth = 0;
            do {
                depth += hby_ptx_is(t, "{") - hby_ptx_is(t, "}");
                hby_ptx_next(t);
            } while (depth && t->word.length);
        } else {
            hby_ptx_refuse(t, "unknown directive \"%.*s\"", t->word.length, t->word.at);
        }
    }
}

struct hby_ptx_module *hby_ptx_parse(const char *text, char **why)
{
    struct hby_ptx_text t = {.at = text, .line = 1, .module = calloc(1, sizeof *t.module)};
    *why = NULL;
    if (!t.module)
        return NULL;
    module(&t);
    free(t.symbol);
    free(t.label);
    free(t.jump);
    free(t.constant);
    if (t.error[0]) {
        *why = strdup(t.error);
        hby_ptx_free(t.module);
        return NULL;
    }
    return t.module;
}

void hby_ptx_free(struct hby_ptx_module *m)
{
    for (int k = 0; k < m->n_kernels; k++) {
        free(m->kernel[k].name);
        free(m->kernel[k].param);
        free(m->kernel[k].insn);
        free(m->kernel[k].constant);
    }
    for (int v = 0; v < m->n_variables; v++)
        free(m->variable[v]);
    free(m->kernel);
    free(m->variable);
    free(m->variable_bytes);
    free(m);
}
