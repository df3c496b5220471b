/* Products of matrices by a warp. Which lane holds which element is what the PTX ISA says in "Matrix fragments for mma.m8n8k16, .m16n8k8, .m16n8k16 and
 * .m16n8k32": with e elements in a register, group g = lane / 4 and t = lane % 4, element i of a lane's registers is
 *
 * - of A: row g, and g + 8 of every second register; column e t + i % e, and 4 e more from the third register on
 * - of B: row e t + i % e, and 4 e more in the second register; column g
 * - of C: row g, and g + 8 from the third on; column 2 t + i % 2 */
#include <math.h>
#include <string.h>

#include "tests/ptx/ptx.h"

struct shape {
    int m, k, bytes; /* of an element; n is 8 */
    int a, b, c;     /* registers */
};

static const uint32_t *reg(const struct hby_ptx_warp *w, const struct hby_ptx_insn *i, int n)
{
    return (const uint32_t *)(const void *)hby_ptx_operand(w, i, n);
}

/* The bits of the elements of A and of B's columns. */
static void gather(const struct hby_ptx_warp *w, const struct hby_ptx_insn *insn, const struct shape *s, uint16_t a[16][32], uint16_t b[8][32])
{
    const int e = 4 / s->bytes, bits = 8 * s->bytes;
    const uint32_t ones = (1u << bits) - 1;
    for (int lane = 0; lane < HBY_PTX_LANES; lane++) {
        const int g = lane >> 2, t = lane & 3;
        for (int i = 0; i < s->a * e; i++) {
            const int row = g + 8 * (i / e & 1), column = e * t + i % e + 4 * e * (i / (2 * e));
            a[row][column] = (uint16_t)(reg(w, insn, s->c + i / e)[lane] >> bits * (i % e) & ones);
        }
        for (int i = 0; i < s->b * e; i++) {
            const int row = e * t + i % e + 4 * e * (i / e);
            b[g][row] = (uint16_t)(reg(w, insn, s->c + s->a + i / e)[lane] >> bits * (i % e) & ones);
        }
    }
}

static void integers(struct hby_ptx_warp *w, const struct hby_ptx_insn *insn, const struct shape *s, bool a_signed, bool b_signed)
{
    uint16_t a[16][32], b[8][32];
    int32_t x[16][32], y[8][32];
    gather(w, insn, s, a, b);
    for (int r = 0; r < s->m; r++)
        for (int k = 0; k < s->k; k++)
            x[r][k] = a_signed ? (int8_t)a[r][k] : a[r][k];
    for (int n = 0; n < 8; n++)
        for (int k = 0; k < s->k; k++)
            y[n][k] = b_signed ? (int8_t)b[n][k] : b[n][k];
    uint32_t out[4][HBY_PTX_LANES];
    for (int lane = 0; lane < HBY_PTX_LANES; lane++)
        for (int i = 0; i < s->c; i++) {
            const int row = (lane >> 2) + 8 * (i >> 1), column = 2 * (lane & 3) + (i & 1);
            int32_t sum = 0;
            for (int k = 0; k < s->k; k++)
                sum += x[row][k] * y[column][k];
            out[i][lane] = (uint32_t)sum + reg(w, insn, s->c + s->a + s->b + i)[lane];
        }
    for (int i = 0; i < s->c; i++)
        memcpy(hby_ptx_operand(w, insn, i), out[i], sizeof out[i]);
    w->group->launch->products++;
}

static float of_half(uint16_t h)
{
    const int exponent = h >> 10 & 31, fraction = h & 1023;
    const float f = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? ldexpf((float)(1024 + fraction), exponent - 25) : ldexpf((float)fraction, -24);
    return h & 0x8000 ? -f : f;
}

/* The order of the sums is nobody's promise, nor that they are rounded to the nearest: here they are exact to many bits, and rounded to zero. */
static float to_zero(double sum)
{
    const float f = (float)sum;
    return isfinite(sum) && fabs((double)f) > fabs(sum) ? nextafterf(f, 0) : f;
}

static void halves(struct hby_ptx_warp *w, const struct hby_ptx_insn *insn, const struct shape *s)
{
    uint16_t a[16][32], b[8][32];
    float x[16][16], y[8][16], out[4][HBY_PTX_LANES];
    gather(w, insn, s, a, b);
    for (int k = 0; k < s->k; k++) {
        for (int r = 0; r < s->m; r++)
            x[r][k] = of_half(a[r][k]);
        for (int n = 0; n < 8; n++)
            y[n][k] = of_half(b[n][k]);
    }
    for (int lane = 0; lane < HBY_PTX_LANES; lane++)
        for (int i = 0; i < s->c; i++) {
            const int row = (lane >> 2) + 8 * (i >> 1), column = 2 * (lane & 3) + (i & 1);
            double sum = ((const float *)(const void *)hby_ptx_operand(w, insn, s->c + s->a + s->b + i))[lane];
            for (int k = 0; k < s->k; k++)
                sum += (double)x[row][k] * y[column][k];
            out[i][lane] = to_zero(sum);
        }
    for (int i = 0; i < s->c; i++)
        memcpy(hby_ptx_operand(w, insn, i), out[i], sizeof out[i]);
    w->group->launch->products++;
}

static const struct shape m16n8k32 = {16, 32, 1, 4, 2, 4}, m8n8k16 = {8, 16, 1, 1, 1, 2}, m16n8k16 = {16, 16, 2, 4, 2, 4}, m16n8k8 = {16, 8, 2, 2, 1, 4};

#define OF_BYTES(shape, a, a_signed, b, b_signed)                                                                                                              \
    static void mma_sync_aligned_##shape##_row_col_s32_##a##_##b##_s32(struct hby_ptx_warp *w, const struct hby_ptx_insn *i)                                   \
    {                                                                                                                                                          \
        integers(w, i, &shape, a_signed, b_signed);                                                                                                            \
    }
#define OF_HALVES(shape)                                                                                                                                       \
    static void mma_sync_aligned_##shape##_row_col_f32_f16_f16_f32(struct hby_ptx_warp *w, const struct hby_ptx_insn *i)                                       \
    {                                                                                                                                                          \
        halves(w, i, &shape);                                                                                                                                  \
    }
OF_BYTES(m16n8k32, s8, true, s8, true)
OF_BYTES(m16n8k32, u8, false, s8, true)
OF_BYTES(m8n8k16, s8, true, s8, true)
OF_BYTES(m8n8k16, u8, false, s8, true)
OF_HALVES(m16n8k16)
OF_HALVES(m16n8k8)

#define ROW(types, ...)                                                                                                                                        \
    {                                                                                                                                                          \
        "mma_sync_aligned_" #types, mma_sync_aligned_##types,                                                                                                  \
        {                                                                                                                                                      \
            __VA_ARGS__                                                                                                                                        \
        }                                                                                                                                                      \
    }
const struct hby_ptx_op hby_ptx_mma_ops[] = {
    ROW(m16n8k32_row_col_s32_s8_s8_s32, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4),
    ROW(m16n8k32_row_col_s32_u8_s8_s32, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4),
    ROW(m8n8k16_row_col_s32_s8_s8_s32, 4, 4, 4, 4, 4, 4),
    ROW(m8n8k16_row_col_s32_u8_s8_s32, 4, 4, 4, 4, 4, 4),
    ROW(m16n8k16_row_col_f32_f16_f16_f32, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4),
    ROW(m16n8k8_row_col_f32_f16_f16_f32, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4),
};
const int hby_ptx_n_mma_ops = sizeof hby_ptx_mma_ops / sizeof *hby_ptx_mma_ops;
