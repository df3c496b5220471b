/* One instruction of PTX: its operands, and what carries it out. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/text.h"

/* An operand as it stands: a word, with what was around it. */
struct operand {
    struct hby_ptx_word word;
    bool minus, is_address; /* [word+offset] */
    long long offset;
};

struct operands {
    struct operand item[HBY_PTX_OPERANDS + 1];
    int n;
    bool first_is_vector;
};

/* --- words to operands --- */

static void read_operand(struct hby_ptx_text *t, struct operands *o)
{
    if (o->n > HBY_PTX_OPERANDS) {
        hby_ptx_refuse(t, "too many operands");
        return;
    }
    struct operand *x = &o->item[o->n++];
    *x = (struct operand){.is_address = hby_ptx_is(t, "[")};
    if (x->is_address)
        hby_ptx_next(t);
    x->minus = hby_ptx_is(t, "-");
    if (x->minus)
        hby_ptx_next(t);
    x->word = t->word;
    hby_ptx_next(t);
    if (!x->is_address)
        return;
    if (hby_ptx_is(t, "+")) {
        hby_ptx_next(t);
        x->offset = hby_ptx_number(t);
    }
    hby_ptx_expect(t, "]");
}

static void read_operands(struct hby_ptx_text *t, struct operands *o)
{
    o->n = 0;
    o->first_is_vector = hby_ptx_is(t, "{");
    while (!hby_ptx_is(t, ";") && !t->error[0]) {
        if (hby_ptx_is(t, "{"))
            do {
                hby_ptx_next(t);
                read_operand(t, o);
            } while (hby_ptx_is(t, ","));
        else
            read_operand(t, o);
        if (hby_ptx_is(t, "}"))
            hby_ptx_next(t);
        if (hby_ptx_is(t, ","))
            hby_ptx_next(t);
        else if (!hby_ptx_is(t, ";"))
            hby_ptx_refuse(t, "\"%.*s\" behind an operand", t->word.length, t->word.at);
    }
    hby_ptx_expect(t, ";");
}

/* --- operands to places --- */

/* The same value in all lanes. */
static uint32_t constant(struct hby_ptx_text *t, uint64_t value, int size)
{
    struct hby_ptx_kernel *k = t->kernel;
    for (int c = 0; c < t->n_constants; c++)
        if (t->constant[c].value == value && t->constant[c].size == size)
            return t->constant[c].offset;
    const uint32_t at = k->constant_bytes, bytes = size == 1 ? 64 : (uint32_t)size * HBY_PTX_LANES;
    t->constant = hby_ptx_more(t, t->constant, t->n_constants, sizeof *t->constant);
    unsigned char *grown = t->error[0] ? NULL : realloc(k->constant, at + bytes);
    if (!grown) {
        hby_ptx_refuse(t, "out of memory");
        return 0;
    }
    k->constant = grown;
    k->constant_bytes += bytes;
    if (size == 1) {
        const uint32_t bits = value ? HBY_PTX_ALL : 0;
        memcpy(grown + at, &bits, sizeof bits);
    } else {
        for (int l = 0; l < HBY_PTX_LANES; l++)
            memcpy(grown + at + l * size, &value, (size_t)size);
    }
    t->constant[t->n_constants].value = value;
    t->constant[t->n_constants].size = size;
    t->constant[t->n_constants++].offset = at | HBY_PTX_CONSTANT;
    return at | HBY_PTX_CONSTANT;
}

/* A number of `size` bytes: decimal, 0x, 0f (the bits of a float), 0d (of a double). */
static uint32_t number(struct hby_ptx_text *t, const struct operand *x, int size)
{
    char *end;
    const bool is_float = x->word.at[0] == '0' && strchr("fFdD", x->word.at[1]);
    if (is_float && (x->word.at[1] == 'f' || x->word.at[1] == 'F' ? 4 : 8) != size)
        hby_ptx_refuse(t, "\"%.*s\" is not of %d bytes", x->word.length, x->word.at, size);
    uint64_t v = strtoull(x->word.at + (is_float ? 2 : 0), &end, is_float ? 16 : 0);
    end += *end == 'U' && !is_float;
    if (end != x->word.at + x->word.length || (is_float && x->minus))
        hby_ptx_refuse(t, "\"%.*s\" is no number", x->word.length, x->word.at);
    v = x->minus ? 0 - v : v;
    return constant(t, size < 8 && size > 1 ? v & ((1ull << 8 * size) - 1) : v, size);
}

