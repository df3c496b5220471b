/* What the bench and its worker processes say to each other, over two pipes. One worker runs one model in one place, so that a crash there is a row of the
 * table and nothing more. */
#ifndef HBY_BENCH_PROTOCOL_H
#define HBY_BENCH_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

enum { BENCH_COMMAND_FD = 3, BENCH_REPLY_FD = 4 };

/* Worker, once: ready, then its outputs' headers and bytes. Then for every command (a uint32 count of runs) that many doubles, in microseconds; 0 ends it.
 * A failure at any time: ready with ok == 0, or fewer bytes than promised. */
struct bench_ready {
    uint32_t ok, outputs;
    double setup_us, first_us, setup_cpu_us;
    uint64_t memory_bytes;
    char width[16], why[200];
};
static_assert(sizeof(struct bench_ready) == 256, "bench/reference.py packs the same");
struct bench_output_head {
    uint32_t type, bytes;
};

#endif
