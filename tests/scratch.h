/* A folder of a test's own, in $TMPDIR or /tmp, which goes with all that is in it. */
#ifndef HBY_TESTS_SCRATCH_H
#define HBY_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRATCH_SIZE = 128 };

/* Its path is written to `folder`. */
static inline bool scratch_make(char folder[SCRATCH_SIZE])
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, SCRATCH_SIZE, "%s/hby_test_XXXXXX", tmp && *tmp == '/' && strlen(tmp) < SCRATCH_SIZE / 2 ? tmp : "/tmp");
    return mkdtemp(folder);
}

static inline int scratch_drop_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* 0 when all of it is gone. */
static inline int scratch_drop(const char *folder)
{
    return nftw(folder, scratch_drop_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
