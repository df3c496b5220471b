#ifndef HBY_BENCH_INPUTS_H
#define HBY_BENCH_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills input number `index` with the same seeded values in every process: a smooth image with a little noise, in [0, 1] for floats and over the full range
 * for 8 and 16-bit integers; small numbers for wider integers, which are usually indices. False if the type cannot be fed. */
bool bench_fill(int index, uint32_t type, void *data, size_t bytes);

#endif
