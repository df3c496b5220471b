#include "types.clh"
#include "half.clh"

/* What cl_half.c checks before it believes half.clh, by one work-item, HBY_LANES at a time: out[i] is a[i] * b[i], and, behind the n of those, the product of
 * b[i] and the first of the lanes in a, plus a[i + HBY_LANES]; `a` has so many more. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void half_test(__global const ushort *a, __global const ushort *b, __global float *out, int n)
{
    for (int i = 0; i < n; i += HBY_LANES) {
        const __global half *x = (const __global half *)a + i, *y = (const __global half *)b + i, *z = x + HBY_LANES;
        const hby_vh p = HBY_TABLE_H(x, 0), q = HBY_TABLE_H(y, 0);
        HBY_V(vstore)(hby_h_float(hby_h_mul(p, q)), 0, out + i);
        HBY_V(vstore)(hby_h_float(hby_h_fma(hby_h_all(a[i]), q, HBY_TABLE_H(z, 0))), 0, out + n + i);
    }
}
