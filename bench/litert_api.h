/* The layouts and the functions of LiteRT 2.3 that the bench uses: no package ships headers. For litert*.c alone. */
#ifndef HBY_BENCH_LITERT_API_H
#define HBY_BENCH_LITERT_API_H

#include "bench/litert.h"

/* LiteRtAny, 16 bytes; LiteRtEnvOption, 24; LiteRtLayout, 68; LiteRtRankedTensorType, 72. */
struct any {
    int type;
    union {
        int64_t i;
        const void *p;
    } value;
};
struct env_option {
    int tag;
    struct any value;
};
struct layout {
    unsigned rank : 7, has_strides : 1;
    int32_t dim[LITERT_MAX_RANK];
    uint32_t stride[LITERT_MAX_RANK];
};
struct tensor_type {
    uint32_t element;
    struct layout layout;
};
_Static_assert(sizeof(struct any) == 16 && sizeof(struct env_option) == 24, "LiteRT 2.3's options");
_Static_assert(sizeof(struct layout) == 68 && sizeof(struct tensor_type) == 72, "LiteRT 2.3's tensor types");

enum { ANY_INT = 2, ANY_POINTER = 9 };
enum { TAG_MIN_SEVERITY = 25, TAG_GPU_ACCELERATOR = 30 };
enum { SEVERITY_INFO = 1, SEVERITY_ERROR = 3 };
enum { HARDWARE_CPU = 1, HARDWARE_GPU = 2 };
enum { LOCK_READ = 0, LOCK_WRITE = 1 };

/* name, result, parameters. All handles are opaque pointers. */
#define LITERT_FUNCTIONS(X)                                                                                                                                    \
    X(CreateEnvironment, int, (int, const struct env_option *, void **))                                                                                       \
    X(DestroyEnvironment, void, (void *))                                                                                                                      \
    X(CreateModelFromFile, int, (void *, const char *, void **))                                                                                               \
    X(DestroyModel, void, (void *))                                                                                                                            \
    X(CreateOptions, int, (void **))                                                                                                                           \
    X(DestroyOptions, void, (void *))                                                                                                                          \
    X(SetOptionsHardwareAccelerators, int, (void *, int))                                                                                                      \
    X(CreateOpaqueOptions, int, (const char *, void *, void (*)(void *), void **))                                                                             \
    X(AddOpaqueOptions, int, (void *, void *))                                                                                                                 \
    X(CreateCompiledModel, int, (void *, void *, void *, void **))                                                                                             \
    X(DestroyCompiledModel, void, (void *))                                                                                                                    \
    X(GetModelSignature, int, (void *, size_t, void **))                                                                                                       \
    X(GetSignatureSubgraph, int, (void *, void **))                                                                                                            \
    X(GetNumSignatureInputs, int, (void *, size_t *))                                                                                                          \
    X(GetNumSignatureOutputs, int, (void *, size_t *))                                                                                                         \
    X(GetSignatureInputTensorByIndex, int, (void *, size_t, void **))                                                                                          \
    X(GetSignatureOutputTensorByIndex, int, (void *, size_t, void **))                                                                                         \
    X(GetRankedTensorType, int, (void *, struct tensor_type *))                                                                                                \
    X(GetNumSubgraphOps, int, (void *, size_t *))                                                                                                              \
    X(GetSubgraphOp, int, (void *, size_t, void **))                                                                                                           \
    X(GetNumOpInputs, int, (void *, size_t *))                                                                                                                 \
    X(GetOpInput, int, (void *, size_t, void **))                                                                                                              \
    X(GetOpCode, int, (void *, int *))                                                                                                                         \
    X(GetCompiledModelInputTensorLayout, int, (void *, size_t, size_t, struct layout *))                                                                       \
    X(GetCompiledModelOutputTensorLayouts, int, (void *, size_t, size_t, struct layout *, bool))                                                               \
    X(CompiledModelResizeInputTensorNonStrict, int, (void *, size_t, size_t, const int *, size_t))                                                             \
    X(GetCompiledModelInputBufferRequirements, int, (void *, size_t, size_t, void **))                                                                         \
    X(GetCompiledModelOutputBufferRequirements, int, (void *, size_t, size_t, void **))                                                                        \
    X(CreateManagedTensorBufferFromRequirements, int, (void *, const struct tensor_type *, void *, void **))                                                   \
    X(DestroyTensorBuffer, void, (void *))                                                                                                                     \
    X(GetTensorBufferPackedSize, int, (void *, size_t *))                                                                                                      \
    X(LockTensorBuffer, int, (void *, void **, int))                                                                                                           \
    X(UnlockTensorBuffer, int, (void *))                                                                                                                       \
    X(RunCompiledModel, int, (void *, size_t, size_t, void **, size_t, void **))

struct litert {
    void *handle, *environment;
    struct litert_config config;
#define DECLARE(name, result, params) result(*name) params;
    LITERT_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* litert_width.c: the width of the model that a signature belongs to, in words. */
const char *litert_find_width(const struct litert *lib, void *signature);

#endif
