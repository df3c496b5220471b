/* The real runtime, driven through its C API. */
#include "bench/litert_api.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct litert_model {
    struct litert *lib;
    void *model, *options, *compiled;
    void *input[LITERT_MAX_IO], *output[LITERT_MAX_IO];
    uint32_t input_type[LITERT_MAX_IO], output_type[LITERT_MAX_IO];
    size_t inputs, outputs; /* of the signature; buffers not made yet are NULL */
    const char *width;
};

static bool fail(char *why, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, size, fmt, args);
    va_end(args);
    return false;
}

/* LiteRtStatus in words; the library does not export its own. */
static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {{1, "invalid argument"},
                {2, "out of memory"},
                {3, "runtime failure"},
                {5, "unsupported"},
                {6, "not found"},
                {8, "wrong version"},
                {500, "cannot read the file"},
                {501, "not a valid model"},
                {502, "dynamic loading failed"},
                {504, "compilation failed"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == status) {
            return rows[i].text;
        }
    }
    return "failed";
}

/* True if the call succeeded, else the reason. */
static bool ok(int status, const char *what, char *why, size_t size)
{
    return status == 0 || fail(why, size, "%s: %s (LiteRT status %d)", what, status_text(status), status);
}

bool litert_open(const struct litert_config *config, struct litert **out, char *why, size_t size)
{
    struct litert *lib = calloc(1, sizeof *lib);
    if (!lib) {
        return fail(why, size, "out of memory");
    }
    lib->config = *config;
    lib->handle = dlopen(config->library, RTLD_NOW | RTLD_LOCAL);
    if (!lib->handle) {
        fail(why, size, "%s", dlerror());
        goto failed;
    }
#define LOAD(name, result, params)                                                                                                                             \
    *(void **)&lib->name = dlsym(lib->handle, "LiteRt" #name);                                                                                                 \
    if (!lib->name) {                                                                                                                                          \
        fail(why, size, "%s has no LiteRt" #name ": the C API of ai-edge-litert 2.3.0 is needed", config->library);                                            \
        goto failed;                                                                                                                                           \
    }
    LITERT_FUNCTIONS(LOAD)
#undef LOAD
    struct env_option option[2] = {{TAG_MIN_SEVERITY, {ANY_INT, {.i = config->verbose ? SEVERITY_INFO : SEVERITY_ERROR}}},
                                   {TAG_GPU_ACCELERATOR, {ANY_POINTER, {.p = config->accelerator}}}};
    if (!ok(lib->CreateEnvironment(config->accelerator ? 2 : 1, option, &lib->environment), "creating the environment", why, size)) {
        goto failed;
    }
    *out = lib;
    return true;
failed:
    litert_close(&lib);
    return false;
}

void litert_close(struct litert **lib)
{
    if (!*lib) {
        return;
    }
    if ((*lib)->environment) {
        (*lib)->DestroyEnvironment((*lib)->environment);
    }
    if ((*lib)->handle) {
        dlclose((*lib)->handle);
    }
    free(*lib);
    *lib = NULL;
}

/* The CPU's settings travel as a small TOML text. */
static bool set_cpu_options(struct litert_model *m, char *why, size_t size)
{
    const struct litert *lib = m->lib;
    char text[96];
    snprintf(text, sizeof text, "num_threads = %d\nkernel_mode = \"%s\"\n", lib->config.threads, lib->config.kernels);
    char *copy = strdup(text);
    void *opaque = NULL;
    if (!copy) {
        return fail(why, size, "out of memory");
    }
    if (!ok(lib->CreateOpaqueOptions("xnnpack", copy, free, &opaque), "setting the CPU's options", why, size)) {
        free(copy);
        return false;
    }
    return ok(lib->AddOpaqueOptions(m->options, opaque), "setting the CPU's options", why, size);
}

/* A buffer for input i; a dimension that the model leaves open becomes 1. */
static bool make_input(struct litert_model *m, void *signature, size_t i, char *why, size_t size)
{
    const struct litert *lib = m->lib;
    struct tensor_type type;
    struct layout now;
    void *tensor, *requirements;
    bool open = false, misfit = false;
    if (!ok(lib->GetSignatureInputTensorByIndex(signature, i, &tensor), "finding an input", why, size) ||
        !ok(lib->GetRankedTensorType(tensor, &type), "an input without a rank", why, size) ||
        !ok(lib->GetCompiledModelInputTensorLayout(m->compiled, 0, i, &now), "an input's shape", why, size)) {
        return false;
    }
    int dims[LITERT_MAX_RANK];
    const char *shape = i == 0 ? lib->config.shape : NULL;
    for (unsigned d = 0; d < now.rank && d < LITERT_MAX_RANK; d++) {
        open |= type.layout.dim[d] < 1 || now.dim[d] < 1;
        dims[d] = now.dim[d] < 1 ? 1 : now.dim[d];
        if (shape) {
            char *end;
            const long wanted = strtol(shape, &end, 10);
            dims[d] = wanted > 0 && wanted <= LITERT_MAX_DIM ? (int)wanted : 0;
            shape = *end ? end + 1 : end;
            misfit |= dims[d] < 1;
        }
        type.layout.dim[d] = dims[d];
    }
    if (shape && (*shape || misfit)) {
        return fail(why, size, "--shape %s has another number of dimensions than the input, which has %u", lib->config.shape, now.rank);
    }
    if ((open || shape) && !ok(lib->CompiledModelResizeInputTensorNonStrict(m->compiled, 0, i, dims, now.rank),
                               shape ? "resizing the input" : "setting an open dimension to 1", why, size)) {
        return false;
    }
    m->input_type[i] = type.element;
    return ok(lib->GetCompiledModelInputBufferRequirements(m->compiled, 0, i, &requirements), "an input's buffer", why, size) &&
           ok(lib->CreateManagedTensorBufferFromRequirements(lib->environment, &type, requirements, &m->input[i]), "an input's buffer", why, size);
}

static bool make_output(struct litert_model *m, void *signature, size_t i, const struct layout *shape, char *why, size_t size)
{
    const struct litert *lib = m->lib;
    struct tensor_type type;
    void *tensor, *requirements;
    if (!ok(lib->GetSignatureOutputTensorByIndex(signature, i, &tensor), "finding an output", why, size) ||
        !ok(lib->GetRankedTensorType(tensor, &type), "an output without a rank", why, size)) {
        return false;
    }
    type.layout = *shape;
    m->output_type[i] = type.element;
    return ok(lib->GetCompiledModelOutputBufferRequirements(m->compiled, 0, i, &requirements), "an output's buffer", why, size) &&
           ok(lib->CreateManagedTensorBufferFromRequirements(lib->environment, &type, requirements, &m->output[i]), "an output's buffer", why, size);
}

bool litert_load(struct litert *lib, const char *path, struct litert_model **out, char *why, size_t size)
{
    struct litert_model *m = calloc(1, sizeof *m);
    if (!m) {
        return fail(why, size, "out of memory");
    }
    m->lib = lib;
    void *signature = NULL;
    struct layout shape[LITERT_MAX_IO];
    int hardware = HARDWARE_CPU | (lib->config.accelerator ? HARDWARE_GPU : 0);
    if (!ok(lib->CreateModelFromFile(lib->environment, path, &m->model), "reading the model", why, size) ||
        !ok(lib->CreateOptions(&m->options), "making options", why, size) ||
        !ok(lib->SetOptionsHardwareAccelerators(m->options, hardware), "choosing the hardware", why, size) || !set_cpu_options(m, why, size) ||
        !ok(lib->CreateCompiledModel(lib->environment, m->model, m->options, &m->compiled), "compiling the model", why, size) ||
        !ok(lib->GetModelSignature(m->model, 0, &signature), "finding the signature", why, size) ||
        !ok(lib->GetNumSignatureInputs(signature, &m->inputs), "counting inputs", why, size) ||
        !ok(lib->GetNumSignatureOutputs(signature, &m->outputs), "counting outputs", why, size)) {
        goto failed;
    }
    if (m->inputs > LITERT_MAX_IO || m->outputs > LITERT_MAX_IO) {
        fail(why, size, "%zu inputs and %zu outputs: at most %d of each", m->inputs, m->outputs, LITERT_MAX_IO);
        goto failed;
    }
    m->width = litert_find_width(lib, signature);
    for (size_t i = 0; i < m->inputs; i++) {
        if (!make_input(m, signature, i, why, size)) {
            goto failed;
        }
    }
    if (!ok(lib->GetCompiledModelOutputTensorLayouts(m->compiled, 0, m->outputs, shape, true), "the outputs' shapes", why, size)) {
        goto failed;
    }
    for (size_t i = 0; i < m->outputs; i++) {
        if (!make_output(m, signature, i, &shape[i], why, size)) {
            goto failed;
        }
    }
    *out = m;
    return true;
failed:
    litert_unload(&m);
    return false;
}

void litert_unload(struct litert_model **model)
{
    struct litert_model *m = *model;
    if (!m) {
        return;
    }
    for (size_t i = 0; i < LITERT_MAX_IO; i++) {
        if (m->input[i]) {
            m->lib->DestroyTensorBuffer(m->input[i]);
        }
        if (m->output[i]) {
            m->lib->DestroyTensorBuffer(m->output[i]);
        }
    }
    if (m->compiled) {
        m->lib->DestroyCompiledModel(m->compiled);
    }
    if (m->options) {
        m->lib->DestroyOptions(m->options);
    }
    if (m->model) {
        m->lib->DestroyModel(m->model);
    }
    free(m);
    *model = NULL;
}

int litert_num_inputs(const struct litert_model *m)
{
    return (int)m->inputs;
}

int litert_num_outputs(const struct litert_model *m)
{
    return (int)m->outputs;
}

const char *litert_width(const struct litert_model *m)
{
    return m->width;
}

static bool lock(struct litert_model *m, void *buffer, int mode, void **data, size_t *bytes, char *why, size_t size)
{
    return ok(m->lib->GetTensorBufferPackedSize(buffer, bytes), "a buffer's size", why, size) &&
           ok(m->lib->LockTensorBuffer(buffer, data, mode), "mapping a buffer", why, size);
}

bool litert_lock_input(struct litert_model *m, int i, void **data, size_t *bytes, uint32_t *type, char *why, size_t size)
{
    *type = m->input_type[i];
    return lock(m, m->input[i], LOCK_WRITE, data, bytes, why, size);
}

bool litert_lock_output(struct litert_model *m, int i, void **data, size_t *bytes, uint32_t *type, char *why, size_t size)
{
    *type = m->output_type[i];
    return lock(m, m->output[i], LOCK_READ, data, bytes, why, size);
}

void litert_unlock_input(struct litert_model *m, int i)
{
    m->lib->UnlockTensorBuffer(m->input[i]);
}

void litert_unlock_output(struct litert_model *m, int i)
{
    m->lib->UnlockTensorBuffer(m->output[i]);
}

bool litert_run(struct litert_model *m, char *why, size_t size)
{
    return ok(m->lib->RunCompiledModel(m->compiled, 0, m->inputs, m->input, m->outputs, m->output), "running the model", why, size);
}
