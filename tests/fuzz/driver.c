/* Runs a fuzz target without libFuzzer: every file of a corpus, then seeded mutations of them for some seconds.
 * usage: fuzz_X CORPUS_FOLDER [SECONDS [SEED]]; the environment's HBY_FUZZ_SECONDS goes before. With libFuzzer the targets are built by tests/nightly/fuzz. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_FILES = 4096, MAX_BYTES = 4096 };
static uint8_t *file[MAX_FILES];
static size_t bytes[MAX_FILES];
static int n_files;
static uint64_t state;

static uint32_t next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static void load(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d)) && n_files < MAX_FILES;) {
        char path[4096];
        if (e->d_name[0] == '.' || (size_t)snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= sizeof path)
            continue;
        FILE *f = fopen(path, "rb");
        uint8_t *to = malloc(MAX_BYTES);
        if (f && to) {
            bytes[n_files] = fread(to, 1, MAX_BYTES, f);
            file[n_files++] = to;
        } else {
            free(to);
        }
        if (f)
            fclose(f);
    }
    if (d)
        closedir(d);
}

static void mutate(uint8_t *to, size_t *size)
{
    static const uint8_t special[] = {0, 1, 2, 127, 128, 255, ';', ':', ',', '-', '=', '9'};
    for (uint32_t k = 1 + next() % 8; k > 0; k--) {
        const size_t at = *size ? next() % *size : 0;
        const uint32_t kind = next() % 5;
        if (kind == 0 && *size < MAX_BYTES) {
            memmove(to + at + 1, to + at, *size - at);
            to[at] = (uint8_t)next();
            (*size)++;
        } else if (kind == 1 && *size > 0) {
            memmove(to + at, to + at + 1, *size - at - 1);
            (*size)--;
        } else if (*size > 0) {
            to[at] = kind == 2 ? special[next() % sizeof special] : kind == 3 ? (uint8_t)(to[at] ^ (1u << next() % 8)) : (uint8_t)next();
        }
    }
}

static void last_words(const uint8_t *data, size_t size)
{
    FILE *f = fopen("fuzz_last_input", "wb"); /* what a crash belongs to */
    if (f) {
        fwrite(data, 1, size, f);
        fclose(f);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER [SECONDS [SEED]]\n", argv[0]);
        return 2;
    }
    if (!getenv("HBY_FUZZ_KEEP") && !freopen("/dev/null", "w", stderr)) /* a line for every model that is refused */
        return 1;
    const char *longer = getenv("HBY_FUZZ_SECONDS");
    const double seconds = longer ? atof(longer) : argc > 2 ? atof(argv[2]) : 0;
    state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    load(argv[1]);
    for (int i = 0; i < n_files; i++)
        LLVMFuzzerTestOneInput(file[i], bytes[i]);
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    long runs = 0;
    for (double gone = 0; n_files > 0 && gone < seconds; runs++) {
        uint8_t data[MAX_BYTES + 16];
        const int pick = (int)(next() % (uint32_t)n_files);
        size_t size = bytes[pick];
        memcpy(data, file[pick], size);
        mutate(data, &size);
        if (getenv("HBY_FUZZ_KEEP"))
            last_words(data, size);
        LLVMFuzzerTestOneInput(data, size);
        clock_gettime(CLOCK_MONOTONIC, &now);
        gone = (double)(now.tv_sec - from.tv_sec) + (double)(now.tv_nsec - from.tv_nsec) * 1e-9;
    }
    printf("%d files, %ld mutations, seed %s\n", n_files, runs, argc > 3 ? argv[3] : "1");
    for (int i = 0; i < n_files; i++)
        free(file[i]);
    return n_files > 0 ? 0 : 1;
}
