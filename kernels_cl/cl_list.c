/* Enumeration of devices: facts, default order, duplicates, choice. */
#include "kernels_cl/cl_list.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From extensions that headers may be too old to declare. */
enum {
    DEVICE_UUID_KHR = 0x106A,
    DEVICE_PCI_BUS_INFO_KHR = 0x410F,
    DEVICE_COMPUTE_MAJOR_NV = 0x4000,
    DEVICE_COMPUTE_MINOR_NV = 0x4001,
    DEVICE_PCI_BUS_ID_NV = 0x4008,
    DEVICE_PCI_SLOT_ID_NV = 0x4009,
    DEVICE_PCI_DOMAIN_ID_NV = 0x400A,
    DEVICE_TOPOLOGY_AMD = 0x4037,
};
enum { MAX_PLATFORMS = 32, MAX_PER_PLATFORM = 32, MAX_DEVICES = 128 };

const char *const hby_cl_kind_names[] = {[HBY_CL_GPU] = "gpu", [HBY_CL_ACCELERATOR] = "accelerator", [HBY_CL_CPU] = "cpu", [HBY_CL_OTHER] = "other"};

bool hby_cl_has_word(const char *list, const char *word)
{
    const size_t len = strlen(word);
    for (const char *p = list; p && (p = strstr(p, word)); p += len)
        if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == 0))
            return true;
    return false;
}

static void device_text(const struct hby_cl_api *cl, cl_device_id id, cl_device_info what, char *text, size_t size)
{
    char buf[512];
    size_t got = 0;
    text[0] = 0;
    if (cl->clGetDeviceInfo(id, what, sizeof buf, buf, &got) || got == 0)
        return;
    buf[(got < sizeof buf ? got : sizeof buf) - 1] = 0;
    const char *from = buf + strspn(buf, " ");
    size_t len = strlen(from);
    len = len < size ? len : size - 1; /* a longer name is cut */
    memcpy(text, from, len);
    text[len] = 0;
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
        text[n - 1] = 0;
}

/* A number of up to 8 bytes, whatever its size; `fallback` where the device does not know. */
static uint64_t device_number(const struct hby_cl_api *cl, cl_device_id id, cl_device_info what, uint64_t fallback)
{
    uint64_t v = 0;
    size_t got = 0;
    return cl->clGetDeviceInfo(id, what, sizeof v, &v, &got) || got == 0 ? fallback : v; /* little-endian, as all hosts are */
}

static char *extensions(const struct hby_cl_api *cl, cl_device_id id)
{
    size_t size = 0;
    if (cl->clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, 0, NULL, &size))
        return NULL;
    char *ext = calloc(size + 1, 1);
    if (ext && cl->clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, size, ext, NULL))
        ext[0] = 0;
    return ext;
}

/* A number that tells one physical device from another, where the driver gives one. */
static void identity(const struct hby_cl_api *cl, const char *ext, struct hby_cl_found *f)
{
    if (hby_cl_has_word(ext, "cl_khr_device_uuid"))
        f->has_uuid = !cl->clGetDeviceInfo(f->id, DEVICE_UUID_KHR, sizeof f->uuid, f->uuid, NULL);
    if (hby_cl_has_word(ext, "cl_khr_pci_bus_info")) {
        f->has_pci = !cl->clGetDeviceInfo(f->id, DEVICE_PCI_BUS_INFO_KHR, sizeof f->pci, f->pci, NULL);
    } else if (hby_cl_has_word(ext, "cl_nv_device_attribute_query")) {
        const uint64_t bus = device_number(cl, f->id, DEVICE_PCI_BUS_ID_NV, UINT64_MAX), slot = device_number(cl, f->id, DEVICE_PCI_SLOT_ID_NV, 0);
        f->has_pci = bus != UINT64_MAX;
        f->pci[0] = (unsigned)device_number(cl, f->id, DEVICE_PCI_DOMAIN_ID_NV, 0);
        f->pci[1] = (unsigned)bus;
        f->pci[2] = (unsigned)(slot >> 3);
        f->pci[3] = (unsigned)(slot & 7);
    } else if (hby_cl_has_word(ext, "cl_amd_device_attribute_query")) {
        struct {
            uint32_t type;
            unsigned char unused[17], bus, device, function;
        } topology = {0};
        f->has_pci = !cl->clGetDeviceInfo(f->id, DEVICE_TOPOLOGY_AMD, sizeof topology, &topology, NULL) && topology.type == 1;
        f->pci[1] = topology.bus;
        f->pci[2] = topology.device;
        f->pci[3] = topology.function;
    }
}

static enum hby_cl_kind kind_of(cl_device_type t)
{
    return t & CL_DEVICE_TYPE_GPU ? HBY_CL_GPU : t & CL_DEVICE_TYPE_ACCELERATOR ? HBY_CL_ACCELERATOR : t & CL_DEVICE_TYPE_CPU ? HBY_CL_CPU : HBY_CL_OTHER;
}

