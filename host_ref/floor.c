/* FLOOR of float. tflite/kernels/internal/reference/floor.h. */
#include "host_ref/unary.h"

void hby_ref_floor_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, floorf);
}
