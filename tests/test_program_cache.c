/* The program cache: hash, sources, files on disk (damage, bounds), and programs on a device. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernels_cl/cl_disk.h"
#include "kernels_cl/cl_state.h"
#include "kernels_cl/hash.h"
#include "kernels_cl/sha256.h"
#include "tests/need_device.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/hby-cache-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int files_in_dir(bool remove)
{
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.' || strlen(e->d_name) > 2) {
            n++;
            if (remove)
                unlinkat(dirfd(d), e->d_name, 0);
        }
    if (d)
        closedir(d);
    return n;
}

static int drop_dir(void **state)
{
    (void)state;
    files_in_dir(true);
    return rmdir(dir);
}

/* Published vectors of XXH64, and values computed with the reference library 0.8. */
static void hash_is_xxh64(void **state)
{
    (void)state;
    assert_true(hby_xxh64("", 0, 0) == 0xEF46DB3751D8E999u);
    assert_true(hby_xxh64("abc", 3, 0) == 0x44BC2CF5AD770999u);
    const char text[] = "Nobody inspects the spammish repetition";
    assert_true(hby_xxh64(text, sizeof text - 1, 0) == 0xFBCEA83C8A378BF1u);
    assert_true(hby_hash_of("abc", 3).word[0] != hby_hash_of("abd", 3).word[0]);
}

static void sha256_is_sha256(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } known[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                 {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                 {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        unsigned char digest[HBY_SHA256_BYTES];
        char hex[2 * HBY_SHA256_BYTES + 1];
        hby_sha256(known[i].text, strlen(known[i].text), digest);
        for (int b = 0; b < HBY_SHA256_BYTES; b++)
            snprintf(hex + 2 * b, 3, "%02x", digest[b]);
        assert_string_equal(hex, known[i].hex);
    }
}

/* A driver believes what lies in the folder: it must be the user's alone. */
static void disk_refuses_open_folders(void **state)
{
    (void)state;
    struct hby_reason why = {""};
    unsigned char *got;
    size_t n;
    char link[300];
    assert_int_equal(hby_cl_disk_store(dir, "key", (const unsigned char *)"x", 1, &why), HBY_OK);
    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(hby_cl_disk_load(dir, "key", &got, &n), HBY_UNSUPPORTED);
    assert_int_equal(hby_cl_disk_store(dir, "key", (const unsigned char *)"x", 1, &why), HBY_UNSUPPORTED);
    assert_non_null(strstr(why.text, "others"));
    assert_int_equal(chmod(dir, 0700), 0);
    snprintf(link, sizeof link, "%s.link", dir);
    assert_int_equal(symlink(dir, link), 0);
    assert_int_equal(hby_cl_disk_load(link, "key", &got, &n), HBY_UNSUPPORTED);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(hby_cl_disk_load(dir, "key", &got, &n), HBY_OK);
    free(got);
}

static void sources_include_once(void **state)
{
    (void)state;
    char *text;
    struct hby_reason why = {""};
    assert_int_equal(hby_cl_source("self_test.cl", &text, &why), HBY_OK);
    assert_non_null(strstr(text, "#line 1 \"types.clh\""));
    assert_non_null(strstr(text, "#line 2 \"self_test.cl\""));
    assert_null(strstr(text, "#include \""));
    const char *first = strstr(text, "#define HBY_TYPES_CLH");
    assert_non_null(first);
    assert_null(strstr(first + 1, "#define HBY_TYPES_CLH"));
    free(text);
    assert_int_equal(hby_cl_source("no_such_file.cl", &text, &why), HBY_UNSUPPORTED);
    assert_null(text);
    assert_non_null(strstr(why.text, "no_such_file.cl"));
}

static void disk_returns_what_was_stored(void **state)
{
    (void)state;
    unsigned char data[1000], *got;
    size_t n;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7);
    assert_int_equal(hby_cl_disk_load(dir, "key", &got, &n), HBY_UNSUPPORTED);
    assert_int_equal(hby_cl_disk_store(dir, "key", data, sizeof data, NULL), HBY_OK);
    assert_int_equal(hby_cl_disk_load(dir, "key", &got, &n), HBY_OK);
    assert_int_equal(n, sizeof data);
    assert_memory_equal(got, data, n);
    free(got);
    assert_int_equal(hby_cl_disk_load(dir, "kez", &got, &n), HBY_UNSUPPORTED);
    assert_int_equal(files_in_dir(false), 1); /* no temporary file stays */
}

