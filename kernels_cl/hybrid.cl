/* Float activations quantized to int8 while the model runs, one image (or one row of FULLY_CONNECTED) at a time: dynamic range steps before conv_hybrid.cl and
 * depthwise_hybrid.cl. The arithmetic is host_ref/hybrid.h's.
 *
 * in     [batch][lines][width], float or half (HBY_IN_TYPE: nest.clh)
 * range  [batch * parts][2]: the least, negated, and the most of each part
 * row    [batch]
 * q      [batch][padded_lines][pitch] bytes, and slack
 * Short images: hby_hybrid_whole does all, a work-group each. Else hby_hybrid_range, a work-group per part; then hby_hybrid_quantize, where on CPUs each of the
 * few work-items joins the parts; elsewhere (HBY_JOINS) each work-group does, which is quicker than a launch, or, of several images, hby_hybrid_join in
 * between. On a CPU a work-group is one work-item. */
#include "group.clh"
#include "hybrid_row.clh"
#include "nest.clh"

#ifndef HBY_IN_TYPE
#define HBY_IN_TYPE 0
#endif
typedef const __global HBY_P(HBY_IN_TYPE) *hby_floats;
#ifndef HBY_JOINS
#define HBY_JOINS 0
#endif

/* The first n lanes of v, low bytes, to element i of p. */
#if HBY_X86_AVX512
typedef char16 hby_bytes16 __attribute__((aligned(1)));
static inline void hby_put_bytes(hby_vi v, __global char *p, int i, int n)
{
    __asm__("vpmovdb %1, %0%{%2%}" : "+m"(*(__global hby_bytes16 *)(p + i)) : "v"(v), "Yk"((ushort)((1u << min(n, 16)) - 1u)));
}
#else
static inline void hby_put_bytes(hby_vi v, __global char *p, int i, int n)
{
    const hby_vi low = (v << 24) >> 24;
    hby_put_2(low, p, i, n);
}
#endif

/* Of n elements from `first`, by the work-group; x: the least negated and the most. It is negated from the beginning: of a minimum that is negated behind the
 * loop, the vectorizer of Intel's CPU runtime makes one item's for all (right with -cl-opt-disable). */
HBY_WITH_LOCAL void hby_range_of(hby_floats in, size_t first, int n, float x[2], __local float *part)
{
    const __global HBY_P(HBY_IN_TYPE) *from = in + first;
    const int step = HBY_LANES * (int)get_local_size(0);
    const float one = HBY_GET(HBY_IN_TYPE, from, 0);
    hby_vf negated = -one, most = one;
    for (int i = HBY_LANES * (int)get_local_id(0); i < n; i += step) {
        const hby_vf v = hby_first(HBY_GETV(HBY_IN_TYPE, from, i), n - i, one);
        negated = select(negated, -v, negated < -v);
        most = select(most, v, most < v);
    }
    x[0] = hby_group_max(hby_lanes_max(negated), part);
    x[1] = hby_group_max(hby_lanes_max(most), part);
}

/* By the work-group; work-item 0 gets the row. */
HBY_WITH_LOCAL void hby_join_parts(const struct hby_hybrid_args *h, const __global float *range, int b, __local float *part, struct hby_hybrid_row *row)
{
    const __global float *of = range + 2 * (size_t)b * h->parts;
    float negated = of[0], most = of[1];
    for (int i = (int)get_local_id(0); i < h->parts; i += (int)get_local_size(0)) {
        negated = max(negated, of[2 * i]);
        most = max(most, of[2 * i + 1]);
    }
    negated = hby_group_max(negated, part);
    most = hby_group_max(most, part);
    if (get_local_id(0) == 0)
        *row = hby_hybrid_row(-negated, most, h->asymmetric);
}

static inline void hby_fill(__global char *q, int from, int to, int step, int zero)
{
    for (int i = from; i < to; i += step)
        hby_put_bytes((hby_vi)(zero), q, i, to - i);
}

