/* The list of devices, from drivers that say all kinds of things: what is taken, what is left out, and what identifies a device. The driver is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels_cl/cl_list.h"
#include "tests/need_device.h"

/* What a device answers: text, or `bytes` of a number. A row of neither: the question fails. */
struct answer {
    cl_device_info to;
    const char *text;
    uint64_t number;
    size_t bytes;
};
#define NUMBER(what, n)                                                                                                                                        \
    {                                                                                                                                                          \
        what, NULL, n, sizeof(uint64_t)                                                                                                                        \
    }
#define TEXT(what, s)                                                                                                                                          \
    {                                                                                                                                                          \
        what, s, 0, 0                                                                                                                                          \
    }
#define FAILS(what)                                                                                                                                            \
    {                                                                                                                                                          \
        what, NULL, 0, 0                                                                                                                                       \
    }

enum { UUID = 0x106A, PCI_KHR = 0x410F, BUS_NV = 0x4008, SLOT_NV = 0x4009, DOMAIN_NV = 0x400A, TOPOLOGY_AMD = 0x4037, MOST = 4 };

static const struct answer usual[] = {
    NUMBER(CL_DEVICE_AVAILABLE, 1),         NUMBER(CL_DEVICE_COMPILER_AVAILABLE, 1),
    NUMBER(CL_DEVICE_ENDIAN_LITTLE, 1),     NUMBER(CL_DEVICE_TYPE, CL_DEVICE_TYPE_GPU),
    TEXT(CL_DEVICE_NAME, "  A Device  "),   TEXT(CL_DEVICE_VERSION, "OpenCL 3.0 made up"),
    TEXT(CL_DEVICE_EXTENSIONS, ""),         NUMBER(CL_DEVICE_MEM_BASE_ADDR_ALIGN, 1024),
    NUMBER(CL_DEVICE_MAX_COMPUTE_UNITS, 4),
};

static const struct answer *special; /* MOST of them, before the usual ones */
static cl_uint n_platforms, n_devices;
static cl_int platforms_error, devices_error, name_error;

static const struct answer *find(cl_device_info to)
{
    for (int i = 0; special && i < MOST; i++)
        if (special[i].to == to)
            return &special[i];
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i].to == to)
            return &usual[i];
    return NULL;
}

