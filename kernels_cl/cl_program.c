/* Programs: one per file and options, in memory always, on disk when a directory is named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_disk.h"
#include "kernels_cl/cl_state.h"
#include "kernels_cl/hash.h"

enum { LOG_CHARS = 16384 };

/* The compiler's words go to the log; their first error also into the reason. */
static void read_build_log(struct hby_cl_state *s, cl_program program, const char *file, bool failed, struct hby_reason *why)
{
    size_t size = 0;
    if (s->cl->clGetProgramBuildInfo(program, s->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) || size < 3)
        return;
    char *text = calloc(size + 1, 1);
    if (!text || s->cl->clGetProgramBuildInfo(program, s->id, CL_PROGRAM_BUILD_LOG, size, text, NULL)) {
        free(text);
        return;
    }
    hby_cl_log(s, HBY_CL_LOG_BUILD, "%s, build log:\n%.*s", file, LOG_CHARS, text);
    if (failed) {
        const char *line = strstr(text, "error");
        while (line && line > text && line[-1] != '\n')
            line--;
        hby_say(HBY_DEVICE, why, "%s does not build: %.120s", file, line ? line : text);
        char *newline = strchr(why->text, '\n');
        if (newline)
            *newline = 0;
    }
    free(text);
}

/* Everything that decides what a binary is: our sources, the options, the driver. NULL when out of memory. */
static char *disk_key(const struct hby_cl_state *s, const char *file, const char *options, const char *source)
{
    const struct hby_hash h = hby_hash_of(source, strlen(source));
    const struct hby_cl_info *in = &s->dev.info;
    char *key = NULL;
    if (asprintf(&key, "halfbyte 1\n%s\n%s\n%s\n%016llx%016llx\n%s\n%s\n%s\n%s\n%s\n", s->cache_token ? s->cache_token : "", file, options,
                 (unsigned long long)h.word[0], (unsigned long long)h.word[1], in->platform, in->name, in->vendor, in->version, in->driver) < 0)
        return NULL;
    return key;
}

static cl_program from_disk(struct hby_cl_state *s, const char *key, const char *options)
{
    unsigned char *binary;
    size_t bytes;
    if (hby_cl_disk_load(s->cache_dir, key, &binary, &bytes))
        return NULL;
    cl_int status = CL_INVALID_BINARY, err;
    const unsigned char *data = binary;
    cl_program p = s->cl->clCreateProgramWithBinary(s->ctx, 1, &s->id, &bytes, &data, &status, &err);
    free(binary);
    if (p && (err || status || s->cl->clBuildProgram(p, 1, &s->id, options, NULL, NULL))) {
        s->cl->clReleaseProgram(p);
        p = NULL;
    }
    hby_cl_log(s, HBY_CL_LOG_BUILD, "program cache: %s", p ? "hit" : "the driver refused a binary of its own; built again");
    return p;
}

static void to_disk(struct hby_cl_state *s, const char *key, cl_program p)
{
    size_t bytes = 0;
    if (s->cl->clGetProgramInfo(p, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) || bytes == 0)
        return;
    unsigned char *binary = malloc(bytes);
    struct hby_reason why = {""};
    if (binary && !s->cl->clGetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) && hby_cl_disk_store(s->cache_dir, key, binary, bytes, &why))
        hby_cl_log(s, s->cache_failure_logged ? HBY_CL_LOG_BUILD : HBY_CL_LOG_FAULT, "program cache: %s", why.text);
    s->cache_failure_logged = s->cache_failure_logged || why.text[0]; /* the user asked for a cache, and is told once that there is none */
    free(binary);
}

/* `source` may be NULL: then it is the text of `file`. */
static enum hby_status build(struct hby_cl_state *s, const char *file, const char *source, const char *options, struct hby_cl_program *out)
{
    char *own = NULL, *key = NULL;
    enum hby_status st = source ? HBY_OK : hby_cl_source(file, &own, &out->why);
    if (st)
        return st;
    const char *text = source ? source : own;
    if (s->cache_dir && (key = disk_key(s, file, options, text)))
        out->program = from_disk(s, key, options);
    const bool cached = out->from_disk = out->program != NULL;
    const int64_t start = hby_cl_now_ns();
    if (!out->program) {
        cl_int err;
        out->program = s->cl->clCreateProgramWithSource(s->ctx, 1, &text, NULL, &err);
        if (!out->program) {
            st = hby_cl_fail(err ? err : CL_OUT_OF_RESOURCES, "clCreateProgramWithSource", &out->why);
        } else {
            err = s->cl->clBuildProgram(out->program, 1, &s->id, options, NULL, NULL);
            st = hby_cl_fail(err, "clBuildProgram", &out->why);
            read_build_log(s, out->program, file, st != HBY_OK, &out->why);
            if (!st && key && s->dev.info.has_binaries)
                to_disk(s, key, out->program);
        }
    }
    hby_cl_log(s, HBY_CL_LOG_BUILD, "%s, %s: %s in %.0f ms", file, options,
               cached ? "from the cache"
               : st   ? "does not build"
                      : "built",
               (double)(hby_cl_now_ns() - start) * 1e-6);
    free(own);
    free(key);
    return st;
}

void hby_cl_program_keep(struct hby_cl_state *s, const struct hby_cl_program *p)
{
    char file[64], *source = NULL, *key = NULL;
    struct hby_reason why;
    snprintf(file, sizeof file, "%.*s", (int)strcspn(p->key, " "), p->key);
    if (s->cache_dir && !hby_cl_source(file, &source, &why) && (key = disk_key(s, file, p->key + strlen(file) + 1, source)))
        to_disk(s, key, p->program);
    free(source);
    free(key);
}

