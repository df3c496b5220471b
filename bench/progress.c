/* What is going on, on stderr. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

static bool shown;

void bench_progress(const char *fmt, ...)
{
    static time_t start, last;
    bool terminal = isatty(STDERR_FILENO) == 1;
    time_t now = time(NULL);
    if (!start) {
        start = now;
    } else if (!terminal && now - last < 2) {
        return; /* a log file needs no more */
    }
    last = now;
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, terminal ? "\r\033[K[%3lds] " : "[%3lds] ", (long)(now - start));
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs(terminal ? "" : "\n", stderr);
    fflush(stderr);
    shown = terminal;
}

void bench_progress_clear(void)
{
    if (shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        shown = false;
    }
}
