/* One text per program: includes are resolved here, so that drivers need no include path and the cache can hash all that they read. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_state.h"
#include "kernels_cl/source.h"

enum { MAX_FILES = 32 };

/* A program's text in the making, and the files that are in it. */
struct assembly {
    struct hby_cl_text text;
    const char *seen[MAX_FILES];
    int n_seen;
    struct hby_reason *why;
};

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
static enum hby_status add_file(struct assembly *a, const char *file, size_t len)
{
    const struct hby_source *src = find(file, len);
    if (!src)
        return hby_say(HBY_UNSUPPORTED, a->why, "kernel file %.*s is not embedded", (int)len, file);
    for (int i = 0; i < a->n_seen; i++)
        if (a->seen[i] == src->name)
            return HBY_OK;
    if (a->n_seen == MAX_FILES)
        return hby_say(HBY_UNSUPPORTED, a->why, "a kernel includes more than %d files", MAX_FILES);
    a->seen[a->n_seen++] = src->name;
    enum hby_status st = HBY_OK;
    hby_cl_text_say(&a->text, "#line 1 \"%.60s\"\n", src->name);
    int line = 1;
    for (const char *p = src->text; *p && !st; line++) {
        const char *end = strchr(p, '\n');
        const size_t n = end ? (size_t)(end - p) + 1 : strlen(p);
        const char *name;
        size_t name_len;
        if (include_name(p, n, &name, &name_len)) {
            st = add_file(a, name, name_len);
            hby_cl_text_say(&a->text, "#line %d \"%.60s\"\n", line + 1, src->name);
        } else {
            hby_cl_text_put(&a->text, p, n);
        }
        p += n;
    }
    hby_cl_text_put(&a->text, "\n", 1);
    return st;
}

enum hby_status hby_cl_source(const char *file, char **text, struct hby_reason *why)
{
    struct assembly a = {.why = why};
    enum hby_status st = add_file(&a, file, strlen(file));
    if (!st && a.text.failed)
        st = hby_say(HBY_NO_MEMORY, why, "out of memory assembling a program");
    if (st) {
        free(a.text.data);
        a.text.data = NULL;
    }
    *text = a.text.data;
    return st;
}
