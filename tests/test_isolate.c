/* Drivers are opened apart from a process that has LLVM's symbols, and only then: which files, under every way in which the loader is told where they are. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels_cl/cl_isolate.h"
#include "tests/scratch.h"

void *__wrap_dlopen(const char *file, int flags);
void *__wrap_dlsym(void *from, const char *name);

static bool has_llvm;
static char opened[1024]; /* each file with a space behind it */
static int n_opened;

void *__wrap_dlopen(const char *file, int flags)
{
    assert_true((flags & RTLD_DEEPBIND) && !(flags & RTLD_GLOBAL));
    strcat(strcat(opened, file), " ");
    n_opened++;
    return NULL;
}

void *__wrap_dlsym(void *from, const char *name)
{
    assert_ptr_equal(from, RTLD_DEFAULT);
    assert_non_null(strstr(name, "llvm"));
    return has_llvm ? (void *)opened : NULL;
}

static char folder[SCRATCH_SIZE];

static const char *in_folder(const char *name)
{
    static char path[SCRATCH_SIZE + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } files[] = {{"one.icd", "/d/one.so\r\nnot this\n"}, {"two.icd", "libtwo.so.1"}, {"empty.icd", ""}, {"blank.icd", "\n"}, {"notes.txt", "/d/notes.so\n"}};
    if (!scratch_make(folder))
        return 1;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FILE *f = fopen(in_folder(files[i].name), "w");
        if (!f || fputs(files[i].text, f) < 0 || fclose(f))
            return 1;
    }
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return scratch_drop(folder);
}

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void which_files(void **state)
{
    (void)state;
    char all[SCRATCH_SIZE + 32], one[SCRATCH_SIZE + 32], missing[SCRATCH_SIZE + 32], too_long[5000];
    strcpy(all, folder);
    strcpy(one, in_folder("one.icd"));
    strcpy(missing, in_folder("none.icd"));
    memset(too_long, 'x', sizeof too_long);
    strcpy(too_long + 4200, ":/d/b.so");
    const struct {
        bool llvm;
        const char *files, *vendors, *path, *want; /* `want`: the files, a space behind each, in any order */
    } cases[] = {
        {false, "/d/a.so", all, NULL, ""},
        {true, "/d/a.so", missing, NULL, "/d/a.so "},
        {true, "/d/a.so:/d/b.so", "/no/such/folder", NULL, "/d/a.so /d/b.so "},
        {true, "::/d/a.so:", "x", NULL, "/d/a.so "},
        {true, too_long, "x", NULL, "/d/b.so "},
        {true, NULL, one, all, "/d/one.so "},
        {true, NULL, all, NULL, "/d/one.so libtwo.so.1 "},
        {true, "/d/a.so", NULL, all, "/d/a.so /d/one.so libtwo.so.1 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int n = 0;
        set("OCL_ICD_FILENAMES", cases[i].files);
        set("OCL_ICD_VENDORS", cases[i].vendors);
        set("OPENCL_VENDOR_PATH", cases[i].path);
        has_llvm = cases[i].llvm;
        opened[0] = 0;
        n_opened = 0;
        hby_cl_isolate_drivers();
        for (const char *p = cases[i].want; *p; p += strcspn(p, " ") + 1, n++) {
            char word[64];
            snprintf(word, sizeof word, "%.*s ", (int)strcspn(p, " "), p);
            if (!strstr(opened, word))
                fail_msg("case %zu opens \"%s\", not %s", i, opened, word);
        }
        if (n_opened != n)
            fail_msg("case %zu opens \"%s\"", i, opened);
    }
    set("OCL_ICD_VENDORS", NULL); /* the loader's own folder: whatever is there */
    set("OPENCL_VENDOR_PATH", NULL);
    hby_cl_isolate_drivers();
    assert_non_null(strstr(opened, "/d/a.so "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(which_files)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
