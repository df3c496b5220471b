/* gemmlowp's logistic and tanh on 16-bit fixed point: exp by a Taylor series on [-1/4, 0) and factors for the bits of the rest, then a division by three steps
 * of Newton's method. Arithmetic wraps at 16 bits, products round to nearest with ties away from zero, shifts to the left saturate. */
#include "partition/lstm_tables.h"

#include "partition/fixedpoint.h"

static int16_t wrap(int32_t x)
{
    return (int16_t)(uint16_t)x;
}

static int16_t mul(int16_t a, int16_t b)
{
    const int32_t ab = a * b;
    return a == INT16_MIN && b == INT16_MIN ? INT16_MAX : (int16_t)((ab + (ab >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/* x / 2^e, ties away from zero. */
static int16_t down(int16_t x, int e)
{
    return (int16_t)hby_rdbpot(x, e);
}

/* x * 2^e; what lies beyond (2^(15 - e) - 1) in magnitude saturates. */
static int16_t up(int16_t x, int e)
{
    const int threshold = (1 << (15 - e)) - 1;
    return x > threshold ? INT16_MAX : x < -threshold ? INT16_MIN : wrap(x * (1 << e));
}

/* A constant of 32 bits, rounded to 16. */
static int16_t constant(int32_t q31)
{
    return (int16_t)hby_rdbpot(q31, 16);
}

/* exp(a) in Q0.15 for a in [-1/4, 0) in Q0.15: the series around -1/8. */
static int16_t exp_near_zero(int16_t a)
{
    const int16_t at_centre = constant(1895147668), third = constant(715827883); /* exp(-1/8), 1/3 */
    const int16_t x = wrap(a + (1 << 12)), x2 = mul(x, x), x3 = mul(x2, x), x4 = mul(x2, x2);
    const int16_t rest = down(wrap(mul(wrap(down(x4, 2) + x3), third) + x2), 1); /* x^4/24 + x^3/6 + x^2/2 */
    return (int16_t)hby_clamp32(at_centre + mul(at_centre, wrap(x + rest)), INT16_MIN, INT16_MAX);
}

/* exp(a) in Q0.15 for a <= 0 with `bits` integer bits. */
static int16_t exp_of_negative(int16_t a, int bits)
{
    static const int32_t factor[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242}; /* exp(-2^e) in Q31, e from -2 */
    const int fraction = 15 - bits;
    const int16_t quarter = (int16_t)(1 << (fraction - 2)), near = wrap((a & (quarter - 1)) - quarter), rest = wrap(near - a);
    int16_t result = exp_near_zero(up(near, bits));
    for (int e = -2; e < bits && e < 5; e++)
        if (rest & 1 << (fraction + e))
            result = mul(result, constant(factor[e + 2]));
    if (bits > 5 && a < -(1 << (20 - bits))) /* below -32 */
        result = 0;
    return a == 0 ? INT16_MAX : result;
}

/* 1 / ((1 + a) / 2) in Q2.13, a in [0, 1) in Q0.15. */
static int16_t reciprocal(int16_t a)
{
    const int16_t half = (int16_t)((a + INT16_MAX + 1) / 2), one = 1 << 13;
    int16_t x = wrap(constant(1515870810) + mul(half, constant(-1010580540))); /* 48/17 - 32/17 * half */
    for (int i = 0; i < 3; i++)
        x = wrap(x + up(mul(x, wrap(one - mul(half, x))), 2));
    return x;
}

static int16_t logistic_at(int16_t x, int bits)
{
    const int16_t y = up(reciprocal(exp_of_negative(x > 0 ? wrap(-x) : x, bits)), 1);
    return x == 0 ? 1 << 14 : x > 0 ? y : wrap(INT16_MAX - y);
}

/* (1 - e) / (1 + e) with e = exp(-2 |x|). */
static int16_t tanh_at(int16_t x, int bits)
{
    const int16_t y = up(wrap(reciprocal(exp_of_negative(x < 0 ? x : wrap(-x), bits + 1)) - (1 << 13)), 2);
    return x == 0 ? 0 : x < 0 ? wrap(-y) : y;
}

void hby_lstm_logistic_table(int integer_bits, int16_t *table)
{
    for (int i = 0; i < HBY_LSTM_TABLE; i++)
        table[i] = logistic_at((int16_t)(i - 32768), integer_bits);
}

void hby_lstm_tanh_table(int integer_bits, int16_t *table)
{
    for (int i = 0; i < HBY_LSTM_TABLE; i++)
        table[i] = tanh_at((int16_t)(i - 32768), integer_bits);
}
