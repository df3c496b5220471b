/* The program cache on disk: one file per program, verified before use, because a driver that is handed a damaged binary may kill the process. */
#ifndef HBY_KERNELS_CL_CL_DISK_H
#define HBY_KERNELS_CL_CL_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "partition/status.h"

/* At most this much is kept in a directory; the least recently used files go first. Files of other names are left alone. */
enum { HBY_CL_DISK_FILES = 1024 };
#define HBY_CL_DISK_BYTES ((uint64_t)256 << 20)

/* The binary stored under `key`, in *binary (free with free()); HBY_UNSUPPORTED where there is none that is whole: a damaged file is removed. */
enum hby_status hby_cl_disk_load(const char *dir, const char *key, unsigned char **binary, size_t *bytes);
/* Writes it (to a temporary name, then renamed), makes the directory (0700) if its parent exists, and evicts. A directory that is a link, not
 * the user's own, or writable by others is not used. A failure costs nothing but the cache. */
enum hby_status hby_cl_disk_store(const char *dir, const char *key, const unsigned char *binary, size_t bytes, struct hby_reason *why);
/* The path that `key` has in `dir`, NULL when it does not fit. */
const char *hby_cl_disk_path(const char *dir, const char *key, char *path, size_t size);

#endif