static void free_program(struct hby_cl_state *s, struct hby_cl_program *p)
{
    if (p->program)
        s->cl->clReleaseProgram(p->program);
    for (struct hby_cl_entry *e = p->entries; e;) {
        struct hby_cl_entry *next = e->next;
        free(e);
        e = next;
    }
    free(p->key);
    free(p);
}

/* --- programs in memory --- */

/* The program of this key, which it takes: the one there is, or a new one, of `source` or, where that is NULL, of the text of `file`. */
static enum hby_status get(struct hby_cl_state *s, char *key, const char *file, const char *source, const char *options, struct hby_cl_program **out,
                           struct hby_reason *why)
{
    *out = NULL;
    pthread_mutex_lock(&s->lock);
    struct hby_cl_program *p = s->programs;
    while (p && strcmp(p->key, key))
        p = p->next;
    enum hby_status st = HBY_OK;
    if (p) {
        free(key);
    } else if (!(p = calloc(1, sizeof *p))) {
        free(key);
        st = hby_say(HBY_NO_MEMORY, why, "out of memory building %s", file);
    } else {
        p->key = key;
        p->st = build(s, file, source, options, p);
        if (p->st == HBY_NO_MEMORY) { /* may be better next time: not remembered */
            st = hby_say(p->st, why, "%s", p->why.text);
            free_program(s, p);
            p = NULL;
        } else {
            p->next = s->programs;
            s->programs = p;
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (p && p->st)
        st = hby_say(p->st, why, "%s", p->why.text);
    *out = st ? NULL : p;
    return st;
}

enum hby_status hby_cl_program_of_key(struct hby_cl_state *s, const char *key, struct hby_cl_program **out, struct hby_reason *why)
{
    char file[64], *copy = strdup(key);
    if (!copy)
        return hby_say(HBY_NO_MEMORY, why, "out of memory building %.60s", key);
    snprintf(file, sizeof file, "%.*s", (int)strcspn(key, " "), key);
    return get(s, copy, file, NULL, copy + strlen(file) + 1, out, why);
}

enum hby_status hby_cl_program_get(struct hby_cl_state *s, const char *file, const char *options, struct hby_cl_program **out, struct hby_reason *why)
{
    char *key = NULL;
    if (asprintf(&key, "%s %s %s", file, s->features, options) < 0)
        return hby_say(HBY_NO_MEMORY, why, "out of memory building %s", file);
    return get(s, key, file, NULL, key + strlen(file) + 1, out, why);
}

enum hby_status hby_cl_program_of_text(struct hby_cl_state *s, const char *name, const char *text, const char *options, struct hby_cl_program **out,
                                       struct hby_reason *why)
{
    const struct hby_hash h = hby_hash_of(text, strlen(text)); /* texts are long: their hashes stand for them */
    char *key = NULL;
    if (asprintf(&key, "%s %s %016llx%016llx", name, options, (unsigned long long)h.word[0], (unsigned long long)h.word[1]) < 0)
        return hby_say(HBY_NO_MEMORY, why, "out of memory building %s", name);
    return get(s, key, name, text, options, out, why);
}

/* Under the lock. */
static enum hby_status read_entry(struct hby_cl_state *s, struct hby_cl_program *p, const char *name, cl_kernel k, struct hby_cl_entry **out,
                                  struct hby_reason *why)
{
    struct hby_cl_entry *e = calloc(1, sizeof *e);
    if (!e)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    snprintf(e->name, sizeof e->name, "%s", name);
    enum hby_status st = hby_cl_fail(s->cl->clGetKernelInfo(k, CL_KERNEL_NUM_ARGS, sizeof e->n_args, &e->n_args, NULL), "clGetKernelInfo", why);
    if (!st)
        st = hby_cl_fail(s->cl->clGetKernelWorkGroupInfo(k, s->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof e->max_group, &e->max_group, NULL),
                         "clGetKernelWorkGroupInfo", why);
    if (st) {
        free(e);
        return st;
    }
    e->next = p->entries;
    p->entries = e;
    *out = e;
    return HBY_OK;
}

enum hby_status hby_cl_kernel_get(struct hby_cl_state *s, struct hby_cl_program *p, const char *entry, struct hby_cl_entry *limits, cl_kernel *kernel,
                                  struct hby_reason *why)
{
    enum hby_status st = HBY_OK;
    cl_kernel k = NULL;
    if (strlen(entry) >= sizeof limits->name)
        return hby_say(HBY_UNSUPPORTED, why, "kernel name %s is too long", entry);
    pthread_mutex_lock(&s->lock);
    struct hby_cl_entry *e = p->entries;
    while (e && strcmp(e->name, entry))
        e = e->next;
    if (!e || kernel) {
        cl_int err = CL_SUCCESS;
        k = s->cl->clCreateKernel(p->program, entry, &err);
        if (!k)
            st = hby_cl_fail(err ? err : CL_OUT_OF_RESOURCES, "clCreateKernel", why);
    }
    if (!st && !e)
        st = read_entry(s, p, entry, k, &e, why);
    if (!st)
        *limits = *e;
    if (k && (st || !kernel))
        s->cl->clReleaseKernel(k);
    else if (kernel)
        *kernel = k;
    pthread_mutex_unlock(&s->lock);
    return st;
}

void hby_cl_programs_free(struct hby_cl_state *s)
{
    while (s->programs) {
        struct hby_cl_program *p = s->programs;
        s->programs = p->next;
        free_program(s, p);
    }
    hby_cl_functions_free(s);
}
