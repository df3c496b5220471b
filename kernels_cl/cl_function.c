/* Kernels as functions of one program. Every program is a text under options of its own; here the texts that a chain needs stand one behind the other, each
 * with the macros that its options define, and with a number in every name of ours: hby_x and HBY_X of the third text are hby3_x and HBY3_X. One build is
 * faster than many, the driver's cache of built programs serves it, and what the kernels share with nobody is dropped by the compiler. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_state.h"

/* --- kernels in a text --- */

/* The name and the parameters of the next kernel in `text`; false where there is none. Kernels begin a line. */
static bool next_kernel(const char *text, const char **name, const char **parameters)
{
    static const char *const heads[] = {"\n__kernel ", "\nHBY_NEST_KERNEL "};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *at = strstr(text, heads[i]);
        if (at && (!first || at < first))
            first = at;
    }
    const char *head = first ? strstr(first, "void ") : NULL, *open = head ? strchr(head, '(') : NULL;
    if (!open)
        return false;
    *name = head + 5;
    *parameters = open + 1;
    return true;
}

/* Where the parameters of `entry` begin: all its definitions have the same kinds. */
static const char *parameters_of(const char *text, const char *entry)
{
    const char *name, *parameters;
    const size_t n = strlen(entry);
    while (next_kernel(text, &name, &parameters)) {
        if ((size_t)(parameters - 1 - name) == n && !memcmp(name, entry, n))
            return parameters;
        text = parameters;
    }
    return NULL;
}

