/* Seeded inputs. */
#include "bench/inputs.h"

#include <math.h>

#include "bench/litert.h"

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

bool bench_fill(int index, uint32_t type, void *data, size_t bytes)
{
    size_t n = bytes / litert_element_bytes(type);
    uint32_t state = 20261121u + 7919u * (uint32_t)index;
    for (size_t i = 0; i < n; i++) {
        double wave = 0.5 + 0.3 * sin(0.013 * (double)i) + 0.15 * sin(0.00071 * (double)i + 1);
        uint32_t random = next(&state);
        double v = fmin(fmax(wave + 0.2 * (random / 4294967296.0 - 0.5), 0), 1);
        switch (type) {
        case LITERT_FLOAT32:
            ((float *)data)[i] = (float)v;
            break;
        case LITERT_FLOAT64:
            ((double *)data)[i] = v;
            break;
        case LITERT_INT8:
            ((int8_t *)data)[i] = (int8_t)lround(v * 255 - 128);
            break;
        case LITERT_UINT8:
            ((uint8_t *)data)[i] = (uint8_t)lround(v * 255);
            break;
        case LITERT_INT16:
            ((int16_t *)data)[i] = (int16_t)lround(v * 65535 - 32768);
            break;
        case LITERT_INT32:
        case LITERT_UINT32:
            ((uint32_t *)data)[i] = random >> 30;
            break;
        case LITERT_INT64:
        case LITERT_UINT64:
            ((uint64_t *)data)[i] = random >> 30;
            break;
        case LITERT_BOOL:
            ((uint8_t *)data)[i] = (uint8_t)(random >> 31);
            break;
        default:
            return false;
        }
    }
    return true;
}