static bool describe(const struct hby_cl_api *cl, struct hby_cl_found *f)
{
    struct hby_cl_info *in = &f->info;
    if (!device_number(cl, f->id, CL_DEVICE_AVAILABLE, 0) || !device_number(cl, f->id, CL_DEVICE_COMPILER_AVAILABLE, 0) ||
        !device_number(cl, f->id, CL_DEVICE_ENDIAN_LITTLE, 0))
        return false;
    device_text(cl, f->id, CL_DEVICE_NAME, in->name, sizeof in->name);
    device_text(cl, f->id, CL_DEVICE_VENDOR, in->vendor, sizeof in->vendor);
    device_text(cl, f->id, CL_DEVICE_VERSION, in->version, sizeof in->version);
    device_text(cl, f->id, CL_DRIVER_VERSION, in->driver, sizeof in->driver);
    if (sscanf(in->version, "OpenCL %d.%d", &in->version_major, &in->version_minor) != 2 || in->version_major * 10 + in->version_minor < 12)
        return false;
    in->kind = kind_of((cl_device_type)device_number(cl, f->id, CL_DEVICE_TYPE, 0));
    in->compute_units = (int)device_number(cl, f->id, CL_DEVICE_MAX_COMPUTE_UNITS, 1);
    in->clock_mhz = (int)device_number(cl, f->id, CL_DEVICE_MAX_CLOCK_FREQUENCY, 0);
    in->max_parameter_bytes = (size_t)device_number(cl, f->id, CL_DEVICE_MAX_PARAMETER_SIZE, 1024);
    in->max_work_group = (size_t)device_number(cl, f->id, CL_DEVICE_MAX_WORK_GROUP_SIZE, 1);
    size_t item[16] = {1, 1, 1};
    if (!cl->clGetDeviceInfo(f->id, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof item, item, NULL))
        memcpy(in->max_work_item, item, sizeof in->max_work_item);
    in->align_bytes = (size_t)device_number(cl, f->id, CL_DEVICE_MEM_BASE_ADDR_ALIGN, 1024) / 8;
    if (in->align_bytes < 64 || in->align_bytes & (in->align_bytes - 1))
        in->align_bytes = in->align_bytes < 64 ? 64 : 4096;
    in->global_bytes = device_number(cl, f->id, CL_DEVICE_GLOBAL_MEM_SIZE, 0);
    in->native_floats = (int)device_number(cl, f->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, 1);
    in->max_alloc_bytes = device_number(cl, f->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, 0);
    in->local_bytes = device_number(cl, f->id, CL_DEVICE_LOCAL_MEM_SIZE, 0);
    in->host_unified = in->kind == HBY_CL_CPU || device_number(cl, f->id, CL_DEVICE_HOST_UNIFIED_MEMORY, 0) != 0;
    const uint64_t usual = CL_FP_ROUND_TO_NEAREST | CL_FP_INF_NAN, floats = device_number(cl, f->id, CL_DEVICE_SINGLE_FP_CONFIG, usual);
    if ((floats & usual) != usual) /* the embedded profile may round towards zero: floats that become integers would not be the reference's */
        return false;
    f->correct_divide = (floats & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
    char *ext = extensions(cl, f->id);
    if (!ext)
        return false;
    in->has_fp16 = hby_cl_has_word(ext, "cl_khr_fp16");
    in->has_fp64 = hby_cl_has_word(ext, "cl_khr_fp64");
    in->has_int_dot = hby_cl_has_word(ext, "cl_khr_integer_dot_product");
    in->has_sub_groups = hby_cl_has_word(ext, "cl_khr_subgroups") || hby_cl_has_word(ext, "cl_intel_subgroups");
    in->has_command_buffer = hby_cl_has_word(ext, "cl_khr_command_buffer");
    if (hby_cl_has_word(ext, "cl_nv_device_attribute_query"))
        in->nv_compute = (int)(10 * device_number(cl, f->id, DEVICE_COMPUTE_MAJOR_NV, 0) + device_number(cl, f->id, DEVICE_COMPUTE_MINOR_NV, 0));
    identity(cl, ext, f);
    free(ext);
    return true;
}

static int compare(const void *pa, const void *pb)
{
    const struct hby_cl_found *a = pa, *b = pb;
    if (a->info.kind != b->info.kind)
        return a->info.kind < b->info.kind ? -1 : 1;
    const int64_t x = (int64_t)a->info.compute_units * a->info.clock_mhz, y = (int64_t)b->info.compute_units * b->info.clock_mhz;
    if (x != y)
        return x > y ? -1 : 1;
    return a->seen - b->seen;
}

static bool same_device(const struct hby_cl_found *a, const struct hby_cl_found *b)
{
    if (a->info.kind != b->info.kind || a->platform == b->platform) /* one driver may expose two devices, never one device twice */
        return false;
    return (a->has_uuid && b->has_uuid && !memcmp(a->uuid, b->uuid, sizeof a->uuid)) || (a->has_pci && b->has_pci && !memcmp(a->pci, b->pci, sizeof a->pci));
}

int hby_cl_order(struct hby_cl_found *f, int n)
{
    int kept = 0;
    qsort(f, (size_t)n, sizeof *f, compare);
    for (int i = 0; i < n; i++) {
        bool twice = false;
        for (int k = 0; k < kept && !twice; k++)
            twice = same_device(&f[k], &f[i]);
        if (!twice)
            f[kept++] = f[i];
    }
    return kept;
}

enum hby_status hby_cl_find(struct hby_cl_found **found, int *n, struct hby_reason *why)
{
    *found = NULL;
    *n = 0;
    const struct hby_cl_api *cl = hby_cl_api(why);
    if (!cl)
        return HBY_UNSUPPORTED;
    cl_platform_id platform[MAX_PLATFORMS];
    cl_uint n_platforms = 0;
    const cl_int err = cl->clGetPlatformIDs(MAX_PLATFORMS, platform, &n_platforms);
    if (err || n_platforms == 0)
        return hby_say(HBY_UNSUPPORTED, why, "no OpenCL platform: install a driver (clGetPlatformIDs: %s, %d)", hby_cl_error_name(err), (int)err);
    struct hby_cl_found *f = calloc(MAX_DEVICES, sizeof *f);
    if (!f)
        return hby_say(HBY_NO_MEMORY, why, "out of memory listing devices");
    int count = 0;
    for (cl_uint p = 0; p < n_platforms && p < MAX_PLATFORMS; p++) {
        cl_device_id id[MAX_PER_PLATFORM];
        cl_uint n_ids = 0;
        if (cl->clGetDeviceIDs(platform[p], CL_DEVICE_TYPE_ALL, MAX_PER_PLATFORM, id, &n_ids))
            continue;
        for (cl_uint d = 0; d < n_ids && d < MAX_PER_PLATFORM && count < MAX_DEVICES; d++) {
            memset(&f[count], 0, sizeof *f);
            f[count].platform = platform[p];
            f[count].id = id[d];
            f[count].seen = count;
            char name[256] = "";
            if (!cl->clGetPlatformInfo(platform[p], CL_PLATFORM_NAME, sizeof name, name, NULL))
                snprintf(f[count].info.platform, sizeof f[count].info.platform, "%.90s", name);
            if (describe(cl, &f[count]))
                count++;
        }
    }
    *n = hby_cl_order(f, count);
    if (*n == 0) {
        free(f);
        return hby_say(HBY_UNSUPPORTED, why, "%u OpenCL platforms, but no usable device (OpenCL 1.2 with a compiler, floats rounded to nearest)", n_platforms);
    }
    *found = f;
    return HBY_OK;
}

static bool contains(const char *text, const char *part)
{
    for (; *text; text++) {
        size_t i = 0;
        while (part[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (!part[i])
            return true;
    }
    return !*part;
}

int hby_cl_choose(const struct hby_cl_found *found, int n, const struct hby_cl_choice *choice, struct hby_reason *why)
{
    if (choice->device_id >= n) {
        hby_say(HBY_UNSUPPORTED, why, "device_id %d: the last of this machine's devices is %d", choice->device_id, n - 1);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        char full[sizeof found->info.platform + sizeof found->info.name + 4];
        snprintf(full, sizeof full, "%s / %s", found[i].info.platform, found[i].info.name);
        if ((choice->device_id < 0 || choice->device_id == i) && (!choice->device || contains(full, choice->device)) &&
            (choice->device_type < 0 || choice->device_type == (int)found[i].info.kind))
            return i;
    }
    char id[24] = "";
    if (choice->device_id >= 0)
        snprintf(id, sizeof id, " device_id=%d", choice->device_id);
    hby_say(HBY_UNSUPPORTED, why, "no device of %d fits%s%s%.40s%s%s (the first is \"%.40s / %.40s\")", n, id, choice->device ? " device=" : "",
            choice->device ? choice->device : "", choice->device_type >= 0 ? " device_type=" : "",
            choice->device_type >= 0 ? hby_cl_kind_names[choice->device_type] : "", found[0].info.platform, found[0].info.name);
    return -1;
}

enum hby_status hby_cl_list(struct hby_cl_info **info, int *n, struct hby_reason *why)
{
    struct hby_cl_found *found;
    *info = NULL;
    enum hby_status st = hby_cl_find(&found, n, why);
    if (st)
        return st;
    *info = calloc((size_t)*n, sizeof **info);
    for (int i = 0; *info && i < *n; i++)
        (*info)[i] = found[i].info;
    if (!*info) {
        *n = 0;
        st = hby_say(HBY_NO_MEMORY, why, "out of memory listing devices");
    }
    free(found);
    return st;
}
