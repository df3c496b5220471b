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

/* f is not negative: the truncated half is the whole part, and what is left over tells how to round, ties up. */
static inline int hby_nearest(int at, float scale, int size, const struct hby_args_resize *p)
{
    const float f = ((float)at + (p->half_pixel_centers ? 0.5f : 0.0f)) * scale;
    const int whole = (int)f;
    return min(whole + (p->align_corners && f - (float)whole >= 0.5f ? 1 : 0), size - 1);
}

HBY_NEST_KERNEL void hby_resize_nearest(const struct hby_args_resize p, __global const HBY_E *in, __global HBY_E *out, int chunk, int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, n = min(p.channels - from, chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last;) { /* the pixels of one line */
        const int line = row / p.out_w, x_first = row - line * p.out_w, x_last = min(p.out_w, x_first + last - row);
        const int source = hby_pixel(&p, line / p.out_h, hby_nearest(line % p.out_h, p.scale_h, p.in_h, &p), 0) + from;
        for (int x = x_first; x < x_last; x++, row++)
            hby_copy_run(in + source + hby_nearest(x, p.scale_w, p.in_w, &p) * p.channels, out + row * p.channels + from, n);
    }
}

#if HBY_TYPE != 5

/* Between which two rows (or columns) does an output coordinate fall, and how far from the first: for HBY_LANES coordinates at once. Integers count in Q10.
 * uint8 is computed in float, in the reference's order of operations; with HBY_BLEND see HBY_BLEND_*. */
#ifndef HBY_BLEND
#define HBY_BLEND HBY_BLEND_REF
#endif
#if HBY_BLEND == HBY_BLEND_Q11
typedef hby_vi hby_weight;
static inline hby_weight hby_between(hby_vi at, float scale, int scale_10, int size, int half_pixel, hby_vi *low, hby_vi *high)
{
    const hby_vf scaled = HBY_V(convert_float)(at) * scale;
    const hby_vf place = fmin(half_pixel ? fmax(scaled + (0.5f * scale - 0.5f), (hby_vf)(0.0f)) : scaled, (hby_vf)((float)(size - 1)));
    *low = HBY_CUT(HBY_V(convert_int))(place);
    *high = min(*low + 1, (hby_vi)(size - 1));
    return HBY_CUT(HBY_V(convert_int))(rint((place - HBY_V(convert_float)(*low)) * 2048.0f));
}
#elif HBY_FLOAT || HBY_TYPE == 3
typedef hby_vf hby_weight;
static inline hby_weight hby_between(hby_vi at, float scale, int scale_10, int size, int half_pixel, hby_vi *low, hby_vi *high)
{
    const hby_vf place = HBY_V(convert_float)(at), f = half_pixel ? (place + 0.5f) * scale - 0.5f : place * scale;
    *low = clamp(HBY_CUT(HBY_V(convert_int))(floor(f)), (hby_vi)(0), (hby_vi)(size - 1));
    *high = min(HBY_CUT(HBY_V(convert_int))(ceil(f)), (hby_vi)(size - 1));
    return f - HBY_V(convert_float)(*low);
}
#else
typedef hby_vi hby_weight;
/* A quotient by 2^10 is truncated: the negative ones, above -1024, give 0. A rounded step can lead past the end. */
static inline hby_weight hby_between(hby_vi at, float scale, int scale_10, int size, int half_pixel, hby_vi *low, hby_vi *high)
{
    const hby_vi q = half_pixel ? at * scale_10 + (scale_10 / 2 - 512) : at * scale_10;
    *low = clamp(q >> 10, (hby_vi)(0), (hby_vi)(size - 1));
    *high = min((q + 1023) >> 10, (hby_vi)(size - 1));
    return q - (*low << 10);
}
#endif

/* A blend in two steps, in the reference's order of operations: v[0..3], upper left, lower left, upper right and lower right, become products with the share of
 * their line, which neighbours in a line of the output have in common; then columns are blended. int8: terms below 2^29, so 32 bits hold the sum of four; int16
 * needs 64. */
