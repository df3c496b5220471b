/* EXP of float (quantized: table.c). tflite/kernels/internal/reference/exp.h. */
#include "host_ref/unary.h"

void hby_ref_exp_float(const struct hby_ref_call *c)
{
    hby_ref_map_float(c, expf);
}
