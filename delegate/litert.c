/* The same delegate as a GPU accelerator of LiteRT (2.2 and later), which looks for the data symbol LiteRtAcceleratorImpl in
 * libLiteRtGpuAccelerator.so. LiteRT passes no options of ours: the environment variable HALFBYTE_OPTIONS does. */
#include "delegate/delegate.h"

enum { LITERT_OK = 0, LITERT_ERROR_RUNTIME_FAILURE = 3, LITERT_ERROR_WRONG_VERSION = 8, LITERT_HW_GPU = 2 };

/* Every struct of this interface starts so; a new field at the end raises minor and struct_size, anything else raises major. */
struct abi_header {
    uint16_t struct_size, major, minor, reserved;
};

/* LiteRT's functions for accelerators: as far as the one we call. Tried: 1.0 (LiteRT 2.2), 1.1 (2.3). */
struct runtime_context {
    struct abi_header header;
    void (*unused[17])(void);
    int (*wrap_delegate)(struct TfLiteDelegate *delegate, void (*deleter)(struct TfLiteDelegate *), void **wrapper);
};
static_assert(offsetof(struct runtime_context, wrap_delegate) == 144, "LiteRtRuntimeContext, version 1");

struct api_version {
    int major, minor, patch;
};

struct buffer_handlers {
    struct abi_header header;
    void (*unused[6])(void);
    int device_tag, queue_tag;
    size_t n_types;
    int types[16];
};

struct accelerator {
    struct abi_header header;
    int (*get_name)(const void *accelerator, const char **name);
    int (*get_version)(const void *accelerator, struct api_version *version);
    int (*get_hardware_support)(const void *accelerator, int *set);
    int (*is_responsible_for_jit)(const void *accelerator, bool *does_jit);
    int (*create_delegate)(struct runtime_context *rc, void *environment, const void *accelerator, void *options, void **wrapper);
    void (*start_metrics)(void);
    void (*stop_metrics)(void);
    struct buffer_handlers handlers;
};
static_assert(sizeof(struct accelerator) == 200 && offsetof(struct accelerator, handlers) == 64, "LiteRtAcceleratorDef, version 1");

static int get_name(const void *accelerator, const char **name)
{
    (void)accelerator;
    *name = "Halfbyte";
    return LITERT_OK;
}

static int get_version(const void *accelerator, struct api_version *version)
{
    (void)accelerator;
    *version = (struct api_version){.major = 0, .minor = 1, .patch = 0};
    return LITERT_OK;
}

static int get_hardware_support(const void *accelerator, int *set)
{
    (void)accelerator;
    *set = LITERT_HW_GPU;
    return LITERT_OK;
}

static int is_responsible_for_jit(const void *accelerator, bool *does_jit)
{
    (void)accelerator;
    *does_jit = true;
    return LITERT_OK;
}

static void delete_delegate(struct TfLiteDelegate *delegate)
{
    struct hby_delegate *d = delegate ? delegate->data_ : NULL;
    hby_delegate_unref(&d);
}

static int create_delegate(struct runtime_context *rc, void *environment, const void *accelerator, void *options, void **wrapper)
{
    (void)environment;
    (void)accelerator;
    (void)options;
    if (rc->header.major != 1 || rc->header.struct_size < sizeof *rc) {
        hby_log(0, HBY_LOG_WARNING, "this LiteRT offers accelerators version %u.%u of its interface; version 1 is needed (LiteRT 2.2 and 2.3 have it)",
                rc->header.major, rc->header.minor);
        return LITERT_ERROR_WRONG_VERSION;
    }
    struct hby_delegate *d;
    struct hby_option_error error;
    if (hby_delegate_create(NULL, NULL, 0, &d, &error)) {
        hby_log(0, HBY_LOG_WARNING, "%s", error.text);
        return LITERT_ERROR_RUNTIME_FAILURE;
    }
    int st = rc->wrap_delegate(&d->tfl, delete_delegate, wrapper);
    if (st != LITERT_OK)
        hby_delegate_unref(&d);
    return st;
}

HBY_EXPORT extern const struct accelerator LiteRtAcceleratorImpl;
const struct accelerator LiteRtAcceleratorImpl = {
    .header = {.struct_size = sizeof(struct accelerator), .major = 1, .minor = 0},
    .get_name = get_name,
    .get_version = get_version,
    .get_hardware_support = get_hardware_support,
    .is_responsible_for_jit = is_responsible_for_jit,
    .create_delegate = create_delegate,
};