#if HBY_BLEND == HBY_BLEND_Q11
typedef hby_vi hby_vs;
#define HBY_BLENDED(v) (v)
#define HBY_WEIGHT_1 2048
#elif HBY_FLOAT || HBY_TYPE == 3
typedef hby_vf hby_vs;
#define HBY_BLENDED(v) HBY_V(convert_float)(v)
#define HBY_WEIGHT_1 1.0f
#elif HBY_TYPE == 2
typedef hby_vi hby_vs;
#define HBY_BLENDED(v) (v)
#define HBY_WEIGHT_1 1024
#else
typedef hby_vl hby_vs;
#define HBY_BLENDED(v) HBY_V(convert_long)(v)
#define HBY_WEIGHT_1 1024
#endif
#if HBY_BLEND == HBY_BLEND_OPT
/* The weights of the four are multiplied before anything else. */
struct hby_corners {
    hby_vs v[4], dy;
};
static inline struct hby_corners hby_blend_lines(const hby_vc v[4], hby_weight dy)
{
    const struct hby_corners s = {{HBY_BLENDED(v[0]), HBY_BLENDED(v[1]), HBY_BLENDED(v[2]), HBY_BLENDED(v[3])}, dy};
    return s;
}
static inline hby_vc hby_blend_columns(const struct hby_corners *c, hby_weight dx)
{
    const hby_vf to_y = 1.0f - c->dy, to_x = 1.0f - dx;
    return HBY_CUT(HBY_V(convert_int))(c->v[0] * (to_y * to_x) + c->v[2] * (to_y * dx) + c->v[1] * (c->dy * to_x) + c->v[3] * (c->dy * dx) + 0.5f);
}
#else
struct hby_corners {
    hby_vs v[4];
};
static inline struct hby_corners hby_blend_lines(const hby_vc v[4], hby_weight dy)
{
    const hby_vs low = HBY_BLENDED(HBY_WEIGHT_1 - dy), high = HBY_BLENDED(dy);
    const struct hby_corners s = {{HBY_BLENDED(v[0]) * low, HBY_BLENDED(v[1]) * high, HBY_BLENDED(v[2]) * low, HBY_BLENDED(v[3]) * high}};
    return s;
}
static inline hby_vc hby_blend_columns(const struct hby_corners *c, hby_weight dx)
{
    const hby_vs low = HBY_BLENDED(HBY_WEIGHT_1 - dx), high = HBY_BLENDED(dx);
    const hby_vs s = c->v[0] * low + c->v[1] * low + c->v[2] * high + c->v[3] * high;
#if HBY_FLOAT
    return s;
#elif HBY_BLEND == HBY_BLEND_Q11
    return (s + (hby_vs)(1 << 21)) >> (hby_vs)(22);
#elif HBY_TYPE == 3
    return HBY_CUT(HBY_V(convert_int))(s + 0.5f);
#else
    /* divided by 2^20, ties away from zero: (s + 2^19 - [s <= 0]) >> 20 is the truncated quotient of s plus or minus 2^19 */
    return HBY_V(convert_int)((s + (hby_vs)(1 << 19) + (s <= (hby_vs)(0))) >> (hby_vs)(20));
#endif
}
#endif

/* Channels are the outer loop: while neighbours lie between the same pixels of the input, as most do where an image grows much, their corners stay in
 * registers. */
