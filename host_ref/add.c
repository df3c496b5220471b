/* ADD: see host_ref/binary.h, and tflite/kernels/add.cc for the parameters. */
#include "host_ref/binary.h"

void hby_ref_add_float(const struct hby_ref_call *c)
{
    hby_ref_sum_float(c, 1.0f);
}

void hby_ref_add_i8(const struct hby_ref_call *c)
{
    hby_ref_sum_quantized(c, HBY_I8, 1);
}

void hby_ref_add_u8(const struct hby_ref_call *c)
{
    hby_ref_sum_quantized(c, HBY_U8, 1);
}

void hby_ref_add_i16(const struct hby_ref_call *c)
{
    hby_ref_sum_quantized(c, HBY_I16, 1);
}

void hby_ref_add_i32(const struct hby_ref_call *c)
{
    hby_ref_sum_plain(c, 1);
}
