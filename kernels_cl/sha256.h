/* SHA-256 (FIPS 180-4): what a file of the program cache must hold. */
#ifndef HBY_KERNELS_CL_SHA256_H
#define HBY_KERNELS_CL_SHA256_H

#include <stddef.h>

enum { HBY_SHA256_BYTES = 32 };
void hby_sha256(const void *data, size_t bytes, unsigned char digest[HBY_SHA256_BYTES]);

#endif
