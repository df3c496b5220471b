/* Which version of the runtime a library is. Only versions that were tried are driven: the C API's structs and numbers change between them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

static const char *const tried[] = {"2.3.0"};

bool bench_runtime_version(const char *path, char *version, size_t size, char *why, size_t why_size)
{
    char file[4096], line[256];
    const char *slash = strrchr(path, '/');
    snprintf(file, sizeof file, "%.*s__init__.py", slash ? (int)(slash + 1 - path) : 0, path);
    FILE *f = fopen(file, "r");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        char text[32];
        if (sscanf(line, "__version__ = \"%31[^\"]\"", text) == 1) {
            snprintf(version, size, "%s", text);
            found = true;
        }
    }
    if (f) {
        fclose(f);
    }
    if (!found) {
        snprintf(why, why_size, "%s %s%s: name the libLiteRt.so inside an installed ai-edge-litert %s",
                 access(path, F_OK) ? "there is no" : "cannot tell which version", path, access(path, F_OK) ? "" : " is", tried[0]);
        return false;
    }
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        if (strcmp(version, tried[i]) == 0) {
            return true;
        }
    }
    snprintf(why, why_size, "%s is version %s; the C API was tried with ai-edge-litert %s, and that is needed", path, version, tried[0]);
    return false;
}
