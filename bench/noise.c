/* Was the machine ours? What other processes took of the processors, and whether the same arithmetic took as long before as after. */
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

/* An idle machine stays below these. */
static const double many_others = 0.05, much_slower = 0.10;

static struct {
    double wall, busy, own, loop; /* seconds */
    int processors;
} at_start;

static double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double seconds_of(const struct rusage *u)
{
    return (double)u->ru_utime.tv_sec + (double)u->ru_stime.tv_sec + ((double)u->ru_utime.tv_usec + (double)u->ru_stime.tv_usec) * 1e-6;
}

/* CPU time of this process and of those that it has waited for. */
static double own_seconds(void)
{
    struct rusage self = {0}, children = {0};
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return seconds_of(&self) + seconds_of(&children);
}

/* Seconds that the processors we may use were not idle, for anybody, or were taken by the hypervisor; below 0 where the system does not say. */
static double busy_seconds(int *processors)
{
    cpu_set_t mine;
    char line[512];
    double ticks = 0;
    *processors = 0;
    FILE *f = sched_getaffinity(0, sizeof mine, &mine) == 0 ? fopen("/proc/stat", "r") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        int cpu;
        unsigned long long user, nice, system, idle, wait, irq, soft, steal;
        if (sscanf(line, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, &user, &nice, &system, &idle, &wait, &irq, &soft, &steal) == 9 && cpu >= 0 &&
            cpu < CPU_SETSIZE && CPU_ISSET((size_t)cpu, &mine)) {
            ticks += (double)(user + nice + system + irq + soft + steal);
            ++*processors;
        }
    }
    if (f) {
        fclose(f);
    }
    return *processors ? ticks / (double)sysconf(_SC_CLK_TCK) : -1;
}

/* The least time of a fixed chain of products. */
static double loop_seconds(void)
{
    double least = 1e9;
    for (int i = 0; i < 12; i++) {
        volatile double sink = 0;
        double x = 1 + i * 1e-9;
        const double start = wall_seconds();
        for (int k = 0; k < 400000; k++) {
            x = x * 0.9999999 + 1e-7;
        }
        sink = x;
        (void)sink;
        least = fmin(least, wall_seconds() - start);
    }
    return least;
}

void bench_noise_start(void)
{
    at_start.loop = loop_seconds();
    at_start.wall = wall_seconds();
    at_start.own = own_seconds();
    at_start.busy = busy_seconds(&at_start.processors);
}

struct bench_noise bench_noise_end(void)
{
    int processors;
    const double busy = busy_seconds(&processors), own = own_seconds() - at_start.own, wall = wall_seconds() - at_start.wall, loop = loop_seconds();
    struct bench_noise n = {.others = -1, .slowdown = fmax(loop, at_start.loop) / fmax(fmin(loop, at_start.loop), 1e-9) - 1};
    if (busy >= 0 && at_start.busy >= 0 && processors == at_start.processors && wall > 0) {
        n.others = fmax(busy - at_start.busy - own, 0) / (wall * processors);
    }
    return n;
}

bool bench_noise_text(const struct bench_noise *n, char *text, size_t size)
{
    char others[96] = "", slower[96] = "";
    if (n->others > many_others) {
        snprintf(others, sizeof others, "other processes had %.0f %% of the processors' time", 100 * n->others);
    }
    if (n->slowdown > much_slower) {
        snprintf(slower, sizeof slower, "the same arithmetic took %.0f %% longer at one end than at the other", 100 * n->slowdown);
    }
    snprintf(text, size, "The machine was busy: %s%s%s. These times are longer than they should be.", others, *others && *slower ? ", and " : "", slower);
    return *others || *slower;
}
