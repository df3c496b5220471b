/* Runs a model through LiteRT's C API twice, on the CPU alone and with Halfbyte registered as GPU accelerator, and compares.
 *
 *     litert_accelerator libLiteRt.so libhalfbyte.so model.tflite
 *
 * libLiteRt.so lies in the ai_edge_litert package (2.3.0: the numbers and layouts below are that version's). It exports its C API, but no headers come with it,
 * so the few functions that are used are declared here. Options for Halfbyte go into the environment variable HALFBYTE_OPTIONS, as in
 * HALFBYTE_OPTIONS="precision:exact;report_path:/tmp/report.json". Exit status: 0 if the outputs agree, 1 if not, 2 if something is missing. */
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One option of an environment: a number that says which, and a value that says its own type. */
struct option {
    int tag;
    struct {
        int type;
        const void *pointer;
    } value;
};
enum {
    TAG_GPU_ACCELERATOR = 30,
    TYPE_POINTER = 9,
    HARDWARE_CPU = 1,
    HARDWARE_GPU = 2,
    LOCK_READ = 0,
    LOCK_WRITE = 1,
    FLOAT32 = 1,
    INT8 = 9,
    MOST_OUTPUTS = 16
};

struct tensor_type {
    int element;
    unsigned rank : 7, has_strides : 1;
    int dim[8], stride[8];
};

/* A dimension that the model leaves open, the batch as a rule, is -1: one of it will do. */
static void close_dimensions(struct tensor_type *type)
{
    for (unsigned d = 0; d < type->rank; d++) {
        type->dim[d] = type->dim[d] < 1 ? 1 : type->dim[d];
    }
}

static int (*LiteRtCreateEnvironment)(int, const struct option *, void **);
static void (*LiteRtDestroyEnvironment)(void *);
static int (*LiteRtCreateModelFromFile)(void *, const char *, void **);
static void (*LiteRtDestroyModel)(void *);
static int (*LiteRtCreateOptions)(void **);
static void (*LiteRtDestroyOptions)(void *);
static int (*LiteRtSetOptionsHardwareAccelerators)(void *, int);
static int (*LiteRtCreateCompiledModel)(void *, void *, void *, void **);
static void (*LiteRtDestroyCompiledModel)(void *);
static int (*LiteRtGetModelSignature)(void *, size_t, void **);
static int (*LiteRtGetNumSignatureOutputs)(void *, size_t *);
static int (*LiteRtGetSignatureInputTensorByIndex)(void *, size_t, void **);
static int (*LiteRtGetSignatureOutputTensorByIndex)(void *, size_t, void **);
static int (*LiteRtGetRankedTensorType)(void *, struct tensor_type *);
static int (*LiteRtGetCompiledModelInputBufferRequirements)(void *, size_t, size_t, void **);
static int (*LiteRtGetCompiledModelOutputBufferRequirements)(void *, size_t, size_t, void **);
static int (*LiteRtCreateManagedTensorBufferFromRequirements)(void *, const struct tensor_type *, void *, void **);
static void (*LiteRtDestroyTensorBuffer)(void *);
static int (*LiteRtGetTensorBufferPackedSize)(void *, size_t *);
static int (*LiteRtLockTensorBuffer)(void *, void **, int);
static int (*LiteRtUnlockTensorBuffer)(void *);
static int (*LiteRtRunCompiledModel)(void *, size_t, size_t, void **, size_t, void **);

static void *load(void *library, const char *name)
{
    void *symbol = dlsym(library, name);
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    return symbol;
}

static void check(int status, const char *what)
{
    if (status) {
        fprintf(stderr, "%s: LiteRT status %d\n", what, status);
        exit(2);
    }
}

