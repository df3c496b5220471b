/* nvcl COMPILER FILE.cl PTX OPTION...: a kernel file as the library gives it to a driver, through the OpenCL C compiler of an NVIDIA driver
 * (libnvidia-nvvm.so.4; before driver 515 libnvidia-compiler.so), which needs no GPU. It is not documented; its entry point has not changed since 2011. 77:
 * there is no such library. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_state.h"

typedef int (*compile_fn)(const char **text, unsigned n, const size_t *length, const char *options, char **log, char **ptx);

static int compile(compile_fn f, const char *source, const char *options, const char *ptx_path)
{
    const size_t length = strlen(source);
    char *log = NULL, *ptx = NULL;
    const int err = f(&source, 1, &length, options, &log, &ptx);
    for (char *line = log ? strtok(log, "\n") : NULL; line; line = strtok(NULL, "\n"))
        if (!strstr(line, "overriding noinline attribute")) /* said of every kernel */
            fprintf(stderr, "%s\n", line);
    FILE *out = err || !ptx ? NULL : fopen(ptx_path, "w");
    if (!out)
        return 1;
    const bool written = fputs(ptx, out) >= 0;
    return fclose(out) == 0 && written ? 0 : 1;
}

int main(int argc, char **argv)
{
    static char options[8192];
    char *source = NULL;
    struct hby_reason why = {""};
    compile_fn f;
    if (argc < 4)
        return 2;
    void *lib = dlopen(argv[1], RTLD_NOW);
    void *entry = lib ? dlsym(lib, "NvCliCompileProgram") : NULL;
    if (!entry) {
        fprintf(stderr, "%s\n", dlerror());
        return 77;
    }
    memcpy(&f, &entry, sizeof f);
    for (int i = 4; i < argc; i++) {
        if (strlen(options) + strlen(argv[i]) + 2 > sizeof options)
            return 2;
        strcat(strcat(options, argv[i]), " ");
    }
    if (hby_cl_source(argv[2], &source, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return 2;
    }
    const int status = compile(f, source, options, argv[3]);
    free(source);
    return status;
}