/* %tid.x and its like, all of 4 bytes. */
static bool special(struct hby_ptx_word w, uint32_t *place)
{
    static const struct {
        const char *name;
        uint32_t place;
        int count;
    } specials[] = {{"%tid.", HBY_PTX_TID, 3},
                    {"%ntid.", HBY_PTX_CONSTANT | HBY_PTX_NTID, 3},
                    {"%ctaid.", HBY_PTX_CONSTANT | HBY_PTX_CTAID, 3},
                    {"%nctaid.", HBY_PTX_CONSTANT | HBY_PTX_NCTAID, 3},
                    {"%envreg", HBY_PTX_CONSTANT | HBY_PTX_ENVREG, 6}}; /* where the grid begins, in groups and in items: always 0 here */
    for (size_t k = 0; k < sizeof specials / sizeof *specials; k++) {
        const size_t n = strlen(specials[k].name);
        if ((size_t)w.length != n + 1 || memcmp(w.at, specials[k].name, n))
            continue;
        const int d = isdigit((unsigned char)w.at[n]) ? w.at[n] - '0' : w.at[n] - 'x';
        if (d < 0 || d >= specials[k].count)
            return false;
        *place = (specials[k].place & HBY_PTX_CONSTANT) | ((specials[k].place & ~HBY_PTX_CONSTANT) + (uint32_t)d) * HBY_PTX_REGISTER;
        return true;
    }
    return false;
}

static const struct hby_ptx_symbol *find_symbol(const struct hby_ptx_text *t, struct hby_ptx_word w, int *index)
{
    struct hby_ptx_word stem = w;
    *index = 0;
    for (int s = t->n_symbols; s-- > 0;)
        if (t->symbol[s].count == 0 && hby_ptx_same(t->symbol[s].name, w))
            return &t->symbol[s];
    while (stem.length && isdigit((unsigned char)stem.at[stem.length - 1]))
        stem.length--;
    *index = atoi(stem.at + stem.length);
    for (int s = t->n_symbols; s-- > 0;)
        if (t->symbol[s].count > *index && hby_ptx_same(t->symbol[s].name, stem))
            return &t->symbol[s];
    return NULL;
}

/* Where the operand lies, which has `size` bytes (1: a predicate). *size 0: it is a register, and says itself. */
static uint32_t place_of(struct hby_ptx_text *t, const struct operand *x, int *size)
{
    uint32_t place = 0;
    int index;
    if (isdigit((unsigned char)*x->word.at))
        return number(t, x, *size ? *size : 8);
    if (special(x->word, &place)) {
        if (*size != 4)
            hby_ptx_refuse(t, "\"%.*s\" has 4 bytes", x->word.length, x->word.at);
        return place;
    }
    const struct hby_ptx_symbol *s = find_symbol(t, x->word, &index);
    if (!s || x->minus) {
        hby_ptx_refuse(t, "unknown operand \"%.*s\"", x->word.length, x->word.at);
        return 0;
    }
    if (s->size == 0) {
        if (*size != 8)
            hby_ptx_refuse(t, "the address \"%.*s\" has 8 bytes", x->word.length, x->word.at);
        return constant(t, s->value, 8);
    }
    *size = *size ? *size : s->size;
    if (*size != s->size)
        hby_ptx_refuse(t, "\"%.*s\" is no register of %d bytes", x->word.length, x->word.at, *size);
    return (uint32_t)s->value + (uint32_t)index * (s->size == 1 ? 4 : (uint32_t)s->size * HBY_PTX_LANES);
}

/* --- loads and stores: ld.global.nc.v4.u8 --- */

static bool take_part(const char **at, const char *part)
{
    const size_t n = strlen(part);
    const bool is = !strncmp(*at, part, n) && (!(*at)[n] || (*at)[n] == '.');
    *at += is ? n : 0;
    return is;
}

static void decode_move(struct hby_ptx_text *t, struct hby_ptx_insn *i, const char *name, const struct operands *o)
{
    static const char *const spaces[] = {[HBY_PTX_GLOBAL] = ".global", [HBY_PTX_SHARED] = ".shared", [HBY_PTX_LOCAL] = ".local", [HBY_PTX_PARAM] = ".param"};
    const char *at = name + 2;
    i->writes = !strncmp(name, "st", 2);
    i->space = HBY_PTX_GENERIC;
    for (int s = HBY_PTX_GLOBAL; s <= HBY_PTX_PARAM; s++)
        if (take_part(&at, spaces[s]))
            i->space = (uint8_t)s;
    if (!i->writes && take_part(&at, ".const"))
        i->space = HBY_PTX_GLOBAL;
    i->constant = !i->writes && take_part(&at, ".nc");
    i->count = take_part(&at, ".v2") ? 2 : take_part(&at, ".v4") ? 4 : 1;
    const char kind = at[0] ? at[1] : 0;
    const int bits = kind ? atoi(at + 2) : 0, first = i->writes ? 1 : 0;
    const struct operand *address = &o->item[i->writes ? 0 : i->count];
    if (!strchr("busf", kind) || !kind || (bits != 8 && bits != 16 && bits != 32 && bits != 64) || strlen(at) > 4 || o->n != i->count + 1 ||
        !address->is_address || (i->writes && i->space == HBY_PTX_PARAM)) {
        hby_ptx_refuse(t, "unknown instruction \"%s\"", name);
        return;
    }
    i->size = (uint8_t)(bits / 8);
    int size = 0, bytes = 8, index;
    for (int e = 0; e < i->count; e++) {
        size = isdigit((unsigned char)*o->item[first + e].word.at) ? (bits < 16 ? 2 : bits / 8) : size;
        i->arg[1 + e] = place_of(t, &o->item[first + e], &size);
    }
    const struct hby_ptx_symbol *s = find_symbol(t, address->word, &index);
    const bool is_variable = s && s->size == 0;
    i->arg[0] = is_variable ? HBY_PTX_CONSTANT | HBY_PTX_ZERO * HBY_PTX_REGISTER : place_of(t, address, &bytes);
    i->offset = address->offset + (is_variable ? (int64_t)s->value : 0);
    i->register_bytes = (uint8_t)size;
    i->move = i->writes ? hby_ptx_find_store(size, i->size) : hby_ptx_find_load(size, i->size, kind == 's');
    i->fn = hby_ptx_access;
    if (!i->move)
        hby_ptx_refuse(t, "\"%s\" of registers of %d bytes", name, size);
}

