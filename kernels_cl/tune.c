/* tune.def -> numbers, by kind of device. */
#include "kernels_cl/kernel.h"

int hby_cl_tune(const struct hby_cl_device *dev, enum hby_cl_tune what)
{
    static const int table[HBY_TUNE_COUNT][4] = {
#define HBY_TUNE(name, gpu, cpu_asm, cpu_wide, cpu, what) [HBY_TUNE_##name] = {gpu, cpu_asm, cpu_wide, cpu},
#include "kernels_cl/tune.def"
#undef HBY_TUNE
    };
    const struct hby_cl_info *in = &dev->info;
    return table[what][in->kind != HBY_CL_CPU ? 0 : in->x86_avx512 ? 1 : in->native_floats >= 16 && !in->is_host_cpu ? 2 : 3];
}
