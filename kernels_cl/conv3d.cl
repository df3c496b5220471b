/* CONV_3D of floats: a work-item computes one vector of output channels of one place; see struct hby_args_conv3d. HBY_WEIGHT_TYPE is the weights' storage
 * type. */
#include "types.clh"
#include "args_conv.h"
#include "nest.clh"

#ifndef HBY_WEIGHT_TYPE
#define HBY_WEIGHT_TYPE 0
#endif

__kernel void hby_conv3d(const struct hby_args_conv3d p, __global const HBY_P(HBY_TYPE) * in, __global const HBY_P(HBY_WEIGHT_TYPE) * weights,
                         __global const float *bias, __global HBY_P(HBY_TYPE) * out, int has_bias)
{
    const int channel = (int)get_global_id(0) * HBY_LANES, place = (int)get_global_id(1);
    if (channel >= p.out_c || place >= p.batch * p.out[0] * p.out[1] * p.out[2])
        return;
    const int x = place % p.out[2], line = place / p.out[2], y = line % p.out[1], d = line / p.out[1] % p.out[0], b = line / p.out[1] / p.out[0];
    const int left = x * p.stride[2] - p.pad[2], top = y * p.stride[1] - p.pad[1], front = d * p.stride[0] - p.pad[0];
    hby_vf sum = (hby_vf)(0.0f);
    for (int i = 0; i < p.k[0]; i++)
        for (int j = 0; j < p.k[1]; j++)
            for (int k = 0; k < p.k[2]; k++) {
                const int at_d = front + i * p.dilation[0], at_y = top + j * p.dilation[1], at_x = left + k * p.dilation[2];
                if (at_d < 0 || at_d >= p.in[0] || at_y < 0 || at_y >= p.in[1] || at_x < 0 || at_x >= p.in[2])
                    continue;
                const int from = (((b * p.in[0] + at_d) * p.in[1] + at_y) * p.in[2] + at_x) * p.in_c;
                int weight = ((i * p.k[1] + j) * p.k[2] + k) * p.in_c * p.out_c + channel;
                for (int n = 0; n < p.in_c; n++, weight += p.out_c)
                    sum = HBY_SUM_PRODUCT((hby_vf)(HBY_GET(HBY_TYPE, in, from + n)), HBY_GETV(HBY_WEIGHT_TYPE, weights, weight), sum);
            }
    if (has_bias)
        sum += HBY_GETV(0, bias, channel);
    HBY_PUT(HBY_TYPE, hby_clamp_float(sum, p.f_min, p.f_max), out, place * p.out_c + channel, p.out_c - channel);
}
