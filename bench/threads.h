/* How many processors a device that is the CPU may use. */
#ifndef HBY_BENCH_THREADS_H
#define HBY_BENCH_THREADS_H

/* Of those that this process may use now; 1 at least. */
int bench_threads_available(void);
/* Holds this process, and those that it starts, to `threads` processors, whatever OpenCL implementation it loads later. */
void bench_threads_limit(int threads);

#endif
