/* File: header, key text, binary. The header holds the lengths and the SHA-256 of all that follows it. */
#include "kernels_cl/cl_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernels_cl/hash.h"
#include "kernels_cl/sha256.h"

static const char suffix[] = ".hbycl", temporary[] = ".hbycl-";
enum { STALE_SECONDS = 3600 };
enum { NAME_CHARS = 32 + sizeof suffix - 1 };

struct header {
    char magic[8];
    uint64_t key_bytes, binary_bytes;
    unsigned char hash[HBY_SHA256_BYTES];
};
static const char magic[8] = {'H', 'B', 'Y', 'C', 'L', 0, 0, 2};

static const char *file_name(const char *key, char name[NAME_CHARS + 1])
{
    const struct hby_hash h = hby_hash_of(key, strlen(key));
    snprintf(name, NAME_CHARS + 1, "%016" PRIx64 "%016" PRIx64 "%s", h.word[0], h.word[1], suffix);
    return name;
}

const char *hby_cl_disk_path(const char *dir, const char *key, char *path, size_t size)
{
    char name[NAME_CHARS + 1];
    const int n = snprintf(path, size, "%s/%s", dir, file_name(key, name));
    return n > 0 && (size_t)n < size ? path : NULL;
}

/* The folder, opened without following a link at its end; only the user may write to it, because a driver believes what lies in there. -1 and the reason. */
static int open_folder(const char *dir, bool make, struct hby_reason *why)
{
    struct stat info;
    if (make)
        mkdir(dir, 0700); /* fails where it exists, or cannot be made: then open says so */
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && !fstat(fd, &info) && info.st_uid == geteuid() && !(info.st_mode & (S_IWGRP | S_IWOTH)))
        return fd;
    if (fd < 0)
        hby_say(HBY_UNSUPPORTED, why, "serialization_dir %.100s: %s", dir, strerror(errno));
    else
        hby_say(HBY_UNSUPPORTED, why, "serialization_dir %.100s is not used: others may write to it, or it is not yours (chmod 700)", dir);
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool read_all(int fd, void *to, size_t bytes)
{
    unsigned char *p = to;
    while (bytes > 0) {
        const ssize_t n = read(fd, p, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t bytes)
{
    const unsigned char *p = from;
    while (bytes > 0) {
        const ssize_t n = write(fd, p, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* The body (key, then binary) of a whole file, or NULL. */
static unsigned char *read_body(int fd, const char *key, struct header *h)
{
    struct stat info;
    const size_t key_bytes = strlen(key);
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_size < (off_t)sizeof *h || !read_all(fd, h, sizeof *h))
        return NULL;
    const uint64_t rest = (uint64_t)info.st_size - sizeof *h;
    if (memcmp(h->magic, magic, sizeof magic) || h->key_bytes != key_bytes || h->binary_bytes == 0 || h->binary_bytes > HBY_CL_DISK_BYTES ||
        rest != h->key_bytes + h->binary_bytes)
        return NULL;
    unsigned char *body = malloc((size_t)rest);
    if (!body)
        return NULL;
    const bool whole = read_all(fd, body, (size_t)rest) && !memcmp(body, key, key_bytes);
    unsigned char hash[HBY_SHA256_BYTES] = {0};
    if (whole)
        hby_sha256(body, (size_t)rest, hash);
    if (!whole || memcmp(hash, h->hash, sizeof hash)) {
        free(body);
        return NULL;
    }
    return body;
}

enum hby_status hby_cl_disk_load(const char *dir, const char *key, unsigned char **binary, size_t *bytes)
{
    char name[NAME_CHARS + 1];
    *binary = NULL;
    *bytes = 0;
    const int folder = open_folder(dir, false, NULL);
    if (folder < 0)
        return HBY_UNSUPPORTED;
    const int fd = openat(folder, file_name(key, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        close(folder);
        return HBY_UNSUPPORTED;
    }
    struct header h;
    unsigned char *body = read_body(fd, key, &h);
    if (body)
        futimens(fd, NULL); /* used now: the last to be evicted */
    close(fd);
    if (!body)
        unlinkat(folder, name, 0);
    close(folder);
    if (!body)
        return HBY_UNSUPPORTED;
    memmove(body, body + h.key_bytes, (size_t)h.binary_bytes);
    *binary = body;
    *bytes = (size_t)h.binary_bytes;
    return HBY_OK;
}

struct entry {
    char name[NAME_CHARS + 1];
    int64_t used_ns;
    uint64_t bytes;
};

static int older(const void *a, const void *b)
{
    const int64_t x = ((const struct entry *)a)->used_ns, y = ((const struct entry *)b)->used_ns;
    return x < y ? -1 : x > y;
}

/* Removes the least recently used of our files until both bounds hold. Takes the folder. */
static void evict(int folder)
{
    DIR *d = fdopendir(folder);
    struct entry *e = NULL;
    size_t n = 0, room = 0;
    uint64_t total = 0;
    for (struct dirent *item; d && (item = readdir(d));) {
        struct stat info;
        if (!strncmp(item->d_name, temporary, sizeof temporary - 1) && !fstatat(dirfd(d), item->d_name, &info, AT_SYMLINK_NOFOLLOW) &&
            info.st_mtime < time(NULL) - STALE_SECONDS)
            unlinkat(dirfd(d), item->d_name, 0); /* of a process that was killed */
        if (strlen(item->d_name) != NAME_CHARS || strcmp(item->d_name + 32, suffix) || fstatat(dirfd(d), item->d_name, &info, AT_SYMLINK_NOFOLLOW))
            continue;
        if (n == room) {
            room = room ? 2 * room : 64;
            struct entry *grown = realloc(e, room * sizeof *e);
            if (!grown)
                break;
            e = grown;
        }
        memcpy(e[n].name, item->d_name, NAME_CHARS + 1);
        e[n].used_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
        e[n].bytes = (uint64_t)info.st_size;
        total += e[n++].bytes;
    }
    if (n > 1)
        qsort(e, n, sizeof *e, older);
    for (size_t i = 0; d && i < n && (total > HBY_CL_DISK_BYTES || n - i > HBY_CL_DISK_FILES); i++) {
        unlinkat(dirfd(d), e[i].name, 0);
        total -= e[i].bytes;
    }
    free(e);
    if (d)
        closedir(d);
    else
        close(folder);
}

/* A new file of mode 0600 in the folder; its name in `name`. -1 with errno. */
static int open_temporary(int folder, char *name, size_t size)
{
    static atomic_uint count;
    for (int i = 0; i < 100; i++) {
        snprintf(name, size, "%s%ld-%u", temporary, (long)getpid(), atomic_fetch_add(&count, 1));
        const int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

enum hby_status hby_cl_disk_store(const char *dir, const char *key, const unsigned char *binary, size_t bytes, struct hby_reason *why)
{
    char name[NAME_CHARS + 1], temp[64];
    const size_t key_bytes = strlen(key);
    if (bytes == 0 || bytes > HBY_CL_DISK_BYTES / 4)
        return hby_say(HBY_UNSUPPORTED, why, "a program of %zu bytes is not cached", bytes);
    unsigned char *body = malloc(key_bytes + bytes);
    if (!body)
        return hby_say(HBY_NO_MEMORY, why, "out of memory caching a program");
    memcpy(body, key, key_bytes);
    memcpy(body + key_bytes, binary, bytes);
    struct header h = {.key_bytes = key_bytes, .binary_bytes = bytes};
    hby_sha256(body, key_bytes + bytes, h.hash);
    memcpy(h.magic, magic, sizeof magic);
    const int folder = open_folder(dir, true, why);
    if (folder < 0) {
        free(body);
        return HBY_UNSUPPORTED;
    }
    enum hby_status st = HBY_OK;
    const int fd = open_temporary(folder, temp, sizeof temp);
    if (fd < 0) {
        st = hby_say(HBY_UNSUPPORTED, why, "serialization_dir %.100s: %s", dir, strerror(errno));
    } else {
        const bool written =
            write_all(fd, &h, sizeof h) && write_all(fd, body, key_bytes + bytes); /* no fsync: what a crash leaves is found damaged, and removed */
        if (close(fd) || !written || renameat(folder, temp, folder, file_name(key, name))) {
            st = hby_say(HBY_UNSUPPORTED, why, "serialization_dir %.100s: %s", dir, strerror(errno));
            unlinkat(folder, temp, 0);
        }
    }
    free(body);
    if (st)
        close(folder);
    else
        evict(folder);
    return st;
}
