/* Opens the drivers that the loader is about to open, with RTLD_DEEPBIND: a library that is loaded already keeps the way it was bound. */
#include "kernels_cl/cl_isolate.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static void open_driver(const char *file)
{
    if (*file)
        (void)dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND); /* kept open; a failure is the loader's to report */
}

/* An .icd file names one library. */
static void open_vendor_file(const char *path)
{
    char line[1024] = "";
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    if (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = '\0';
        open_driver(line);
    }
    fclose(f);
}

static void open_vendor_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        char path[4096];
        if (ends_with(e->d_name, ".icd") && (size_t)snprintf(path, sizeof path, "%s/%s", folder, e->d_name) < sizeof path)
            open_vendor_file(path);
    }
    closedir(dir);
}

static void open_listed(const char *list)
{
    while (*list) {
        char file[4096];
        size_t n = strcspn(list, ":");
        if (n < sizeof file) {
            memcpy(file, list, n);
            file[n] = '\0';
            open_driver(file);
        }
        list += n + (list[n] == ':');
    }
}

void hby_cl_isolate_drivers(void)
{
    if (!dlsym(RTLD_DEFAULT, "_ZN4llvm2cl6Option11addArgumentEv")) /* llvm::cl::Option::addArgument() */
        return;
    const char *files = getenv("OCL_ICD_FILENAMES"), *vendors = getenv("OCL_ICD_VENDORS");
    if (!vendors)
        vendors = getenv("OPENCL_VENDOR_PATH");
    if (files)
        open_listed(files);
    if (vendors && ends_with(vendors, ".icd"))
        open_vendor_file(vendors);
    else
        open_vendor_folder(vendors ? vendors : "/etc/OpenCL/vendors");
}
