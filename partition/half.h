/* float16 <-> float32 in integer arithmetic, for every bit pattern: subnormals, infinities and NaNs included. */
#ifndef HBY_PARTITION_HALF_H
#define HBY_PARTITION_HALF_H

#include <stdint.h>
#include <string.h>

static inline float hby_half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t exponent = (h >> 10) & 31u, fraction = h & 0x3ffu, bits;
    if (exponent == 31) {
        bits = sign | 0x7f800000u | fraction << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    } else if (fraction) { /* subnormal: fraction * 2^-24, normal as a float */
        exponent = 113;
        while (!(fraction & 0x400u)) {
            fraction <<= 1;
            exponent--;
        }
        bits = sign | exponent << 23 | (fraction & 0x3ffu) << 13;
    } else {
        bits = sign;
    }
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Rounds to nearest, ties to even; 65520 and more become infinity; a NaN stays one (quiet). */
static inline uint16_t hby_float_to_half(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x477ff000u)
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude >= 0x38800000u) { /* normal: the carry out of the fraction raises the exponent */
        const uint32_t rounded = magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u);
        return (uint16_t)(sign | rounded >> 13);
    }
    if (magnitude < 0x33000000u) /* below 2^-25: zero */
        return (uint16_t)sign;
    const uint32_t down = 126 - (magnitude >> 23), fraction = (magnitude & 0x7fffffu) | 0x800000u; /* in units of 2^-24 after the shift */
    const uint32_t rest = fraction & ((1u << down) - 1), half = 1u << (down - 1);
    uint32_t q = fraction >> down;
    q += rest > half || (rest == half && (q & 1u));
    return (uint16_t)(sign | q);
}

#endif
