/* Texts that grow piece by piece. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_state.h"

void hby_cl_text_put(struct hby_cl_text *t, const char *from, size_t n)
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

void hby_cl_text_say(struct hby_cl_text *t, const char *fmt, ...)
{
    char buf[512];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof buf)
        t->failed = true;
    else
        hby_cl_text_put(t, buf, (size_t)n);
}
