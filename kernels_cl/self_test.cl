#include "types.clh"
#include "dot.clh"

/* What cl_features.c checks before it believes a variant of dot.clh and of the half conversions. One work-item.
 * n words of activations, 16 n of weights; dots: 16 sums per word, then one of hby_dot4 with the first weight. n_half groups of 16 halves: to float and
 * back. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void self_test(__global const int *a, __global const int *w, __global int *dots, int n,
                                                                      __global const ushort *half_in, __global float *floats, __global ushort *half_out,
                                                                      int n_half)
{
    for (int i = 0; i < n; i++) {
        vstore16(hby_dot4x16(a[i], vload16(i, w), (int16)(i - 7)), 0, dots + 17 * i);
        dots[17 * i + 16] = hby_dot4(a[i], w[16 * i], 1000003);
    }
    for (int i = 0; i < n_half; i++) {
        const float16 f = HBY_LOAD_HALF16((__global const half *)half_in, 16 * i);
        vstore16(f, i, floats);
        HBY_STORE_HALF16(f, (__global half *)half_out, 16 * i);
    }
}

#if HBY_DOT_X86_VNNI || HBY_DOT_X86_MADD || HBY_X86_AVX512 || HBY_X86_F16C
/* 1 per work-item, where the compiler leaves inline assembly as it is in work-groups of any size. PoCL 5 and 6 take such a statement for a call of a function
 * of their own, which allocates memory as its operands say (bytes, alignment, bytes more), and end the process where these are not constants. Here they are,
 * and what is then allocated is not at address 0. */
__kernel void asm_test(__global int *out)
{
    __private void *address;
    __asm__("xorl %k0, %k0" : "=r"(address) : "i"(64UL), "i"(16UL), "i"(0UL) : "cc");
    out[get_global_id(0)] = address == 0;
}
#endif
