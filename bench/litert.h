/* LiteRT's C API, opened at run time out of libLiteRt.so. The API is not stable across versions: the layouts and numbers here are those of the versions
 * that bench_runtime_version accepts. */
#ifndef HBY_BENCH_LITERT_H
#define HBY_BENCH_LITERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Element types, by LiteRT's numbers. */
enum {
    LITERT_FLOAT32 = 1,
    LITERT_INT32 = 2,
    LITERT_UINT8 = 3,
    LITERT_INT64 = 4,
    LITERT_STRING = 5,
    LITERT_BOOL = 6,
    LITERT_INT16 = 7,
    LITERT_INT8 = 9,
    LITERT_FLOAT16 = 10,
    LITERT_FLOAT64 = 11,
    LITERT_UINT64 = 13,
    LITERT_UINT32 = 16,
    LITERT_UINT16 = 17,
    LITERT_INT4 = 18,
};

enum { LITERT_MAX_RANK = 8, LITERT_MAX_IO = 64, LITERT_MAX_DIM = 1 << 20 };

/* Bytes of one element; 1 where a type has less than a byte or none. */
size_t litert_element_bytes(uint32_t type);

struct litert; /* the library, its environment */
struct litert_model;

struct litert_config {
    const char *library;     /* libLiteRt.so */
    const void *accelerator; /* the address of LiteRtAcceleratorImpl, or NULL: CPU alone */
    int threads;             /* of the CPU */
    const char *kernels;     /* what the CPU runs on: "xnnpack" or "builtin" (optimized, without XNNPACK; "reference" is the same in LiteRT 2.3) */
    const char *shape;       /* what the first input is resized to, "1x224x224x3"; NULL: left as it is */
    bool verbose;            /* the runtime's own log lines too */
};

/* Opens the library and an environment. False, with the reason in `why`. */
bool litert_open(const struct litert_config *config, struct litert **out, char *why, size_t size);
void litert_close(struct litert **lib);

/* Loads and compiles a model, and makes its input and output buffers: all that comes before the first inference. */
bool litert_load(struct litert *lib, const char *path, struct litert_model **out, char *why, size_t size);
void litert_unload(struct litert_model **model);

int litert_num_inputs(const struct litert_model *m);
int litert_num_outputs(const struct litert_model *m);
/* "float32", "float16", "int8", ...: what the weights and the activations of the heavy operators are. */
const char *litert_width(const struct litert_model *m);

/* A tensor's memory, mapped between lock and unlock. */
bool litert_lock_input(struct litert_model *m, int i, void **data, size_t *bytes, uint32_t *type, char *why, size_t size);
bool litert_lock_output(struct litert_model *m, int i, void **data, size_t *bytes, uint32_t *type, char *why, size_t size);
void litert_unlock_input(struct litert_model *m, int i);
void litert_unlock_output(struct litert_model *m, int i);

/* One inference, synchronous. */
bool litert_run(struct litert_model *m, char *why, size_t size);

#endif
