/* One element of a tensor, by its storage type. Called with a type that is constant at compile time, the switch is gone.
 * Loads and stores go through memcpy: constants of a model may be only 4-byte aligned. */
#ifndef HBY_PARTITION_ELEMENT_H
#define HBY_PARTITION_ELEMENT_H

#include <stdint.h>
#include <string.h>

#include "partition/graph.h"
#include "partition/half.h"

#define HBY_INLINE static inline __attribute__((always_inline))

/* float32 or float16. */
HBY_INLINE float hby_load_float(const void *p, enum hby_type type, size_t i)
{
    if (type == HBY_F16) {
        uint16_t h;
        memcpy(&h, (const char *)p + 2 * i, sizeof h);
        return hby_half_to_float(h);
    }
    float f;
    memcpy(&f, (const char *)p + 4 * i, sizeof f);
    return f;
}

HBY_INLINE void hby_store_float(void *p, enum hby_type type, size_t i, float value)
{
    if (type == HBY_F16) {
        const uint16_t h = hby_float_to_half(value);
        memcpy((char *)p + 2 * i, &h, sizeof h);
    } else {
        memcpy((char *)p + 4 * i, &value, sizeof value);
    }
}

/* Any integer type; int4 is packed two per byte, low nibble first, signed. Other types read as 0. */
HBY_INLINE int64_t hby_load_int64(const void *p, enum hby_type type, size_t i)
{
    switch (type) {
    case HBY_I8:
        return ((const int8_t *)p)[i];
    case HBY_U8:
    case HBY_BOOL:
        return ((const uint8_t *)p)[i];
    case HBY_I4: {
        const int nibble = ((const uint8_t *)p)[i / 2] >> (i % 2 ? 4 : 0) & 15;
        return (nibble ^ 8) - 8;
    }
    case HBY_I16: {
        int16_t v;
        memcpy(&v, (const char *)p + 2 * i, sizeof v);
        return v;
    }
    case HBY_I32: {
        int32_t v;
        memcpy(&v, (const char *)p + 4 * i, sizeof v);
        return v;
    }
    case HBY_I64: {
        int64_t v;
        memcpy(&v, (const char *)p + 8 * i, sizeof v);
        return v;
    }
    default:
        return 0;
    }
}

/* Any integer type but int64. */
HBY_INLINE int32_t hby_load_int(const void *p, enum hby_type type, size_t i)
{
    return (int32_t)hby_load_int64(p, type, i);
}

/* The value must be in the type's range; int4 is never written. */
HBY_INLINE void hby_store_int(void *p, enum hby_type type, size_t i, int64_t value)
{
    switch (type) {
    case HBY_I8:
        ((int8_t *)p)[i] = (int8_t)value;
        break;
    case HBY_U8:
    case HBY_BOOL:
        ((uint8_t *)p)[i] = (uint8_t)value;
        break;
    case HBY_I16: {
        const int16_t v = (int16_t)value;
        memcpy((char *)p + 2 * i, &v, sizeof v);
        break;
    }
    case HBY_I32: {
        const int32_t v = (int32_t)value;
        memcpy((char *)p + 4 * i, &v, sizeof v);
        break;
    }
    case HBY_I64:
        memcpy((char *)p + 8 * i, &value, sizeof value);
        break;
    default:
        break;
    }
}

#endif
