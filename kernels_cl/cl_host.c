/* What this machine's processor can do. */
#include <stdio.h>
#include <string.h>

#include "kernels_cl/cl_state.h"

static void read_brand(const struct hby_cl_cpuid *id, char *brand, size_t size)
{
    unsigned r[4], text[13] = {0};
    if (!id->leaf(0x80000000u, 0, r) || r[0] < 0x80000004u)
        return;
    for (unsigned i = 0; i < 3; i++)
        id->leaf(0x80000002u + i, 0, text + 4 * i);
    const char *from = (const char *)text + strspn((const char *)text, " ");
    snprintf(brand, size, "%s", from);
    for (size_t n = strlen(brand); n > 0 && brand[n - 1] == ' '; n--)
        brand[n - 1] = 0;
}

void hby_cl_host_of(const struct hby_cl_cpuid *id, struct hby_cl_host *host)
{
    unsigned r[4];
    memset(host, 0, sizeof *host);
    read_brand(id, host->brand, sizeof host->brand);
    if (!id->leaf(1, 0, r) || !(r[2] & 1u << 27)) /* OSXSAVE */
        return;
    const uint64_t saved = id->saved();
    if ((saved & 6) != 6) /* xmm, ymm */
        return;
    host->f16c = (r[2] & 1u << 29) != 0;
    if (!id->leaf(7, 0, r))
        return;
    const unsigned subleaves = r[0], f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    host->avx2 = (r[1] & 1u << 5) != 0;
    host->avx512 = (saved & 0xe6) == 0xe6 && (r[1] & f_dq_bw_vl) == f_dq_bw_vl;
    host->avx512_vnni = host->avx512 && (r[2] & 1u << 11);
    host->avx_vnni = host->avx2 && subleaves >= 1 && id->leaf(7, 1, r) && (r[0] & 1u << 4);
}

#if defined(__x86_64__)
#include <cpuid.h>

static bool leaf(unsigned number, unsigned sub, unsigned r[4])
{
    return __get_cpuid_count(number, sub, &r[0], &r[1], &r[2], &r[3]);
}

static uint64_t saved_registers(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

void hby_cl_host_read(struct hby_cl_host *host)
{
    hby_cl_host_of(&(struct hby_cl_cpuid){leaf, saved_registers}, host);
}
#else
void hby_cl_host_read(struct hby_cl_host *host)
{
    memset(host, 0, sizeof *host);
}
#endif