/* Every byte of the file, one at a time, and every length: never served, and never in the way of the next store. */
static void disk_refuses_damage(void **state)
{
    (void)state;
    const unsigned char data[40] = "a program that is not one, as bytes....";
    char path[256];
    unsigned char *got;
    size_t n;
    assert_non_null(hby_cl_disk_path(dir, "key", path, sizeof path));
    assert_int_equal(hby_cl_disk_store(dir, "key", data, sizeof data, NULL), HBY_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    for (off_t at = 0; at < info.st_size; at++) {
        assert_int_equal(hby_cl_disk_store(dir, "key", data, sizeof data, NULL), HBY_OK);
        const int fd = open(path, O_RDWR);
        unsigned char byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        assert_int_equal(hby_cl_disk_load(dir, "key", &got, &n), HBY_UNSUPPORTED);
        assert_int_equal(files_in_dir(false), 0);
        assert_int_equal(hby_cl_disk_store(dir, "key", data, sizeof data, NULL), HBY_OK);
        assert_int_equal(truncate(path, at), 0);
        assert_int_equal(hby_cl_disk_load(dir, "key", &got, &n), HBY_UNSUPPORTED);
    }
}

static void disk_is_bounded(void **state)
{
    (void)state;
    const unsigned char data[8] = "binary!";
    char key[32];
    unsigned char *got;
    size_t n;
    for (int i = 0; i < HBY_CL_DISK_FILES + 5; i++) {
        snprintf(key, sizeof key, "key %d", i);
        assert_int_equal(hby_cl_disk_store(dir, key, data, sizeof data, NULL), HBY_OK);
        if (i == 1) { /* key 0 is used again later than key 1: key 1 goes first */
            struct timespec old[2] = {{1000, 0}, {1000, 0}};
            char path[256];
            utimensat(AT_FDCWD, hby_cl_disk_path(dir, "key 1", path, sizeof path), old, 0);
        }
    }
    assert_int_equal(files_in_dir(false), HBY_CL_DISK_FILES);
    assert_int_equal(hby_cl_disk_load(dir, "key 1", &got, &n), HBY_UNSUPPORTED);
    snprintf(key, sizeof key, "key %d", HBY_CL_DISK_FILES + 4);
    assert_int_equal(hby_cl_disk_load(dir, key, &got, &n), HBY_OK);
    free(got);
}

static void disk_failure_is_no_disaster(void **state)
{
    (void)state;
    struct hby_reason why = {""};
    assert_int_equal(hby_cl_disk_store("/proc/no/such/place", "key", (const unsigned char *)"x", 1, &why), HBY_UNSUPPORTED);
    assert_non_null(strstr(why.text, "serialization_dir"));
}

/* --- on a device --- */

static char log_text[65536];
static void keep_log(void *ctx, int level, const char *text)
{
    (void)ctx;
    (void)level;
    const size_t used = strlen(log_text);
    snprintf(log_text + used, sizeof log_text - used, "%s\n", text);
}

static int skipped; /* the exit status for it */

static struct hby_cl_state *open_backend(void)
{
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}, .serialization_dir = dir, .log = keep_log};
    struct hby_backend *be;
    struct hby_reason why = {""};
    log_text[0] = 0;
    if (hby_cl_backend_create(&opt, &be, &why)) {
        skipped = no_device(&why);
        skip();
    }
    return hby_cl_state_of(be);
}

static void close_backend(struct hby_cl_state *s)
{
    struct hby_backend *be = &s->base;
    hby_cl_backend_destroy(&be);
    assert_null(be);
}

static void programs_are_shared_in_memory(void **state)
{
    (void)state;
    struct hby_cl_state *s = open_backend();
    struct hby_cl_program *a, *b, *c;
    struct hby_reason why = {""};
    assert_int_equal(hby_cl_program_get(s, "self_test.cl", "-DHBY_SCHEME_i8=1", &a, &why), HBY_OK);
    assert_int_equal(hby_cl_program_get(s, "self_test.cl", "-DHBY_SCHEME_i8=1", &b, &why), HBY_OK);
    assert_int_equal(hby_cl_program_get(s, "self_test.cl", "-DHBY_SCHEME_i8=1 -DX=2", &c, &why), HBY_OK);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    /* a build that fails is remembered, and says why */
    assert_int_not_equal(hby_cl_program_get(s, "self_test.cl", "-DHBY_SCHEME_i8=1 -Dself_test=)", &c, &why), HBY_OK);
    assert_non_null(strstr(why.text, "self_test.cl"));
    struct hby_cl_entry limits;
    assert_int_equal(hby_cl_kernel_get(s, a, "self_test", &limits, NULL, &why), HBY_OK);
    assert_int_equal(limits.n_args, 8);
    assert_int_equal(hby_cl_kernel_get(s, a, "no_such_kernel", &limits, NULL, &why), HBY_DEVICE);
    assert_non_null(strstr(why.text, "clCreateKernel"));
    close_backend(s);
}

static void programs_come_back_from_disk(void **state)
{
    (void)state;
    struct hby_cl_state *s = open_backend();
    if (!s->dev.info.has_binaries) { /* for inline assembly: without it there are */
        assert_non_null(strstr(log_text, "no programs are kept"));
        assert_int_equal(files_in_dir(false), 0);
        close_backend(s);
        assert_int_equal(setenv("HALFBYTE_DEVICE_FEATURES", "-asm", 1), 0);
        s = open_backend();
        assert_true(s->dev.info.has_binaries);
    }
    const int stored = files_in_dir(false);
    assert_true(stored > 0);
    assert_null(strstr(log_text, "program cache: hit"));
    close_backend(s);
    s = open_backend(); /* the self-test runs on the binary */
    assert_non_null(strstr(log_text, "program cache: hit"));
    assert_int_equal(files_in_dir(false), stored);
    close_backend(s);
}

/* The driver never sees a damaged binary: it is built again. */
static void damaged_programs_are_built_again(void **state)
{
    (void)state;
    close_backend(open_backend());
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));) {
        const int fd = openat(dirfd(d), e->d_name, O_RDWR);
        if (fd < 0)
            continue;
        const char junk[64] = "junk";
        assert_int_equal(pwrite(fd, junk, sizeof junk, 500), sizeof junk);
        close(fd);
    }
    closedir(d);
    struct hby_cl_state *s = open_backend();
    assert_null(strstr(log_text, "program cache: hit"));
    close_backend(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_xxh64),
        cmocka_unit_test(sha256_is_sha256),
        cmocka_unit_test_setup_teardown(disk_refuses_open_folders, make_dir, drop_dir),
        cmocka_unit_test(sources_include_once),
        cmocka_unit_test_setup_teardown(disk_returns_what_was_stored, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(disk_refuses_damage, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(disk_is_bounded, make_dir, drop_dir),
        cmocka_unit_test(disk_failure_is_no_disaster),
        cmocka_unit_test_setup_teardown(programs_are_shared_in_memory, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(programs_come_back_from_disk, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(damaged_programs_are_built_again, make_dir, drop_dir),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed ? failed : skipped;
}
