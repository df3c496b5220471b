/* The platform, the device, contexts and queues. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/ptx/driver.h"

static struct _cl_platform_id the_platform;
static struct _cl_device_id the_device;

static const char extensions[] =
    "cl_khr_global_int32_base_atomics cl_khr_global_int32_extended_atomics cl_khr_local_int32_base_atomics cl_khr_local_int32_extended_atomics "
    "cl_khr_fp64 cl_khr_3d_image_writes cl_khr_byte_addressable_store cl_khr_icd cl_nv_compiler_options cl_nv_device_attribute_query "
    "cl_nv_pragma_unroll cl_nv_copy_opts cl_nv_kernel_attribute";

cl_int hby_ptx_answer(const void *value, size_t bytes, size_t room, void *out, size_t *needed)
{
    if (needed)
        *needed = bytes;
    if (!out)
        return CL_SUCCESS;
    if (room < bytes)
        return CL_INVALID_VALUE;
    memcpy(out, value, bytes);
    return CL_SUCCESS;
}

int hby_ptx_capability(void)
{
    const char *text = getenv("HBY_PTX_CAPABILITY");
    int major = 9, minor = 0;
    if (text && *text && (sscanf(text, "%d.%d", &major, &minor) != 2 || major < 3 || minor < 0 || minor > 9)) {
        fprintf(stderr, "ptx: HBY_PTX_CAPABILITY=%s is not like 9.0\n", text);
        return 0;
    }
    return 10 * major + minor;
}

size_t hby_ptx_max_group(void)
{
    const char *text = getenv("HBY_PTX_GROUP");
    const long group = text ? strtol(text, NULL, 10) : 0;
    return group > 0 && group < HBY_PTX_DEVICE_GROUP ? (size_t)group : HBY_PTX_DEVICE_GROUP;
}

bool hby_ptx_checks(const char *word)
{
    const char *text = getenv("HBY_PTX_CHECK");
    return text && strstr(text, word);
}

/* --- platform and device --- */

HBY_PTX_API cl_int clGetPlatformIDs(cl_uint room, cl_platform_id *platforms, cl_uint *n)
{
    const bool usable = hby_ptx_has_compiler() && hby_ptx_capability() > 0;
    if (!hby_ptx_has_compiler())
        fprintf(stderr, "ptx: no NVIDIA compiler: HBY_NVIDIA_COMPILER=FILE names libnvidia-nvvm.so.4\n");
    if (platforms && room && usable)
        platforms[0] = &the_platform;
    if (n)
        *n = usable;
    return usable ? CL_SUCCESS : -1001; /* CL_PLATFORM_NOT_FOUND_KHR */
}

HBY_PTX_API cl_int clGetPlatformInfo(cl_platform_id platform, cl_platform_info what, size_t room, void *out, size_t *needed)
{
    static const struct {
        cl_platform_info what;
        const char *text;
    } texts[] = {{CL_PLATFORM_NAME, "PTX interpreter"},
                 {CL_PLATFORM_VENDOR, "Halfbyte"},
                 {CL_PLATFORM_VERSION, "OpenCL 3.0 PTX"},
                 {CL_PLATFORM_PROFILE, "FULL_PROFILE"}};
    if (platform != &the_platform)
        return CL_INVALID_PLATFORM;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        if (texts[k].what == what)
            return hby_ptx_answer(texts[k].text, strlen(texts[k].text) + 1, room, out, needed);
    return CL_INVALID_VALUE;
}

HBY_PTX_API cl_int clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint room, cl_device_id *devices, cl_uint *n)
{
    if (platform != &the_platform)
        return CL_INVALID_PLATFORM;
    if (!(type & (CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_DEFAULT)))
        return CL_DEVICE_NOT_FOUND;
    if (devices && room)
        devices[0] = &the_device;
    if (n)
        *n = 1;
    return CL_SUCCESS;
}

static cl_int answer_text(const char *text, size_t room, void *out, size_t *needed)
{
    return hby_ptx_answer(text, strlen(text) + 1, room, out, needed);
}

