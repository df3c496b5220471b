/* NVIDIA's compiler: see tests/nvcl.c. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ptx/ptx.h"

typedef int (*compile_fn)(const char **text, unsigned n, const size_t *length, const char *options, char **log, char **ptx);

static compile_fn compiler;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The same program is asked for by many backends of one process. */
static struct cached {
    struct cached *next;
    char *source, *options, *ptx;
} * cache;

static void find(void)
{
    const char *named = getenv("HBY_NVIDIA_COMPILER");
    const char *const file[] = {named && *named ? named : "libnvidia-nvvm.so.4", named && *named ? named : "libnvidia-compiler.so"};
    for (size_t i = 0; i < sizeof file / sizeof *file && !compiler; i++) {
        void *lib = dlopen(file[i], RTLD_NOW | RTLD_LOCAL); /* never closed */
        void *entry = lib ? dlsym(lib, "NvCliCompileProgram") : NULL;
        memcpy(&compiler, &entry, sizeof compiler);
    }
}

bool hby_ptx_has_compiler(void)
{
    pthread_once(&once, find);
    return compiler != NULL;
}

static char *look_up(const char *source, const char *options)
{
    for (const struct cached *c = cache; c; c = c->next)
        if (!strcmp(c->options, options) && !strcmp(c->source, source))
            return strdup(c->ptx);
    return NULL;
}

static void keep(const char *source, const char *options, const char *ptx)
{
    struct cached *c = calloc(1, sizeof *c);
    if (!c)
        return;
    c->source = strdup(source);
    c->options = strdup(options);
    c->ptx = strdup(ptx);
    if (!c->source || !c->options || !c->ptx) {
        free(c->source);
        free(c->options);
        free(c->ptx);
        free(c);
        return;
    }
    c->next = cache;
    cache = c;
}

char *hby_ptx_compile(const char *source, const char *options, int capability, char **log)
{
    char *all = NULL, *text = NULL, *ptx = NULL;
    const size_t length = strlen(source);
    *log = NULL;
    if (!hby_ptx_has_compiler() || asprintf(&all, "-cl-nv-cstd=CL1.2 -nv-m64 -cl-nv-arch sm_%d %s", capability, options) < 0)
        return NULL;
    pthread_mutex_lock(&lock);
    char *found = look_up(source, all);
    if (!found && !compiler(&source, 1, &length, all, &text, &ptx) && ptx) {
        keep(source, all, ptx);
        found = strdup(ptx);
    }
    pthread_mutex_unlock(&lock);
    if (text)
        *log = strdup(text);
    free(all);
    return found; /* what the compiler itself allocated is left to it: not with our malloc, perhaps */
}
