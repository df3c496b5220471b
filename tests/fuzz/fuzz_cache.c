/* Files of the program cache: whatever they hold, a binary is handed out only if it is the one that was stored under this key; anything else is deleted. The
 * first byte says what happens to a file that was stored: 0 it is replaced by the input, else single bytes of it are. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels_cl/cl_disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key[] = "file.cl -DX=1 device driver";
static const unsigned char binary[] = "a binary that a driver would believe";

static char folder[] = "/tmp/hby_fuzz_cache_XXXXXX";

static void remove_folder(void)
{
    rmdir(folder);
}

static size_t read_file(const char *path, unsigned char *to, size_t room)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    const size_t n = fread(to, 1, room, f);
    fclose(f);
    return n;
}

static void write_file(const char *path, const unsigned char *from, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        abort();
    fwrite(from, 1, n, f);
    fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    char path[4096];
    unsigned char good[512], bad[4096];
    struct hby_reason why;
    if (!ready && !mkdtemp(folder))
        abort();
    if (!ready)
        atexit(remove_folder);
    ready = true;
    if (size < 1 || hby_cl_disk_store(folder, key, binary, sizeof binary, &why) != HBY_OK || !hby_cl_disk_path(folder, key, path, sizeof path))
        return 0;
    const size_t n = read_file(path, good, sizeof good);
    size_t n_bad = n;
    memcpy(bad, good, n);
    if (data[0] == 0) {
        n_bad = size - 1 < sizeof bad ? size - 1 : sizeof bad;
        memcpy(bad, data + 1, n_bad);
    } else {
        for (size_t i = 1; i + 2 < size; i += 3)
            bad[((size_t)data[i] | (size_t)data[i + 1] << 8) % n] = data[i + 2];
        if (data[0] & 2)
            n_bad = data[0] * n / 256;
    }
    write_file(path, bad, n_bad);
    unsigned char *got = NULL;
    size_t bytes = 0;
    const enum hby_status st = hby_cl_disk_load(folder, key, &got, &bytes);
    const bool same = n_bad == n && !memcmp(bad, good, n);
    if (st == HBY_OK && (bytes != sizeof binary || memcmp(got, binary, bytes) || !same))
        abort(); /* what was not stored */
    if (st != HBY_OK && (same || got || access(path, F_OK) == 0))
        abort(); /* what was stored; or the damaged file is still there */
    free(got);
    unlink(path);
    return 0;
}