/* The bytes [from, to) of one line of the padded image; in steps of `step`, of which this work-item takes the one at `mine`. */
static inline void hby_quantize_line(const struct hby_hybrid_args *h, const struct hby_hybrid_row *row, hby_floats in, __global char *q, int b, int line,
                                     int from, int to, int mine, int step)
{
    const int y = line - h->top, end = h->left + h->width, lowest = h->asymmetric ? -128 : -127;
    const bool inside = y >= 0 && y < h->lines;
    const size_t at = ((size_t)b * h->lines + (inside ? y : 0)) * h->width;
    hby_floats line_in = in + at;
    __global char *line_q = q + ((size_t)b * h->padded_lines + line) * h->pitch;
    const int first = inside ? clamp(h->left, from, to) : to, last = inside ? clamp(end, from, to) : to;
    hby_fill(line_q, from + mine, first, step, row->zero);
    for (int i = first + mine; i < last; i += step) {
        const hby_vf x = HBY_GETV(HBY_IN_TYPE, line_in, i - h->left) * row->inverse;
        /* ties away from zero: to the float below one half, the sum of anything less than a tie stays below the next integer */
        const hby_vi whole = HBY_CUT(HBY_V(convert_int))(x + copysign((hby_vf)(0.49999997f), x));
        hby_put_bytes(clamp(whole + row->offset, (hby_vi)(lowest), (hby_vi)(127)) + HBY_ACT_BIAS, line_q, i, last - i);
    }
    hby_fill(line_q, last + mine, to, step, row->zero);
}

__kernel void hby_hybrid_range(struct hby_hybrid_args h, const __global HBY_P(HBY_IN_TYPE) *in, __global float *range)
{
    __local float part[HBY_GROUP];
    const int group = (int)get_group_id(0), b = group / h.parts, count = h.lines * h.width, first = (group - b * h.parts) * h.part;
    float x[2];
    hby_range_of(in, (size_t)b * count + first, min(h.part, count - first), x, part);
    if (get_local_id(0) == 0) {
        range[2 * group] = x[0];
        range[2 * group + 1] = x[1];
    }
}

/* A work-group per image. */
__kernel void hby_hybrid_join(struct hby_hybrid_args h, const __global float *range, __global struct hby_hybrid_row *row)
{
    __local float part[HBY_GROUP];
    const int b = (int)get_group_id(0);
    struct hby_hybrid_row joined;
    hby_join_parts(&h, range, b, part, &joined);
    if (get_local_id(0) == 0)
        row[b] = joined;
}

/* Of batch * padded_lines rows of pitch bytes a work-group takes `chunk` bytes of each of rows_each. */
__kernel void hby_hybrid_quantize(struct hby_hybrid_args h, const __global HBY_P(HBY_IN_TYPE) *in, const __global float *range,
                                  __global struct hby_hybrid_row *row, __global char *q, int chunk, int rows, int rows_each)
{
    const int from = (int)get_group_id(0) * chunk, to = min(from + chunk, h.pitch);
    const int first = (int)get_group_id(1) * rows_each, last = min(first + rows_each, rows);
    const int mine = HBY_LANES * (int)get_local_id(0), step = HBY_LANES * (int)get_local_size(0);
    struct hby_hybrid_row r;
#if HBY_JOINS
    __local float part[HBY_GROUP];
    __local struct hby_hybrid_row joined;
    hby_join_parts(&h, range, 0, part, &r);
    if (mine == 0)
        joined = r;
    if (mine == 0 && from == 0 && first == 0)
        row[0] = r;
    barrier(CLK_LOCAL_MEM_FENCE);
    r = joined;
#endif
    for (int i = first, known = HBY_JOINS - 1; i < last && from < to; i++) {
        const int b = i / h.padded_lines, line = i - b * h.padded_lines;
        if (b != known) {
#if HBY_DEVICE_CPU
            hby_join_parts(&h, range, b, 0, &r);
            if (from == 0 && line == 0)
                row[b] = r;
#else
            r = row[b];
#endif
            known = b;
        }
        hby_quantize_line(&h, &r, in, q, b, line, from, to, mine, step);
    }
}

__kernel void hby_hybrid_whole(struct hby_hybrid_args h, const __global HBY_P(HBY_IN_TYPE) *in, __global struct hby_hybrid_row *row, __global char *q)
{
    __local float part[HBY_GROUP];
    const int b = (int)get_group_id(0), count = h.lines * h.width, me = (int)get_local_id(0);
    float x[2];
    hby_range_of(in, (size_t)b * count, count, x, part);
    const struct hby_hybrid_row r = hby_hybrid_row(-x[0], x[1], h.asymmetric);
    if (me == 0)
        row[b] = r;
    for (int line = 0; line < h.padded_lines; line++)
        hby_quantize_line(&h, &r, in, q, b, line, 0, h.pitch, HBY_LANES * me, HBY_LANES * (int)get_local_size(0));
}
