#include "types.clh"

/* out[i] = min(max(out[i] + bias[i % n], f_min), f_max) in place: what a plain matrix product lacks. NaN stays NaN. One work-item per 4 elements.
 * HBY_HALF_BIAS: bias is stored in half; without bias (has_bias = 0) only the clamp is left. */
__kernel void hby_bias(__global HBY_T *out, __global const void *bias, int count, int n, int has_bias, float f_min, float f_max)
{
    const int from = (int)get_global_id(0) * 4, to = min(count, from + 4);
    for (int i = from; i < to; i++) {
        float v = HBY_LOAD(out, i);
#if HBY_HALF_BIAS
        v += has_bias ? vload_half(i % n, (__global const half *)bias) : 0.0f;
#else
        v += has_bias ? ((__global const float *)bias)[i % n] : 0.0f;
#endif
        v = v < f_min ? f_min : v;
        v = v > f_max ? f_max : v;
        HBY_STORE(v, out, i);
    }
}
