/* What each instruction computes, for the lanes that are on. A result is computed for all 32 lanes, so that the compiler makes vectors of it, and kept of
 * those. */
#include <math.h>
#include <string.h>

#include "tests/ptx/ptx.h"

typedef int8_t s8;
typedef uint8_t u8;
typedef int16_t s16;
typedef uint16_t u16;
typedef int32_t s32;
typedef uint32_t u32;
typedef int64_t s64;
typedef uint64_t u64;
typedef float f32;
typedef double f64;
typedef u32 m16, m32; /* products of 16, 32 and 64 bits */
typedef u64 m64;
__extension__ typedef __int128 s128;
__extension__ typedef unsigned __int128 u128;

#define LOCAL_WINDOW HBY_PTX_LOCAL_WINDOW
#define SHARED_WINDOW HBY_PTX_SHARED_WINDOW

static f32 of_bits(u32 bits)
{
    f32 f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static u32 bits_of(f32 f)
{
    u32 bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static f32 number(f32 f)
{
    return f == f ? f : of_bits(0x7fffffff);
}

/* Subnormals are zeros of their sign. */
static f32 flushed(f32 f)
{
    return f < 0x1p-126f && f > -0x1p-126f ? of_bits(bits_of(f) & 0x80000000u) : f;
}

/* An approximation that is as bad as it may be: the neighbour of the value that is not the nearest. */
static f32 nudged(f64 value)
{
    const f32 f = number((f32)value);
    const u32 bits = bits_of(f), exponent = bits >> 23 & 255;
    if (exponent < 2 || exponent > 253)
        return f;
    const bool up = (f64)f == value ? bits * 2654435761u >> 31 : (f64)f < value;
    return of_bits(bits + (up == (f > 0) ? 1u : ~0u));
}

/* Of zeros it is promised to be 1. */
static f32 power_of_2(f32 f)
{
    return f == 0 ? 1 : nudged(exp2(f));
}

static f32 least(f32 a, f32 b)
{
    return a < b ? a : b < a ? b : a == b ? of_bits(bits_of(a) | bits_of(b)) : a != a ? b : a;
}

/* hi + lo as a float: down, or to zero. */
static f32 directed(f64 hi, f64 lo, bool to_zero)
{
    const f32 f = (f32)hi;
    const f64 above = ((f64)f - hi) - lo;
    if (hi - hi != 0) /* infinite, or no number */
        return f;
    if (above > 0 && (!to_zero || f > 0))
        return nextafterf(f, -INFINITY);
    return above < 0 && to_zero && f < 0 ? nextafterf(f, INFINITY) : f;
}

static f64 sum_error(f64 a, f64 b, f64 sum)
{
    const f64 rest = sum - a;
    return (a - (sum - rest)) + (b - rest);
}

static f32 sum_to_zero(f32 a, f32 b)
{
    const f64 sum = (f64)a + b;
    return directed(sum, sum_error(a, b, sum), true);
}

static f64 sum_to_zero_64(f64 a, f64 b)
{
    const f64 sum = a + b, error = sum_error(a, b, sum); /* of infinite sums it is no number */
    return (sum > 0 && error < 0) || (sum < 0 && error > 0) ? nextafter(sum, 0) : sum;
}

static f32 fma_down(f32 a, f32 b, f32 c)
{
    const f64 product = (f64)a * b, sum = product + c;
    return directed(sum, sum_error(product, c, sum), false);
}

static s64 to_integer(f64 value, int bits, bool is_signed, s64 of_nan)
{
    const f64 end = ldexp(1, is_signed ? bits - 1 : bits);
    const u64 last = ~0ull >> (64 - bits + is_signed);
    if (value != value)
        return of_nan;
    if (value >= end)
        return (s64)last;
    if (value < 0)
        return !is_signed ? 0 : value < -end ? -(s64)last - 1 : (s64)value;
    return (s64)(u64)value;
}

static f32 half_to_float(u32 h)
{
    const u32 magnitude = h & 0x7fff;
    const f32 f = magnitude > 0x7c00 ? of_bits(0x7fffffff) : magnitude == 0x7c00 ? INFINITY : of_bits(magnitude << 13) * 0x1p112f;
    return of_bits(bits_of(f) | (magnitude > 0x7c00 ? 0 : (h & 0x8000) << 16));
}

static u32 float_to_half(f32 f)
{
    const u32 sign = bits_of(f) >> 16 & 0x8000, u = bits_of(f) & 0x7fffffff;
    if (f != f)
        return 0x7fff;
    if (u >= bits_of(65520.0f))
        return sign | 0x7c00;
    if (u < bits_of(0x1p-14f))
        return sign | (u32)__builtin_rintf(of_bits(u) * 0x1p24f);
    return sign | (u + 0xfff + (u >> 13 & 1) - (112u << 23)) >> 13;
}

/* a b + c of the halves in the low bits, rounded once: in double nothing is lost that could decide, and as a float whose last bit says that there was more. Of
 * c = -0 it is the product. */
static u32 half_fma(u32 a, u32 b, u32 c)
{
    const f64 exact = (f64)half_to_float(a & 0xffff) * half_to_float(b & 0xffff) + half_to_float(c & 0xffff);
    const f32 f = directed(exact, 0, true);
    return float_to_half(f == f && (f64)f != exact ? of_bits(bits_of(f) | 1) : f);
}

static u32 permute(u32 a, u32 b, u32 selector)
{
    const u64 both = (u64)b << 32 | a;
    u32 r = 0;
    for (int i = 0; i < 4; i++) {
        const u32 s = selector >> 4 * i & 15, byte = (u32)(both >> 8 * (s & 7)) & 255;
        r |= (s & 8 ? (byte >> 7) * 255 : byte) << 8 * i;
    }
    return r;
}

/* `count` bits of `a` from `from` on; behind them, and beyond the end of `a`, zeros or the last one's sign. */
static u64 field(u64 a, u32 from, u32 count, u32 bits, bool is_signed)
{
    from &= 255;
    count &= 255;
    const u32 last = from + count - 1 < bits - 1 ? from + count - 1 : bits - 1;
    const u64 sign = is_signed && count && a >> last & 1 ? ~0ull : 0;
    const u32 taken = from >= bits ? 0 : count < bits - from ? count : bits - from;
    const u64 ones = taken >= 64 ? ~0ull : (1ull << taken) - 1;
    return (taken ? a >> from & ones : 0) | (sign & ~ones);
}

static s32 dot(s32 a, s32 b, s32 sum, bool a_signed, bool b_signed)
{
    u32 r = (u32)sum;
    for (int i = 0; i < 4; i++) {
        const u32 x = (u32)a >> 8 * i & 255, y = (u32)b >> 8 * i & 255;
        r += (a_signed ? (u32)(s8)x : x) * (b_signed ? (u32)(s8)y : y);
    }
    return (s32)r;
}

#define REGISTER(type, n) ((type *)(void *)hby_ptx_operand(w, i, n))

/* Keeps the values of the lanes that are on. */
#define KEEP(type, n, value)                                                                                                                                   \
    do {                                                                                                                                                       \
        type *to = REGISTER(type, n);                                                                                                                          \
        const u32 on = w->mask;                                                                                                                                \
        if (on == HBY_PTX_ALL)                                                                                                                                 \
            memcpy(to, value, sizeof value);                                                                                                                   \
        else                                                                                                                                                   \
            for (int l = 0; l < HBY_PTX_LANES; l++)                                                                                                            \
                to[l] = on >> l & 1 ? value[l] : to[l];                                                                                                        \
    } while (0)
#define KEEP_BITS(n, value) (*REGISTER(u32, n) = (*REGISTER(u32, n) & ~w->mask) | ((value)&w->mask))

#define FUNCTION(name) static void name(struct hby_ptx_warp *w, const struct hby_ptx_insn *i)
#define HBY_UNARY(name, result, type_a, ...)                                                                                                                   \
    FUNCTION(name)                                                                                                                                             \
    {                                                                                                                                                          \
        const type_a *in = REGISTER(type_a, 1);                                                                                                                \
        result out[HBY_PTX_LANES];                                                                                                                             \
        for (int l = 0; l < HBY_PTX_LANES; l++) {                                                                                                              \
            const type_a a = in[l];                                                                                                                            \
            out[l] = (result)(__VA_ARGS__);                                                                                                                    \
        }                                                                                                                                                      \
        KEEP(result, 0, out);                                                                                                                                  \
    }
#define HBY_BINARY(name, result, type_a, type_b, ...)                                                                                                          \
    FUNCTION(name)                                                                                                                                             \
    {                                                                                                                                                          \
        const type_a *in_a = REGISTER(type_a, 1);                                                                                                              \
        const type_b *in_b = REGISTER(type_b, 2);                                                                                                              \
        result out[HBY_PTX_LANES];                                                                                                                             \
        for (int l = 0; l < HBY_PTX_LANES; l++) {                                                                                                              \
            const type_a a = in_a[l];                                                                                                                          \
            const type_b b = in_b[l];                                                                                                                          \
            out[l] = (result)(__VA_ARGS__);                                                                                                                    \
        }                                                                                                                                                      \
        KEEP(result, 0, out);                                                                                                                                  \
    }
#define HBY_TERNARY(name, result, type_a, type_b, type_c, ...)                                                                                                 \
    FUNCTION(name)                                                                                                                                             \
    {                                                                                                                                                          \
        const type_a *in_a = REGISTER(type_a, 1);                                                                                                              \
        const type_b *in_b = REGISTER(type_b, 2);                                                                                                              \
        const type_c *in_c = REGISTER(type_c, 3);                                                                                                              \
        result out[HBY_PTX_LANES];                                                                                                                             \
        for (int l = 0; l < HBY_PTX_LANES; l++) {                                                                                                              \
            const type_a a = in_a[l];                                                                                                                          \
            const type_b b = in_b[l];                                                                                                                          \
            const type_c c = in_c[l];                                                                                                                          \
            out[l] = (result)(__VA_ARGS__);                                                                                                                    \
        }                                                                                                                                                      \
        KEEP(result, 0, out);                                                                                                                                  \
    }
#define HBY_COMPARE(name, type, ...)                                                                                                                           \
    FUNCTION(name)                                                                                                                                             \
    {                                                                                                                                                          \
        const type *in_a = REGISTER(type, 1), *in_b = REGISTER(type, 2);                                                                                       \
        u32 bits = 0;                                                                                                                                          \
        for (int l = 0; l < HBY_PTX_LANES; l++) {                                                                                                              \
            const type a = in_a[l], b = in_b[l];                                                                                                               \
            bits |= (u32)(__VA_ARGS__) << l;                                                                                                                   \
        }                                                                                                                                                      \
        KEEP_BITS(0, bits);                                                                                                                                    \
    }
#define HBY_SELECT(name, type)                                                                                                                                 \
    FUNCTION(name)                                                                                                                                             \
    {                                                                                                                                                          \
        const type *a = REGISTER(type, 1), *b = REGISTER(type, 2);                                                                                             \
        const u32 which = *REGISTER(u32, 3);                                                                                                                   \
        type out[HBY_PTX_LANES];                                                                                                                               \
        for (int l = 0; l < HBY_PTX_LANES; l++)                                                                                                                \
            out[l] = which >> l & 1 ? a[l] : b[l];                                                                                                             \
        KEEP(type, 0, out);                                                                                                                                    \
    }
#include "tests/ptx/ops.def"

/* --- predicates --- */

FUNCTION(mov_pred)
{
    KEEP_BITS(0, *REGISTER(u32, 1));
}

FUNCTION(not_pred)
{
    KEEP_BITS(0, ~*REGISTER(u32, 1));
}

FUNCTION(and_pred)
{
    KEEP_BITS(0, *REGISTER(u32, 1) & *REGISTER(u32, 2));
}

FUNCTION(or_pred)
{
    KEEP_BITS(0, *REGISTER(u32, 1) | *REGISTER(u32, 2));
}

FUNCTION(xor_pred)
{
    KEEP_BITS(0, *REGISTER(u32, 1) ^ *REGISTER(u32, 2));
}

/* --- two registers in one --- */

#define PAIRS(name, type, part)                                                                                                                                \
    FUNCTION(name##_pack)                                                                                                                                      \
    {                                                                                                                                                          \
        const part *lo = REGISTER(part, 1), *hi = REGISTER(part, 2);                                                                                           \
        type out[HBY_PTX_LANES];                                                                                                                               \
        for (int l = 0; l < HBY_PTX_LANES; l++)                                                                                                                \
            out[l] = (type)hi[l] << 8 * sizeof(part) | lo[l];                                                                                                  \
        KEEP(type, 0, out);                                                                                                                                    \
    }                                                                                                                                                          \
    FUNCTION(name##_unpack)                                                                                                                                    \
    {                                                                                                                                                          \
        const type *in = REGISTER(type, 2);                                                                                                                    \
        part lo[HBY_PTX_LANES], hi[HBY_PTX_LANES];                                                                                                             \
        for (int l = 0; l < HBY_PTX_LANES; l++) {                                                                                                              \
            lo[l] = (part)in[l];                                                                                                                               \
            hi[l] = (part)(in[l] >> 8 * sizeof(part));                                                                                                         \
        }                                                                                                                                                      \
        KEEP(part, 0, lo);                                                                                                                                     \
        KEEP(part, 1, hi);                                                                                                                                     \
    }
PAIRS(mov_b32, u32, u16)
PAIRS(mov_b64, u64, u32)

/* --- carries, and fields of bits --- */

FUNCTION(mad_lo_cc_u32)
{
    const u32 *a = REGISTER(u32, 1), *b = REGISTER(u32, 2), *c = REGISTER(u32, 3);
    u32 out[HBY_PTX_LANES], carry = 0;
    for (int l = 0; l < HBY_PTX_LANES; l++) {
        const u64 sum = (u64)(a[l] * b[l]) + c[l];
        out[l] = (u32)sum;
        carry |= (u32)(sum >> 32) << l;
    }
    w->carry = (w->carry & ~w->mask) | (carry & w->mask);
    KEEP(u32, 0, out);
}

FUNCTION(madc_hi_u32)
{
    const u32 *a = REGISTER(u32, 1), *b = REGISTER(u32, 2), *c = REGISTER(u32, 3);
    u32 out[HBY_PTX_LANES];
    for (int l = 0; l < HBY_PTX_LANES; l++)
        out[l] = (u32)((u64)a[l] * b[l] >> 32) + c[l] + (w->carry >> l & 1);
    KEEP(u32, 0, out);
}

#define FIELDS(bits)                                                                                                                                           \
    FUNCTION(bfi_b##bits)                                                                                                                                      \
    {                                                                                                                                                          \
        const u##bits *a = REGISTER(u##bits, 1), *b = REGISTER(u##bits, 2);                                                                                    \
        const u32 *at = REGISTER(u32, 3), *count = REGISTER(u32, 4);                                                                                           \
        u##bits out[HBY_PTX_LANES];                                                                                                                            \
        for (int l = 0; l < HBY_PTX_LANES; l++) {                                                                                                              \
            const u32 from = at[l] & 255, n = count[l] & 255;                                                                                                  \
            const u##bits ones = n >= bits ? ~(u##bits)0 : ((u##bits)1 << n) - 1, place = from < bits ? ones << from : 0;                                      \
            out[l] = from < bits ? (b[l] & ~place) | (a[l] << from & place) : b[l];                                                                            \
        }                                                                                                                                                      \
        KEEP(u##bits, 0, out);                                                                                                                                 \
    }
FIELDS(32)
FIELDS(64)

/* --- the table --- */

static const struct hby_ptx_op ops[] = {
#define HBY_UNARY(name, result, a, ...) {#name, name, {sizeof(result), sizeof(a)}},
#define HBY_BINARY(name, result, a, b, ...) {#name, name, {sizeof(result), sizeof(a), sizeof(b)}},
#define HBY_TERNARY(name, result, a, b, c, ...) {#name, name, {sizeof(result), sizeof(a), sizeof(b), sizeof(c)}},
#define HBY_COMPARE(name, type, ...) {#name, name, {1, sizeof(type), sizeof(type)}},
#define HBY_SELECT(name, type) {#name, name, {sizeof(type), sizeof(type), sizeof(type), 1}},
#include "tests/ptx/ops.def"
    {"mov_pred", mov_pred, {1, 1}},
    {"not_pred", not_pred, {1, 1}},
    {"and_pred", and_pred, {1, 1, 1}},
    {"or_pred", or_pred, {1, 1, 1}},
    {"xor_pred", xor_pred, {1, 1, 1}},
    {"mov_b32_pack", mov_b32_pack, {4, 2, 2}},
    {"mov_b32_unpack", mov_b32_unpack, {2, 2, 4}},
    {"mov_b64_pack", mov_b64_pack, {8, 4, 4}},
    {"mov_b64_unpack", mov_b64_unpack, {4, 4, 8}},
    {"mad_lo_cc_u32", mad_lo_cc_u32, {4, 4, 4, 4}},
    {"madc_hi_u32", madc_hi_u32, {4, 4, 4, 4}},
    {"bfi_b32", bfi_b32, {4, 4, 4, 4, 4}},
    {"bfi_b64", bfi_b64, {8, 8, 8, 4, 4}},
};

const struct hby_ptx_op *hby_ptx_find_op(const char *name, size_t length)
{
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
        if (strlen(ops[k].name) == length && !memcmp(ops[k].name, name, length))
            return &ops[k];
    for (int k = 0; k < hby_ptx_n_mma_ops; k++)
        if (strlen(hby_ptx_mma_ops[k].name) == length && !memcmp(hby_ptx_mma_ops[k].name, name, length))
            return &hby_ptx_mma_ops[k];
    return NULL;
}
