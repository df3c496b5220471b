/* CONV_2D, grouped or not; but for dynamic range, FULLY_CONNECTED as well, as a 1x1 window over rows. Arithmetic: TFLite's reference ConvPerChannel (int8,
 * 16x8), Conv (uint8, float), the two hybrid kernels, and FullyConnected and FullyConnectedPerChannel that take the scales as floats (lowering has put them
 * into a proven multiplier, or into table 2). */
#include "host_ref/hybrid.h"

void hby_ref_conv_2d_float(const struct hby_ref_call *c)
{
#define NEST(a, w) hby_conv_nest(c, true, a, w, false)
    HBY_CONV_FLOAT_TYPES(c, NEST);
#undef NEST
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
