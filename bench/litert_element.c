/* Sizes of LiteRT's element types. */
#include "bench/litert.h"

size_t litert_element_bytes(uint32_t type)
{
    switch (type) {
    case LITERT_FLOAT32:
    case LITERT_INT32:
    case LITERT_UINT32:
        return 4;
    case LITERT_INT64:
    case LITERT_UINT64:
    case LITERT_FLOAT64:
        return 8;
    case LITERT_INT16:
    case LITERT_UINT16:
    case LITERT_FLOAT16:
        return 2;
    default:
        return 1;
    }
}
