/* CONV_2D, grouped or not. Arithmetic: TFLite's reference ConvPerChannel (int8, 16x8), Conv (uint8, float) and the two hybrid kernels. */
#include "host_ref/hybrid.h"

void hby_ref_conv_2d_f32(const struct hby_ref_call *c)
{
    hby_conv_nest_float(c);
}

void hby_ref_conv_2d_f16(const struct hby_ref_call *c)
{
    hby_conv_nest_float(c);
}

void hby_ref_conv_2d_i8(const struct hby_ref_call *c)
{
    if (c->in_type[1] == HBY_I4)
        hby_conv_nest(c, false, HBY_I8, HBY_I4, false);
    else
        hby_conv_nest(c, false, HBY_I8, HBY_I8, false);
}

void hby_ref_conv_2d_u8(const struct hby_ref_call *c)
{
    hby_conv_nest(c, false, HBY_U8, HBY_U8, false);
}

void hby_ref_conv_2d_i16(const struct hby_ref_call *c)
{
    const bool wide = hby_conv_is_wide(c);
    if (c->in_type[1] == HBY_I4)
        hby_conv_nest(c, false, HBY_I16, HBY_I4, wide);
    else if (wide)
        hby_conv_nest(c, false, HBY_I16, HBY_I8, true);
    else
        hby_conv_nest(c, false, HBY_I16, HBY_I8, false);
}

void hby_ref_conv_2d_f32w8(const struct hby_ref_call *c)
{
    if (c->in_type[1] == HBY_I4)
        hby_hybrid_nest(c, HBY_I4, c->args->conv.asymmetric);
    else
        hby_hybrid_nest(c, HBY_I8, c->args->conv.asymmetric);
}
