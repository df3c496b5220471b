/* Has the device the matrix unit of mma.clh? Found out by building mma_test.cl and comparing what it computes. */
#include <stdio.h>
#include <string.h>

#include "kernels_cl/cl_state.h"
#include "partition/half.h"

enum { ROWS = 16, COLUMNS = 8, BYTES = 32 };

struct test {
    unsigned char a[ROWS][2 * BYTES], b[COLUMNS][BYTES]; /* a: of bytes and halves the first half, rows of BYTES one behind the other */
    union {
        int32_t i[ROWS][COLUMNS];
        float f[ROWS][COLUMNS];
    } c;
};

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* Extremes first, then anything; halves are multiples of 1/8 below 16, so that every sum is exact. */
static void fill(struct test *t, enum hby_scheme scheme)
{
    uint32_t seed = 7;
    unsigned char *bytes[2] = {&t->a[0][0], &t->b[0][0]};
    const int count[2] = {sizeof t->a, sizeof t->b};
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < count[s]; i++)
            bytes[s][i] = i < 40 ? (const unsigned char[]){128, 127, 255, 0, 129}[i % 5] : (unsigned char)(next(&seed) >> 24);
    for (int s = 0; s < 2 && scheme == HBY_SCHEME_f16; s++)
        for (int i = 0; i < count[s]; i += 2) {
            const uint16_t h = hby_float_to_half((float)((int)(next(&seed) >> 24) - 128) / 8.0f);
            memcpy(bytes[s] + i, &h, sizeof h);
        }
    for (int r = 0; r < ROWS; r++)
        for (int n = 0; n < COLUMNS; n++)
            if (scheme == HBY_SCHEME_f16)
                t->c.f[r][n] = (float)(r - n);
            else
                t->c.i[r][n] = 1000 * r - n;
}

static float half_at(const unsigned char *p)
{
    uint16_t h;
    memcpy(&h, p, sizeof h);
    return hby_half_to_float(h);
}

static int int_at(const unsigned char *row, int k, enum hby_scheme scheme)
{
    if (scheme == HBY_SCHEME_i16)
        return row[2 * k] + 256 * (int8_t)row[2 * k + 1];
    return scheme == HBY_SCHEME_u8 ? row[k] : (int8_t)row[k];
}

static void multiply(struct test *t, enum hby_scheme scheme)
{
    for (int r = 0; r < ROWS; r++)
        for (int n = 0; n < COLUMNS; n++)
            for (int k = 0; k < BYTES; k++) {
                const unsigned char *row = &t->a[0][0] + (size_t)r * (scheme == HBY_SCHEME_i16 ? 2 * BYTES : BYTES);
                if (scheme != HBY_SCHEME_f16)
                    t->c.i[r][n] += int_at(row, k, scheme) * (int8_t)t->b[n][k];
                else if (k % 2 == 0)
                    t->c.f[r][n] += half_at(&row[k]) * half_at(&t->b[n][k]);
            }
}

static enum hby_status try_scheme(struct hby_cl_state *s, enum hby_scheme scheme, enum hby_cl_mma mma, struct hby_reason *why)
{
    char options[80];
    struct test want, got;
    fill(&want, scheme);
    got = want;
    multiply(&want, scheme);
    snprintf(options, sizeof options, "-DHBY_SCHEME_%s=1 -DHBY_MMA=%d", hby_scheme_names[scheme], (int)mma);
    const struct hby_cl_trial arg[] = {
        {HBY_CL_TRIAL_IN, got.a, sizeof got.a}, {HBY_CL_TRIAL_IN, got.b, sizeof got.b}, {HBY_CL_TRIAL_OUT, &got.c, sizeof got.c}};
    const enum hby_status st = hby_cl_try(s, "mma_test.cl", options, "mma_test", 32, 32, arg, 3, why);
    if (!st && memcmp(&want.c, &got.c, sizeof want.c) != 0)
        return hby_say(HBY_DEVICE, why, "self-test: the product of matrices is wrong");
    return st;
}

static bool works(struct hby_cl_state *s, enum hby_cl_mma mma)
{
    static const char *const names[] = {[HBY_MMA_SM80] = "mma.sync", [HBY_MMA_SM75] = "mma.sync of 7.5", [HBY_MMA_EMULATED] = "emulated"};
    static const enum hby_scheme schemes[] = {HBY_SCHEME_i8, HBY_SCHEME_u8, HBY_SCHEME_f16, HBY_SCHEME_i16};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct hby_reason why = {""};
        const enum hby_status st = try_scheme(s, schemes[i], mma, &why);
        hby_cl_log(s, HBY_CL_LOG_BUILD, "%s: matrix units, %s, in scheme %s: %s", s->dev.info.name, names[mma], hby_scheme_names[schemes[i]],
                   st ? why.text : "right");
        if (st)
            return false;
    }
    return true;
}

enum hby_cl_mma hby_cl_find_mma(struct hby_cl_state *s, bool is_nvidia)
{
    const int compute = s->dev.info.nv_compute;
    if (hby_cl_feature_denied("mma"))
        return HBY_MMA_NONE;
    if (hby_cl_feature_given("mma=emulate"))
        return works(s, HBY_MMA_EMULATED) ? HBY_MMA_EMULATED : HBY_MMA_NONE;
    if (is_nvidia && (compute >= 80 || !compute) && works(s, HBY_MMA_SM80))
        return HBY_MMA_SM80;
    return is_nvidia && (compute >= 75 || !compute) && works(s, HBY_MMA_SM75) ? HBY_MMA_SM75 : HBY_MMA_NONE;
}
