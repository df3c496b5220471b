/* Convolution, transposed convolution and FULLY_CONNECTED in float arithmetic on float or half storage: a work-item computes HBY_MR output pixels x HBY_NR
 * vectors of channels, an implicit GEMM over the taps.
 *
 * in     NHWC.   zero   group_c zeros, and slack
 * w      [block][tap][group_c][16], float, or half with -DHBY_HALF_WEIGHTS; a block is 16 output channels of one group, padded with zeros
 * bias   [block][16] floats
 * -D HBY_MR, HBY_NR, HBY_TRANSPOSED, HBY_HALF_WEIGHTS */
#include "types.clh"
#include "conv_tile.clh"

#if HBY_HALF_WEIGHTS
#define HBY_W half
#if HBY_LANES == 16
#define HBY_WEIGHTS(p, i) HBY_LOAD_HALF16(p, i)
#else
#define HBY_WEIGHTS(p, i) vload_half4(0, (p) + (i))
#endif
#else
#define HBY_W float
#define HBY_WEIGHTS(p, i) HBY_V(vload)(0, (p) + (i))
#endif

/* Half activations of a CPU's tile are widened a chunk at a time, for one at a time is slow. */
#define HBY_WIDEN (HBY_SCHEME_f16 && HBY_DEVICE_CPU)
#define HBY_CHUNK 64

__kernel HBY_TILE_GROUP void hby_conv_f(struct hby_args_conv p, struct hby_conv_tiles t, const __global HBY_T *in, const __global HBY_T *zero,
    const __global HBY_W *w, const __global float *bias, __global HBY_T *out)
{
    const struct hby_tile s = hby_tile_here(&t, p.out_c);
    const int taps = p.k_h * p.k_w;
    const size_t block_weights = (size_t)taps * p.group_c * 16;
    if (s.row >= t.rows || s.channels <= 0)
        return;
    struct hby_rows rows;
    if (t.dense)
        hby_rows_dense(&rows, &p, s.row, t.rows);
    else
        hby_rows_start(&rows, &p, s.row, t.rows, s.group * p.group_c);

    hby_vf acc[HBY_MR][HBY_NR];
    HBY_EACH_ROW
        HBY_EACH_VECTOR acc[r][j] = 0.0f;
    const __global HBY_W *wp[HBY_NR];
    HBY_EACH_VECTOR wp[j] = w + HBY_TILE_BLOCK(t, s, j) * block_weights + HBY_TILE_LANE(t, s, j);
    for (int tap = 0; tap < taps; tap++) {
        const __global HBY_T *a[HBY_MR];
        if (t.dense) {
            HBY_EACH_ROW a[r] = in + rows.base[r];
        } else {
            const int ti = tap / p.k_w, tj = tap - ti * p.k_w;
            int any = -1;
            HBY_EACH_ROW {
                const int at = hby_rows_tap(&rows, &p, r, ti, tj);
                a[r] = at < 0 ? zero : in + at;
                any = max(any, at);
            }
            if (any < 0) { /* the whole tile is outside */
                HBY_EACH_VECTOR wp[j] += p.group_c * 16;
                continue;
            }
        }
#if HBY_WIDEN
        for (int k0 = 0; k0 < p.group_c; k0 += HBY_CHUNK) {
            const int n = min(HBY_CHUNK, p.group_c - k0);
            float x[HBY_MR][HBY_CHUNK];
            HBY_EACH_ROW
                for (int k = 0; k < n; k += 16)
                    vstore16(HBY_LOAD16(a[r], k0 + k), 0, x[r] + k);
            for (int k = 0; k < n; k++) {
                hby_vf b[HBY_NR];
                HBY_EACH_VECTOR b[j] = HBY_WEIGHTS(wp[j], 16 * k);
                HBY_EACH_ROW
                    HBY_EACH_VECTOR acc[r][j] = fma((hby_vf)(x[r][k]), b[j], acc[r][j]);
            }
            HBY_EACH_VECTOR wp[j] += n * 16;
        }
#else
        for (int k = 0; k < p.group_c; k++) {
            hby_vf b[HBY_NR];
            HBY_EACH_VECTOR b[j] = HBY_WEIGHTS(wp[j], 16 * k);
            HBY_EACH_ROW {
                const hby_vf x = (hby_vf)(HBY_LOAD(a[r], k));
                HBY_EACH_VECTOR acc[r][j] = fma(x, b[j], acc[r][j]);
            }
        }
        HBY_EACH_VECTOR wp[j] += p.group_c * 16;
#endif
    }

    HBY_EACH_VECTOR {
        const hby_vf b = HBY_V(vload)(0, bias + HBY_TILE_BLOCK(t, s, j) * 16 + HBY_TILE_LANE(t, s, j));
        HBY_EACH_ROW acc[r][j] = hby_clamp_float(acc[r][j] + b, p.f_min, p.f_max);
    }
    hby_tile_store(&s, &rows, acc, out + s.group * t.group_out + s.channel, p.out_c);
}
