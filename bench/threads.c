/* Processors: by affinity, and by the variables of the implementations that do not look at it. */
#include "bench/threads.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

int bench_threads_available(void)
{
    cpu_set_t all;
    return sched_getaffinity(0, sizeof all, &all) == 0 ? CPU_COUNT(&all) : 1;
}

void bench_threads_limit(int threads)
{
    cpu_set_t all, some;
    char text[16];
    CPU_ZERO(&some);
    if (sched_getaffinity(0, sizeof all, &all) == 0 && CPU_COUNT(&all) > threads) {
        for (size_t cpu = 0, n = 0; cpu < CPU_SETSIZE && n < (size_t)threads; cpu++) {
            if (CPU_ISSET(cpu, &all)) {
                CPU_SET(cpu, &some);
                n++;
            }
        }
        sched_setaffinity(0, sizeof some, &some);
    }
    snprintf(text, sizeof text, "%d", threads);
    setenv("POCL_MAX_PTHREAD_COUNT", text, 0);        /* PoCL up to 3 */
    setenv("POCL_CPU_MAX_CU_COUNT", text, 0);         /* PoCL from 4 */
    setenv("CL_CONFIG_CPU_TBB_NUM_WORKERS", text, 0); /* Intel's runtime */
}