HBY_PTX_API cl_int clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t room, void *out, size_t *needed)
{
    static const size_t items[3] = {1024, 1024, 64};
    char text[64];
    const int capability = hby_ptx_capability();
    /* as the driver of an H100 answers */
    const struct {
        cl_device_info what;
        unsigned bytes;
        uint64_t value;
    } numbers[] = {
        {CL_DEVICE_TYPE, sizeof(cl_device_type), CL_DEVICE_TYPE_GPU},
        {CL_DEVICE_AVAILABLE, sizeof(cl_bool), CL_TRUE},
        {CL_DEVICE_COMPILER_AVAILABLE, sizeof(cl_bool), CL_TRUE},
        {CL_DEVICE_ENDIAN_LITTLE, sizeof(cl_bool), CL_TRUE},
        {CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof(cl_bool), CL_FALSE},
        {CL_DEVICE_ADDRESS_BITS, sizeof(cl_uint), 64},
        {CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint), 132},
        {CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof(cl_uint), 1785},
        {CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, sizeof(cl_uint), 3},
        {CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t), HBY_PTX_DEVICE_GROUP},
        {CL_DEVICE_MAX_PARAMETER_SIZE, sizeof(size_t), HBY_PTX_MAX_PARAMETERS},
        {CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof(cl_uint), 8 * HBY_PTX_BASE_ALIGN},
        {CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong), (uint64_t)16 << 30},
        {CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong), (uint64_t)4 << 30},
        {CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong), HBY_PTX_LOCAL_BYTES},
        {CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(cl_uint), 1},
        {CL_DEVICE_SINGLE_FP_CONFIG, sizeof(cl_device_fp_config),
         CL_FP_DENORM | CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST | CL_FP_ROUND_TO_ZERO | CL_FP_ROUND_TO_INF | CL_FP_FMA | CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT},
        {0x4000, sizeof(cl_uint), (uint64_t)capability / 10}, /* CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV, _MINOR_NV */
        {0x4001, sizeof(cl_uint), (uint64_t)capability % 10},
        {0x4003, sizeof(cl_uint), HBY_PTX_LANES}, /* CL_DEVICE_WARP_SIZE_NV */
        {0x4008, sizeof(cl_uint), 0},             /* PCI bus, slot and domain */
        {0x4009, sizeof(cl_uint), 0},
        {0x400a, sizeof(cl_uint), 0},
    };
    if (device != &the_device)
        return CL_INVALID_DEVICE;
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        if (numbers[k].what == what)
            return hby_ptx_answer(&numbers[k].value, numbers[k].bytes, room, out, needed); /* little-endian */
    switch (what) {
    case CL_DEVICE_NAME:
        snprintf(text, sizeof text, "PTX interpreter %d.%d", capability / 10, capability % 10);
        return answer_text(text, room, out, needed);
    case CL_DEVICE_VENDOR:
        return answer_text("Halfbyte", room, out, needed);
    case CL_DEVICE_VERSION:
        return answer_text("OpenCL 3.0 PTX", room, out, needed);
    case CL_DRIVER_VERSION:
        return answer_text("1", room, out, needed);
    case CL_DEVICE_EXTENSIONS:
        return answer_text(extensions, room, out, needed);
    case CL_DEVICE_MAX_WORK_ITEM_SIZES:
        return hby_ptx_answer(items, sizeof items, room, out, needed);
    default:
        return CL_INVALID_VALUE;
    }
}

/* --- contexts and queues --- */

HBY_PTX_API cl_context clCreateContext(const cl_context_properties *properties, cl_uint n, const cl_device_id *devices,
                                       void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data, cl_int *err)
{
    (void)properties;
    (void)notify;
    (void)data;
    cl_context c = n == 1 && devices[0] == &the_device ? calloc(1, sizeof *c) : NULL;
    if (err)
        *err = c ? CL_SUCCESS : CL_INVALID_DEVICE;
    return c;
}

HBY_PTX_API cl_int clReleaseContext(cl_context c)
{
    free(c);
    return CL_SUCCESS;
}

HBY_PTX_API cl_command_queue clCreateCommandQueue(cl_context c, cl_device_id device, cl_command_queue_properties properties, cl_int *err)
{
    cl_command_queue q = c && device == &the_device ? calloc(1, sizeof *q) : NULL;
    if (err)
        *err = q ? CL_SUCCESS : CL_INVALID_CONTEXT;
    if (q) {
        q->context = c;
        q->users = 1;
        q->profiling = (properties & CL_QUEUE_PROFILING_ENABLE) != 0;
    }
    return q;
}

HBY_PTX_API cl_int clFlush(cl_command_queue q)
{
    return q ? CL_SUCCESS : CL_INVALID_COMMAND_QUEUE;
}

HBY_PTX_API cl_int clFinish(cl_command_queue q)
{
    if (!q)
        return CL_INVALID_COMMAND_QUEUE;
    while (q->stuck)
        pause();
    hby_ptx_settle(q, ULONG_MAX);
    return q->context->status;
}
