/* tune.def -> numbers, by kind of device. */
#include "kernels_cl/kernel.h"

int hby_cl_tune(const struct hby_cl_device *dev, enum hby_cl_tune what)
{
    static const int table[HBY_TUNE_COUNT][3] = {
#define HBY_TUNE(name, gpu, cpu_asm, cpu, what) [HBY_TUNE_##name] = {gpu, cpu_asm, cpu},
#include "kernels_cl/tune.def"
#undef HBY_TUNE
    };
    return table[what][dev->info.kind != HBY_CL_CPU ? 0 : dev->info.is_host_cpu ? 1 : 2];
}