HBY_NEST_KERNEL void hby_resize_bilinear(const struct hby_args_resize p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out, int chunk,
                                         int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.channels, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int next = from; next < to; next += HBY_LANES) {
        const int i = to - from >= HBY_LANES ? min(next, to - HBY_LANES) : next; /* the last vector begins in the one before, and is stored whole */
        int x = first % p.out_w, line = first / p.out_w, seen_left = -1, seen_right = -1, upper = 0, lower = 0;
        hby_vi low, high;
        hby_weight dy = 0;
        struct hby_corners corners;
        for (int row = first; row < last; row++) {
            if (x == 0 || row == first) {
                dy = hby_between((hby_vi)(line % p.out_h), p.scale_h, p.scale_h_10, p.in_h, p.half_pixel_centers, &low, &high);
                upper = hby_pixel(&p, line / p.out_h, low.s0, 0) + i;
                lower = hby_pixel(&p, line / p.out_h, high.s0, 0) + i;
                seen_left = -1;
            }
            const hby_weight dx = hby_between((hby_vi)(x), p.scale_w, p.scale_w_10, p.in_w, p.half_pixel_centers, &low, &high);
            const int left = low.s0, right = high.s0;
            if (left != seen_left || right != seen_right) {
                const int l = left * p.channels, r = right * p.channels;
                const hby_vc v[4] = {HBY_GETV(HBY_TYPE, in, upper + l), HBY_GETV(HBY_TYPE, in, lower + l), HBY_GETV(HBY_TYPE, in, upper + r),
                                     HBY_GETV(HBY_TYPE, in, lower + r)};
                corners = hby_blend_lines(v, dy);
                seen_left = left;
                seen_right = right;
            }
            HBY_PUT(HBY_TYPE, hby_blend_columns(&corners, dx), out, row * p.channels + i, to - i);
            if (++x == p.out_w) {
                x = 0;
                line++;
            }
        }
    }
}

#if (HBY_TYPE == 2 && HBY_BLEND == HBY_BLEND_REF || HBY_TYPE == 0) && HBY_LANES == 16

/* Three to eight channels: a pixel is a vector of eight lanes, of which the last belong to the next pixel and are overwritten by it. hby_column is what a
 * column of two pixels gives; places and blends are those of hby_between, hby_blend_lines and hby_blend_columns. */
#if HBY_TYPE == 2
typedef int hby_share;
typedef int8 hby_column;
#define HBY_SHARE_1 1024
static inline hby_share hby_place(int at, float scale, int scale_10, int size, int half_pixel, int *low, int *high)
{
    const int q = half_pixel ? at * scale_10 + (scale_10 / 2 - 512) : at * scale_10;
    *low = clamp(q >> 10, 0, size - 1);
    *high = min((q + 1023) >> 10, size - 1);
    return q - (*low << 10);
}
static inline hby_column hby_column_of(const __global char *upper, const __global char *lower, hby_share dy)
{
    return convert_int8(vload8(0, upper)) * (HBY_SHARE_1 - dy) + convert_int8(vload8(0, lower)) * dy;
}
static inline char8 hby_across(hby_column left, hby_column right, hby_share dx)
{
    const int8 s = left * (HBY_SHARE_1 - dx) + right * dx;
    return convert_char8((s + (1 << 19) + (s <= 0)) >> 20);
}
#else
typedef float hby_share;
typedef struct {
    float8 upper, lower;
} hby_column;
#define HBY_SHARE_1 1.0f
static inline hby_share hby_place(int at, float scale, int scale_10, int size, int half_pixel, int *low, int *high)
{
    const float place = (float)at, f = half_pixel ? (place + 0.5f) * scale - 0.5f : place * scale;
    const int whole = (int)f; /* f > -1: what is below 0 is at 0 */
    *low = min(whole, size - 1);
    *high = min(whole + ((float)whole < f), size - 1);
    return f - (float)*low;
}
static inline hby_column hby_column_of(const __global float *upper, const __global float *lower, hby_share dy)
{
    const hby_column column = {vload8(0, upper) * (HBY_SHARE_1 - dy), vload8(0, lower) * dy};
    return column;
}
static inline float8 hby_across(hby_column left, hby_column right, hby_share dx)
{
    return left.upper * (HBY_SHARE_1 - dx) + left.lower * (HBY_SHARE_1 - dx) + right.upper * dx + right.lower * dx;
}
#endif

