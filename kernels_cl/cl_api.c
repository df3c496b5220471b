/* dlopen of the OpenCL loader, and the names of its errors. */
#include "kernels_cl/cl_api.h"
#include "kernels_cl/cl_isolate.h"

#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct hby_cl_api api;
static bool loaded;
static struct hby_reason load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool bind(void *lib, const char *file)
{
    static const char *const names[] = {
#define HBY_CL(name) #name,
#include "kernels_cl/cl_api.def"
#undef HBY_CL
    };
    static const bool optional[] = {
#define HBY_CL(name) false,
#define HBY_CL_OPTIONAL(name) true,
#include "kernels_cl/cl_api.def"
#undef HBY_CL
    };
    void *entry[sizeof names / sizeof *names];
    static_assert(sizeof entry == sizeof api, "one pointer per row");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        entry[i] = dlsym(lib, names[i]);
        if (!entry[i] && !optional[i]) {
            hby_say(HBY_UNSUPPORTED, &load_error, "%s lacks %s: an OpenCL 1.2 loader is needed", file, names[i]);
            return false;
        }
    }
    memcpy(&api, entry, sizeof api);
    return true;
}

static void load(void)
{
    static const char *const files[] = {"libOpenCL.so.1", "libOpenCL.so"};
    hby_cl_isolate_drivers();
    for (size_t i = 0; i < sizeof files / sizeof *files && !loaded; i++) {
        void *lib = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
        if (lib)
            loaded = bind(lib, files[i]); /* never closed: drivers keep threads */
        else if (!load_error.text[0])
            hby_say(HBY_UNSUPPORTED, &load_error, "no OpenCL loader: %s", dlerror());
    }
}

const struct hby_cl_api *hby_cl_api(struct hby_reason *why)
{
    pthread_once(&once, load);
    if (loaded)
        return &api;
    hby_say(HBY_UNSUPPORTED, why, "%s", load_error.text);
    return NULL;
}

const char *hby_cl_error_name(cl_int err)
{
    static const struct {
        cl_int code;
        const char *name;
    } names[] = {
        {CL_DEVICE_NOT_FOUND, "CL_DEVICE_NOT_FOUND"},
        {CL_DEVICE_NOT_AVAILABLE, "CL_DEVICE_NOT_AVAILABLE"},
        {CL_COMPILER_NOT_AVAILABLE, "CL_COMPILER_NOT_AVAILABLE"},
        {CL_MEM_OBJECT_ALLOCATION_FAILURE, "CL_MEM_OBJECT_ALLOCATION_FAILURE"},
        {CL_OUT_OF_RESOURCES, "CL_OUT_OF_RESOURCES"},
        {CL_OUT_OF_HOST_MEMORY, "CL_OUT_OF_HOST_MEMORY"},
        {CL_BUILD_PROGRAM_FAILURE, "CL_BUILD_PROGRAM_FAILURE"},
        {CL_MISALIGNED_SUB_BUFFER_OFFSET, "CL_MISALIGNED_SUB_BUFFER_OFFSET"},
        {CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"},
        {CL_INVALID_VALUE, "CL_INVALID_VALUE"},
        {CL_INVALID_DEVICE, "CL_INVALID_DEVICE"},
        {CL_INVALID_CONTEXT, "CL_INVALID_CONTEXT"},
        {CL_INVALID_COMMAND_QUEUE, "CL_INVALID_COMMAND_QUEUE"},
        {CL_INVALID_MEM_OBJECT, "CL_INVALID_MEM_OBJECT"},
        {CL_INVALID_BINARY, "CL_INVALID_BINARY"},
        {CL_INVALID_BUILD_OPTIONS, "CL_INVALID_BUILD_OPTIONS"},
        {CL_INVALID_PROGRAM, "CL_INVALID_PROGRAM"},
        {CL_INVALID_PROGRAM_EXECUTABLE, "CL_INVALID_PROGRAM_EXECUTABLE"},
        {CL_INVALID_KERNEL_NAME, "CL_INVALID_KERNEL_NAME"},
        {CL_INVALID_KERNEL, "CL_INVALID_KERNEL"},
        {CL_INVALID_ARG_INDEX, "CL_INVALID_ARG_INDEX"},
        {CL_INVALID_ARG_VALUE, "CL_INVALID_ARG_VALUE"},
        {CL_INVALID_ARG_SIZE, "CL_INVALID_ARG_SIZE"},
        {CL_INVALID_KERNEL_ARGS, "CL_INVALID_KERNEL_ARGS"},
        {CL_INVALID_WORK_GROUP_SIZE, "CL_INVALID_WORK_GROUP_SIZE"},
        {CL_INVALID_WORK_ITEM_SIZE, "CL_INVALID_WORK_ITEM_SIZE"},
        {CL_INVALID_GLOBAL_WORK_SIZE, "CL_INVALID_GLOBAL_WORK_SIZE"},
        {CL_INVALID_EVENT, "CL_INVALID_EVENT"},
        {CL_INVALID_OPERATION, "CL_INVALID_OPERATION"},
        {CL_INVALID_BUFFER_SIZE, "CL_INVALID_BUFFER_SIZE"},
        {-1001, "CL_PLATFORM_NOT_FOUND_KHR"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == err)
            return names[i].name;
    return "unknown error";
}

enum hby_status hby_cl_fail(cl_int err, const char *call, struct hby_reason *why)
{
    if (err == CL_SUCCESS)
        return HBY_OK;
    return hby_say(err == CL_OUT_OF_HOST_MEMORY ? HBY_NO_MEMORY : HBY_DEVICE, why, "%s: %s (%d)", call, hby_cl_error_name(err), (int)err);
}