/* --- all others --- */

static void decode_jump(struct hby_ptx_text *t, struct hby_ptx_insn *i, const struct operands *o)
{
    i->kind = HBY_PTX_BRANCH;
    t->jump = hby_ptx_more(t, t->jump, t->n_jumps, sizeof *t->jump);
    if (o->n != 1)
        hby_ptx_refuse(t, "a branch of %d operands", o->n);
    if (!t->error[0])
        t->jump[t->n_jumps++] = (struct hby_ptx_label){o->item[0].word, t->kernel->n_insns - 1};
}

/* cvt.s32.s8 of a register of 32 bits: there are rows for those. */
static bool is_wider(const struct hby_ptx_text *t, const struct hby_ptx_op *op, const struct operands *o)
{
    int index;
    const struct hby_ptx_symbol *s = o->n == 2 ? find_symbol(t, o->item[1].word, &index) : NULL;
    return op && s && s->size > op->size[1] && !strncmp(op->name, "cvt_", 4);
}

static void decode_op(struct hby_ptx_text *t, struct hby_ptx_insn *i, const char *name, const struct operands *o)
{
    char key[96];
    const bool pairs = !strncmp(name, "mov.", 4) && o->n == 3;
    snprintf(key, sizeof key, "%s%s", name, !pairs ? "" : o->first_is_vector ? ".unpack" : ".pack");
    for (char *c = key; *c; c++)
        *c = *c == '.' || *c == ':' ? '_' : *c;
    const struct hby_ptx_op *op = hby_ptx_find_op(key, strlen(key));
    if (is_wider(t, op, o)) {
        snprintf(key + strlen(key), sizeof key - strlen(key), "_wide");
        op = hby_ptx_find_op(key, strlen(key));
    }
    if (!op || o->n > HBY_PTX_OPERANDS || (o->n < HBY_PTX_OPERANDS && op->size[o->n]) || (o->n && !op->size[o->n - 1])) {
        hby_ptx_refuse(t, "unknown instruction \"%s\" of %d operands", name, o->n);
        return;
    }
    for (int n = 0; n < o->n; n++) {
        int size = op->size[n];
        if (o->item[n].is_address)
            hby_ptx_refuse(t, "\"%s\" of an address", name);
        i->arg[n] = place_of(t, &o->item[n], &size);
        if (n == 0 && i->arg[n] & HBY_PTX_CONSTANT)
            hby_ptx_refuse(t, "\"%s\" into a constant", name);
    }
    i->fn = op->fn;
    i->kind = !strncmp(name, "mma.", 4) ? HBY_PTX_WARP : HBY_PTX_PLAIN;
}

static void read_guard(struct hby_ptx_text *t, struct hby_ptx_insn *i)
{
    struct operand x = {0};
    int size = 1;
    hby_ptx_next(t);
    i->guard_not = hby_ptx_is(t, "!");
    if (i->guard_not)
        hby_ptx_next(t);
    x.word = t->word;
    i->guard = place_of(t, &x, &size);
    hby_ptx_next(t);
}

void hby_ptx_decode(struct hby_ptx_text *t)
{
    struct hby_ptx_kernel *k = t->kernel;
    struct operands o;
    char name[80];
    k->insn = hby_ptx_more(t, k->insn, k->n_insns, sizeof *k->insn);
    if (t->error[0])
        return;
    struct hby_ptx_insn *i = &k->insn[k->n_insns++];
    *i = (struct hby_ptx_insn){.guard = HBY_PTX_NO_GUARD, .line = t->word.line};
    if (hby_ptx_is(t, "@"))
        read_guard(t, i);
    snprintf(name, sizeof name, "%.*s", t->word.length, t->word.at);
    hby_ptx_next(t);
    read_operands(t, &o);
    if (t->error[0])
        return;
    if (!strncmp(name, "ld.", 3) || !strncmp(name, "st.", 3))
        decode_move(t, i, name, &o);
    else if (!strcmp(name, "bra") || !strcmp(name, "bra.uni"))
        decode_jump(t, i, &o);
    else if (!strcmp(name, "ret") && o.n == 0)
        i->kind = HBY_PTX_RETURN;
    else if (!strcmp(name, "bar.sync") && o.n == 1 && hby_ptx_word_is(o.item[0].word, "0"))
        i->kind = HBY_PTX_BARRIER;
    else
        decode_op(t, i, name, &o);
}
