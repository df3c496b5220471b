#include "delegate/log.h"

#include <stdarg.h>
#include <stdio.h>

void hby_log(int verbose, enum hby_log_level level, const char *fmt, ...)
{
    if (verbose < (int)level)
        return;
    char line[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    fprintf(stderr, "halfbyte: %s\n", line);
}
