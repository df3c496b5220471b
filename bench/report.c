/* The delegate's report: a JSON file of our own making, of which a few values are wanted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return NULL;
    }
    char *text = NULL;
    if (fseek(f, 0, SEEK_END) == 0) {
        long size = ftell(f);
        rewind(f);
        text = size >= 0 ? malloc((size_t)size + 1) : NULL;
        if (text) {
            text[fread(text, 1, (size_t)size, f)] = 0;
        }
    }
    fclose(f);
    return text;
}

/* After the next `"key":` from p on, or NULL. */
static const char *value_of(const char *p, const char *key)
{
    size_t n = strlen(key);
    while ((p = strchr(p, '"'))) {
        p++;
        const char *end = p;
        while (*end && *end != '"') {
            end += *end == '\\' && end[1] ? 2 : 1;
        }
        if (!*end) {
            return NULL;
        }
        const char *after = end + 1 + strspn(end + 1, " \t\r\n");
        if ((size_t)(end - p) == n && strncmp(p, key, n) == 0 && *after == ':') {
            return after + 1 + strspn(after + 1, " \t\r\n");
        }
        p = end + 1;
    }
    return NULL;
}

/* Copies a JSON string, escapes as they are. */
static void copy_string(const char *p, char *out, size_t size)
{
    size_t n = 0;
    if (p && *p == '"') {
        for (p++; *p && *p != '"' && n + 1 < size; p++) {
            if (*p == '\\' && p[1]) {
                p++;
            }
            out[n++] = *p;
        }
    }
    out[n] = 0;
}

struct bench_buffers bench_report_buffers(const char *log)
{
    char *text = read_file(log);
    unsigned long long activations, weights, scratch;
    struct bench_buffers all = {0};
    for (const char *p = text; p && (p = strstr(p, "memory: ")); p++) {
        if (sscanf(p, "memory: %llu bytes of activations, %llu of weights and tables in %*d buffers, %llu of scratch", &activations, &weights, &scratch) == 3) {
            all.activations += activations;
            all.weights += weights;
            all.scratch += scratch;
        }
    }
    free(text);
    return all;
}

void bench_report_read(const char *path, struct bench_report *out)
{
    char *text = read_file(path), word[32], platform[80], name[64], reason[150];
    memset(out, 0, sizeof *out);
    if (!text) {
        return;
    }
    const char *nodes = value_of(text, "nodes"), *partitions = value_of(text, "partitions"), *device = value_of(text, "device");
    while (device && *device != '{') { /* an option has this name too */
        device = value_of(device, "device");
    }
    if (device) {
        copy_string(value_of(device, "platform"), platform, sizeof platform);
        copy_string(value_of(device, "name"), name, sizeof name);
        if (*name) {
            snprintf(out->device_name, sizeof out->device_name, "%s%s%s", platform, *platform ? " / " : "", name);
        } else {
            copy_string(value_of(device, "reason"), reason, sizeof reason);
            snprintf(out->device_name, sizeof out->device_name, "none: %s", reason);
        }
    }
    if (nodes && partitions) {
        out->known = true;
        out->partitions = atoi(partitions);
        for (const char *p = nodes; (p = value_of(p, "where"));) {
            copy_string(p, word, sizeof word);
            out->device += strcmp(word, "device") == 0;
            out->host_ref += strcmp(word, "host_ref") == 0;
            out->runtime += strcmp(word, "runtime") == 0;
        }
    }
    free(text);
}
