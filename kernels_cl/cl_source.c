/* One text per program: includes are resolved here, so that drivers need no include path and the cache can hash all that they read. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_state.h"
#include "kernels_cl/source.h"

enum { MAX_FILES = 32 };

struct text {
    char *data;
    size_t used, room;
    const char *seen[MAX_FILES];
    int n_seen;
    struct hby_reason *why;
};

static enum hby_status append(struct text *t, const char *from, size_t n)
{
    if (t->used + n + 1 > t->room) {
        const size_t room = 2 * (t->used + n + 1);
        char *grown = realloc(t->data, room);
        if (!grown)
            return hby_say(HBY_NO_MEMORY, t->why, "out of memory assembling a program");
        t->data = grown;
        t->room = room;
    }
    memcpy(t->data + t->used, from, n);
    t->used += n;
    t->data[t->used] = 0;
    return HBY_OK;
}

static enum hby_status mark_line(struct text *t, int line, const char *file)
{
    char buf[96];
    const int n = snprintf(buf, sizeof buf, "#line %d \"%.60s\"\n", line, file);
    return append(t, buf, (size_t)n);
}

/* The name in a line of the form #include "dir/name", without the directory. */
static bool include_name(const char *line, size_t n, const char **name, size_t *len)
{
    const char *end = line + n;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    static const char word[] = "#include \"";
    if ((size_t)(end - line) < sizeof word - 1 || memcmp(line, word, sizeof word - 1))
        return false;
    line += sizeof word - 1;
    const char *quote = memchr(line, '"', (size_t)(end - line));
    if (!quote)
        return false;
    for (const char *p = line; p < quote; p++)
        if (*p == '/')
            line = p + 1;
    *name = line;
    *len = (size_t)(quote - line);
    return true;
}

static const struct hby_source *find(const char *name, size_t len)
{
    for (const struct hby_source *s = hby_sources; s->name; s++)
        if (strlen(s->name) == len && !memcmp(s->name, name, len))
            return s;
    return NULL;
}

/* Depth is bounded by MAX_FILES, for no file is added twice. */
static enum hby_status add_file(struct text *t, const char *file, size_t len)
{
    const struct hby_source *src = find(file, len);
    if (!src)
        return hby_say(HBY_UNSUPPORTED, t->why, "kernel file %.*s is not embedded", (int)len, file);
    for (int i = 0; i < t->n_seen; i++)
        if (t->seen[i] == src->name)
            return HBY_OK;
    if (t->n_seen == MAX_FILES)
        return hby_say(HBY_UNSUPPORTED, t->why, "a kernel includes more than %d files", MAX_FILES);
    t->seen[t->n_seen++] = src->name;
    enum hby_status st = mark_line(t, 1, src->name);
    int line = 1;
    for (const char *p = src->text; *p && !st; line++) {
        const char *end = strchr(p, '\n');
        const size_t n = end ? (size_t)(end - p) + 1 : strlen(p);
        const char *name;
        size_t name_len;
        if (include_name(p, n, &name, &name_len)) {
            st = add_file(t, name, name_len);
            if (!st)
                st = mark_line(t, line + 1, src->name);
        } else {
            st = append(t, p, n);
        }
        p += n;
    }
    return st ? st : append(t, "\n", 1);
}

enum hby_status hby_cl_source(const char *file, char **text, struct hby_reason *why)
{
    struct text t = {.why = why};
    const enum hby_status st = add_file(&t, file, strlen(file));
    if (st) {
        free(t.data);
        t.data = NULL;
    }
    *text = t.data;
    return st;
}
