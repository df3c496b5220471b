/* The words of PTX, one behind the other. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/text.h"

void hby_ptx_refuse(struct hby_ptx_text *t, const char *fmt, ...)
{
    if (t->error[0])
        return;
    const int n = snprintf(t->error, sizeof t->error, "PTX line %d: ", t->statement ? t->statement : t->line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->error + n, sizeof t->error - (size_t)n, fmt, ap);
    va_end(ap);
    t->at = "";
    t->word = (struct hby_ptx_word){t->at, 0, t->line};
}

static void skip_space(struct hby_ptx_text *t)
{
    for (;; t->at++) {
        if (t->at[0] == '/' && t->at[1] == '/')
            t->at += strcspn(t->at, "\n");
        if (*t->at == '\n')
            t->line++;
        if (!isspace((unsigned char)*t->at))
            return;
    }
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_$%.", c));
}

void hby_ptx_next(struct hby_ptx_text *t)
{
    skip_space(t);
    const char *from = t->at;
    if (*t->at == '"') {
        t->at += 1 + strcspn(t->at + 1, "\"\n");
        t->at += *t->at == '"';
    } else if (in_word(*t->at)) {
        while (in_word(*t->at))
            t->at++;
    } else if (*t->at) {
        t->at++;
    }
    t->word = (struct hby_ptx_word){from, (int)(t->at - from), t->line};
}

bool hby_ptx_word_is(struct hby_ptx_word w, const char *text)
{
    return strlen(text) == (size_t)w.length && !memcmp(w.at, text, (size_t)w.length);
}

bool hby_ptx_same(struct hby_ptx_word a, struct hby_ptx_word b)
{
    return a.length == b.length && !memcmp(a.at, b.at, (size_t)a.length);
}

bool hby_ptx_is(const struct hby_ptx_text *t, const char *word)
{
    return hby_ptx_word_is(t->word, word);
}

void hby_ptx_expect(struct hby_ptx_text *t, const char *word)
{
    if (!hby_ptx_is(t, word))
        hby_ptx_refuse(t, "\"%s\" where \"%.*s\" stands", word, t->word.length, t->word.at);
    else
        hby_ptx_next(t);
}

bool hby_ptx_take(struct hby_ptx_text *t, const char *word)
{
    const bool is = hby_ptx_is(t, word);
    if (is)
        hby_ptx_next(t);
    return is;
}

struct hby_ptx_word hby_ptx_name(struct hby_ptx_text *t)
{
    const struct hby_ptx_word w = t->word;
    if (w.length == 0 || !in_word(*w.at))
        hby_ptx_refuse(t, "a name where \"%.*s\" stands", w.length, w.at);
    hby_ptx_next(t);
    return w;
}

long long hby_ptx_number(struct hby_ptx_text *t)
{
    const bool minus = hby_ptx_take(t, "-");
    char *end;
    const long long v = (long long)strtoull(t->word.at, &end, 0);
    if (!isdigit((unsigned char)*t->word.at) || (end != t->word.at + t->word.length && !(*end == 'U' && end + 1 == t->word.at + t->word.length)))
        hby_ptx_refuse(t, "a number where \"%.*s\" stands", t->word.length, t->word.at);
    hby_ptx_next(t);
    return minus ? (long long)(0 - (unsigned long long)v) : v;
}

void *hby_ptx_more(struct hby_ptx_text *t, void *array, int n, size_t size)
{
    if (n & (n - 1) && n > 1) /* grown at powers of two */
        return array;
    void *grown = realloc(array, size * (n ? 2 * (size_t)n : 1));
    if (!grown)
        hby_ptx_refuse(t, "out of memory");
    return grown ? grown : array;
}