/* The end of the parameter that begins at `from`: its ',' or the last ')'. */
static const char *parameter_end(const char *from)
{
    int depth = 0;
    for (; *from && (depth || (*from != ',' && *from != ')')); from++)
        depth += (*from == '(') - (*from == ')');
    return from;
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

/* What a parameter takes; false where the text does not tell. */
static bool kind_of(const char *from, const char *to, unsigned char *kind)
{
    char type[96];
    type_of(from, to, type, sizeof type);
    *kind = memchr(from, '*', (size_t)(to - from)) ? HBY_CL_BUFFER : !strcmp(type, "int") ? HBY_CL_WORD : HBY_CL_BYTES;
    return !memchr(from, '#', (size_t)(to - from)) && (*kind != HBY_CL_BYTES || !strncmp(type, "struct ", 7) || !strcmp(type, "float"));
}

#define TASK_PARAMETERS "(int x, int y, int z, const __global ulong *word, const __global uchar *bytes)"

/* A function that takes a kernel's arguments from the chain's tables: word[i] is a number, an address, or where in the bytes a struct lies. */
static bool put_task(struct hby_cl_text *t, const struct hby_cl_function *f, int index, const char *source)
{
    const char *from = parameters_of(source, f->name);
    if (!from)
        return false;
    hby_cl_text_say(t, "\nstatic __attribute__((noinline)) void hby_task_%d" TASK_PARAMETERS "\n{\n    hby_kernel_%s(x, y, z", index, f->name);
    for (cl_uint i = 0; i < f->n_args; i++) {
        const char *to = parameter_end(from);
        char type[96];
        type_of(from, to, type, sizeof type);
        if (f->kind[i] == HBY_CL_BUFFER)
            hby_cl_text_say(t, ", (__global void *)word[%u]", i);
        else if (f->kind[i] == HBY_CL_WORD)
            hby_cl_text_say(t, ", (int)word[%u]", i);
        else
            hby_cl_text_say(t, ", *(const __global %s *)(bytes + word[%u])", type, i);
        from = to + 1;
    }
    hby_cl_text_say(t, ");\n}\n");
    return true;
}

/* --- the program --- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Copies a text, with `unit` in every name of ours. */
static void put_numbered(struct hby_cl_text *t, const char *from, int unit)
{
    const char *start = from;
    for (const char *p = from; *p; p++) {
        if ((p > from && is_word(p[-1])) || (strncmp(p, "hby_", 4) && strncmp(p, "HBY_", 4)))
            continue;
        hby_cl_text_put(t, start, (size_t)(p + 3 - start));
        hby_cl_text_say(t, "%d", unit);
        start = p + 3;
    }
    hby_cl_text_put(t, start, strlen(start));
}

/* The options -DNAME=VALUE as lines, or (`others`) the rest, but for the language. */
static void put_options(struct hby_cl_text *t, const char *options, bool others)
{
    while (*options) {
        const size_t n = strcspn(options, " ");
        const char *equals = memchr(options, '=', n);
        if (!strncmp(options, "-D", 2) && !others && equals)
            hby_cl_text_say(t, "#define %.*s %.*s\n", (int)(equals - options - 2), options + 2, (int)(options + n - equals - 1), equals + 1);
        else if (strncmp(options, "-D", 2) && strncmp(options, "-cl-std=", 8) && others)
            hby_cl_text_say(t, " %.*s", (int)n, options);
        options += n + (options[n] == ' ');
    }
}

static const char *options_of(const char *key)
{
    return key + strcspn(key, " ");
}

/* A program's text with its kernels as functions that are told their place in the grid, and the tasks for those that are wanted. */
static enum hby_status put_unit(struct hby_cl_text *t, int unit, const struct hby_cl_functions *set, int first, int last, struct hby_reason *why)
{
    struct hby_cl_text u = {0};
    char file[64], *source;
    const char *key = set->function[first]->key, *name, *parameters;
    snprintf(file, sizeof file, "%.*s", (int)strcspn(key, " "), key);
    enum hby_status st = hby_cl_source(file, &source, why);
    if (st)
        return st;
    put_options(&u, options_of(key), false);
    const char *from = source;
    while (next_kernel(from, &name, &parameters)) {
        hby_cl_text_put(&u, from, (size_t)(name - from));
        hby_cl_text_say(&u, "hby_kernel_%.*s(const int place_0, const int place_1, const int place_2, ", (int)(parameters - 1 - name), name);
        from = parameters;
    }
    hby_cl_text_put(&u, from, strlen(from));
    for (int i = first; i < last && !st; i++)
        if (!put_task(&u, set->function[i], i, source))
            st = hby_say(HBY_UNSUPPORTED, why, "%s has no kernel %s", file, set->function[i]->name);
    free(source);
    if (!st && u.failed)
        st = hby_say(HBY_NO_MEMORY, why, "out of memory");
    if (!st)
        put_numbered(t, u.data, unit);
    free(u.data);
    return st;
}

static enum hby_status put_file(struct hby_cl_text *t, const char *file, struct hby_reason *why)
{
    char *source;
    const enum hby_status st = hby_cl_source(file, &source, why);
    if (st)
        return st;
    hby_cl_text_put(t, source, strlen(source));
    free(source);
    return HBY_OK;
}

/* The walk, the texts, and the choice of a task. Functions of one text stand together. */
static enum hby_status make_text(const struct hby_cl_state *s, const struct hby_cl_functions *set, struct hby_cl_text *t, struct hby_reason *why)
{
    struct hby_cl_text choice = {0};
#if defined(__linux__) && defined(__x86_64__)
    if (s->dev.info.is_host_cpu)
        hby_cl_text_say(t, "#define HBY_LINUX_X86_64 1\n");
#else
    (void)s;
#endif
    enum hby_status st = put_file(t, "chain.cl", why);
    if (!st)
        st = put_file(t, "chain_unit.clh", why);
    for (int first = 0, last, unit = 0; first < set->n && !st; first = last, unit++) {
        for (last = first; last < set->n && !strcmp(set->function[last]->key, set->function[first]->key); last++)
            hby_cl_text_say(&choice, "    case %d:\n        hby%d_task_%d(x, y, z, word, bytes);\n        break;\n", last, unit, last);
        st = put_unit(t, unit, set, first, last, why);
    }
    hby_cl_text_say(t,
                    "\nvoid hby_chain_task(int kind, int x, int y, int z, const __global ulong *word, const __global uchar *bytes)\n{\n    switch (kind) {\n");
    hby_cl_text_put(t, choice.data ? choice.data : "", choice.used);
    hby_cl_text_say(t, "    }\n}\n");
    if (!st && (t->failed || choice.failed))
        st = hby_say(HBY_NO_MEMORY, why, "out of memory");
    free(choice.data);
    return st;
}

static enum hby_status build(struct hby_cl_state *s, struct hby_cl_functions *set, struct hby_reason *why)
{
    struct hby_cl_text t = {0}, options = {0};
    hby_cl_text_say(&options, "-cl-std=CL3.0");
    put_options(&options, s->features, true);
    enum hby_status st = make_text(s, set, &t, why);
    if (!st && options.failed)
        st = hby_say(HBY_NO_MEMORY, why, "out of memory");
    if (!st)
        st = hby_cl_program_of_text(s, "chain.cl", t.data, options.data, &set->program, why);
    free(t.data);
    free(options.data);
    return st;
}

/* --- functions, and sets of them --- */

static enum hby_status read_parameters(const char *file, struct hby_cl_function *f, struct hby_reason *why)
{
    char *source;
    const enum hby_status st = hby_cl_source(file, &source, why);
    if (st)
        return st;
    const char *from = parameters_of(source, f->name);
    bool ok = from != NULL;
    while (ok && f->n_args < sizeof f->kind) {
        const char *to = parameter_end(from);
        ok = *to && kind_of(from, to, &f->kind[f->n_args++]);
        if (*to == ')')
            break;
        from = to + 1;
    }
    ok = ok && *parameter_end(from) == ')';
    free(source);
    return ok ? HBY_OK : hby_say(HBY_UNSUPPORTED, why, "%s: the parameters of kernel %s are not plain", file, f->name);
}

static void free_function(struct hby_cl_function *f)
{
    free(f->key);
    free(f);
}

enum hby_status hby_cl_function_get(struct hby_cl_state *s, const char *file, const char *options, const char *entry, const struct hby_cl_function **out,
                                    struct hby_reason *why)
{
    char *key = NULL;
    enum hby_status st = HBY_OK;
    if (strlen(entry) >= sizeof(*out)->name)
        return hby_say(HBY_UNSUPPORTED, why, "kernel name %s is too long", entry);
    if (asprintf(&key, "%s %s %s", file, s->features, options) < 0)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    pthread_mutex_lock(&s->lock);
    struct hby_cl_function *f = s->functions;
    while (f && (strcmp(f->key, key) || strcmp(f->name, entry)))
        f = f->next;
    if (!f) {
        if (!(f = calloc(1, sizeof *f))) {
            st = hby_say(HBY_NO_MEMORY, why, "out of memory");
        } else {
            f->key = key;
            key = NULL;
            snprintf(f->name, sizeof f->name, "%s", entry);
            if ((st = read_parameters(file, f, why)) != HBY_OK) {
                free_function(f);
                f = NULL;
            } else {
                f->next = s->functions;
                s->functions = f;
            }
        }
    }
    pthread_mutex_unlock(&s->lock);
    free(key);
    *out = f;
    return st;
}

int hby_cl_function_find(const struct hby_cl_functions *set, const struct hby_cl_function *function)
{
    for (int i = 0; i < set->n; i++)
        if (set->function[i] == function)
            return i;
    return -1;
}

static bool holds_all(const struct hby_cl_functions *set, const struct hby_cl_function *const *function, int n)
{
    for (int i = 0; i < n; i++)
        if (function[i] && hby_cl_function_find(set, function[i]) < 0)
            return false;
    return true;
}

static const struct hby_cl_functions *find_set(struct hby_cl_state *s, const struct hby_cl_function *const *function, int n)
{
    pthread_mutex_lock(&s->lock);
    const struct hby_cl_functions *set = s->sets;
    while (set && !holds_all(set, function, n))
        set = set->next;
    pthread_mutex_unlock(&s->lock);
    return set;
}

bool hby_cl_function_is_built(struct hby_cl_state *s, const struct hby_cl_function *function)
{
    return find_set(s, &function, 1) != NULL;
}

/* By text, then by kernel: the same functions give the same program in every process. */
static int by_key(const void *a, const void *b)
{
    const struct hby_cl_function *x = *(const struct hby_cl_function *const *)a, *y = *(const struct hby_cl_function *const *)b;
    const int keys = strcmp(x->key, y->key);
    return keys ? keys : strcmp(x->name, y->name);
}

enum hby_status hby_cl_functions_get(struct hby_cl_state *s, const struct hby_cl_function *const *function, int n, const struct hby_cl_functions **out,
                                     struct hby_reason *why)
{
    if ((*out = find_set(s, function, n)) != NULL)
        return HBY_OK;
    struct hby_cl_functions *set = calloc(1, sizeof *set + (size_t)n * sizeof *set->function);
    if (!set)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    for (int i = 0; i < n; i++)
        if (function[i] && hby_cl_function_find(set, function[i]) < 0)
            set->function[set->n++] = function[i];
    qsort(set->function, (size_t)set->n, sizeof *set->function, by_key);
    const enum hby_status st = build(s, set, why);
    if (st) {
        free(set);
        return st;
    }
    pthread_mutex_lock(&s->lock);
    set->next = s->sets;
    s->sets = set;
    pthread_mutex_unlock(&s->lock);
    *out = set;
    return HBY_OK;
}

void hby_cl_functions_free(struct hby_cl_state *s)
{
    while (s->sets) {
        struct hby_cl_functions *set = s->sets;
        s->sets = set->next;
        free(set);
    }
    while (s->functions) {
        struct hby_cl_function *f = s->functions;
        s->functions = f->next;
        free_function(f);
    }
}
