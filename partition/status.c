#include "partition/status.h"

#include <stdarg.h>
#include <stdio.h>

enum hby_status hby_say(enum hby_status st, struct hby_reason *why, const char *fmt, ...)
{
    if (why) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(why->text, sizeof why->text, fmt, ap);
        va_end(ap);
    }
    return st;
}