/* Runs a model of one input on fixed values and returns its first output, to be freed. */
static void *run(const char *path, const void *accelerator, int *element, size_t *bytes)
{
    /* This is all there is to registering: the address of LiteRtAcceleratorImpl, and the GPU among the hardware that may be used. What Halfbyte leaves
     * stays with the CPU, so the CPU must be allowed too. */
    struct option option = {TAG_GPU_ACCELERATOR, {TYPE_POINTER, accelerator}};
    void *environment, *model, *options, *compiled, *signature, *tensor, *needs, *in, *out[MOST_OUTPUTS], *data;
    size_t outputs;
    struct tensor_type type;
    check(LiteRtCreateEnvironment(accelerator ? 1 : 0, &option, &environment), "environment");
    check(LiteRtCreateModelFromFile(environment, path, &model), path);
    check(LiteRtCreateOptions(&options), "options");
    check(LiteRtSetOptionsHardwareAccelerators(options, accelerator ? HARDWARE_CPU | HARDWARE_GPU : HARDWARE_CPU), "options");
    check(LiteRtCreateCompiledModel(environment, model, options, &compiled), "compile");

    check(LiteRtGetModelSignature(model, 0, &signature), "signature");
    check(LiteRtGetSignatureInputTensorByIndex(signature, 0, &tensor), "input");
    check(LiteRtGetRankedTensorType(tensor, &type), "input type");
    close_dimensions(&type);
    check(LiteRtGetCompiledModelInputBufferRequirements(compiled, 0, 0, &needs), "input buffer");
    check(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, needs, &in), "input buffer");
    check(LiteRtGetTensorBufferPackedSize(in, bytes), "input size");
    check(LiteRtLockTensorBuffer(in, &data, LOCK_WRITE), "input lock");
    for (size_t i = 0; type.element == FLOAT32 && i < *bytes / 4; i++) {
        ((float *)data)[i] = (float)(i % 17) / 16;
    }
    for (size_t i = 0; type.element != FLOAT32 && i < *bytes; i++) {
        ((uint8_t *)data)[i] = (uint8_t)(i * 7);
    }
    LiteRtUnlockTensorBuffer(in);

    check(LiteRtGetNumSignatureOutputs(signature, &outputs), "outputs");
    check(outputs < 1 || outputs > MOST_OUTPUTS, "number of outputs");
    for (size_t i = outputs; i-- > 0;) { /* the first one last: `type` is then its */
        check(LiteRtGetSignatureOutputTensorByIndex(signature, i, &tensor), "output");
        check(LiteRtGetRankedTensorType(tensor, &type), "output type");
        close_dimensions(&type);
        check(LiteRtGetCompiledModelOutputBufferRequirements(compiled, 0, i, &needs), "output buffer");
        check(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, needs, &out[i]), "output buffer");
    }
    check(LiteRtRunCompiledModel(compiled, 0, 1, &in, outputs, out), "run");
    check(LiteRtGetTensorBufferPackedSize(out[0], bytes), "output size");
    check(LiteRtLockTensorBuffer(out[0], &data, LOCK_READ), "output lock");
    void *copy = malloc(*bytes + 1);
    if (copy) {
        memcpy(copy, data, *bytes);
    }
    *element = type.element;
    LiteRtUnlockTensorBuffer(out[0]);

    LiteRtDestroyTensorBuffer(in);
    for (size_t i = 0; i < outputs; i++) {
        LiteRtDestroyTensorBuffer(out[i]);
    }
    LiteRtDestroyCompiledModel(compiled);
    LiteRtDestroyOptions(options);
    LiteRtDestroyModel(model);
    LiteRtDestroyEnvironment(environment);
    return copy;
}

/* Largest difference, in steps for integers and as a fraction of the largest value for floats. */
static double compare(const void *a, const void *b, int element, size_t bytes)
{
    double worst = 0, largest = 1e-6;
    for (size_t i = 0; i < bytes / (element == FLOAT32 ? 4 : 1); i++) {
        double x = element == FLOAT32 ? ((const float *)a)[i] : element == INT8 ? ((const int8_t *)a)[i] : ((const uint8_t *)a)[i];
        double y = element == FLOAT32 ? ((const float *)b)[i] : element == INT8 ? ((const int8_t *)b)[i] : ((const uint8_t *)b)[i];
        if (i < 4) {
            printf("  output[%zu]: CPU %g, Halfbyte %g\n", i, x, y);
        }
        worst = fmax(worst, fabs(x - y));
        largest = fmax(largest, fabs(x));
    }
    return element == FLOAT32 ? worst / largest : worst;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s libLiteRt.so libhalfbyte.so model.tflite\n", argv[0]);
        return 2;
    }
    void *litert = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL), *halfbyte = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
    if (!litert || !halfbyte) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
#define LOAD(name) *(void **)&name = load(litert, #name)
    LOAD(LiteRtCreateEnvironment);
    LOAD(LiteRtDestroyEnvironment);
    LOAD(LiteRtCreateModelFromFile);
    LOAD(LiteRtDestroyModel);
    LOAD(LiteRtCreateOptions);
    LOAD(LiteRtDestroyOptions);
    LOAD(LiteRtSetOptionsHardwareAccelerators);
    LOAD(LiteRtCreateCompiledModel);
    LOAD(LiteRtDestroyCompiledModel);
    LOAD(LiteRtGetModelSignature);
    LOAD(LiteRtGetNumSignatureOutputs);
    LOAD(LiteRtGetSignatureInputTensorByIndex);
    LOAD(LiteRtGetSignatureOutputTensorByIndex);
    LOAD(LiteRtGetRankedTensorType);
    LOAD(LiteRtGetCompiledModelInputBufferRequirements);
    LOAD(LiteRtGetCompiledModelOutputBufferRequirements);
    LOAD(LiteRtCreateManagedTensorBufferFromRequirements);
    LOAD(LiteRtDestroyTensorBuffer);
    LOAD(LiteRtGetTensorBufferPackedSize);
    LOAD(LiteRtLockTensorBuffer);
    LOAD(LiteRtUnlockTensorBuffer);
    LOAD(LiteRtRunCompiledModel);
    int element;
    size_t bytes;
    void *cpu = run(argv[3], NULL, &element, &bytes);
    void *device = run(argv[3], load(halfbyte, "LiteRtAcceleratorImpl"), &element, &bytes);
    double difference = cpu && device ? compare(cpu, device, element, bytes) : INFINITY;
    printf("largest difference: %g %s\n", difference, element == FLOAT32 ? "of the range" : "LSB");
    free(cpu);
    free(device);
    /* XNNPACK itself is a step or two away from the reference that Halfbyte equals. */
    return difference <= (element == FLOAT32 ? 1e-3 : 3) ? 0 : 1;
}
