/* What CPUID and the system say of processors that this machine may not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels_cl/cl_state.h"

/* A made-up processor: what its leaves and its system say. */
static const struct processor {
    const char *brand;
    unsigned most, ecx1, subleaves, ebx7, ecx7, eax7_1; /* `most`: its highest basic leaf */
    uint64_t saved;
    bool f16c, avx2, avx512, avx512_vnni, avx_vnni;
} processors[] = {
#define OSXSAVE (1u << 27)
#define F16C (1u << 29)
#define AVX2 (1u << 5)
#define AVX512 (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31)
    {"", 0, 0, 0, 0, 0, 0, 0, false, false, false, false, false},
    {"Old", 1, F16C, 0, 0, 0, 0, 7, false, false, false, false, false}, /* the system does not say what it saves */
    {"No AVX in the system", 7, OSXSAVE | F16C, 0, AVX2, 0, 0, 3, false, false, false, false, false},
    {"Ivy", 1, OSXSAVE | F16C, 0, 0, 0, 0, 7, true, false, false, false, false},
    {"Haswell", 7, OSXSAVE | F16C, 0, AVX2, 0, 0, 7, true, true, false, false, false},
    {"Skylake", 7, OSXSAVE | F16C, 0, AVX2 | AVX512, 0, 0, 0xe7, true, true, true, false, false},
    {"Half of it", 7, OSXSAVE | F16C, 0, AVX2 | 1u << 16, 1u << 11, 0, 0xe7, true, true, false, false, false},
    {"No zmm in the system", 7, OSXSAVE | F16C, 0, AVX2 | AVX512, 1u << 11, 0, 7, true, true, false, false, false},
    {"Ice Lake", 7, OSXSAVE | F16C, 0, AVX2 | AVX512, 1u << 11, 0, 0xe7, true, true, true, true, false},
    {"Alder Lake", 7, OSXSAVE | F16C, 1, AVX2, 0, 1u << 4, 7, true, true, false, false, true},
    {"Sapphire", 7, OSXSAVE | F16C, 1, AVX2 | AVX512, 1u << 11, 1u << 4, 0xe7, true, true, true, true, true},
    {"A subleaf of nothing", 7, OSXSAVE, 1, AVX2, 0, 0, 7, false, true, false, false, false},
    {"VNNI without AVX2", 7, OSXSAVE, 1, 0, 0, 1u << 4, 7, false, false, false, false, false},
};
static const struct processor *processor;

static bool leaf(unsigned number, unsigned sub, unsigned r[4])
{
    const struct processor *p = processor;
    char text[48];
    memset(r, 0, 4 * sizeof *r);
    if (number >= 0x80000000u) {
        if (!p->brand[0])
            return false;
        memset(text, ' ', sizeof text); /* as some are: blanks before and behind */
        memcpy(text + 3, p->brand, strlen(p->brand));
        if (number == 0x80000000u)
            r[0] = 0x80000004u;
        else
            memcpy(r, text + 16 * (number - 0x80000002u), 16);
        return true;
    }
    if (number > p->most)
        return false;
    r[0] = number == 7 ? (sub == 1 ? p->eax7_1 : p->subleaves) : 0;
    r[1] = number == 7 && sub == 0 ? p->ebx7 : 0;
    r[2] = number == 1 ? p->ecx1 : number == 7 && sub == 0 ? p->ecx7 : 0;
    return true;
}

static uint64_t saved_registers(void)
{
    return processor->saved;
}

static void processors_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof processors / sizeof *processors; i++) {
        struct hby_cl_host h;
        processor = &processors[i];
        hby_cl_host_of(&(struct hby_cl_cpuid){leaf, saved_registers}, &h);
        assert_string_equal(h.brand, processor->brand);
        if (h.f16c != processor->f16c || h.avx2 != processor->avx2 || h.avx512 != processor->avx512 || h.avx512_vnni != processor->avx512_vnni ||
            h.avx_vnni != processor->avx_vnni)
            fail_msg("%s: f16c %d, avx2 %d, avx512 %d, vnni %d and %d", h.brand, h.f16c, h.avx2, h.avx512, h.avx512_vnni, h.avx_vnni);
    }
}

/* Narrower registers and weaker dot products are never taken to be faster; the measured processor, 16 floats with VNNI, is the unit. */
static void weaker_is_not_faster(void **state)
{
    (void)state;
    static const enum hby_cl_dot dots[] = {HBY_DOT_X86_VNNI, HBY_DOT_COUNT, HBY_DOT_X86_MADD, HBY_DOT_PORTABLE};
    static const int lanes[] = {16, 8, 4};
    const struct hby_cost_cpu unit = hby_cl_cpu_parts(HBY_DOT_X86_VNNI, 16);
    assert_true(unit.floats == 1 && unit.integers == 1);
    for (size_t d = 0; d < sizeof dots / sizeof *dots; d++)
        for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
            const struct hby_cost_cpu c = hby_cl_cpu_parts(dots[d], lanes[i]);
            assert_true(c.floats > 0 && c.floats <= 1 && c.integers > 0 && c.integers <= 1);
            if (i > 0) {
                const struct hby_cost_cpu wider = hby_cl_cpu_parts(dots[d], lanes[i - 1]);
                assert_true(c.floats < wider.floats && c.integers <= wider.integers);
            }
            assert_true(hby_cl_cpu_parts(HBY_DOT_PORTABLE, lanes[i]).integers <= c.integers &&
                        c.integers <= hby_cl_cpu_parts(HBY_DOT_X86_VNNI, lanes[i]).integers);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(processors_are_read), cmocka_unit_test(weaker_is_not_faster)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
