/* File: header, key text, binary. The header holds the lengths and the hash of all that follows it. */
#include "kernels_cl/cl_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels_cl/hash.h"

static const char suffix[] = ".hbycl";
enum { NAME_CHARS = 32 + sizeof suffix - 1, PATH_CHARS = 4096 };

struct header {
    char magic[8];
    uint64_t key_bytes, binary_bytes;
    struct hby_hash hash;
};
static const char magic[8] = "HBYCL\0\0\1";

const char *hby_cl_disk_path(const char *dir, const char *key, char *path, size_t size)
{
    const struct hby_hash h = hby_hash_of(key, strlen(key));
    const int n = snprintf(path, size, "%s/%016" PRIx64 "%016" PRIx64 "%s", dir, h.word[0], h.word[1], suffix);
    return n > 0 && (size_t)n < size ? path : NULL;
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
    const struct hby_hash hash = whole ? hby_hash_of(body, (size_t)rest) : (struct hby_hash){{0, 0}};
    if (!whole || memcmp(&hash, &h->hash, sizeof hash)) {
        free(body);
        return NULL;
    }
    return body;
}

enum hby_status hby_cl_disk_load(const char *dir, const char *key, unsigned char **binary, size_t *bytes)
{
    char path[PATH_CHARS];
    *binary = NULL;
    *bytes = 0;
    if (!hby_cl_disk_path(dir, key, path, sizeof path))
        return HBY_UNSUPPORTED;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return HBY_UNSUPPORTED;
    struct header h;
    unsigned char *body = read_body(fd, key, &h);
    if (body)
        futimens(fd, NULL); /* used now: the last to be evicted */
    close(fd);
    if (!body) {
        unlink(path);
        return HBY_UNSUPPORTED;
    }
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

/* Removes the least recently used of our files until both bounds hold. */
static void evict(const char *dir)
{
    DIR *d = opendir(dir);
    struct entry *e = NULL;
    size_t n = 0, room = 0;
    uint64_t total = 0;
    for (struct dirent *item; d && (item = readdir(d));) {
        struct stat info;
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
}

enum hby_status hby_cl_disk_store(const char *dir, const char *key, const unsigned char *binary, size_t bytes, struct hby_reason *why)
{
    char path[PATH_CHARS], temp[PATH_CHARS];
    const size_t key_bytes = strlen(key);
    if (!hby_cl_disk_path(dir, key, path, sizeof path) || (size_t)snprintf(temp, sizeof temp, "%s/.hbycl-XXXXXX", dir) >= sizeof temp)
        return hby_say(HBY_UNSUPPORTED, why, "serialization_dir: the path is too long");
    if (bytes == 0 || bytes > HBY_CL_DISK_BYTES / 4)
        return hby_say(HBY_UNSUPPORTED, why, "a program of %zu bytes is not cached", bytes);
    unsigned char *body = malloc(key_bytes + bytes);
    if (!body)
        return hby_say(HBY_NO_MEMORY, why, "out of memory caching a program");
    memcpy(body, key, key_bytes);
    memcpy(body + key_bytes, binary, bytes);
    struct header h = {.key_bytes = key_bytes, .binary_bytes = bytes, .hash = hby_hash_of(body, key_bytes + bytes)};
    memcpy(h.magic, magic, sizeof magic);
    mkdir(dir, 0700); /* fails where it exists, or cannot be made: then mkstemp says so */
    enum hby_status st = HBY_OK;
    const int fd = mkstemp(temp); /* mode 0600 */
    if (fd < 0) {
        st = hby_say(HBY_UNSUPPORTED, why, "serialization_dir %.100s: %s", dir, strerror(errno));
    } else {
        const bool written =
            write_all(fd, &h, sizeof h) && write_all(fd, body, key_bytes + bytes); /* no fsync: what a crash leaves is found damaged, and removed */
        if (close(fd) || !written || rename(temp, path)) {
            st = hby_say(HBY_UNSUPPORTED, why, "serialization_dir %.100s: %s", dir, strerror(errno));
            unlink(temp);
        }
    }
    free(body);
    if (!st)
        evict(dir);
    return st;
}
