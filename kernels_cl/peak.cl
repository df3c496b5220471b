/* What the device can do at most, for bench/roofline: the products that the convolutions are made of, without memory, and a copy, with nothing else.
 *
 * A sum takes one product per round; sums are independent of each other, -DHBY_SUMS of them: as many as hide the latency and yet fit the registers.
 * `macs` receives how many products a work-item does in a round. */
#include "types.clh"
#include "wide.clh"
#if HBY_HALF_MATH
#include "half.clh"
#endif

#ifndef HBY_SUMS
#define HBY_SUMS 8
#endif
#define HBY_EACH_SUM HBY_UNROLL for (int r = 0; r < HBY_SUMS; r++)

/* Weights change from round to round, or the compiler would take the unpacking of them out of the loop. Where an instruction does it, a sum serves as the
 * weights of its neighbour, which costs nothing; elsewhere one addition changes those of all, as a tile's rows share theirs. */
#if HBY_DEVICE_CPU || HBY_DOT_PORTABLE
#define HBY_WEIGHTS_OF(r) w
#define HBY_NEXT_WEIGHTS w += step
#else
#define HBY_WEIGHTS_OF(r) acc[((r) + 1) % HBY_SUMS]
#define HBY_NEXT_WEIGHTS
#endif

static inline void hby_peak_store(hby_vi sum, int macs, __global int *out, __global int *per_round)
{
    const int i = (int)get_global_id(0);
    HBY_V(vstore)(sum, (size_t)i, out);
    if (i == 0)
        *per_round = macs;
}

/* int8 x int8 -> int32, four to a lane. */
HBY_NEST_KERNEL void hby_peak_i8(int seed, int rounds, __global int *out, __global int *macs)
{
    hby_vi acc[HBY_SUMS], sum = 0, w = seed;
    hby_word a[HBY_SUMS];
    const hby_vi step = seed | 1;
    HBY_EACH_SUM {
        acc[r] = seed + r;
        a[r] = seed * (r + 3);
    }
    for (int i = 0; i < rounds; i++) {
        HBY_EACH_SUM acc[r] = hby_dot_word(a[r], HBY_WEIGHTS_OF(r), acc[r]);
        HBY_NEXT_WEIGHTS;
    }
    HBY_EACH_SUM sum += acc[r];
    hby_peak_store(sum, 4 * HBY_LANES * HBY_SUMS, out, macs);
}

/* int16 x int8 -> int32, two to a lane. */
HBY_NEST_KERNEL void hby_peak_i16(int seed, int rounds, __global int *out, __global int *macs)
{
    hby_vi acc[HBY_SUMS], sum = 0, w = seed;
    const hby_vi step = seed | 1;
    HBY_EACH_SUM acc[r] = seed + r;
    for (int i = 0; i < rounds; i++) {
        HBY_EACH_SUM {
            const int a = seed * (r + 3);
#if HBY_DOT_X86_VNNI && HBY_X86_AVX512
            acc[r] = hby_multiply_add16((hby_vi)(a), w, acc[r]);
#elif HBY_MADD_PAIRS
            acc[r] += hby_madd16((hby_vi)(a), w);
#else
            acc[r] += ((w << 16) >> 16) * (hby_vi)((int)as_short2(a).x) + (w >> 16) * (hby_vi)((int)as_short2(a).y);
#endif
        }
        w += step;
    }
    HBY_EACH_SUM sum += acc[r];
    hby_peak_store(sum, 2 * HBY_LANES * HBY_SUMS, out, macs);
}

/* float32, fused. */
HBY_NEST_KERNEL void hby_peak_f32(int seed, int rounds, __global int *out, __global int *macs)
{
    hby_vf acc[HBY_SUMS], sum = 0.0f;
    const hby_vf x = 1.0f / (float)(seed | 4), y = (float)seed;
    HBY_EACH_SUM acc[r] = (float)r;
    for (int i = 0; i < rounds; i++)
        HBY_EACH_SUM acc[r] = fma(acc[r], x, y);
    HBY_EACH_SUM sum += acc[r];
    hby_peak_store(HBY_V(as_int)(sum), HBY_LANES * HBY_SUMS, out, macs);
}

#if HBY_HALF_MATH
/* float16, fused. */
HBY_NEST_KERNEL void hby_peak_f16(int seed, int rounds, __global int *out, __global int *macs)
{
    const hby_vh x = hby_h_all((ushort)(seed & 0x3bff)), y = hby_h_all((ushort)(seed * 3 & 0x3bff)); /* below 1 */
    hby_vh acc[HBY_SUMS];
    hby_vf sum = 0.0f;
    HBY_EACH_SUM acc[r] = hby_h_all((ushort)r);
    for (int i = 0; i < rounds; i++)
        HBY_EACH_SUM acc[r] = hby_h_fma(acc[r], x, y);
    HBY_EACH_SUM sum += hby_h_float(acc[r]);
    hby_peak_store(HBY_V(convert_int)(sum), HBY_LANES * HBY_SUMS, out, macs);
}
#endif

/* A work-group copies a run of `per_item` vectors per work-item. */
HBY_NEST_KERNEL void hby_copy(const __global float *in, __global float *out, int per_item)
{
    const size_t group = get_local_size(0), first = get_group_id(0) * group * (size_t)per_item + get_local_id(0);
    for (int i = 0; i < per_item; i++) {
        const size_t at = HBY_LANES * (first + (size_t)i * group);
        HBY_V(vstore)(HBY_V(vload)(0, in + at), 0, out + at);
    }
}
