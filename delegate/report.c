#include "delegate/report.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delegate/json.h"
#include "partition/spec.h"

struct subgraph {
    const void *key;
    struct hby_import *import;
    int partitions;
};

struct interpreter {
    const void *key;
    int number; /* 1: the path itself; n: ".n" is appended */
    int n_subgraphs;
    struct subgraph *subgraph;
};

struct hby_report {
    int n_interpreters;
    struct interpreter *interpreter;
};

/* How many interpreters of this process report to each path. */
static pthread_mutex_t paths_lock = PTHREAD_MUTEX_INITIALIZER;
static struct path_count {
    struct path_count *next;
    int count;
    char path[];
} * paths;

static int next_number(const char *path)
{
    int number = 0;
    pthread_mutex_lock(&paths_lock);
    struct path_count *p = paths;
    while (p && strcmp(p->path, path) != 0)
        p = p->next;
    if (!p) {
        size_t bytes = strlen(path) + 1;
        p = malloc(sizeof *p + bytes);
        if (p) {
            memcpy(p->path, path, bytes);
            p->count = 0;
            p->next = paths;
            paths = p;
        }
    }
    if (p)
        number = ++p->count;
    pthread_mutex_unlock(&paths_lock);
    return number;
}

enum hby_status hby_report_create(struct hby_report **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? HBY_OK : HBY_NO_MEMORY;
}

void hby_report_destroy(struct hby_report **rep)
{
    if (!*rep)
        return;
    for (int i = 0; i < (*rep)->n_interpreters; i++) {
        struct interpreter *it = &(*rep)->interpreter[i];
        for (int s = 0; s < it->n_subgraphs; s++)
            hby_import_destroy(&it->subgraph[s].import);
        free(it->subgraph);
    }
    free((*rep)->interpreter);
    free(*rep);
    *rep = NULL;
}

static struct interpreter *find_interpreter(struct hby_report *rep, const void *key, const char *path)
{
    for (int i = 0; i < rep->n_interpreters; i++)
        if (rep->interpreter[i].key == key)
            return &rep->interpreter[i];
    struct interpreter *more = realloc(rep->interpreter, ((size_t)rep->n_interpreters + 1) * sizeof *more);
    if (!more)
        return NULL;
    rep->interpreter = more;
    int number = next_number(path);
    if (!number)
        return NULL;
    more[rep->n_interpreters] = (struct interpreter){.key = key, .number = number};
    return &more[rep->n_interpreters++];
}

static struct subgraph *find_subgraph(struct interpreter *it, const void *key)
{
    for (int i = 0; i < it->n_subgraphs; i++)
        if (it->subgraph[i].key == key)
            return &it->subgraph[i];
    struct subgraph *more = realloc(it->subgraph, ((size_t)it->n_subgraphs + 1) * sizeof *more);
    if (!more)
        return NULL;
    it->subgraph = more;
    more[it->n_subgraphs] = (struct subgraph){.key = key};
    return &more[it->n_subgraphs++];
}

const char *hby_model_mode(const struct hby_import *im)
{
    return hby_spec_mode(im->graph);
}

enum { MAX_DEVIATIONS = 256 };

/* Where the subgraph departs from the 8-bit quantization specification. */
static void write_deviations(struct hby_json *j, int subgraph, const struct hby_import *im)
{
    struct hby_deviation *d = calloc(MAX_DEVIATIONS, sizeof *d);
    int n = d ? hby_spec_check(im->graph, d, MAX_DEVIATIONS) : 0;
    for (int i = 0; i < n && i < MAX_DEVIATIONS; i++) {
        const struct hby_node *node = &im->graph->node[d[i].node];
        const struct hby_record *r = hby_import_find(im, node->runtime_index);
        hby_json_open(j, NULL, '{');
        hby_json_int(j, "subgraph", subgraph);
        hby_json_int(j, "index", node->runtime_index);
        hby_json_text(j, "op", r ? r->op : hby_ops[node->op].name);
        hby_json_text(j, "operand", d[i].operand);
        hby_json_text(j, "rule", d[i].text.text);
        hby_json_close(j, '}');
    }
    free(d);
}

static void write_device(struct hby_json *j, const struct hby_report_context *rc)
{
    const struct hby_cl_info *d = rc->device;
    hby_json_open(j, "device", '{');
    hby_json_text(j, "name", d ? d->name : NULL);
    if (!d) {
        hby_json_text(j, "reason", rc->no_device);
        hby_json_close(j, '}');
        return;
    }
    hby_json_text(j, "platform", d->platform);
    hby_json_text(j, "vendor", d->vendor);
    hby_json_text(j, "version", d->version);
    hby_json_text(j, "driver", d->driver);
    hby_json_text(j, "type", hby_cl_kind_names[d->kind]);
    hby_json_int(j, "compute_units", d->compute_units);
    hby_json_int(j, "clock_mhz", d->clock_mhz);
    hby_json_int(j, "global_bytes", (long long)d->global_bytes);
    hby_json_int(j, "local_bytes", (long long)d->local_bytes);
    hby_json_bool(j, "host_unified", d->host_unified);
    hby_json_bool(j, "fp16", d->has_fp16);
    hby_json_bool(j, "integer_dot_product", d->has_int_dot);
    hby_json_bool(j, "matrix_units", d->mma != HBY_MMA_NONE);
    hby_json_bool(j, "half_arithmetic", d->half_math != HBY_HALF_MATH_NONE);
    hby_json_bool(j, "sub_groups", d->has_sub_groups);
    hby_json_bool(j, "command_buffer", d->has_command_buffer);
    hby_json_close(j, '}');
}