static cl_int CL_API_CALL device_info(cl_device_id id, cl_device_info to, size_t room, void *value, size_t *size)
{
    (void)id;
    unsigned char pci[16] = {3, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, amd[24] = {1, [21] = 7, [22] = 1, [23] = 2}; /* domain, bus, device, function */
    const struct answer *a = find(to);
    if (!a || (!a->text && !a->bytes))
        return CL_INVALID_VALUE;
    amd[0] = (unsigned char)a->number;
    const bool is_pci = to == PCI_KHR, is_amd = to == TOPOLOGY_AMD;
    const void *from = a->text ? (const void *)a->text : is_pci ? pci : is_amd ? amd : (const void *)&a->number;
    const size_t n = a->text ? strlen(a->text) + 1 : is_pci ? sizeof pci : is_amd ? sizeof amd : a->bytes;
    if (value)
        memcpy(value, from, n < room ? n : room);
    if (size)
        *size = n;
    return CL_SUCCESS;
}

static cl_int CL_API_CALL platform_ids(cl_uint room, cl_platform_id *id, cl_uint *n)
{
    for (cl_uint i = 0; i < room && i < n_platforms; i++)
        id[i] = (cl_platform_id)(uintptr_t)(i + 1);
    *n = n_platforms;
    return platforms_error;
}

static cl_int CL_API_CALL platform_info(cl_platform_id id, cl_platform_info what, size_t room, void *value, size_t *size)
{
    (void)id;
    (void)what;
    (void)size;
    if (!name_error)
        snprintf(value, room, "Platform");
    return name_error;
}

static cl_int CL_API_CALL device_ids(cl_platform_id platform, cl_device_type type, cl_uint room, cl_device_id *id, cl_uint *n)
{
    (void)platform;
    (void)type;
    for (cl_uint i = 0; i < room && i < n_devices; i++)
        id[i] = (cl_device_id)(uintptr_t)(i + 1);
    *n = n_devices;
    return devices_error;
}

static void set(cl_uint platforms, cl_uint devices, const struct answer *answers)
{
    n_platforms = platforms;
    n_devices = devices;
    special = answers;
    platforms_error = devices_error = name_error = CL_SUCCESS;
}

static const struct {
    struct answer answer[MOST];
    bool refused;
    enum hby_cl_kind kind;
    size_t align;
    int pci[4]; /* -1 at first: none */
    bool uuid, fp16, sub_groups, unified, correct_divide;
    const char *name; /* how it begins */
} cases[] = {
    {{{0}}, .align = 128, .pci = {-1}, .name = "A Device"},
    {{NUMBER(CL_DEVICE_AVAILABLE, 0)}, .refused = true},
    {{NUMBER(CL_DEVICE_COMPILER_AVAILABLE, 0)}, .refused = true},
    {{NUMBER(CL_DEVICE_ENDIAN_LITTLE, 0)}, .refused = true},
    {{FAILS(CL_DEVICE_ENDIAN_LITTLE)}, .refused = true},
    {{TEXT(CL_DEVICE_VERSION, "OpenCL 1.1 old")}, .refused = true},
    {{TEXT(CL_DEVICE_VERSION, "Open CL 3")}, .refused = true},
    {{FAILS(CL_DEVICE_VERSION)}, .refused = true},
    {{FAILS(CL_DEVICE_EXTENSIONS)}, .refused = true},
    {{NUMBER(CL_DEVICE_SINGLE_FP_CONFIG, CL_FP_ROUND_TO_ZERO | CL_FP_INF_NAN)}, .refused = true},
    {{NUMBER(CL_DEVICE_SINGLE_FP_CONFIG, CL_FP_ROUND_TO_NEAREST)}, .refused = true},
    {{TEXT(CL_DEVICE_VERSION, "OpenCL 1.2 x"), NUMBER(CL_DEVICE_TYPE, CL_DEVICE_TYPE_CPU)}, .kind = HBY_CL_CPU, .align = 128, .pci = {-1}, .unified = true},
    {{NUMBER(CL_DEVICE_TYPE, CL_DEVICE_TYPE_ACCELERATOR), NUMBER(CL_DEVICE_MEM_BASE_ADDR_ALIGN, 256)}, .kind = HBY_CL_ACCELERATOR, .align = 64, .pci = {-1}},
    {{NUMBER(CL_DEVICE_TYPE, CL_DEVICE_TYPE_CUSTOM), NUMBER(CL_DEVICE_MEM_BASE_ADDR_ALIGN, 12000)}, .kind = HBY_CL_OTHER, .align = 4096, .pci = {-1}},
    {{NUMBER(CL_DEVICE_HOST_UNIFIED_MEMORY, 1),
      NUMBER(CL_DEVICE_SINGLE_FP_CONFIG, CL_FP_ROUND_TO_NEAREST | CL_FP_INF_NAN | CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)},
     .align = 128,
     .pci = {-1},
     .unified = true,
     .correct_divide = true},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_fp16x xcl_khr_fp16 cl_khr_fp16"), TEXT(CL_DEVICE_NAME, "")}, .align = 128, .pci = {-1}, .fp16 = true, .name = ""},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_fp16x xcl_khr_fp16"), FAILS(CL_DEVICE_NAME)}, .align = 128, .pci = {-1}, .name = ""},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_intel_subgroups cl_khr_device_uuid"), NUMBER(UUID, 77)}, .align = 128, .pci = {-1}, .uuid = true, .sub_groups = true},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_device_uuid cl_khr_subgroups"), FAILS(UUID)}, .align = 128, .pci = {-1}, .sub_groups = true},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_pci_bus_info cl_nv_device_attribute_query"), NUMBER(PCI_KHR, 0)}, .align = 128, .pci = {3, 9, 1, 0}},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_pci_bus_info")}, .align = 128, .pci = {-1}},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_nv_device_attribute_query"), NUMBER(BUS_NV, 5), NUMBER(SLOT_NV, 26), NUMBER(DOMAIN_NV, 2)},
     .align = 128,
     .pci = {2, 5, 3, 2}},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_nv_device_attribute_query")}, .align = 128, .pci = {-1}},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_amd_device_attribute_query"), NUMBER(TOPOLOGY_AMD, 1)}, .align = 128, .pci = {0, 7, 1, 2}},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_amd_device_attribute_query"), NUMBER(TOPOLOGY_AMD, 2)}, .align = 128, .pci = {-1}},
    {{TEXT(CL_DEVICE_EXTENSIONS, "cl_amd_device_attribute_query")}, .align = 128, .pci = {-1}},
};

