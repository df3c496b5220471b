/* The program cache on a file system that fails: each call in turn is interrupted, cut short, or refused. What was stored is read back as it was, or not at
 * all, and nothing half-written stays. The linker sends our calls here (--wrap). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernels_cl/cl_disk.h"
#include "tests/scratch.h"

enum { SHORT = -1, ALWAYS = -1 };

/* The n-th call of a name fails with an errno, or moves one byte only. */
static struct {
    const char *call;
    int n, error;
} fault;
static int called;

static bool hit(const char *call)
{
    if (!fault.call || strcmp(fault.call, call) || (++called != fault.n && fault.n != ALWAYS))
        return false;
    if (fault.error != SHORT)
        errno = fault.error;
    return true;
}

ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __real_write(int fd, const void *from, size_t n);
int __real_fstat(int fd, struct stat *info);
int __real_close(int fd);
int __real_openat(int folder, const char *name, int flags, ...);
int __real_renameat(int from, const char *old, int to, const char *name);
DIR *__real_fdopendir(int fd);
void *__real_malloc(size_t n);
void *__real_realloc(void *p, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n);
int __wrap_fstat(int fd, struct stat *info);
int __wrap_close(int fd);
int __wrap_openat(int folder, const char *name, int flags, ...);
int __wrap_renameat(int from, const char *old, int to, const char *name);
DIR *__wrap_fdopendir(int fd);
void *__wrap_malloc(size_t n);
void *__wrap_realloc(void *p, size_t n);

ssize_t __wrap_read(int fd, void *to, size_t n)
{
    return !hit("read") ? __real_read(fd, to, n) : fault.error == SHORT ? __real_read(fd, to, 1) : -1;
}
ssize_t __wrap_write(int fd, const void *from, size_t n)
{
    return !hit("write") ? __real_write(fd, from, n) : fault.error == SHORT ? __real_write(fd, from, 1) : -1;
}
int __wrap_fstat(int fd, struct stat *info)
{
    return hit("fstat") ? -1 : __real_fstat(fd, info);
}
int __wrap_close(int fd)
{
    const int st = __real_close(fd); /* as close does: the descriptor is gone all the same */
    return hit("close") ? -1 : st;
}
int __wrap_openat(int folder, const char *name, int flags, ...)
{
    return hit("openat") ? -1 : __real_openat(folder, name, flags, 0600);
}
int __wrap_renameat(int from, const char *old, int to, const char *name)
{
    return hit("renameat") ? -1 : __real_renameat(from, old, to, name);
}
DIR *__wrap_fdopendir(int fd)
{
    return hit("fdopendir") ? NULL : __real_fdopendir(fd);
}
void *__wrap_malloc(size_t n)
{
    return hit("malloc") ? NULL : __real_malloc(n);
}
void *__wrap_realloc(void *p, size_t n)
{
    return hit("realloc") ? NULL : __real_realloc(p, n);
}

static char folder[SCRATCH_SIZE];
static unsigned char program[10000];

static int make_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof program; i++)
        program[i] = (unsigned char)(i * 31 + i / 256);
    return scratch_make(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    return scratch_drop(folder);
}

/* Files in the folder; removed, when `clear`. */
static int count_files(bool clear)
{
    int n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' || e->d_name[1] == 'h') {
            n++;
            if (clear)
                unlinkat(dirfd(d), e->d_name, 0);
        }
    closedir(d);
    return n;
}

static int open_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void set(const char *call, int n, int error)
{
    called = 0;
    fault.call = call;
    fault.n = n;
    fault.error = error;
}

/* As stored, or not there. */
static bool loads(void)
{
    unsigned char *got = NULL;
    size_t n = 0;
    const enum hby_status st = hby_cl_disk_load(folder, "key", &got, &n);
    assert_true(st == HBY_OK || (st == HBY_UNSUPPORTED && !got && !n));
    if (!st)
        assert_true(n == sizeof program && !memcmp(got, program, n));
    free(got);
    return !st;
}

