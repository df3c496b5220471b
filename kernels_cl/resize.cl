/* RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR on NHWC: see struct hby_args_resize.
 *
 * A row is the channels of one output pixel: a work-item takes `chunk` channels (work dimension 0) of each of `rows_each` pixels (dimension 1). */
#include "args_move.h"
#include "nest.clh"

/* First element of input pixel (b, y, x). */
static inline int hby_pixel(const struct hby_args_resize *p, int b, int y, int x)
{
    return ((b * p->in_h + y) * p->in_w + x) * p->channels;
}

static inline int hby_nearest(int at, float scale, int size, const struct hby_args_resize *p)
{
    const float f = ((float)at + (p->half_pixel_centers ? 0.5f : 0.0f)) * scale;
    return clamp((int)(p->align_corners ? round(f) : floor(f)), 0, size - 1);
}

__kernel void hby_resize_nearest(const struct hby_args_resize p, __global const HBY_E *in, __global HBY_E *out, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, n = min(p.channels - from, chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        const int x = row % p.out_w, y = row / p.out_w % p.out_h, b = row / p.out_w / p.out_h;
        const int source = hby_pixel(&p, b, hby_nearest(y, p.scale_h, p.in_h, &p), hby_nearest(x, p.scale_w, p.in_w, &p));
        hby_copy_run(in + source + from, out + row * p.channels + from, n);
    }
}

#if HBY_TYPE != 5

/* Between which two rows (or columns) does an output coordinate fall, and how far from the first. Integers count in Q10. uint8 is computed in float, in
 * the reference's order of operations. */
#if HBY_FLOAT || HBY_TYPE == 3
typedef float hby_weight;
#define HBY_ONE 1.0f
static inline hby_weight hby_between(int at, float scale, int scale_10, int size, int half_pixel, int *low, int *high)
{
    const float f = half_pixel ? ((float)at + 0.5f) * scale - 0.5f : (float)at * scale;
    *low = clamp((int)floor(f), 0, size - 1);
    *high = min((int)ceil(f), size - 1);
    return f - (float)*low;
}
#else
typedef int hby_weight;
#define HBY_ONE 1024
static inline hby_weight hby_between(int at, float scale, int scale_10, int size, int half_pixel, int *low, int *high)
{
    const int q = half_pixel ? at * scale_10 + scale_10 / 2 - 512 : at * scale_10;
    *low = clamp(q / 1024, 0, size - 1); /* a rounded step can lead past the end */
    *high = min((q + 1023) / 1024, size - 1);
    return q - 1024 * *low;
}
#endif

/* v[0..3]: upper left, lower left, upper right, lower right. */
#if HBY_FLOAT || HBY_TYPE == 3
static inline hby_vc hby_blend(const hby_vc v[4], float dy, float dx)
{
#if HBY_FLOAT
    return v[0] * (1.0f - dy) * (1.0f - dx) + v[1] * dy * (1.0f - dx) + v[2] * (1.0f - dy) * dx + v[3] * dy * dx;
#else
    const hby_vf ul = HBY_V(convert_float)(v[0]), ll = HBY_V(convert_float)(v[1]), ur = HBY_V(convert_float)(v[2]), lr = HBY_V(convert_float)(v[3]);
    return HBY_V(convert_int)(ul * (1.0f - dy) * (1.0f - dx) + ll * dy * (1.0f - dx) + ur * (1.0f - dy) * dx + lr * dy * dx + 0.5f);
#endif
}
#else
/* int8: terms below 2^29, so 32 bits hold the sum of four; int16 needs 64. Divided by 2^20, ties away from zero. */
#if HBY_TYPE == 2
typedef hby_vi hby_vs;
#define HBY_WIDE(v) (v)
#else
typedef hby_vl hby_vs;
#define HBY_WIDE(v) HBY_V(convert_long)(v)
#endif
static inline hby_vc hby_blend(const hby_vc v[4], int dy, int dx)
{
    const hby_vs s = HBY_WIDE(v[0]) * (hby_vs)((1024 - dy) * (1024 - dx)) + HBY_WIDE(v[1]) * (hby_vs)(dy * (1024 - dx)) + HBY_WIDE(v[2]) * (hby_vs)((1024 - dy) * dx) +
                     HBY_WIDE(v[3]) * (hby_vs)(dy * dx);
    /* (s + 2^19 - [s <= 0]) >> 20 is the truncated quotient of s plus or minus 2^19 */
    return HBY_V(convert_int)((s + (hby_vs)(1 << 19) + (s <= (hby_vs)(0))) >> (hby_vs)(20));
}
#endif

__kernel void hby_resize_bilinear(const struct hby_args_resize p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.channels, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        int top, bottom, left, right;
        const int x = row % p.out_w, y = row / p.out_w % p.out_h, b = row / p.out_w / p.out_h;
        const hby_weight dy = hby_between(y, p.scale_h, p.scale_h_10, p.in_h, p.half_pixel_centers, &top, &bottom);
        const hby_weight dx = hby_between(x, p.scale_w, p.scale_w_10, p.in_w, p.half_pixel_centers, &left, &right);
        const int ul = hby_pixel(&p, b, top, left), ll = hby_pixel(&p, b, bottom, left), ur = hby_pixel(&p, b, top, right), lr = hby_pixel(&p, b, bottom, right);
        for (int i = from; i < to; i += HBY_LANES) {
            const hby_vc v[4] = {HBY_GETV(HBY_TYPE, in, ul + i), HBY_GETV(HBY_TYPE, in, ll + i), HBY_GETV(HBY_TYPE, in, ur + i), HBY_GETV(HBY_TYPE, in, lr + i)};
            HBY_PUT(HBY_TYPE, hby_blend(v, dy, dx), out, row * p.channels + i, to - i);
        }
    }
}

#endif
