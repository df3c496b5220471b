/* Two 64-bit lanes of XXH64 under different seeds: tells contents apart, and finds damage. Not a defence against forgery. */
#ifndef HBY_KERNELS_CL_HASH_H
#define HBY_KERNELS_CL_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hby_hash {
    uint64_t word[2];
};
uint64_t hby_xxh64(const void *data, size_t bytes, uint64_t seed);
struct hby_hash hby_hash_of(const void *data, size_t bytes);

#endif