static void storing(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int n, error;
        enum hby_status want;
    } cases[] = {
        {NULL, 0, 0, HBY_OK},
        {"write", 1, EINTR, HBY_OK},
        {"write", 2, EINTR, HBY_OK},
        {"write", 1, SHORT, HBY_OK},
        {"write", ALWAYS, SHORT, HBY_OK},
        {"write", 1, ENOSPC, HBY_UNSUPPORTED},
        {"write", 2, ENOSPC, HBY_UNSUPPORTED},
        {"fstat", 1, EIO, HBY_UNSUPPORTED},
        {"openat", 1, EEXIST, HBY_OK},
        {"openat", ALWAYS, EEXIST, HBY_UNSUPPORTED},
        {"openat", 1, EACCES, HBY_UNSUPPORTED},
        {"close", 1, EIO, HBY_UNSUPPORTED},
        {"renameat", 1, EACCES, HBY_UNSUPPORTED},
        {"malloc", 1, ENOMEM, HBY_NO_MEMORY},
        {"fdopendir", 1, ENOMEM, HBY_OK},
        {"realloc", 1, ENOMEM, HBY_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hby_reason why = {""};
        const int before = open_descriptors();
        set(cases[i].call, cases[i].n, cases[i].error);
        const enum hby_status st = hby_cl_disk_store(folder, "key", program, sizeof program, &why);
        set(NULL, 0, 0);
        if (st != cases[i].want)
            fail_msg("%s %d: status %d, %s", cases[i].call, cases[i].n, (int)st, why.text);
        assert_true(!st || why.text[0]);
        assert_int_equal(open_descriptors(), before);
        assert_int_equal(loads(), st == HBY_OK);
        if (count_files(true) != (st == HBY_OK))
            fail_msg("%s %d leaves a file behind", cases[i].call, cases[i].n);
    }
}

static void loading(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int n, error;
        bool loads;
    } cases[] = {
        {NULL, 0, 0, true},      {"read", 1, EINTR, true}, {"read", 2, EINTR, true}, {"read", ALWAYS, SHORT, true}, {"read", 1, EIO, false},
        {"read", 2, EIO, false}, {"fstat", 1, EIO, false}, {"fstat", 2, EIO, false}, {"openat", 1, EMFILE, false},  {"malloc", 1, ENOMEM, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int before = open_descriptors();
        set(NULL, 0, 0);
        assert_int_equal(hby_cl_disk_store(folder, "key", program, sizeof program, NULL), HBY_OK);
        set(cases[i].call, cases[i].n, cases[i].error);
        const bool got = loads();
        set(NULL, 0, 0);
        if (got != cases[i].loads)
            fail_msg("%s %d: loads %d", cases[i].call, cases[i].n, got);
        assert_int_equal(open_descriptors(), before);
        count_files(true);
    }
}

/* What a killed process left is removed once it is old; a file that another is just writing stays. Sizes and paths that do not fit are refused. */
static void leftovers_and_limits(void **state)
{
    (void)state;
    char path[SCRATCH_SIZE + 64];
    struct hby_reason why = {""};
    static const struct {
        const char *name;
        int age, stays;
    } files[] = {{".hbycl-1-1", 7200, 0}, {".hbycl-1-2", 60, 1}, {"other-1-3", 7200, 1}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        const int fd = open(path, O_CREAT | O_WRONLY, 0600);
        const struct timespec then[2] = {{.tv_sec = time(NULL) - files[i].age}, {.tv_sec = time(NULL) - files[i].age}};
        assert_true(fd >= 0 && !futimens(fd, then));
        close(fd);
    }
    assert_int_equal(hby_cl_disk_store(folder, "key", program, sizeof program, &why), HBY_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        assert_int_equal(access(path, F_OK) == 0, files[i].stays);
    }
    assert_int_equal(hby_cl_disk_store(folder, "key", program, 0, &why), HBY_UNSUPPORTED);
    assert_int_equal(hby_cl_disk_store(folder, "key", program, (size_t)HBY_CL_DISK_BYTES / 4 + 1, &why), HBY_UNSUPPORTED);
    assert_null(hby_cl_disk_path(folder, "key", path, strlen(folder) + 5));
    assert_non_null(hby_cl_disk_path(folder, "key", path, sizeof path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(storing), cmocka_unit_test(loading), cmocka_unit_test(leftovers_and_limits)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
