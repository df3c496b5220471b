/* FULLY_CONNECTED: the loop nest of a 1x1 convolution. Arithmetic: TFLite's reference FullyConnected and FullyConnectedPerChannel that take the scales as
 * floats (lowering has put them into a proven multiplier, or into table 2), and EvalHybridDense. */
#include "host_ref/hybrid.h"

void hby_ref_fully_connected_f32(const struct hby_ref_call *c)
{
    hby_conv_nest_float(c);
}

void hby_ref_fully_connected_f16(const struct hby_ref_call *c)
{
    hby_conv_nest_float(c);
}

void hby_ref_fully_connected_i8(const struct hby_ref_call *c)
{
    if (c->in_type[1] == HBY_I4)
        hby_conv_nest(c, false, HBY_I8, HBY_I4, false);
    else
        hby_conv_nest(c, false, HBY_I8, HBY_I8, false);
}

void hby_ref_fully_connected_u8(const struct hby_ref_call *c)
{
    hby_conv_nest(c, false, HBY_U8, HBY_U8, false);
}

void hby_ref_fully_connected_i16(const struct hby_ref_call *c)
{
    const bool wide = hby_conv_is_wide(c);
    if (c->in_type[1] == HBY_I4)
        hby_conv_nest(c, false, HBY_I16, HBY_I4, wide);
    else if (wide)
        hby_conv_nest(c, false, HBY_I16, HBY_I8, true);
    else
        hby_conv_nest(c, false, HBY_I16, HBY_I8, false);
}

void hby_ref_fully_connected_f32w8(const struct hby_ref_call *c)
{
    if (c->in_type[1] == HBY_I4)
        hby_hybrid_nest(c, HBY_I4, false);
    else
        hby_hybrid_nest(c, HBY_I8, false);
}