static void write_options(struct hby_json *j, const struct hby_options *opt)
{
    hby_json_open(j, "options", '{');
    for (int id = 0; id < HBY_OPTION_COUNT; id++) {
        char text[4096];
        hby_option_text(opt, (enum hby_option_id)id, text, sizeof text);
        hby_json_text(j, hby_option_rows[id].name, text);
    }
    hby_json_close(j, '}');
}

static void write_node(struct hby_json *j, int subgraph, const struct hby_record *r)
{
    static const char *const where[] = {[HBY_ON_RUNTIME] = "runtime", [HBY_ON_DEVICE] = "device", [HBY_ON_HOST_REF] = "host_ref"};
    const struct hby_verdict *v = &r->verdict;
    bool ours = r->claimed && v->where != HBY_ON_RUNTIME;
    hby_json_open(j, NULL, '{');
    hby_json_int(j, "subgraph", subgraph);
    hby_json_int(j, "index", r->index);
    hby_json_text(j, "op", r->op);
    hby_json_text(j, "scheme", r->node >= 0 && v->scheme < HBY_SCHEME_COUNT ? hby_scheme_names[v->scheme] : NULL);
    hby_json_text(j, "where", ours ? where[v->where] : "runtime");
    hby_json_text(j, "arithmetic", ours && v->arithmetic[0] ? v->arithmetic : NULL);
    if (ours && v->fused_into >= 0)
        hby_json_int(j, "fused_into", v->fused_into);
    else
        hby_json_text(j, "fused_into", NULL);
    hby_json_text(j, "reason", v->reason.text[0] ? v->reason.text : NULL);
    if (ours && v->launches > 0)
        hby_json_int(j, "launches", v->launches);
    if (v->device_us > 0)
        hby_json_real(j, "device_us", v->device_us);
    if (v->host_us > 0)
        hby_json_real(j, "host_us", v->host_us);
    hby_json_close(j, '}');
}

static void write_interpreter(struct hby_json *j, const struct hby_report_context *rc, const struct interpreter *it)
{
    int partitions = 0, launches = 0, count[3] = {0};
    for (int s = 0; s < it->n_subgraphs; s++) {
        partitions += it->subgraph[s].partitions;
        for (int i = 0; i < it->subgraph[s].import->n_records; i++) {
            const struct hby_record *r = &it->subgraph[s].import->record[i];
            count[r->claimed ? r->verdict.where : HBY_ON_RUNTIME]++;
            launches += r->claimed ? r->verdict.launches : 0;
        }
    }
    hby_json_open(j, NULL, '{');
    hby_json_int(j, "schema_version", 1);
    write_device(j, rc);
    write_options(j, rc->opt);
    hby_json_text(j, "mode", it->n_subgraphs ? hby_model_mode(it->subgraph[0].import) : NULL);
    hby_json_int(j, "partitions", partitions);
    hby_json_open(j, "summary", '{');
    hby_json_int(j, "device", count[HBY_ON_DEVICE]);
    hby_json_int(j, "host_ref", count[HBY_ON_HOST_REF]);
    hby_json_int(j, "runtime", count[HBY_ON_RUNTIME]);
    hby_json_int(j, "launches", launches);
    hby_json_close(j, '}');
    hby_json_open(j, "deviations", '[');
    for (int s = 0; s < it->n_subgraphs; s++)
        write_deviations(j, s, it->subgraph[s].import);
    hby_json_close(j, ']');
    hby_json_open(j, "nodes", '[');
    for (int s = 0; s < it->n_subgraphs; s++)
        for (int i = 0; i < it->subgraph[s].import->n_records; i++)
            write_node(j, s, &it->subgraph[s].import->record[i]);
    hby_json_close(j, ']');
    hby_json_close(j, '}');
}

/* A reader never sees half a file: regular files are replaced by renaming; pipes and devices are written to. */
static enum hby_status write_file(const char *path, const struct hby_report_context *rc, const struct interpreter *it, struct hby_reason *why)
{
    struct stat info;
    bool in_place = stat(path, &info) == 0 && !S_ISREG(info.st_mode);
    size_t size = strlen(path) + 32;
    char *temporary = malloc(size);
    if (!temporary)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    snprintf(temporary, size, "%s.%ld.tmp", path, (long)getpid());
    const char *target = in_place ? path : temporary;
    FILE *f = fopen(target, "w");
    bool ok = f != NULL;
    int code = errno;
    if (f) {
        struct hby_json j = {.file = f};
        write_interpreter(&j, rc, it);
        ok = !ferror(f);
        code = errno;
        if (fclose(f) != 0) {
            ok = false;
            code = errno;
        }
        if (ok && !in_place && rename(temporary, path) != 0) {
            ok = false;
            code = errno;
        }
        if (!ok && !in_place)
            unlink(temporary);
    }
    free(temporary);
    return ok ? HBY_OK : hby_say(HBY_UNSUPPORTED, why, "the report '%.100s' cannot be written: %s", path, strerror(code));
}

enum hby_status hby_report_write(struct hby_report *rep, const struct hby_report_context *rc, const void *interpreter, const void *subgraph,
                                 struct hby_import *im, int partitions, struct hby_reason *why)
{
    const char *path = rc->opt->report_path;
    struct interpreter *it = find_interpreter(rep, interpreter, path);
    struct subgraph *sub = it ? find_subgraph(it, subgraph) : NULL;
    if (!sub)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    hby_import_destroy(&sub->import);
    sub->import = hby_import_ref(im);
    sub->partitions = partitions;
    if (it->number == 1)
        return write_file(path, rc, it, why);
    size_t size = strlen(path) + 16;
    char *numbered = malloc(size);
    if (!numbered)
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    snprintf(numbered, size, "%s.%d", path, it->number);
    enum hby_status st = write_file(numbered, rc, it, why);
    free(numbered);
    return st;
}