/* A row is a row of the output, of out_w pixels. */
HBY_NEST_KERNEL void hby_resize_bilinear_few(const struct hby_args_resize p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out, int chunk,
                                             int rows, int rows_each)
{
    const int from = (int)get_global_id(0) * chunk, to = min(p.out_w, from + chunk), c = p.channels;
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    for (int row = first; row < last; row++) {
        int top, bottom, seen_left = -1, seen_right = -1;
        const hby_share dy = hby_place(row % p.out_h, p.scale_h, p.scale_h_10, p.in_h, p.half_pixel_centers, &top, &bottom);
        const __global HBY_P(HBY_TYPE) *upper = in + hby_pixel(&p, row / p.out_h, top, 0), *lower = in + hby_pixel(&p, row / p.out_h, bottom, 0);
        __global HBY_P(HBY_TYPE) *to_row = out + (size_t)row * (size_t)(p.out_w * c);
        hby_column left = hby_column_of(upper, lower, dy), right = left;
        for (int i = from; i < to; i++) {
            int l, r;
            const hby_share dx = hby_place(i, p.scale_w, p.scale_w_10, p.in_w, p.half_pixel_centers, &l, &r);
            if (l != seen_left)
                left = l == seen_right ? right : hby_column_of(upper + l * c, lower + l * c, dy);
            if (r != seen_right)
                right = r == l ? left : hby_column_of(upper + r * c, lower + r * c, dy);
            seen_left = l;
            seen_right = r;
            if ((to - i) * c >= 8) {
                vstore8(hby_across(left, right, dx), 0, to_row + i * c);
            } else {
                HBY_P(HBY_TYPE) lane[8];
                vstore8(hby_across(left, right, dx), 0, lane);
                for (int k = 0; k < c; k++)
                    to_row[i * c + k] = lane[k];
            }
        }
    }
}
#endif

/* The same for few channels: a row is a whole row of the output, out_w * channels elements, of which a work-item takes `chunk`. */
HBY_NEST_KERNEL void hby_resize_bilinear_narrow(const struct hby_args_resize p, __global const HBY_P(HBY_TYPE) * in, __global HBY_P(HBY_TYPE) * out, int chunk,
                                                int rows, int rows_each)
{
    const int inner = p.out_w * p.channels, from = (int)get_global_id(0) * chunk, to = min(inner, from + chunk);
    const int first = (int)get_global_id(1) * rows_each, last = min(rows, first + rows_each);
    const hby_vf per_channel = (hby_vf)(HBY_ROUGHLY(1.0f / (float)p.channels));
    for (int row = first; row < last; row++) {
        hby_vi top, bottom, left, right;
        const hby_weight dy = hby_between((hby_vi)(row % p.out_h), p.scale_h, p.scale_h_10, p.in_h, p.half_pixel_centers, &top, &bottom);
        const int upper = hby_pixel(&p, row / p.out_h, top.s0, 0), lower = hby_pixel(&p, row / p.out_h, bottom.s0, 0);
        for (int i = from; i < to; i += HBY_LANES) {
            const hby_vi at = min((hby_vi)(i) + hby_lane(), (hby_vi)(to - 1));
            const hby_vi x = HBY_CUT(HBY_V(convert_int))((HBY_V(convert_float)(at) + 0.5f) * per_channel), c = at - x * p.channels; /* exact: at < 2^20 */
            const hby_weight dx = hby_between(x, p.scale_w, p.scale_w_10, p.in_w, p.half_pixel_centers, &left, &right);
            left = left * p.channels + c;
            right = right * p.channels + c;
            const hby_vc v[4] = {hby_get_at(in, upper + left), hby_get_at(in, lower + left), hby_get_at(in, upper + right), hby_get_at(in, lower + right)};
            const struct hby_corners corners = hby_blend_lines(v, dy);
            HBY_PUT(HBY_TYPE, hby_blend_columns(&corners, dx), out, row * inner + i, to - i);
        }
    }
}

#endif
