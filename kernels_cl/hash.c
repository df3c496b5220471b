/* XXH64, after its published specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). */
#include "kernels_cl/hash.h"

#include <string.h>

static const uint64_t p1 = 0x9E3779B185EBCA87u, p2 = 0xC2B2AE3D27D4EB4Fu, p3 = 0x165667B19E3779F9u, p4 = 0x85EBCA77C2B2AE63u, p5 = 0x27D4EB2F165667C5u;

static uint64_t rotate(uint64_t x, int n)
{
    return (x << n) | (x >> (64 - n));
}

static uint64_t word64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t step(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * p2, 31) * p1;
}

static uint64_t merge(uint64_t acc, uint64_t lane)
{
    return (acc ^ step(0, lane)) * p1 + p4;
}

uint64_t hby_xxh64(const void *data, size_t bytes, uint64_t seed)
{
    const unsigned char *p = data;
    size_t left = bytes;
    uint64_t acc;
    if (left >= 32) {
        uint64_t lane[4] = {seed + p1 + p2, seed + p2, seed, seed - p1};
        for (; left >= 32; left -= 32, p += 32)
            for (int i = 0; i < 4; i++)
                lane[i] = step(lane[i], word64(p + 8 * i));
        acc = rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
        for (int i = 0; i < 4; i++)
            acc = merge(acc, lane[i]);
    } else {
        acc = seed + p5;
    }
    acc += bytes;
    for (; left >= 8; left -= 8, p += 8)
        acc = rotate(acc ^ step(0, word64(p)), 27) * p1 + p4;
    if (left >= 4) {
        uint32_t v;
        memcpy(&v, p, sizeof v);
        acc = rotate(acc ^ (v * p1), 23) * p2 + p3;
        left -= 4;
        p += 4;
    }
    for (; left > 0; left--, p++)
        acc = rotate(acc ^ (*p * p5), 11) * p1;
    acc = (acc ^ (acc >> 33)) * p2;
    acc = (acc ^ (acc >> 29)) * p3;
    return acc ^ (acc >> 32);
}

struct hby_hash hby_hash_of(const void *data, size_t bytes)
{
    return (struct hby_hash){{hby_xxh64(data, bytes, 0), hby_xxh64(data, bytes, 0x48616C6662797465u)}};
}
