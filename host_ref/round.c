/* ROUND of float: to nearest, ties to even. tflite/kernels/internal/reference/round.h. */
#include "host_ref/unary.h"

void hby_ref_round_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, rintf);
}
