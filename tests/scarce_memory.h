/* Memory that runs out when it is told to, a count of what is alive, and a band behind every block, which shows what is written past its end. The linker sends our own calls of malloc and the like here (--wrap, hby_scarce_memory
 * in CMakeLists.txt); the driver's and libc's are left alone. Used by one file of a program. */
#ifndef HBY_TESTS_SCARCE_MEMORY_H
#define HBY_TESTS_SCARCE_MEMORY_H

#include <execinfo.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
int __real_vasprintf(char **text, const char *fmt, va_list ap);
FILE *__real_open_memstream(char **text, size_t *size);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **text, const char *fmt, va_list ap);
int __wrap_asprintf(char **text, const char *fmt, ...);
int __wrap___vasprintf_chk(char **text, int flag, const char *fmt, va_list ap);
int __wrap___asprintf_chk(char **text, int flag, const char *fmt, ...);
FILE *__wrap_open_memstream(char **text, size_t *size);
void __wrap_free(void *p);

/* What is alive: a table of pointers; the library may allocate on a thread of its own. */
enum { SLOTS = 1 << 15 };
static _Atomic(void *) alive[SLOTS];
static atomic_size_t alive_bytes[SLOTS]; /* before the band; NO_BAND: libc made the block */
static atomic_long asked, fail_at, n_alive, n_overrun;
static atomic_bool counting; /* allocations count, and one of them may fail */
enum { BAND_BYTES = 64, BAND_PATTERN = 0xb5 };
#define NO_BAND SIZE_MAX

/* A block of n bytes and a band. */
static void *note(void *p, size_t n)
{
    if (p && n != NO_BAND)
        memset((char *)p + n, BAND_PATTERN, BAND_BYTES);
    for (size_t i = ((uintptr_t)p >> 4) % SLOTS, k = 0; p && k < SLOTS; i = (i + 1) % SLOTS, k++) {
        void *none = NULL;
        if (atomic_compare_exchange_strong(&alive[i], &none, p)) {
            atomic_store(&alive_bytes[i], n);
            atomic_fetch_add(&n_alive, 1);
            return p;
        }
    }
    return p;
}

static void check_band(const unsigned char *p, size_t n)
{
    for (size_t k = 0; n != NO_BAND && k < BAND_BYTES; k++)
        if (p[n + k] != BAND_PATTERN) {
            fprintf(stderr, "FAIL a block of %zu bytes was written to %zu bytes after its end\n", n, k);
            atomic_fetch_add(&n_overrun, 1);
            return;
        }
}

/* Slots are not refilled in order: the search goes on over empty ones. Pointers of others (getline, open_memstream) are not there. */
static void forget(void *p)
{
    for (size_t i = ((uintptr_t)p >> 4) % SLOTS, k = 0; p && k < SLOTS; i = (i + 1) % SLOTS, k++) {
        void *same = p;
        const size_t n = atomic_load(&alive_bytes[i]);
        if (atomic_compare_exchange_strong(&alive[i], &same, NULL)) {
            check_band(p, n);
            atomic_fetch_sub(&n_alive, 1);
            return;
        }
        if (k > 64 && !same) /* far beyond any cluster */
            return;
    }
}

/* The places that allocate: the innermost callers of an allocation, as one number. While `recording`, the first allocation from each place that was never met
 * before is noted in fresh[]; no life is wasted on failing in the same place twice. */
enum { PLACE_FRAMES = 7, MAX_FRESH = 2048, PLACES = 1 << 16 };
static uint64_t place[PLACES];
static long fresh[MAX_FRESH];
static int n_fresh;
static atomic_bool recording; /* where one thread allocates at a time, but for the one that waits */

static __attribute__((noinline)) void record_place(long n)
{
    void *frame[PLACE_FRAMES + 3];
    const int depth = backtrace(frame, PLACE_FRAMES + 3);
    uint64_t h = 1;
    for (int i = 3; i < depth; i++) /* the innermost three are here */
        h = (h ^ (uint64_t)(uintptr_t)frame[i]) * 0x9e3779b97f4a7c15u;
    for (size_t i = h >> 48, k = 0; k < PLACES; i = (i + 1) % PLACES, k++) {
        if (place[i] == h)
            return;
        if (place[i])
            continue;
        if (n_fresh < MAX_FRESH) {
            place[i] = h;
            fresh[n_fresh++] = n;
        }
        return;
    }
}

static __attribute__((noinline)) bool fails(void)
{
    if (!atomic_load(&counting))
        return false;
    const long n = atomic_fetch_add(&asked, 1) + 1;
    if (atomic_load(&recording))
        record_place(n);
    return n == atomic_load(&fail_at);
}

void *__wrap_malloc(size_t n)
{
    return fails() || n > SIZE_MAX / 2 ? NULL : note(__real_malloc(n + BAND_BYTES), n);
}
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() || (size && n > SIZE_MAX / 2 / size) ? NULL : note(__real_calloc(n * size + BAND_BYTES, 1), n * size);
}
void *__wrap_realloc(void *p, size_t n)
{
    if (fails() || n > SIZE_MAX / 2)
        return NULL;
    forget(p);
    return note(__real_realloc(p, n + BAND_BYTES), n);
}
void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() || n > SIZE_MAX / 2 ? NULL : note(__real_aligned_alloc(align, n + (align > BAND_BYTES ? align : BAND_BYTES)), n);
}
char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : note(__real_strdup(s), NO_BAND);
}
char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : note(__real_strndup(s, n), NO_BAND);
}
/* What glibc leaves in *text after a failure is not to be used. */
int __wrap_vasprintf(char **text, const char *fmt, va_list ap)
{
    if (fails()) {
        *text = (char *)(uintptr_t)1;
        return -1;
    }
    const int n = __real_vasprintf(text, fmt, ap);
    if (n >= 0)
        note(*text, NO_BAND);
    return n;
}
int __wrap_asprintf(char **text, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int n = __wrap_vasprintf(text, fmt, ap);
    va_end(ap);
    return n;
}
int __wrap___vasprintf_chk(char **text, int flag, const char *fmt, va_list ap)
{
    (void)flag;
    return __wrap_vasprintf(text, fmt, ap);
}
int __wrap___asprintf_chk(char **text, int flag, const char *fmt, ...)
{
    (void)flag;
    va_list ap;
    va_start(ap, fmt);
    const int n = __wrap_vasprintf(text, fmt, ap);
    va_end(ap);
    return n;
}
FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return fails() ? NULL : __real_open_memstream(text, size);
}
void __wrap_free(void *p)
{
    forget(p);
    __real_free(p);
}

#endif