static void one_device(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hby_cl_found *f;
        struct hby_reason why = {""};
        int n;
        set(1, 1, cases[i].answer);
        const enum hby_status st = hby_cl_find(&f, &n, &why);
        print_message("case %zu: %s\n", i, st ? why.text : f->info.version);
        assert_int_equal(st, cases[i].refused ? HBY_UNSUPPORTED : HBY_OK);
        if (st) {
            assert_non_null(strstr(why.text, "no usable device"));
            continue;
        }
        assert_int_equal(n, 1);
        assert_int_equal(f->info.kind, cases[i].kind);
        assert_int_equal(f->info.align_bytes, cases[i].align);
        assert_int_equal(f->has_pci, cases[i].pci[0] >= 0);
        for (int k = 0; k < 4 && f->has_pci; k++)
            assert_int_equal(f->pci[k], cases[i].pci[k]);
        assert_int_equal(f->has_uuid, cases[i].uuid);
        assert_int_equal(f->info.has_fp16, cases[i].fp16);
        assert_int_equal(f->info.has_sub_groups, cases[i].sub_groups);
        assert_int_equal(f->info.host_unified, cases[i].unified);
        assert_int_equal(f->correct_divide, cases[i].correct_divide);
        if (cases[i].name)
            assert_string_equal(f->info.name, cases[i].name);
        free(f);
    }
}

/* A name longer than we keep is cut, not overrun. */
static void long_name(void **state)
{
    (void)state;
    struct hby_cl_found *f;
    int n;
    static char name[1000];
    memset(name, 'n', sizeof name - 1);
    const struct answer answer[MOST] = {TEXT(CL_DEVICE_NAME, name)};
    set(1, 1, answer);
    assert_int_equal(hby_cl_find(&f, &n, NULL), HBY_OK);
    assert_true(strlen(f->info.name) == sizeof f->info.name - 1 && !strncmp(f->info.name, name, sizeof f->info.name - 1));
    free(f);
}

static void many_and_none(void **state)
{
    (void)state;
    const struct {
        cl_uint platforms, devices;
        cl_int platforms_error, devices_error, name_error;
        int found;
    } counts[] = {
        {0, 0, CL_SUCCESS, CL_SUCCESS, CL_SUCCESS, 0},
        {1, 0, CL_SUCCESS, CL_SUCCESS, CL_SUCCESS, 0},
        {2, 1, -1001, CL_SUCCESS, CL_SUCCESS, 0},
        {2, 1, CL_SUCCESS, CL_DEVICE_NOT_FOUND, 0, 0},
        {2, 3, CL_SUCCESS, CL_SUCCESS, CL_SUCCESS, 6},
        {1, 1, CL_SUCCESS, CL_SUCCESS, CL_INVALID_VALUE, 1},
        {1, 1000, CL_SUCCESS, CL_SUCCESS, CL_SUCCESS, 32},
        {1000, 1, CL_SUCCESS, CL_SUCCESS, CL_SUCCESS, 32},
        {1000, 1000, CL_SUCCESS, CL_SUCCESS, CL_SUCCESS, 128},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct hby_cl_info *info;
        struct hby_reason why = {""};
        int n;
        set(counts[i].platforms, counts[i].devices, NULL);
        platforms_error = counts[i].platforms_error;
        devices_error = counts[i].devices_error;
        name_error = counts[i].name_error;
        const enum hby_status st = hby_cl_list(&info, &n, &why);
        assert_int_equal(st, counts[i].found ? HBY_OK : HBY_UNSUPPORTED);
        assert_int_equal(n, counts[i].found);
        assert_true(!st || why.text[0]);
        if (!st)
            assert_string_equal(info[0].platform, name_error ? "" : "Platform");
        free(info);
    }
}

int main(void)
{
    struct hby_reason why = {""};
    struct hby_cl_api *api = (struct hby_cl_api *)(uintptr_t)hby_cl_api(&why); /* the table itself is not const */
    if (!api)
        return no_device(&why);
    api->clGetPlatformIDs = platform_ids;
    api->clGetPlatformInfo = platform_info;
    api->clGetDeviceIDs = device_ids;
    api->clGetDeviceInfo = device_info;
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_device), cmocka_unit_test(long_name), cmocka_unit_test(many_and_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
